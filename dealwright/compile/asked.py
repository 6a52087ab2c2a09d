"""What an automation asks for that is only read for those that do."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from dealwright.compile import ir

_ASKED: Final = re.compile(rb"\bdeal\.company\.(?:open_deals|won_deals|newest_open_deal)\b")
_OF_CONTACT: Final = re.compile(rb'"path":"contact\.')
_OF_RECORD: Final = re.compile(rb'"path":"record\.')
_KEPT: Final = 4096
_asks: Final[dict[int, tuple[ir.Automation, bool]]] = {}
"""By the identity of the automation, which is kept beside so that nothing else can have it."""


def asks_for_company(automation: ir.Automation) -> bool:
    """Say whether the automation names, in a condition, a text or a value, what else a company has."""
    found = _asks.get(id(automation))
    if found is None:
        if len(_asks) >= _KEPT:
            _asks.clear()
        found = _asks[id(automation)] = (automation, bool(_ASKED.search(msgspec.json.encode(automation))))
    return found[1]


def asks_of_contact(condition: ir.Condition) -> bool:
    """Say whether a condition inside of `deal.contacts.any(...)` names the contact that is looked at."""
    return bool(_OF_CONTACT.search(msgspec.json.encode(condition)))


def asks_of_record(asked: ir.Condition | ir.Reckonable) -> bool:
    """Say whether what is asked of records, or reckoned of them, names the record that is looked at."""
    return bool(_OF_RECORD.search(msgspec.json.encode(asked)))
