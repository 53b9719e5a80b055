"""The inbox: books, submissions, receipts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "books",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("seen_generation", sa.Integer),
        sa.Column("fingerprint", sa.String(64)),
        sa.Column("seen_at", moment),
        sa.Column("saved_at", moment),
        sa.Column("profile", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("reason_since", moment),
        sa.Column("notice", sa.Text),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("lease_until", moment),
    )
    op.create_table(
        "submissions",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
        sa.Column("form", sa.String(40), nullable=False),
        sa.Column("table_name", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("generation", sa.Integer),
        sa.Column("row_key", sa.String(40)),
        sa.Column("reason", sa.Text),
        sa.Column("shown", sa.Text),
        sa.Column("changed_at", moment, nullable=False),
        sa.UniqueConstraint("id", "version", name="uq_submission_version"),
    )
    op.create_index("ix_submissions_state", "submissions", ["book", "state"])
    op.create_table(
        "receipts",
        sa.Column("code_hash", sa.String(64), primary_key=True),
        sa.Column("submission", sa.String(36), nullable=False),
    )
    op.create_index("ix_receipts_submission", "receipts", ["submission"])


def downgrade() -> None:
    """Remove them; what they held is gone."""
    op.drop_table("receipts")
    op.drop_table("submissions")
    op.drop_table("books")
