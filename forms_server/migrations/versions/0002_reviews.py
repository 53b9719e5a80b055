"""Reviewers: personal links, score sheets, and the panels as their pages show them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two tables and the column."""
    moment = sa.DateTime(timezone=True)
    op.add_column("books", sa.Column("review", sa.Text))
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
        sa.Column("panel", sa.String(40), nullable=False),
        sa.Column("reviewer", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("issued_at", moment, nullable=False),
        sa.Column("revoked_at", moment),
    )
    op.create_index("ix_invitations_reviewer", "invitations", ["book", "panel", "reviewer"])
    op.create_table(
        "sheets",
        sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), primary_key=True),
        sa.Column("panel", sa.String(40), primary_key=True),
        sa.Column("reviewer", sa.String(40), primary_key=True),
        sa.Column("candidate", sa.String(40), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("sent_at", moment),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("sheets")
    op.drop_index("ix_invitations_reviewer", table_name="invitations")
    op.drop_table("invitations")
    op.drop_column("books", "review")
