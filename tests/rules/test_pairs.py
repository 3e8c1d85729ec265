"""Rules on meaning, held against the labelled pairs of corpora/pairs: precision first."""

from __future__ import annotations

from corpora.store import ROOT
from nlp.linking import same_object
from rules.checks.bc209_description_off_topic import DescriptionOffTopic
from rules.checks.bc611_off_topic_indicator import OffTopicIndicator
from rules.engine.context import DocumentContext, ProjectContext
from rules.engine.testing import build_document


def rows_of(name: str) -> list[list[str]]:
    lines = (ROOT / "pairs" / name).read_text(encoding="utf-8").rstrip("\n").split("\n")
    return [line.split("\t") for line in lines[1:]]


def project(**data: object) -> ProjectContext:
    return DocumentContext(build_document({"projects": [data]})).projects[0]


def test_description_off_topic_is_right_when_it_speaks() -> None:
    said = []
    for name, description, about in rows_of("descriptions.tsv"):
        row = {"level2": "质量指标", "name": name, "description": description}
        if list(DescriptionOffTopic().check(project(rows=[row]).rows[0])):
            said.append(about == "0")
    assert said
    assert all(said)


def test_off_topic_indicator_is_right_when_it_speaks() -> None:
    said, foreign = [], 0
    for name, purpose, indicator, fits in rows_of("topics.tsv"):
        rows = [{"level2": "数量指标", "name": indicator}, {"level2": "时效指标", "name": "完成时间"}]
        foreign += fits == "0"
        if list(OffTopicIndicator().check(project(name=name, purpose=purpose, rows=rows))):
            said.append(fits == "0")
    assert sum(said) / len(said) >= 0.95
    assert sum(said) / foreign >= 0.5


def test_goals_and_indicators_are_linked_by_their_objects() -> None:
    """The link that goal-without-indicator uses: a missed one is a laughable finding, a wrong one a silent rule."""
    pairs = rows_of("goals.tsv")
    linked = {
        flag: [
            max(same_object(goal, name), same_object(goal, text)) >= 0.3
            for goal, name, text, covered in pairs
            if covered == flag
        ]
        for flag in ("0", "1")
    }
    assert sum(linked["1"]) / len(linked["1"]) >= 0.8
    assert sum(linked["0"]) / len(linked["0"]) <= 0.05
