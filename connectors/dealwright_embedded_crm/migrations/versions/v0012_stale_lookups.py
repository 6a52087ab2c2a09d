"""Deals that hold no own field are found by none: rows stayed behind when the last one was cleared."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Take away what deals without own fields, and deals that are gone, were found by."""
    op.execute(
        "delete from lookups where substr(kind, 1, 4) = 'own.' and not exists"
        " (select 1 from deals where deals.id = lookups.thing_id and deals.custom is not null)"
    )
