"""Proving a suggestion: applied to a copy, the rules run again, kept only if it helps and does no harm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from decimal import Decimal
from functools import cached_property

from models.records.document import Document, Project
from models.records.finding import Edit, Finding, Severity, Suggestion
from rules.engine import honesty
from rules.engine.base import DocumentRule, Rule
from rules.engine.context import DocumentContext
from rules.engine.draft import Draft
from rules.engine.edits import EditError, apply, fill, kept_rows, open_blanks
from rules.engine.paths import split_path
from rules.engine.ruleset import RuleSet
from rules.engine.run import document_findings, project_findings, row_findings

Place = tuple[int | None, int | str | None]
"""(project, row of the filed table; a path for everything that is no row; 「+n」 for an added row)."""


Known = tuple[str, int, frozenset[Place]]
"""Code, severity rank and places of a finding that was there before."""
Left = tuple[str, str | None, Place, str]
"""Code, subcode, place and field of a finding that is there after the edits."""


Step = tuple[Sequence[Finding], Sequence[Left]]
"""Of a part of the rules: the findings that were not there, and the keys of all that are."""


class Outcome:
    """What the rules say of a changed copy, asked step by step: one new fault of a row drops most bad drafts."""

    def __init__(self, steps: Iterator[Step]) -> None:
        self._steps = steps
        self._new: list[Finding] = []
        self._left: set[Left] = set()

    def _next(self) -> bool:
        step = next(self._steps, None)
        if step is None:
            return False
        self._new += step[0]
        self._left.update(step[1])
        return True

    def harm(self, *, hints: bool) -> str | None:
        """Return the first rule with a new finding; with `hints` those at severity info do not count."""
        seen = 0
        while True:
            for item in self._new[seen:]:
                if not (hints and item.severity is Severity.INFO):
                    return f"修改后出现新的问题 {item.code}"
            seen = len(self._new)
            if not self._next():
                return None

    @property
    def new(self) -> Sequence[Finding]:
        """Every finding that was not there."""
        self._finish()
        return self._new

    @property
    def left(self) -> Set[Left]:
        """The keys of all findings that are there after the edits, as far as the rules read what changed."""
        self._finish()
        return self._left

    def _finish(self) -> None:
        while self._next():
            pass


class Verifier:
    """Proves drafts against one checked document.

    Row rules run again on the rows that a draft changes, project rules on their project, document rules where they
    read a changed cell. Everything else is as it was.
    """

    def __init__(self, ctx: DocumentContext, ruleset: RuleSet, found: Sequence[Finding]) -> None:
        self._ctx = ctx
        self._ruleset = ruleset
        self._numbers: dict[int, frozenset[Decimal]] = {}
        self._rows: dict[tuple[int, int], list[Finding]] = defaultdict(list)
        """Findings of row rules by project and row."""
        self._wide: dict[tuple[str, int | None], list[Known]] = defaultdict(list)
        """Findings of project rules by ("project", project), of document rules by (code, None)."""
        self._outcomes: dict[tuple[tuple[Edit, ...], frozenset[int]], Outcome] = {}
        self._local: dict[tuple[str, tuple[int, ...]], list[Known]] = {}
        """What local document rules say of some projects."""
        row_codes = {rule.code for rule in ruleset.row_rules}
        document_codes = {rule.code for rule in ruleset.document_rules}
        for finding in found:
            where = split_path(finding.location.path)
            if finding.code in document_codes:
                self._wide[finding.code, None] += _known([finding])
            elif where.project is None:
                continue
            elif finding.code in row_codes and where.row is not None:
                self._rows[where.project, where.row].append(finding)
            else:
                self._wide["project", where.project] += _known([finding])

    def prove(self, draft: Draft, findings: Sequence[Finding], *, hints: bool = False) -> Suggestion | str:
        """Return the suggestion, or why it is dropped. `findings` are the ones it has to clear.

        With `hints`, findings at severity info may appear anew; errors and warnings never.
        """
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
            kept = kept_rows(document.projects[index], edits, index)
            why = honesty.weakened(document.projects[index], after.projects[index], _only(draft, index), kept)
            if why is not None:
                return why
        outcome = self.outcome(after, edits, _projects_of(findings))
        why = outcome.harm(hints=hints) or _remaining(findings, outcome.left, edits)
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

    def harm(self, edits: Sequence[Edit]) -> str | None:
        """Return what goes wrong when the edits are made together: stale ones, or a new error or warning."""
        try:
            after = apply(self._ctx.document, edits)
        except EditError as error:
            return str(error)
        return self.outcome(after, tuple(edits)).harm(hints=True)

    def settled(self, draft: Draft, findings: Sequence[Finding]) -> frozenset[str]:
        """Return the fingerprints of those findings that are gone once a proven draft is taken."""
        edits = fill(draft.edits, draft.probes)
        outcome = self.outcome(None, edits, _projects_of(findings))
        return frozenset(
            item.fingerprint for item in findings if _remaining([item], outcome.left, edits) is None
        )

    def _known(self, index: int) -> frozenset[Decimal]:
        if index not in self._numbers:
            document = self._ctx.document
            self._numbers[index] = honesty.filed_numbers(document.projects[index]) | self._department
        return self._numbers[index]

    @cached_property
    def _department(self) -> frozenset[Decimal]:
        return honesty.department_numbers(self._ctx.document)

    def _document_findings(self, rule: DocumentRule, touched: tuple[int, ...]) -> list[Known]:
        """Return what a document rule said before; of the touched projects alone where it is local."""
        if not rule.local:
            return self._wide[rule.code, None]
        key = (rule.code, touched)
        if key not in self._local:
            self._local[key] = _known(document_findings(self._ctx.narrowed(touched), [rule]))
        return self._local[key]

    def outcome(
        self, after: Document | None, edits: tuple[Edit, ...], looked_at: frozenset[int] = frozenset()
    ) -> Outcome:
        """Return what the rules say of the changed copy. Several findings of a row propose the same edits: run once.

        `after` is None where the copy is not made yet; `looked_at` are projects that document rules have to be asked of
        beside the changed ones.
        """
        key = (edits, looked_at)
        if key not in self._outcomes:
            changed = after if after is not None else apply(self._ctx.document, edits)
            self._outcomes[key] = Outcome(self._run(changed, edits, looked_at))
        return self._outcomes[key]

    def _run(self, after: Document, edits: tuple[Edit, ...], looked_at: frozenset[int]) -> Iterator[Step]:
        ctx = self._ctx.revised(after)
        touched = sorted({split_path(edit.path).project or 0 for edit in edits})
        back = {
            index: {
                new: old for old, new in kept_rows(self._ctx.document.projects[index], edits, index).items()
            }
            for index in touched
        }
        fields = _fields(edits)
        row_rules = [rule for rule in self._ruleset.row_rules if _reads(rule, fields)]
        project_rules = [rule for rule in self._ruleset.project_rules if _reads(rule, fields)]
        for index in touched:
            changed = _changed_rows(self._ctx.document.projects[index], edits, index)
            for row in ctx.projects[index].rows:
                old = back[index].get(row.index)
                if old is None or old in changed:
                    fresh = row_findings(row, row_rules if old is not None else self._ruleset.row_rules)
                    yield _worse([] if old is None else self._rows[index, old], fresh), _left(fresh, back)
            fresh = project_findings(ctx.projects[index], project_rules)
            yield _unlike(self._wide["project", index], fresh, back), _left(fresh, back)
        seen = tuple(sorted({*touched, *looked_at}))
        narrow = ctx.narrowed(seen)
        for rule in self._ruleset.document_rules:
            if _reads(rule, fields):
                fresh = document_findings(narrow if rule.local else ctx, [rule])
                yield _unlike(self._document_findings(rule, seen), fresh, back), _left(fresh, back)


def _projects_of(findings: Sequence[Finding]) -> frozenset[int]:
    """Return the projects that findings lie in."""
    places = (place for item in findings for place in (item.location, *item.related))
    return frozenset(index for place in places if (index := split_path(place.path).project) is not None)


Back = Mapping[int, Mapping[int, int]]
"""Project → row of the changed copy → row of the filed table."""


def _worse(before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    """Return the findings of a row that it did not have before, or had less gravely."""
    then: dict[str, list[int]] = defaultdict(list)
    for item in before:
        then[item.code].append(item.severity.rank)
    new = []
    for item in sorted(after, key=lambda finding: finding.severity.rank):
        ranks = then[item.code]
        match = next((rank for rank in sorted(ranks) if rank <= item.severity.rank), None)
        if match is None:
            new.append(item)
        else:
            ranks.remove(match)
    return new


def _known(findings: Iterable[Finding]) -> list[Known]:
    return [(item.code, item.severity.rank, _places(item, {})) for item in findings]


def _unlike(before: Sequence[Known], after: Sequence[Finding], back: Back) -> list[Finding]:
    """Return the findings that are no part of one there was before.

    A finding about several rows may lose some of them and move to another; it may not gain any.
    """
    if not after:
        return []
    left = list(before)
    new = []
    for item in after:
        # A row that the draft adds may join a finding that was there (the sum of the weights); it may not start one.
        places = frozenset(place for place in _places(item, back) if not _added(place))
        match = next(
            (
                entry
                for entry in left
                if entry[0] == item.code and entry[1] <= item.severity.rank and places <= entry[2]
            ),
            None,
        )
        if match is None or _added(_place(item.location.path, back)):
            new.append(item)
        else:
            left.remove(match)
    return new


def _added(place: Place) -> bool:
    return isinstance(place[1], str) and place[1].startswith("+")


def _left(findings: Iterable[Finding], back: Back) -> list[Left]:
    return [(item.code, item.subcode, _place(item.location.path, back), _field(item)) for item in findings]


def _remaining(findings: Sequence[Finding], left: Set[Left], edits: Sequence[Edit]) -> str | None:
    gone = {edit.path for edit in edits if edit.new is None}
    for finding in findings:
        path = finding.location.path
        if any(path == place or path.startswith(f"{place}.") for place in gone):
            continue
        if (finding.code, finding.subcode, _place(path, {}), _field(finding)) in left:
            return "修改后问题仍然存在"
    return None


def _field(finding: Finding) -> str:
    return split_path(finding.location.path).field or ""


def _place(path: str, back: Back) -> Place:
    """Return project and row of the filed table; what is no row keeps its path."""
    where = split_path(path)
    if where.row is None or where.project is None:
        return (where.project, where.rest)
    rows = back.get(where.project)
    return (where.project, where.row if rows is None else rows.get(where.row, f"+{where.row}"))


def _places(finding: Finding, back: Back) -> frozenset[Place]:
    return frozenset(_place(item.path, back) for item in (finding.location, *finding.related))


def _changed_rows(project: Project, edits: Iterable[Edit], index: int) -> set[int]:
    """Return the filed rows to look at again: the edited ones; all where the project itself changes (its budget …)."""
    parts = [split_path(edit.path) for edit in edits]
    own = [part for part in parts if part.project == index]
    if any(part.row is None for part in own):
        return set(range(len(project.rows)))
    return {part.row for part in own if part.row is not None}


def _fields(edits: Iterable[Edit]) -> frozenset[str]:
    """Return the cells that change: row fields; 「rows」 where rows come or go; goals, plan, budget, project.name …"""
    found = set()
    for edit in edits:
        where = split_path(edit.path)
        if where.row is not None:
            found.add(where.field or "rows")
        else:
            part = where.rest.partition("[")[0].partition(".")[0]
            found.add(part if part in ("goals", "plan", "budget") else f"project.{part}")
    return frozenset(found)


def _reads(rule: Rule, fields: frozenset[str]) -> bool:
    return rule.reads is None or "rows" in fields or bool(rule.reads & fields)


def _only(draft: Draft, project: int) -> Draft:
    edits = tuple(edit for edit in draft.edits if split_path(edit.path).project == project)
    return draft if len(edits) == len(draft.edits) else replace(draft, edits=edits)
