"""DW296: an event finds its deal by another field than the one that is called as its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dealwright.compile.rules.outside_events import used
from dealwright.compile.rules.plain_words import plain_words
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.model.custom import FieldShape

_TEXTS: Final = frozenset({"text", "number"})
"""What numbers of contracts and orders are held in; who reaches whom is told by DW266."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        for event, path, line, _ in used(subject):
            if event not in account.outside or event.match is None:
                continue
            paired = {pair.path for pair in event.match.by}
            for pair in event.match.by:
                shape = next((each for each in event.fields if each.key == pair.field), None)
                if shape is None or shape.type not in _TEXTS or pair.path.startswith("deal.contacts."):
                    continue
                for meant, by in _meant(shape, pair.path, account.deal_fields):
                    if meant in paired:
                        continue
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{event.key!r} finds its deal by its {pair.field} in {pair.path}, and {meant} is {by}",
                        hint=f"write ({pair.field}, {meant}), or call it otherwise",
                    )


def _meant(shape: FieldShape, path: str, fields: Sequence[FieldShape]) -> Iterator[tuple[str, str]]:
    """Yield the one other field of the deal that has the key or the label of the event's field, and which of both."""
    name = path.removeprefix("deal.")
    is_ = next((each for each in fields if each.key == name), None)
    said = plain_words(shape.label)
    if name in shape.key or shape.key in name or (is_ is not None and said and plain_words(is_.label) == said):
        return
    found = []
    for each in fields:
        if each.type not in _TEXTS or each.key == name:
            continue
        if each.key == shape.key:
            found.append((f"deal.{each.key}", "called so, too"))
        elif len(said) > 1 and plain_words(each.label) == said:
            found.append((f"deal.{each.key}", f"called {each.label!r}, as it is"))
    if len(found) == 1:
        yield found[0]


RULE: Final = Rule(
    code="DW296",
    severity="warning",
    title="an event finds its deal by another field than the one of its name",
    reason=(
        "A permit office tells the number of the permit, and the deal has a field for just that: who looks for the "
        "number among the references finds no deal, or once in a while a stranger's. Told is a field of an event that "
        "has the key or the label of an own field of the deal, and is compared with others only."
    ),
    bad="""
class Own(DealFields):
    permit_number = Text("Number of the permit")


own = Own()


class Decided(OutsideEvent):
    key = "permits.decided"
    permit_number = Text()
    match = Match(by=[(permit_number, own.reference)], in_=Sales)


tell = Automation(
    key="tell",
    on=event_received(Decided),
    when=[own.permit_number.is_set()],
    do=[set_task("call", text="Call {{ deal.title }} about permit {{ event.data.permit_number }}", due=hours(4))],
)
""",
    good="""
class Own(DealFields):
    permit_number = Text("Number of the permit")


own = Own()


class Decided(OutsideEvent):
    key = "permits.decided"
    permit_number = Text()
    match = Match(by=[(permit_number, own.permit_number)], in_=Sales)


tell = Automation(
    key="tell",
    on=event_received(Decided),
    when=[own.permit_number.is_set()],
    do=[set_task("call", text="Call {{ deal.title }} about permit {{ event.data.permit_number }}", due=hours(4))],
)
""",
    look=_look,
)
