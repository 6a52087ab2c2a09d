"""What somebody may see of a company's own fields: sensitive ones are not everybody's, and no outside system's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dealwright.model.custom import Customs
from dealwright_embedded_crm.own_fields import OwnFields
from dealwright_embedded_crm.own_texts import as_json

NOTHING: Final[Mapping[str, Any]] = {}

_DEALS: Final = ("before", "after")
_CONTACTS: Final = ("contact", "previous")


class Sight:
    """Shows own fields as JSON by their keys; without `sensitive` only those that are known not to be."""

    def __init__(self, fields: OwnFields, *, sensitive: bool = False) -> None:
        self._fields = fields
        self._sensitive = sensitive

    def shows(self, holder: str, key: str) -> bool:
        """Say whether a field may be seen: one that nothing is known of may be sensitive too."""
        if self._sensitive:
            return True
        found = self._fields.get(holder, key)
        return found is not None and not found.shape.sensitive

    def of(self, holder: str, customs: Customs) -> dict[str, Any]:
        """Return what may be seen of a record's own fields."""
        return {
            each.key: as_json(each.value)
            for each in customs or ()
            if each.value is not None and self.shows(holder, each.key)
        }

    def show_event(self, data: dict[str, Any]) -> None:
        """Let an event's deals, contacts and records have `fields`, as everywhere, instead of what they are kept as."""
        deals = [data.get(name) for name in _DEALS] + _listed(data.get("deals"))
        about = [data.get(name) for name in (*_CONTACTS, "record")]
        records = [each for each in about if isinstance(each, dict) and "kind" in each]
        contacts = [each for each in about if each not in records] + _listed(data.get("absorbed"))
        for deal in deals:
            if isinstance(deal, dict):
                contacts += _listed(deal.get("contacts"))
                self._show("deal", deal)
                self._show("company", deal, held="company_custom", shown="company_fields")
                records += _listed(deal.get("records"))
        for record in records:
            if isinstance(record, dict):
                self._show(record["kind"], record)
        for contact in contacts:
            if isinstance(contact, dict):
                self._show("contact", contact)

    def _show(self, holder: str, thing: dict[str, Any], *, held: str = "custom", shown: str = "fields") -> None:
        kept: Iterable[dict[str, Any]] = thing.pop(held, None) or ()
        found = {each["key"]: each["value"]["value"] for each in kept if self.shows(holder, each["key"])}
        if found:
            thing[shown] = found


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []
