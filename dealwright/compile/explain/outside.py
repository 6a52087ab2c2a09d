"""What other systems tell us, and how an event of theirs finds its deal, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from dealwright.compile import ir
from dealwright.compile.explain.conditions import all_of
from dealwright.compile.explain.names import Names


def events(account: ir.Account, names: Names) -> Iterator[str]:
    """Yield a line for each class of events that is used."""
    spread = {each.on.name for each in account.automations if each.for_each and isinstance(each.on, ir.OnEventReceived)}
    for event in account.outside:
        yield f"- {' '.join(_told(event, names, spread=event.key in spread))}"


def segment(given: ir.Segment, names: Names) -> Iterator[str]:
    """Yield which deals an event without a deal is about."""
    places = names.tongue.one_of(map(names.pipeline, given.pipelines))
    yield names.tongue.say("rule.for_each", places=places, most=given.at_most)
    demands = all_of(given.where, names)
    if demands:
        yield names.tongue.say("rule.for_each.where")
        yield ""
        yield from (f"- {each}" for each in demands)


def _told(event: ir.OutsideEvent, names: Names, *, spread: bool) -> Iterator[str]:
    tongue = names.tongue
    name = tongue.quoted(event.key)
    if event.match is None:
        yield tongue.say("outside.spread" if spread else "outside.named", name=name)
    else:
        yield _found(name, event.match, names)
    if event.fields:
        yield tongue.say("outside.told", fields=tongue.all_of(tongue.quoted(field.key) for field in event.fields))
    if event.match is not None:
        yield tongue.say(f"outside.many.{event.match.if_many}")
        yield tongue.say(f"outside.none.{event.match.if_none}")


def _found(name: str, match: ir.Match, names: Names) -> str:
    tongue = names.tongue
    ways = [
        tongue.say("outside.way", field=names.field(pair.path), told=tongue.quoted(pair.field)) for pair in match.by
    ]
    places = tongue.one_of(map(names.pipeline, match.pipelines))
    return tongue.say("outside.found", name=name, places=places, ways=tongue.one_of(ways))
