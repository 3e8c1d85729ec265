"""Workers look for the first chunk of a job in a state; one index for that, in place of the one on the job alone."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create `ix_chunks_job_id_state_ordinal`, drop `ix_chunks_job_id`."""
    op.create_index(
        op.f("ix_chunks_job_id_state_ordinal"), "chunks", ["job_id", "state", "ordinal"], unique=False
    )
    op.drop_index(op.f("ix_chunks_job_id"), table_name="chunks")


def downgrade() -> None:
    """Refuse: going back means restoring a backup."""
    raise NotImplementedError
