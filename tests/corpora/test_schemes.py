"""The scheme packs and the column map as data: complete, unambiguous, loadable."""

from __future__ import annotations

from collections import Counter
from typing import Any

from corpora.store import ROOT, load_yaml
from nlp.scheme import label_key, load_scheme, scheme_ids
from nlp.text import normalise


def test_every_pack_file_is_listed() -> None:
    files = {path.stem for path in (ROOT / "schemes").glob("*.yml")} - {"aliases", "columns"}
    assert files == set(scheme_ids())


def test_headers_name_purpose_source_and_date() -> None:
    for path in (ROOT / "schemes").glob("*.yml"):
        head = path.read_text(encoding="utf-8").split("\n", 4)[:4]
        assert head[0].startswith("# ")
        assert any("Source:" in line and "Date:" in line for line in head), path.name


def test_no_pack_claims_a_checked_document() -> None:
    # No article has been compared with the official text by a person yet.
    assert not any(load_scheme(item).document_checked for item in scheme_ids())


def test_aliases_point_to_one_meaning() -> None:
    data: Any = load_yaml("schemes/aliases.yml")
    for level in ("level1", "level2"):
        keys = Counter(label_key(alias) for aliases in data[level].values() for alias in aliases)
        assert [key for key, count in keys.items() if count > 1] == []


def test_a_header_belongs_to_one_field() -> None:
    data: Any = load_yaml("schemes/columns.yml")
    owners: dict[str, set[str]] = {}
    for field, names in data["fields"].items():
        for name in names:
            owners.setdefault(normalise(name), set()).add(field)
    for section in ("result", "grades"):
        for name in data[section]:
            owners.setdefault(normalise(name), set()).add(section)
    assert {name: fields for name, fields in owners.items() if len(fields) > 1} == {}


def test_a_label_belongs_to_one_block() -> None:
    data: Any = load_yaml("schemes/columns.yml")
    keys = Counter(normalise(name) for names in data["labels"].values() for name in names)
    assert [key for key, count in keys.items() if count > 1] == []
