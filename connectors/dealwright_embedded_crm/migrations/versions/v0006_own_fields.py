"""A company's own fields: what each is, as the release says; contacts have values of them too."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, CheckConstraint, Column, Integer, PrimaryKeyConstraint, String, Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table of fields, empty until the next `up`, and the column of contacts."""
    op.create_table(
        "fields",
        Column("holder", String(20), nullable=False),
        Column("key", String(100), nullable=False),
        Column("label", Text, nullable=False),
        Column("type", String(20), nullable=False),
        Column("options", Text, nullable=False),
        Column("sensitive", Boolean, nullable=False),
        Column("renamed_from", Text, nullable=False),
        Column("position", Integer, nullable=False),
        Column("released", Boolean, nullable=False),
        PrimaryKeyConstraint("holder", "key", name="pk_fields"),
        CheckConstraint("holder in ('deal', 'contact', 'company')", name="holder"),
    )
    op.add_column("contacts", Column("custom", Text))
