"""DW287: values of one step are given to each other's names, or one is told under the name of another field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.given_twice import given_by_name, given_twice
from dealwright.compile.rules.named_otherwise import fact_of, named_otherwise
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps


def _look(subject: Subject) -> Iterator[Spot]:
    otherwise = list(named_otherwise(subject))
    yield from otherwise
    told = {(spot.path, spot.line) for spot in otherwise}
    yield from (spot for spot in given_twice(subject) if (spot.path, spot.line) not in told)
    for _, automation in subject.automations:
        for step in all_steps(automation.do):
            for given, own in given_by_name(step):
                if names := _crossed(given, own):
                    path, line = subject.step_at(automation, step.name)
                    shown = ", ".join(f"{name}={_fact(given[name])}" for name in names)
                    hint = f"did you mean {', '.join(f'{name}={_fact(given[name], name)}' for name in names)}?"
                    yield Spot(path=path, line=line, message=f"{step.name!r} gives {shown}: crosswise", hint=hint)


def _crossed(given: Mapping[str, ir.Expression], own: str) -> list[str]:
    """Return the names that are given each other's values of one source, round in a circle; none if there are none."""
    to: dict[str, tuple[str, str]] = {}
    for name, value in given.items():
        source, _, field = _fact(value).rpartition(".")
        if source and source != own and field != name and field in given:
            to[name] = source, field
    for first in to:
        circle = [first]
        while (following := to.get(circle[-1])) is not None and following[0] == to[first][0]:
            if following[1] == first:
                return circle
            if following[1] in circle:
                break
            circle.append(following[1])
    return []


def _fact(value: ir.Expression, name: str = "") -> str:
    """Return the path of the one fact that a value is, or of its neighbour of another name; empty if it is none."""
    path = fact_of(value)
    return f"{path.rpartition('.')[0]}.{name}" if name and path else path


RULE: Final = Rule(
    code="DW287",
    severity="warning",
    title="values are given to other names than their own",
    reason=(
        "`name=Booked.email, email=Booked.name`: where two fields of one event, or of one deal, are given each other's "
        "values, the line was most likely written in a hurry. Both are of one type, so nothing refuses it. Fields of "
        "what is changed itself may be exchanged, and are not told. What another system is told under the name of one "
        'field, and which is another one, is of the same kind: `{"postcode": own.city}` where there is own.postcode, '
        "and an e-mail address that is called phone; so is one source that is given twice, where there is another one "
        "for the second name: `survey_at=Booked.starts_at, survey_ends_at=Booked.starts_at`."
    ),
    bad="""
class Booked(OutsideEvent):
    key = "calendar.booked"
    name, email = Text(), Text()
    match = Match(by=[(email, deal.contacts.email)], in_=Sales, if_none="create")


guest = Automation(
    key="guest",
    on=event_received(Booked),
    when=[Booked.name.is_set()],
    do=[create_contact("guest", name=Booked.email, email=Booked.name)],
)
""",
    good="""
class Booked(OutsideEvent):
    key = "calendar.booked"
    name, email = Text(), Text()
    match = Match(by=[(email, deal.contacts.email)], in_=Sales, if_none="create")


guest = Automation(
    key="guest",
    on=event_received(Booked),
    when=[Booked.name.is_set()],
    do=[create_contact("guest", name=Booked.name, email=Booked.email)],
)
""",
    look=_look,
)
