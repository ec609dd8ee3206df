"""The box's tables as first released."""

import sqlalchemy as sa
from alembic import op

revision = "box_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    position = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "box_head",
        sa.Column("election", sa.LargeBinary(32), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("signed_size", sa.BigInteger, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "box_witnessed",
        sa.Column("election", sa.LargeBinary(32), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "box_pending",
        sa.Column("leaf_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "box_entry",
        sa.Column("position", position, primary_key=True, autoincrement=False),
        sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
    )
    op.create_table(
        "box_tile",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "box_pseudonym",
        sa.Column("pseudonym", sa.LargeBinary(32), primary_key=True),
        sa.Column("style", sa.String, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "box_fate",
        sa.Column("pseudonym", sa.LargeBinary(32), primary_key=True),
        sa.Column("sealed_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("tested", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
