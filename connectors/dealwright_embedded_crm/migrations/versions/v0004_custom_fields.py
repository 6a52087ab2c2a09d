"""Custom fields of deals: what a company's own fields hold, with their types."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; no deal has custom fields yet."""
    op.add_column("deals", Column("custom", Text))
