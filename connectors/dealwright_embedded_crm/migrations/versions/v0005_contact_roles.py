"""What a contact is on a deal, such as its payer."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; no link has a role yet."""
    op.add_column("deal_contacts", Column("role", String(60)))
