"""How many findings runs have."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.store.tables import FindingRow

SEVERITIES = ("error", "warning", "info")


def finding_counts(session: Session, run_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return for every run the findings by severity, and those set aside as `waived`."""
    counts = {run_id: dict.fromkeys((*SEVERITIES, "waived"), 0) for run_id in run_ids}
    rows = session.execute(
        select(FindingRow.run_id, FindingRow.severity, FindingRow.waived, func.count())
        .where(FindingRow.run_id.in_(run_ids))
        .group_by(FindingRow.run_id, FindingRow.severity, FindingRow.waived)
    )
    for run_id, severity, waived, number in rows:
        counts[run_id]["waived" if waived else severity] += number
    return counts
