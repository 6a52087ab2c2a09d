"""Who owns a deal that nobody was named for: outside of Incoming, every deal has an owner.

Given, else the one it has, else the user who acts, else the default owner (the one that was chosen, else the first
user). Only a CRM without any user has nobody to give: there the deal is refused.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from dealwright.model.crm import User
from dealwright_embedded_crm import meta

_SETTING: Final = "default_owner"


def chosen(connection: Connection) -> str | None:
    """Return the id of the default owner that was chosen, or None."""
    return meta.told(connection, _SETTING)


def choose(connection: Connection, user: User | None) -> None:
    """Choose the default owner, or nobody in particular."""
    meta.tell(connection, _SETTING, None if user is None else user.id)
