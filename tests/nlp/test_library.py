"""The library of indicators: every entry is sound by our own rules, and the search finds the field of a project."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from nlp import library
from nlp.scheme import CATEGORIES, load_scheme
from nlp.text import normalise
from rules.engine.context import DocumentContext
from rules.engine.run import row_findings, with_schemes
from rules.engine.testing import build_document
from rules.rewriting.blanks import entry_probe
from rules.rewriting.cells import GRADES
from service import pipeline


def _row(entry: library.Entry) -> dict[str, str]:
    kind = library.unit_kind(entry)
    value = {"grade": "、".join(GRADES), "date": "≤2026年10月31日"}.get(
        kind, f"{entry.operator}{entry_probe(entry)}{entry.unit}"
    )
    scheme = load_scheme("cn2015") if load_scheme("cn2015").has(entry.category) else load_scheme("cn2021")
    return {
        "level1": scheme.level1_name(scheme.parent_group(entry.category)),
        "level2": scheme.level2_name(entry.category),
        "name": entry.name,
        "description": f"{entry.formula}；数据来源：{entry.source}",
        "value": value,
        "basis": f"{entry.basis}：《示例办法》（示例〔2025〕1号）",
    }


def test_there_are_enough_entries_and_no_name_twice() -> None:
    entries = library.entries()
    assert len(entries) >= 1500
    assert [name for name, count in Counter(entry.name for entry in entries).items() if count > 1] == []
    assert {entry.category for entry in entries} == set(CATEGORIES)
    assert len({entry.sector for entry in entries}) >= 60


def test_entries_hold_structure_and_no_target_number() -> None:
    for entry in library.entries():
        assert not re.search(r"[0-9０-９≥≤%]", entry.name), entry.name
        assert not re.search(r"[≥≤]|\d+%", entry.formula.replace("100%", "")), entry.name
        assert normalise(entry.formula) != normalise(entry.name)
        assert (entry.operator == "定性") == (entry.unit == ""), entry.name


@pytest.mark.parametrize("scheme", ["cn2015", "cn2021"])
def test_every_entry_passes_the_rules_for_rows(scheme: str) -> None:
    pack = load_scheme(scheme)
    entries = [entry for entry in library.entries() if pack.has(entry.category)]
    rows = [_row(entry) for entry in entries]
    for row, entry in zip(rows, entries, strict=True):
        row["level1"] = pack.level1_name(pack.parent_group(entry.category))
        row["level2"] = pack.level2_name(entry.category)
    document = with_schemes(
        build_document({"projects": [{"name": "示例", "budget": "100000000.00", "rows": rows}]}), scheme
    )
    rules = pipeline.ruleset_for(None).row_rules
    grave = []
    for entry, row in zip(entries, DocumentContext(document).projects[0].rows, strict=True):
        found = [item for item in row_findings(row, rules, reraise=True) if item.severity.rank < 2]
        if found:
            grave.append((entry.sector, entry.name, row.filed_value, [item.code for item in found]))
    assert grave == []


@pytest.mark.parametrize(
    ("name", "purpose", "sector"),
    [
        ("农村公路养护补助", "", "公路养护与建设"),
        ("见义勇为奖励慰问经费", "", "见义勇为与救助"),
        ("铁路护路经费", "沿线巡防", "铁路护路"),
        ("公共图书馆免费开放补助", "", "公共文化"),
        ("城乡居民医保补助", "", "医疗保障"),
        ("高标准农田建设", "", "高标准农田"),
        ("国家奖助学金", "资助家庭经济困难学生", "学生资助"),
        ("信访工作经费", "接访劝返", "信访"),
    ],
)
def test_the_field_of_a_project_is_found(name: str, purpose: str, sector: str) -> None:
    about = library.about(name, purpose=purpose)
    assert sector in library.fields(about)
    best = library.search(about, limit=5)
    assert any(hit.entry.sector == sector for hit in best)
    assert all(hit.words for hit in best)


def test_a_project_that_says_nothing_belongs_to_no_field() -> None:
    assert library.fields(library.about("其他工作经费", purpose="保障工作开展")) == frozenset()


def test_only_the_class_asked_for_is_found() -> None:
    hits = library.search(library.about("农村公路养护补助"), "成本", limit=20)
    assert hits
    assert {hit.entry.category for hit in hits} == {"成本"}
    assert hits == tuple(sorted(hits, key=lambda hit: (-hit.score, hit.entry.name)))
