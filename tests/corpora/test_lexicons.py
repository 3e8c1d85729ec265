"""The word lists as data: complete entries, valid patterns, no contradiction inside a list."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from corpora.store import ROOT, load_yaml

OURS = (
    "basis_words",
    "category_cues",
    "cost_names",
    "count_nouns",
    "internal_project_words",
    "management_words",
    "measure_nouns",
    "placeholders",
    "polarity",
    "rate_words",
    "satisfaction",
    "side_cues",
    "slogans",
    "time_words",
    "typos",
    "weak_phrases",
    "works_purchase_words",
)


def _entries(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = load_yaml(f"lexicons/{name}.yml")["entries"]
    return entries


@pytest.mark.parametrize("name", OURS)
def test_header(name: str) -> None:
    head = (ROOT / "lexicons" / f"{name}.yml").read_text(encoding="utf-8").split("\n", 6)[:6]
    assert head[0].startswith("# ")
    assert any("Source:" in line and "Date:" in line for line in head)


@pytest.mark.parametrize("name", ["management_words", "placeholders", "slogans", "weak_phrases"])
def test_message_entries_are_complete(name: str) -> None:
    entries = _entries(name)
    assert all(item["id"] and item["why"] and item["hint"] for item in entries)
    ids = Counter(item["id"] for item in entries)
    assert [key for key, count in ids.items() if count > 1] == []
    for item in entries:
        assert not re.search(r"[!！您]", item["why"] + item["hint"])
        for key in ("pattern", "unless", "context"):
            if item.get(key):
                re.compile(item[key])


def test_weak_phrases_cover_every_kind() -> None:
    kinds = Counter(item["kind"] for item in _entries("weak_phrases"))
    assert sum(kinds.values()) >= 150
    assert set(kinds) == {"degree", "trend", "adverb", "quantity", "goal_verb", "abstract", "action"}
    phrases = Counter((item["kind"], item["phrase"]) for item in _entries("weak_phrases"))
    assert max(phrases.values()) == 1


def test_typos_are_precise_by_form() -> None:
    entries = _entries("typos")
    assert len(entries) >= 120
    wrong = Counter(item["wrong"] for item in entries)
    assert max(wrong.values()) == 1
    for item in entries:
        assert item["wrong"] != item["right"]
        assert item["certainty"] in ("certain", "likely")
        assert len(item["wrong"]) >= 2
        if "context" in item:
            re.compile(item["context"])


def test_corrections_are_not_wrong_themselves() -> None:
    from nlp.naming import typos

    again = {item["right"]: typos(item["right"]) for item in _entries("typos")}
    assert {right: hits for right, hits in again.items() if hits} == {}


def test_rate_lists_do_not_contradict() -> None:
    data: Any = load_yaml("lexicons/rate_words.yml")
    capped, soft, uncapped = (set(data[key]) for key in ("capped", "soft_capped", "uncapped"))
    assert not capped & soft
    assert not capped & uncapped
    assert not soft & uncapped
    assert not (capped | soft | uncapped) & set(data["not_rate"])


def test_polarity_lists_do_not_contradict() -> None:
    data: Any = load_yaml("lexicons/polarity.yml")
    assert not set(data["higher"]) & set(data["lower"])
    assert not set(data["higher"]) & set(data["cost"])
    assert set(data["growth"]) - set(data["higher"]) <= {"增加率", "提升率", "上升率"}


def test_category_cues_name_known_classes() -> None:
    from nlp.scheme import CATEGORIES

    data: Any = load_yaml("lexicons/category_cues.yml")
    assert set(data["endings"]) == set(CATEGORIES)
    assert set(data["anywhere"]) == set(CATEGORIES)
    sure = Counter(word for lists in data["endings"].values() for word in lists["certain"])
    assert [word for word, count in sure.items() if count > 1] == []
    for item in data["contrast"]:
        assert set(item.get("drop", ())) | set(item.get("demote", ())) <= set(CATEGORIES)
