"""Corrections and waiting: whether a sender may still correct, when delivery tries again, where the file lay."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    moment = sa.DateTime(timezone=True)
    op.add_column("books", sa.Column("next_try", moment))
    op.add_column("books", sa.Column("reason_kind", sa.String(10)))
    op.add_column("books", sa.Column("path", sa.Text))
    op.add_column("submissions", sa.Column("next_try", moment))
    op.add_column("submissions", sa.Column("locked", sa.Boolean))


def downgrade() -> None:
    """Take them away again."""
    op.drop_column("submissions", "locked")
    op.drop_column("submissions", "next_try")
    op.drop_column("books", "path")
    op.drop_column("books", "reason_kind")
    op.drop_column("books", "next_try")
