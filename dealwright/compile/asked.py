"""What an automation asks for that is only read for those that do."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.language import templates

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


def asks_for_its_record(node: object) -> bool:
    """Say whether an automation names a field of the record that sets it off, and not only of all that a deal has."""
    match node:
        case ir.Aggregate() | ir.OfRecords():
            return False
        case ir.Ref(path=path):
            return path.startswith("record.")
        case ir.TemplateText(source=source):
            return any(path.startswith("record.") for path in templates.paths(source))
        case tuple():
            return any(map(asks_for_its_record, node))
        case dict():
            return any(map(asks_for_its_record, node.values()))
        case msgspec.Struct():
            return any(asks_for_its_record(getattr(node, name)) for name in node.__struct_fields__)
    return False
