"""Proving a suggestion: applied to a copy, the rules run again, kept only if it helps and does no harm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property

from models.records.document import Document, Project
from models.records.finding import Edit, Finding, Suggestion
from rules.engine import honesty
from rules.engine.base import DocumentRule
from rules.engine.context import DocumentContext
from rules.engine.draft import Draft
from rules.engine.edits import EditError, apply, fill, open_blanks
from rules.engine.paths import PathParts, split_path
from rules.engine.ruleset import RuleSet
from rules.engine.run import document_findings, project_findings, row_findings

Place = tuple[int | None, int | str | None]
"""(project, row of the filed table; a path for everything that is no row; 「+n」 for an added row)."""
Tally = dict[tuple[str, Place], list[int]]
"""Severity ranks of the findings of one rule at one place, gravest first."""


class Verifier:
    """Proves drafts against one checked document.

    Row rules run again on the rows that a draft changes, project rules on their project, document rules where they
    read a changed cell. Everything else is as it was.
    """

    def __init__(self, ctx: DocumentContext, ruleset: RuleSet, found: Sequence[Finding]) -> None:
        self._ctx = ctx
        self._ruleset = ruleset
        self._grain = {rule.code: rule for rule in ruleset.document_rules}
        self._rows: dict[tuple[int, int], list[Finding]] = defaultdict(list)
        self._row_codes = {rule.code for rule in ruleset.row_rules}
        self._found = found
        self._numbers: dict[int, frozenset[Decimal]] = {}

    @cached_property
    def _before(self) -> dict[str, dict[int | None, Tally]]:
        """Tallies by rule grain (row, project, or the code of a document rule), then project."""
        out: dict[str, dict[int | None, Tally]] = defaultdict(lambda: defaultdict(dict))
        for finding in self._found:
            where = split_path(finding.location.path)
            key = (finding.code, _place(where))
            out[self._scope(finding.code)][where.project].setdefault(key, []).append(finding.severity.rank)
        return out

    def _scope(self, code: str) -> str:
        if code in self._row_codes:
            return "row"
        return code if code in self._grain else "project"

    def prove(self, draft: Draft, findings: Sequence[Finding]) -> Suggestion | str:
        """Return the suggestion, or why it is dropped. `findings` are the ones it has to clear."""
        document = self._ctx.document
        touched = {split_path(edit.path).project for edit in draft.edits}
        if not touched or None in touched:
            return "没有可执行的修改"
        for index in touched:
            assert index is not None
            number = honesty.invented(document.projects[index], self._known(index), _only(draft, index))
            if number is not None:
                return f"出现了表内没有的数字 {number}"
        if set(open_blanks(draft.edits)) != {blank.prompt for blank in draft.blanks}:
            return "待填项与修改内容不一致"
        edits = fill(draft.edits, draft.probes)
        try:
            after = apply(document, edits)
        except EditError as error:
            return str(error)
        for index in touched:
            assert index is not None
            kept = _kept(document.projects[index], edits, index)
            why = honesty.weakened(document.projects[index], after.projects[index], _only(draft, index), kept)
            if why is not None:
                return why
        why = self._rerun(after, edits, findings)
        if why is not None:
            return why
        return Suggestion(
            title=draft.title,
            rationale=draft.rationale,
            edits=draft.edits,
            slots=draft.slots,
            applicability=draft.applicability,
            verification="needs_input" if draft.blanks else "verified",
        )

    def _known(self, index: int) -> frozenset[Decimal]:
        if index not in self._numbers:
            document = self._ctx.document
            self._numbers[index] = honesty.filed_numbers(document.projects[index]) | self._department
        return self._numbers[index]

    @cached_property
    def _department(self) -> frozenset[Decimal]:
        return honesty.department_numbers(self._ctx.document)

    def _rerun(self, after: Document, edits: Sequence[Edit], findings: Sequence[Finding]) -> str | None:
        """Return why the copy is no better, None where the findings are gone and nothing is new or worse."""
        ctx = self._ctx.revised(after)
        fields = _fields(edits)
        now: list[tuple[Finding, Place]] = []
        before: list[Tally] = []
        for index in sorted({split_path(edit.path).project or 0 for edit in edits}):
            place_of = _places(self._ctx.document.projects[index], edits, index)
            project = ctx.projects[index]
            changed = _changed_rows(edits, index)
            back = {new: old for old, new in place_of.items()}
            for row in project.rows:
                old = back.get(row.index)
                if old is None or old in changed:
                    now += (
                        (item, (index, old if old is not None else f"+{row.index}"))
                        for item in row_findings(row, self._ruleset)
                    )
            rows = self._before["row"][index]
            before.append({key: ranks for key, ranks in rows.items() if key[1][1] in changed})
            now += ((item, _mapped(item, back)) for item in project_findings(project, self._ruleset))
            before.append(self._before["project"][index])
        rules = [rule for rule in self._ruleset.document_rules if _reads(rule, fields)]
        back_all = {
            index: {
                new: old for old, new in _places(self._ctx.document.projects[index], edits, index).items()
            }
            for index in range(len(after.projects))
            if after.projects[index] is not self._ctx.document.projects[index]
        }
        for item in document_findings(ctx, rules):
            project_index = split_path(item.location.path).project
            now.append(
                (item, _mapped(item, back_all.get(project_index if project_index is not None else -1)))
            )
        for rule in rules:
            before += self._before[rule.code].values()
        return _harm(before, now) or _remaining(findings, now, edits)


def _harm(before: Iterable[Tally], now: Iterable[tuple[Finding, Place]]) -> str | None:
    then: Tally = {}
    for tally in before:
        for key, ranks in tally.items():
            then.setdefault(key, []).extend(ranks)
    after: Tally = {}
    for item, place in now:
        after.setdefault((item.code, place), []).append(item.severity.rank)
    for key, ranks in after.items():
        old = sorted(then.get(key, []))
        new = sorted(ranks)
        if len(new) > len(old) or any(a < b for a, b in zip(new, old, strict=False)):
            return f"修改后出现新的问题 {key[0]}"
    return None


def _remaining(
    findings: Sequence[Finding], now: Sequence[tuple[Finding, Place]], edits: Sequence[Edit]
) -> str | None:
    gone = {edit.path for edit in edits if edit.new is None}
    left = {(item.code, item.subcode, place, _tail(item)) for item, place in now}
    for finding in findings:
        where = split_path(finding.location.path)
        if any(
            finding.location.path == path or finding.location.path.startswith(f"{path}.") for path in gone
        ):
            continue
        if (finding.code, finding.subcode, _place(where), _tail(finding)) in left:
            return "修改后问题仍然存在"
    return None


def _tail(finding: Finding) -> str:
    where = split_path(finding.location.path)
    return where.field or "" if where.row is not None else ""


def _place(where: PathParts) -> Place:
    return (where.project, where.row if where.row is not None else where.rest)


def _mapped(finding: Finding, back: Mapping[int, int] | None) -> Place:
    where = split_path(finding.location.path)
    if where.row is None or back is None:
        return _place(where)
    return (where.project, back.get(where.row, f"+{where.row}"))


def _changed_rows(edits: Iterable[Edit], project: int) -> set[int]:
    parts = [split_path(edit.path) for edit in edits]
    return {part.row for part in parts if part.project == project and part.row is not None}


def _kept(project: Project, edits: Iterable[Edit], index: int) -> dict[int, int]:
    """Return old row → new row for every row that stays."""
    return _places(project, edits, index)


def _places(project: Project, edits: Iterable[Edit], index: int) -> dict[int, int]:
    removed = {
        split_path(edit.path).row
        for edit in edits
        if edit.new is None and split_path(edit.path).project == index and split_path(edit.path).field is None
    }
    kept = [row for row in range(len(project.rows)) if row not in removed]
    return {old: new for new, old in enumerate(kept)}


def _fields(edits: Iterable[Edit]) -> frozenset[str]:
    """Return the cells that change: row fields; 「rows」 where rows come or go; goals, plan, budget, name …"""
    found = set()
    for edit in edits:
        where = split_path(edit.path)
        if where.row is not None:
            found.add(where.field or "rows")
        else:
            found.add(where.rest.partition("[")[0].partition(".")[0])
    return frozenset(found)


def _reads(rule: DocumentRule, fields: frozenset[str]) -> bool:
    return rule.reads is None or "rows" in fields or bool(rule.reads & fields)


def _only(draft: Draft, project: int) -> Draft:
    edits = tuple(edit for edit in draft.edits if split_path(edit.path).project == project)
    return draft if len(edits) == len(draft.edits) else replace(draft, edits=edits)
