"""DW266: an event finds its deal by a phone number where addresses are, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.outside_events import used
from dealwright.compile.rules.reach import called, reach_of
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for event, path, line, _ in used(subject):
        texts = {field.key for field in event.fields if field.type == "text"}
        for pair in event.match.by if event.match is not None else ():
            is_, held = called(pair.field), reach_of(pair.path)
            # A Phone or an Email of the wrong kind is refused anyhow.
            if pair.field in texts and is_ and held and is_ != held:
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{event.key!r} looks for its {pair.field} in {pair.path}: no deal is found so",
                    hint=f"write ({pair.field}, deal.contacts.{is_})",
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
