"""Which facts a definition may name, by path, and what type each one holds.

The one place: conditions, templates, the compiler and the engine all ask here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

FieldType = Literal["text", "number", "money", "day", "moment", "tags", "stage", "pipeline", "user", "flag", "id"]
"""What a field holds; only fields of one type are compared with each other."""

_CONTACT: Final[Mapping[str, FieldType]] = {
    "id": "id",
    "name": "text",
    "first_name": "text",
    "last_name": "text",
    "phone": "text",
    "email": "text",
}

_DEAL: Final[Mapping[str, FieldType]] = {
    "id": "id",
    "title": "text",
    "pipeline": "pipeline",
    "pipeline.name": "text",
    "stage": "stage",
    "stage.name": "text",
    "owner": "user",
    "owner.name": "text",
    "owner.first_name": "text",
    "owner.email": "text",
    "amount": "money",
    "close_date": "day",
    "reference": "text",
    "tags": "tags",
    "company": "text",
    "lost_reason": "text",
    "created_at": "moment",
    "stage_since": "moment",
    **{f"main_contact.{part}": kind for part, kind in _CONTACT.items()},
}

ALWAYS: Final[Mapping[str, FieldType]] = MappingProxyType(
    {f"deal.{path}": kind for path, kind in _DEAL.items()} | {"account.key": "text", "account.name": "text"}
)
"""Facts that every automation knows."""

EVENT_CONTACT: Final[Mapping[str, FieldType]] = MappingProxyType(
    {f"event.contact.{part}": kind for part, kind in _CONTACT.items()}
)
"""Facts of `contact_added` and `contact_removed`: the contact in question."""

EVENT_BEFORE: Final[Mapping[str, FieldType]] = MappingProxyType(
    {f"event.before.{path}": kind for path, kind in _DEAL.items()}
)
"""Facts of events that change a deal: the deal as it was."""

RECEIPTS: Final[Mapping[str, Mapping[str, FieldType]]] = MappingProxyType(
    {
        "create_deal": {"deal_id": "id"},
        "update_deal": {"changed": "flag"},
        "move_deal": {"moved": "flag", "from_stage": "text", "to_stage": "text"},
        "set_task": {"task_id": "id"},
        "send_event": {"status": "number"},
    }
)
"""What a step leaves for later steps, by the action's kind."""

UPDATABLE: Final[Mapping[str, FieldType]] = MappingProxyType(
    {name: _DEAL[name] for name in ("title", "owner", "amount", "close_date", "reference", "company", "tags")}
)
"""Fields of a deal that `update_deal` writes and `deal_updated` watches."""

_BEFORE: Final = frozenset({"deal_updated", "stage_changed", "entered", "contact_added", "contact_removed"})
_CONTACTS: Final = frozenset({"contact_added", "contact_removed"})


def known(trigger: str, steps: Mapping[str, str] = MappingProxyType({})) -> dict[str, FieldType]:
    """Return every fact that an automation on `trigger` knows, after these steps (name -> kind of action)."""
    facts = dict(ALWAYS)
    if trigger in _CONTACTS:
        facts |= EVENT_CONTACT
    if trigger in _BEFORE:
        facts |= EVENT_BEFORE
    for name, kind in steps.items():
        facts |= {f"steps.{name}.{field}": held for field, held in RECEIPTS.get(kind, {}).items()}
    return facts


def is_group(path: str, facts: Iterable[str]) -> bool:
    """Say whether the path only has parts (`deal.main_contact`) or has parts beside its value (`deal.owner`)."""
    return any(other.startswith(f"{path}.") for other in facts)


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return `did you mean ...?` for the nearest candidate, or an empty text."""
    near = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
