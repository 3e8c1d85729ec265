"""Suggestions over every case that fires and every gold document, judged by a run of the whole rule set.

`python -m tests.tools.cures` prints, per rule, how many findings have a suggestion, and every suggestion that fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from models.records.document import Document
from models.records.finding import Finding, Severity, Suggestion
from rules.engine.docs import page
from rules.engine.edits import apply
from rules.engine.registry import all_rules
from rules.engine.testing import document_of
from service import pipeline
from service.settings import Limits

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "rules" / "cases"
GOLD = ROOT / "corpora" / "gold"


@dataclass
class Tally:
    """What was found over all documents."""

    findings: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    suggestions: int = 0
    verified: int = 0
    failed: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


def documents() -> Iterator[tuple[str, str | None, Document]]:
    """Yield (label, rule meant or None, document): cases that fire, then gold documents."""
    for code, entry in all_rules().items():
        if not entry.cls.cure:
            continue
        for k, block in enumerate(page(entry.cls).bad):
            if "options" not in block:
                yield f"{code}-bad{k}", code, document_of(block)
        path = CASES / f"{code}.yml"
        for name, case in (yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}).items():
            if isinstance(case, dict) and case.get("fires") and "options" not in case:
                yield f"{code}-{name}", code, document_of(case)
    for path in sorted(GOLD.glob("*.yml")):
        source = ROOT / yaml.safe_load(path.read_text("utf-8"))["source"]
        yield path.stem, None, pipeline.load(source.read_bytes(), name=source.name, limits=Limits())


def tally() -> Tally:
    """Return the figures over all documents."""
    out = Tally()
    rules = {code: entry.cls for code, entry in all_rules().items()}
    for label, meant, document in documents():
        report = pipeline.check(document, pipeline.CheckOptions())
        for finding in report.findings:
            if not rules[finding.code]().curable(finding) or (meant is not None and finding.code != meant):
                continue
            out.findings[finding.code] += 1
            out.answered[finding.code] += bool(finding.suggestions)
            if not finding.suggestions:
                out.silent.append(f"{label} {finding.code} {finding.location.path}: {finding.wording.fact}")
            for suggestion in finding.suggestions:
                out.suggestions += 1
                if suggestion.verification == "verified":
                    out.verified += 1
                    why = fault(report.document, report.findings, finding, suggestion)
                    if why:
                        out.failed.append(f"{label} {finding.code} {suggestion.title}: {why}")
    return out


def fault(
    document: Document, before: tuple[Finding, ...], finding: Finding, suggestion: Suggestion
) -> str | None:
    """Return why a suggestion without blanks is no good, judged by a whole run; None where it holds."""
    after = pipeline.check(apply(document, suggestion.edits), pipeline.CheckOptions(suggest=False)).findings
    grave: list[Counter[str]] = [
        Counter(
            item.code
            for item in found
            for _ in range(item.fold.hits if item.fold else 1)
            if item.severity is not Severity.INFO
        )
        for found in (before, after)
    ]
    more = {code: n for code, n in grave[1].items() if n > grave[0][code]}
    if more:
        return f"新的问题 {more}"
    place = finding.location.path
    rows_move = any(edit.new is None for edit in suggestion.edits)
    if not rows_move and any(
        item.code == finding.code
        and item.location.path == place
        and item.subcode == finding.subcode
        and item.wording.fact == finding.wording.fact
        for item in after
    ):
        return "问题仍在"
    return None


def main() -> None:
    """Print the figures."""
    found = tally()
    total, answered = sum(found.findings.values()), sum(found.answered.values())
    print(
        f"问题 {total}，有建议 {answered}（{answered / total:.1%}）；建议 {found.suggestions}，已证明 {found.verified}"
    )
    for code in sorted(found.findings):
        if found.answered[code] < found.findings[code]:
            print(f"  {code} {found.answered[code]}/{found.findings[code]}")
    for line in (*found.failed, "--", *found.silent):
        print(line)


if __name__ == "__main__":
    main()
