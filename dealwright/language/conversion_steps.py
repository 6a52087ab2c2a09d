"""The step that tells an advertising platform what became of the people its ads have brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dealwright.language import values
from dealwright.language.characters import UNSAFE
from dealwright.language.contact_steps import ContactPath, contact_path
from dealwright.language.deal import ContactFields
from dealwright.language.fields import IdField
from dealwright.language.keys import checked_step
from dealwright.language.origin import refused
from dealwright.language.steps import AmountLike, Sendable, Step, TextLike
from dealwright.language.values import Stored

STANDARD_EVENTS: Final = (
    "AddPaymentInfo",
    "AddToCart",
    "AddToWishlist",
    "CompleteRegistration",
    "Contact",
    "CustomizeProduct",
    "Donate",
    "FindLocation",
    "InitiateCheckout",
    "Lead",
    "PageView",
    "Purchase",
    "Schedule",
    "Search",
    "StartTrial",
    "SubmitApplication",
    "Subscribe",
    "ViewContent",
)
"""Names that advertising platforms know by themselves; any other is the company's own, such as a stage's."""

NEED_VALUE: Final = frozenset({"Purchase"})
"""Conversions that are refused without an amount and its currency."""

LONGEST_EVENT: Final = 50
"""The longest name of a conversion, in characters."""

_OURS: Final = frozenset({"value", "currency", "event_source", "lead_event_source"})


@dataclass(frozen=True, kw_only=True)
class SendConversion(Step):
    """Tells the advertising platform that somebody converted; later steps may name `event_id`."""

    kind = "send_conversion"
    event: str
    to: ContactPath
    value: Stored | None
    lead_id: Stored | None
    with_: Mapping[str, Stored]

    @property
    def event_id(self) -> IdField:
        """The id under which the platform knows it; unset if the step was passed by."""
        return IdField(self._receipt("event_id"))


def send_conversion(
    name: str,
    *,
    event: str,
    value: AmountLike | None = None,
    to: ContactFields | None = None,
    lead_id: TextLike | None = None,
    with_: Mapping[str, Sendable] = MappingProxyType({}),
) -> SendConversion:
    """Tell the account's advertising platform of a conversion: `Purchase`, `Lead`, or a stage's name.

    It is matched by the phone and e-mail of `to` (the deal's main contact), and by `lead_id`, the platform's own id of
    a lead from its forms. `value` carries its currency; a plain number is in the account's.
    """
    name = checked_step(name)
    if not isinstance(event, str) or not event.strip() or event != event.strip() or len(event) > LONGEST_EVENT:
        raise refused(f"event of {name!r} is a name of at most {LONGEST_EVENT} characters", hint='event="Purchase"')
    if UNSAFE.search(event) or "{{" in event or "{%" in event:
        raise refused(f"event of {name!r} is the same for every deal", hint="write one step for each event")
    if value is None and event in NEED_VALUE:
        raise refused(
            f"{name!r} tells of a {event} and not what it was worth, which is refused", hint="value=deal.amount"
        )
    for part in with_:
        if not isinstance(part, str) or not part.isidentifier() or not part.isascii():
            raise refused(
                f"{part!r} cannot be a name in the conversion {name!r}", hint="use letters, digits and underscores"
            )
        if part in _OURS:
            raise refused(f"{part!r} of {name!r} is said by the step itself", hint="give the amount as value=")
    return SendConversion(
        name=name,
        event=event,
        to="deal.main_contact" if to is None else contact_path(to, f"to of {name!r}"),
        value=None if value is None else values.amount(value, f"value of {name!r}"),
        lead_id=None if lead_id is None else values.text(lead_id, f"lead_id of {name!r}"),
        with_=MappingProxyType({part: values.anything(given, f"{part} of {name!r}") for part, given in with_.items()}),
    )
