"""Companies have values of the company's own fields; deals are found by their company."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column, in which nothing is held yet, and the index."""
    op.add_column("companies", Column("custom", Text))
    op.create_index("ix_deals_company_id", "deals", ["company_id"])
