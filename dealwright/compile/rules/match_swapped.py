"""DW266: an event finds its deal by a phone number where addresses are, or the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.outside_events import used
from dealwright.compile.rules.rule import Rule, Spot, Subject

_CALLED: Final = {
    "phone": re.compile(r"(.*_)?(phone|telephone|mobile|tel|telefone|telefono|celular)"),
    "email": re.compile(r"(.*_)?(e_?)?mail(_address)?"),
}
"""What fields of events are called that hold one; a Phone or an Email of the wrong kind is refused anyhow."""

_HELD: Final = {"deal.contacts.phone": "phone", "deal.contacts.email": "email"}


def _look(subject: Subject) -> Iterator[Spot]:
    for event, path, line, _ in used(subject):
        texts = {field.key for field in event.fields if field.type == "text"}
        for pair in event.match.by if event.match is not None else ():
            called = next((kind for kind, name in _CALLED.items() if name.fullmatch(pair.field)), None)
            held = _HELD.get(pair.path)
            if pair.field in texts and called is not None and held is not None and called != held:
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{event.key!r} looks for its {pair.field} in {pair.path}: no deal is found so",
                    hint=f"write ({pair.field}, deal.contacts.{called})",
                )


RULE: Final = Rule(
    code="DW266",
    severity="warning",
    title="an event looks for a phone number among addresses",
    reason=(
        "Both are texts in the event, so nothing refuses the pair; but no address is a phone number. Every such event "
        "would find no deal. Fields that are a Phone or an Email are refused at once when they are swapped."
    ),
    bad="""
class Asked(OutsideEvent):
    key = "form.asked"
    phone = Text()
    match = Match(by=[(phone, deal.contacts.email)], in_=Sales)


call = Automation(
    key="call",
    on=event_received(Asked),
    do=[set_task("call", text="Call {{ event.data.phone }}", due=hours(4))],
)
""",
    good="""
class Asked(OutsideEvent):
    key = "form.asked"
    phone = Text()
    match = Match(by=[(phone, deal.contacts.phone)], in_=Sales)


call = Automation(
    key="call",
    on=event_received(Asked),
    do=[set_task("call", text="Call {{ event.data.phone }}", due=hours(4))],
)
""",
    look=_look,
)
