"""Pulls into open copies of the book, and generations that were not built on the one just before them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables and the column that ties a submission to its pull."""
    moment = sa.DateTime(timezone=True)
    op.add_column("submissions", sa.Column("pull", sa.String(36)))
    op.create_table(
        "jumps",
        sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("base", sa.Integer, nullable=False),
    )
    op.create_table(
        "pulls",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("token", sa.String(20), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
    )
    op.create_index("ix_pulls_book", "pulls", ["book", "state"])


def downgrade() -> None:
    """Drop them; what the file on disk was not seen to hold waits anew.

    Without the jumps, a generation that went to a copy which was thrown away would look like one of the file's own, and
    its rows as if a person had deleted them.
    """
    op.execute(
        "UPDATE submissions SET state = 'waiting', generation = NULL WHERE state IN ('waiting', 'leased', 'placed')"
    )
    op.drop_index("ix_pulls_book", table_name="pulls")
    op.drop_table("pulls")
    op.drop_table("jumps")
    op.drop_column("submissions", "pull")
