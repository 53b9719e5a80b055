"""Finance: its tokens and their failed uses, and the snapshots of the finance lines."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the four tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "finance_tokens",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(40), nullable=False),
        sa.Column("level", sa.String(20), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("revoked_at", moment),
        sa.Column("used_on", sa.Date),
    )
    op.create_table(
        "finance_failures",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("ix_finance_failures_token", "finance_failures", ["token_hash", "at"])
    op.create_table(
        "finance_snapshots",
        sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("as_of", moment, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("lines", sa.Integer, nullable=False),
        sa.Column("totals", sa.Text, nullable=False),
        sa.Column("published", sa.Boolean, nullable=False),
    )
    op.create_table(
        "finance_lines",
        sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("first_snapshot", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last_snapshot", sa.Integer),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_finance_lines_place", "finance_lines", ["book", "seq", "key"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_finance_lines_place", table_name="finance_lines")
    op.drop_table("finance_lines")
    op.drop_table("finance_snapshots")
    op.drop_index("ix_finance_failures_token", table_name="finance_failures")
    op.drop_table("finance_failures")
    op.drop_table("finance_tokens")
