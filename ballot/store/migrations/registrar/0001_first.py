"""The registrar's tables as first released."""

import sqlalchemy as sa
from alembic import op

revision = "registrar_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "registrar_state",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("styles", sa.LargeBinary, nullable=False),
        sa.Column("election", sa.LargeBinary(32), nullable=True),
        sa.Column("issued_counts", sa.LargeBinary, nullable=True),
        sa.Column("issued_signature", sa.LargeBinary(64), nullable=True),
    )
    op.create_table(
        "registrar_person",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("style", sa.String(64), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("code", sa.LargeBinary(32), nullable=True, unique=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "registrar_issuance",
        sa.Column("person", sa.String(64), sa.ForeignKey("registrar_person.id"), primary_key=True),
        sa.Column("blinded_message", sa.LargeBinary, nullable=False),
        sa.Column("blind_signature", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
