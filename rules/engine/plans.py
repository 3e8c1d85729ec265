"""One row, one plan: findings of one row lead with the same rewriting where it settles them, and folded findings take it over.

Each rule proposes what cures its own finding. Side by side that can be a new sign for a row that another rule replaces.
The plan of a row is the proven suggestion, of those that say anew what the row measures, that settles most of its
findings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from models.records.finding import Applicability, Edit, Finding, Suggestion
from rules.engine.draft import Draft
from rules.engine.edits import open_blanks, used
from rules.engine.paths import split_path
from rules.engine.verify import Verifier

Row = tuple[int, int]
Proven = tuple[Finding, Suggestion, Draft]
_SAYS_ANEW = ({"name"}, {"level2"}, {"value", "description"})
"""Fields that a plan changes together: one of these sets."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with a row, and which of its findings that settles."""

    suggestion: Suggestion
    draft: Draft
    settled: frozenset[str]
    """Fingerprints."""

    def changes(self, field: str) -> bool:
        """Whether a cell of the field is rewritten."""
        return any(split_path(edit.path).field == field for edit in self.draft.edits)


def row_of(finding: Finding) -> Row | None:
    """Return project and row that a finding lies in."""
    where = split_path(finding.location.path)
    return (where.project, where.row) if where.project is not None and where.row is not None else None


def plans(proven: Sequence[Proven], single: Sequence[Finding], verifier: Verifier) -> dict[Row, Plan]:
    """Return the plan of each row that has one. `single` are the findings before folding."""
    members: dict[Row, list[Finding]] = defaultdict(list)
    for finding in single:
        row = row_of(finding)
        if row is not None:
            members[row].append(finding)
    candidates: dict[Row, list[Proven]] = defaultdict(list)
    for item in proven:
        row = row_of(item[0])
        if row is not None and _says_anew(item[1].edits, row):
            candidates[row].append(item)
    found: dict[Row, Plan] = {}
    for row, items in candidates.items():
        ranked = []
        for finding, suggestion, draft in items:
            settled = verifier.settled(draft, members[row])
            ranked.append(((len(settled), -finding.severity.rank), Plan(suggestion, draft, settled)))
        found[row] = max(ranked, key=lambda entry: entry[0])[1]
    return found


def taken_over(draft: Draft, members: Sequence[Finding], known: Mapping[Row, Plan]) -> Draft | None:
    """Return the draft of a folded finding with the plans of its rows in place of its own edits; None without any."""
    mine = {row: known[row] for item in members if (row := row_of(item)) is not None and row in known}
    over = {
        row: plan
        for row, plan in mine.items()
        if all(_row_of_edit(edit) == row for edit in plan.draft.edits)
        and all(item.fingerprint in plan.settled for item in members if row_of(item) == row)
    }
    own = tuple(edit for edit in draft.edits if _row_of_edit(edit) not in over)
    if not over:
        return None
    parts = [plan.draft for plan in over.values()]
    edits = (*own, *(edit for part in parts for edit in part.edits))
    blanks = [blank for part in (draft, *parts) for blank in part.blanks]
    return replace(
        draft,
        rationale=f"{draft.rationale}；其中 {len(over)} 行按该行其他问题的建议一并改写",
        edits=tuple(sorted(edits, key=lambda edit: edit.new is None)),
        blanks=tuple({blank.prompt: blank for blank in used(blanks, edits)}.values()),
        applicability=Applicability.CONFIRM,
        derived=(*draft.derived, *(item for part in parts for item in part.derived)),
        lifted=draft.lifted or any(part.lifted for part in parts),
    )


def _says_anew(edits: Sequence[Edit], row: Row) -> bool:
    fields = {split_path(edit.path).field for edit in edits if _row_of_edit(edit) == row}
    if open_blanks(edit for edit in edits if split_path(edit.path).field == "name"):
        return False  # An open question about what to measure settles nothing for the other findings.
    return any(wanted <= fields for wanted in _SAYS_ANEW)


def _row_of_edit(edit: Edit) -> Row | None:
    where = split_path(edit.path)
    # Removed and added rows are no change of a row.
    whole = edit.new is None or edit.old is None or not isinstance(edit.new, str)
    return None if whole or where.project is None or where.row is None else (where.project, where.row)
