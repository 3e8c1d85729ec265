"""Suggestions over every case that fires and every gold document, judged by whole runs and by an own count of numbers."""

from __future__ import annotations

import re

import pytest

from models.records.finding import Finding, Suggestion
from nlp.text import normalise
from rules.engine.base import DocumentRule, ProjectRule, RowRule
from rules.engine.docs import page
from rules.engine.edits import open_blanks
from rules.engine.registry import all_rules
from service import pipeline
from tests.tools.cures import Tally, documents, tally

BLANK = re.compile(r"〔待填：[^〔〕]*〕")
HEADING = "建议的把握"


@pytest.fixture(scope="module")
def found() -> Tally:
    return tally()


def test_findings_of_rules_with_a_cure_have_a_suggestion(found: Tally) -> None:
    total, answered = sum(found.findings.values()), sum(found.answered.values())
    assert total > 400
    assert answered / total >= 0.95, "\n".join(found.silent)


def test_every_verified_suggestion_clears_its_finding_and_does_no_harm(found: Tally) -> None:
    assert found.verified > 150
    assert found.failed == []


def test_rules_that_cure_say_how_far_and_others_do_not() -> None:
    for code, entry in all_rules().items():
        rule = entry.cls
        base = (
            next(item for item in (RowRule, ProjectRule, DocumentRule) if issubclass(rule, item))
            if rule.cure
            else None
        )
        assert (HEADING in page(rule).sections) is rule.cure, code
        if base is not None:
            assert rule.cures is not base.cures, code  # type: ignore[attr-defined]
        assert rule.cure or not rule.incurable, code


def _all() -> list[tuple[str, Finding, Suggestion, str]]:
    out = []
    for label, _, document in documents():
        report = pipeline.check(document, pipeline.CheckOptions())
        assert not [item.subcode for item in report.findings if item.code == "BC901"], label
        text = _text(report.document)
        out += [
            (label, item, suggestion, text) for item in report.findings for suggestion in item.suggestions
        ]
    return out


def _text(document: object) -> str:
    from models.records.codec import document_to_json, dumps
    from models.records.document import Document
    from nlp.quantity import of_row

    assert isinstance(document, Document)
    return normalise(dumps(document_to_json(document, of_row)))


@pytest.fixture(scope="module")
def suggestions() -> list[tuple[str, Finding, Suggestion, str]]:
    return _all()


def test_there_are_one_or_two_and_each_says_what_it_is(
    suggestions: list[tuple[str, Finding, Suggestion, str]],
) -> None:
    for label, finding, suggestion, _ in suggestions:
        assert 1 <= len(finding.suggestions) <= 2, label
        assert suggestion.title, label
        assert suggestion.rationale, label
        assert suggestion.edits, label
        assert {slot.prompt for slot in suggestion.slots} == set(open_blanks(suggestion.edits)), label
        assert (suggestion.verification == "needs_input") is bool(suggestion.slots), label
        assert len({slot.name for slot in suggestion.slots}) == len(suggestion.slots), label


def test_no_number_is_invented(suggestions: list[tuple[str, Finding, Suggestion, str]]) -> None:
    """Every figure of a suggestion stands in the document, or in the sum that its reason shows, or ends a month."""
    invented = []
    for label, finding, suggestion, text in suggestions:
        known = set(re.findall(r"\d+(?:\.\d+)?", text)) | set(
            re.findall(r"\d+(?:\.\d+)?", normalise(suggestion.rationale))
        )
        for edit in suggestion.edits:
            cells = [cell for _, cell in edit.new] if isinstance(edit.new, tuple) else [edit.new or ""]
            for cell in cells:
                plain = normalise(BLANK.sub("", cell)).replace("×100%", "").replace("100%", "")
                plain = re.sub(r"月(?:28|29|30|31)日", "", plain)
                zero = "无" in text or "零" in text or "不发生" in text
                figures = {
                    figure for figure in re.findall(r"\d+(?:\.\d+)?", plain) if not (figure == "0" and zero)
                }
                whole = {str(int(float(figure))) for figure in known if float(figure).is_integer()}
                unknown = {f for f in figures if f not in known and f.rstrip("0").rstrip(".") not in whole}
                if unknown:
                    invented.append((label, finding.code, suggestion.title, cell, unknown))
    assert invented == []
