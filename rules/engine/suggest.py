"""Adds proven suggestions to findings: at most two each, one for all rows of a folded finding."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from models.records.finding import Applicability, Edit, Finding, Severity, Suggestion
from rules.engine.base import DocumentRule, ProjectRule, RowRule, Rule
from rules.engine.context import DocumentContext, ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.engine.edits import overlap
from rules.engine.fingerprint import fingerprinted
from rules.engine.paths import split_path
from rules.engine.plans import Plan, Row, plans, row_of, taken_over
from rules.engine.ruleset import RuleSet
from rules.engine.run import crashed, distinct
from rules.engine.verify import Verifier

KEPT = 2
TRIED = 8
_OTHERS = ("name", "level2", None)
"""Fields (None for whole rows) whose change puts another indicator in the row's place."""
_REASONS = 3
"""Of the reasons of the parts of a folded suggestion."""
Proposer = Callable[[RowContext, Finding], Iterable[Draft]]
"""Someone outside the rules who may propose drafts for a finding about a row; they are proven like any other."""
_ORDER = (Applicability.SAFE, Applicability.CONFIRM, Applicability.DISPLAY)


class Adviser:
    """Finds and proves suggestions for the findings of one document."""

    def __init__(
        self,
        ctx: DocumentContext,
        ruleset: RuleSet,
        single: Sequence[Finding],
        proposer: Proposer | None = None,
    ) -> None:
        self._ctx = ctx
        self._proposer = proposer
        self._row_rules = {rule.code: rule for rule in ruleset.row_rules}
        self._rules: dict[str, Rule] = {rule.code: rule for rule in ruleset.rules if rule.cure}
        self.verifier = Verifier(ctx, ruleset, single)
        self._single: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
        for item in single:
            self._single[item.code, item.severity.value, item.location.path].append(item)
        self._drafts: dict[tuple[Edit, ...], Draft] = {}
        """What was proven, by its edits."""
        self._crashed: list[Finding] = []
        self.dropped: Counter[tuple[str, str]] = Counter()
        """How often drafts of a rule were dropped, by rule and reason; for tests and rule authors."""

    def advised(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return the findings with their suggestions; findings of one row lead with the same one where it settles them.

        Rules that broke off while proposing follow as findings of their own.
        """
        items = [
            replace(item, suggestions=self.suggestions(item)) if self.curable(item) else item
            for item in findings
        ]
        proven = [
            (item, item.suggestions[0], self._drafts[item.suggestions[0].edits])
            for item in items
            if item.suggestions and not _is_folded(item)
        ]
        found = plans(proven, [one for group in self._single.values() for one in group], self.verifier)
        known = (self._planned(item, found) for item in items)
        advised = tuple(known if self._proposer is None else map(self._with_proposals, known))
        return (*advised, *fingerprinted(distinct(self._crashed), self._ctx.document))

    def _planned(self, finding: Finding, found: Mapping[Row, Plan]) -> Finding:
        """Return a finding led by the plan of its row, or of its rows where it is folded."""
        own = finding.suggestions
        if not self.curable(finding) or (own and own[0].applicability is Applicability.SAFE):
            return finding
        if _is_folded(finding):
            members = self._members(finding)
            draft = taken_over(self._drafts[own[0].edits], members, found) if own else None
            proven = self.verifier.prove(draft, members, hints=True) if draft is not None else ""
            return finding if isinstance(proven, str) else replace(finding, suggestions=(proven,))
        row = row_of(finding)
        plan = found.get(row) if row is not None else None
        if plan is None or finding.fingerprint not in plan.settled or (own and own[0] == plan.suggestion):
            return finding
        field = split_path(finding.location.path).field
        if own and field is not None and not plan.changes(field):
            return finding  # It goes away beside the plan, not by it.
        rest = [item for item in own if item.edits != plan.suggestion.edits]
        return replace(finding, suggestions=(plan.suggestion, *rest)[: max(1, len(own))])

    def curable(self, finding: Finding) -> bool:
        """Whether there can be a suggestion for the finding."""
        rule = self._rules.get(finding.code)
        return rule is not None and rule.curable(finding)

    def suggestions(self, finding: Finding) -> tuple[Suggestion, ...]:
        """Return what may be taken for one finding, best first."""
        folded = _is_folded(finding)
        members = self._members(finding) if folded else [finding]
        drafts = islice(self._together(finding, members) if folded else self.drafts(finding), TRIED)
        # Hints, and findings shown under another of the same row, get one suggestion: two of each would be noise.
        minor = finding.severity is Severity.INFO or finding.display.state == "nested"
        wanted = 1 if minor else KEPT
        tried: list[Draft] = []
        kept = self._proven(_noted(drafts, tried), members, wanted, hints=False)
        # A hint that appears anew is accepted only where nothing better is left.
        return kept or self._proven(tried, members, wanted, hints=True)

    def _proven(
        self, drafts: Iterable[Draft], members: Sequence[Finding], wanted: int, *, hints: bool
    ) -> tuple[Suggestion, ...]:
        kept: list[Suggestion] = []
        for draft in drafts:
            # What keeps the filer's own indicator may raise a hint; another indicator in its place may not.
            keeps = not any(split_path(edit.path).field in _OTHERS for edit in draft.edits)
            proven = self.verifier.prove(draft, members, hints=hints or keeps)
            if isinstance(proven, str):
                self.dropped[members[0].code, proven] += 1
            elif all(proven.edits != other.edits for other in kept):
                kept.append(proven)
                self._drafts[proven.edits] = draft
                if len(kept) == wanted:
                    break
        return tuple(kept)

    def _with_proposals(self, finding: Finding) -> Finding:
        """Return a finding about one row with proven proposals behind what its rule suggests."""
        rule, where = self._row_rules.get(finding.code), split_path(finding.location.path)
        folded = _is_folded(finding)
        kept = list(finding.suggestions)
        if rule is None or finding.subcode in rule.incurable or folded or len(kept) >= KEPT:
            return finding
        if self._proposer is None or where.project is None or where.row is None:
            return finding
        row = self._ctx.projects[where.project].rows[where.row]
        for draft in islice(self._proposer(row, finding), KEPT):
            # No second try that tolerates new hints: these drafts come from outside.
            proven = self._proven([draft], [finding], 1, hints=False)
            kept += [item for item in proven if all(item.edits != other.edits for other in kept)]
        return replace(finding, suggestions=tuple(kept[:KEPT]))

    def drafts(self, finding: Finding) -> Iterator[Draft]:
        """Yield what the finding's rule proposes, unproven. A rule that breaks off becomes a finding."""
        rule = self._rules[finding.code]
        where = split_path(finding.location.path)
        ctx: RowContext | ProjectContext | DocumentContext = self._ctx
        try:
            if isinstance(rule, DocumentRule):
                yield from rule.cures(self._ctx, finding)
            elif where.project is not None and isinstance(rule, ProjectRule):
                ctx = project = self._ctx.projects[where.project]
                yield from rule.cures(project, finding)
            elif where.project is not None and where.row is not None and isinstance(rule, RowRule):
                ctx = row = self._ctx.projects[where.project].rows[where.row]
                yield from rule.cures(row, finding)
        except Exception as error:
            # As in the check itself: a broken rule is a result, not the end of the report.
            self._crashed.append(crashed(rule, error, ctx))

    def _members(self, folded: Finding) -> list[Finding]:
        places = dict.fromkeys(location.path for location in (folded.location, *folded.related))
        return [
            item
            for path in places
            for item in self._single.get((folded.code, folded.severity.value, path), ())
        ] or self._any_severity(folded, places)

    def _any_severity(self, folded: Finding, places: Iterable[str]) -> list[Finding]:
        """The members where folding has made the finding milder than they are."""
        return [
            item
            for path in places
            for severity in Severity
            for item in self._single.get((folded.code, severity.value, path), ())
        ]

    def _together(self, folded: Finding, members: Sequence[Finding]) -> Iterator[Draft]:
        """Yield one draft for all rows of a folded finding: the first of each, where none is in another's way."""
        parts: list[Draft] = []
        covered: set[str] = set()
        near: dict[str, list[Edit]] = defaultdict(list)
        for member in members:
            if member.location.path in covered:
                continue
            draft = next(self.drafts(member), None)
            # Edits of different rows never meet, so each is held against those of its own row.
            if draft is None or any(overlap((edit,), near[_row_path(edit.path)]) for edit in draft.edits):
                return
            parts.append(draft)
            for edit in draft.edits:
                covered.add(edit.path)
                near[_row_path(edit.path)].append(edit)
        if not parts:
            return
        first = parts[0]
        if len(parts) == 1:
            yield first
            return
        edits = tuple(edit for part in parts for edit in part.edits)
        alike = len({part.title for part in parts}) == 1
        reasons = dict.fromkeys(part.rationale for part in parts)
        yield Draft(
            title=f"{first.title if alike else '逐行修改'}（共 {len(parts)} 处）",
            rationale=first.rationale if alike else "；".join(list(reasons)[:_REASONS]),
            edits=tuple(sorted(edits, key=lambda edit: edit.new is None)),
            blanks=tuple({blank.prompt: blank for part in parts for blank in part.blanks}.values()),
            applicability=max((part.applicability for part in parts), key=_ORDER.index),
            derived=tuple(item for part in parts for item in part.derived),
            merged={k: v for part in parts for k, v in part.merged.items()},
            lifted=any(part.lifted for part in parts),
        )


def _is_folded(finding: Finding) -> bool:
    return finding.fold is not None and finding.severity is not Severity.ERROR


def _noted(drafts: Iterable[Draft], seen: list[Draft]) -> Iterator[Draft]:
    """Yield the drafts one by one, keeping those that were asked for; the others are never made."""
    for draft in drafts:
        seen.append(draft)
        yield draft


def _row_path(path: str) -> str:
    """Return the path of the row that a path leads into, or the path itself outside rows."""
    where = split_path(path)
    return path if where.row is None else f"projects[{where.project}].rows[{where.row}]"
