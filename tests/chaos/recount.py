"""Compares what was sent with the journal's public views and with what the outside systems wrote down. Plain drivers.

Nothing of the engine is used here: `sent.jsonl`, the views `dw_events`, `dw_executions`, `dw_effects`, and the request
logs are all that is read, so that a program of anybody else's can do the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from tests.chaos.places import BATCH, Places
from tests.chaos.sender import Sent
from tests.chaos.sender import read as read_sent
from tests.kill.world import read as query

Sort = Literal["lost", "duplicated", "out_of_order", "parked"]

SERVERS: Final = ("kommo", "meta", "erp", "audit")

EXPECTED: Final = {
    "w1": ("set_task", "send_conversion"),
    "trail": ("send_event",),
    "mark": ("move_deal",),
    "instalments": ("send_event",),
}
"""The effects of each automation's execution, in their order."""


class Violation(msgspec.Struct, frozen=True):
    """One guarantee that broke: its sort, and what was seen."""

    sort: Sort
    what: str


class Effect(msgspec.Struct, frozen=True):
    """A row of `dw_effects`."""

    key: str
    execution: str
    automation: str
    kind: str
    delivery: str
    state: str


class Recount(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: violations, and the figures that the run prints."""

    violations: tuple[Violation, ...]
    events: int
    effects: int
    parked_unknown: int
    parked_at_most: int

    def count(self, sort: Sort) -> int:
        """Return how many violations are of a sort."""
        return sum(item.sort == sort for item in self.violations)


def recount(places: Places, *, kills: int, automations: Collection[str] = tuple(EXPECTED)) -> Recount:
    """Compare everything, when nothing is left to do; `automations` are those that were on."""
    sent = read_sent(places.path)
    executions = {
        row[0]: row[1:]
        for row in query(places.journal, "select id, automation, subject, state, reason from dw_executions")
    }
    effects = [
        Effect(*row)
        for row in query(places.journal, "select key, execution_id, automation, kind, delivery, state from dw_effects")
    ]
    committed = _committed(places.path)
    parked = {id_ for id_, row in executions.items() if row[2] == "parked"}
    unknown = [effect for effect in effects if effect.execution in parked and effect.state == "unknown"]
    bound = kills * BATCH
    found = [
        *_events(places, sent),
        *_runs(sent, executions, automations),
        *_carried_out(effects, committed, parked),
        *_parked(executions, effects, bound),
        *_order(places.path, effects, executions),
    ]
    return Recount(
        violations=tuple(found),
        events=len(sent),
        effects=len(effects),
        parked_unknown=len(unknown),
        parked_at_most=bound,
    )


def _events(places: Places, sent: list[Sent]) -> Iterator[Violation]:
    """Every event that intake has acknowledged is in the journal exactly once."""
    told = Counter((f"deal:{each.deal}", "deal_created" if each.n is None else "event_received") for each in sent)
    kept: Counter[tuple[str, str]] = Counter(query(places.journal, "select subject, kind from dw_events"))
    yield from (Violation("lost", f"the event {each} is not in the journal") for each in (told - kept).elements())
    yield from (Violation("duplicated", f"the event {each} is there again") for each in (kept - told).elements())


def _runs(sent: list[Sent], executions: dict[str, tuple[Any, ...]], on: Collection[str]) -> Iterator[Violation]:
    """Every event has its executions, each once, and each has ended (or is parked)."""
    wanted: Counter[tuple[str, str]] = Counter()
    for each in sent:
        for automation in on:
            if (automation == "instalments") == (each.n is not None):
                wanted[automation, f"deal:{each.deal}"] += 1
    seen = Counter((row[0], row[1]) for row in executions.values())
    yield from (Violation("lost", f"no execution of {each}") for each in (wanted - seen).elements())
    yield from (Violation("duplicated", f"one execution more of {each}") for each in (seen - wanted).elements())
    for id_, (automation, subject, state, reason) in executions.items():
        if state not in ("done", "parked"):
            yield Violation("lost", f"{automation} of {subject} ({id_}) is {state}: {reason}")


def _carried_out(effects: list[Effect], committed: Counter[str], parked: set[str]) -> Iterator[Violation]:
    """What the journal calls sent was carried out once; what it does not, was not, unless it is parked as unknown."""
    of_execution: defaultdict[str, list[str]] = defaultdict(list)
    for effect in effects:
        of_execution[effect.execution].append(effect.kind)
        times = committed[effect.key]
        name = f"{effect.automation}.{effect.kind} ({effect.key}, {effect.delivery})"
        if times > 1:
            yield Violation("duplicated", f"{name} was carried out {times} times")
        if effect.state == "sent" and not times:
            yield Violation("lost", f"{name} is sent, and nobody carried it out")
        if effect.state not in ("sent", "unknown"):
            yield Violation("lost", f"{name} is {effect.state}")
        if effect.state == "unknown" and effect.execution not in parked:
            yield Violation("lost", f"{name} has no answer, and nobody is told")
    known = {effect.key for effect in effects}
    yield from (
        Violation("duplicated", f"{key} was carried out, and is no effect's") for key in committed.keys() - known
    )
    automations = {effect.execution: effect.automation for effect in effects}
    for execution, kinds in of_execution.items():
        wanted = EXPECTED[automations[execution]]
        if execution not in parked and Counter(kinds) != Counter(wanted):
            yield Violation("lost", f"{automations[execution]} ({execution}) did {', '.join(kinds)} only")


def _parked(executions: dict[str, tuple[Any, ...]], effects: list[Effect], bound: int) -> Iterator[Violation]:
    """Parked is only what nobody can know, and no more of it than was under way at the kills."""
    open_ = {effect.execution: effect for effect in effects if effect.state == "unknown"}
    parked = [id_ for id_, row in executions.items() if row[2] == "parked"]
    for id_ in parked:
        effect = open_.get(id_)
        if effect is None or effect.delivery != "AT_MOST_ONCE":
            yield Violation("parked", f"{executions[id_][0]} ({id_}) is parked: {executions[id_][3]}")
    if len(parked) > bound:
        yield Violation("parked", f"{len(parked)} are parked; {bound} were under way at most")


def _order(directory: Path, effects: list[Effect], executions: dict[str, tuple[Any, ...]]) -> Iterator[Violation]:
    """Within a lane effects arrived in the order of their events."""
    of_key = {effect.key: executions[effect.execution][1] for effect in effects if effect.automation == "instalments"}
    arrived: defaultdict[str, list[int]] = defaultdict(list)
    numbers = dict(_instalments(directory))
    for line in _lines(directory / "erp.jsonl"):
        if line["committed"]:
            for key in line["keys"]:
                if key in of_key and key in numbers:
                    arrived[of_key[key]].append(numbers[key])
    for subject, order in arrived.items():
        if order != sorted(order):
            yield Violation("out_of_order", f"instalments of {subject} arrived as {order}")


def _instalments(directory: Path) -> Iterator[tuple[str, int]]:
    """Return which effect carried which instalment: its execution's place among those of its deal, by event id."""
    places = Places.read(directory)
    rows = query(
        places.journal,
        "select f.key, x.subject, x.event_id from dw_effects f join dw_executions x on x.id = f.execution_id"
        " where x.automation = 'instalments' order by x.event_id",
    )
    count: Counter[str] = Counter()
    for key, subject, _ in rows:
        yield key, count[subject]
        count[subject] += 1


def _committed(directory: Path) -> Counter[str]:
    """Return how often each key was carried out anywhere."""
    found: Counter[str] = Counter()
    for server in SERVERS:
        for line in _lines(directory / f"{server}.jsonl"):
            if line["committed"]:
                found.update(set(line["keys"]))
    return found


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    """Return the lines of a request log; one that a kill cut off has not happened."""
    if not log.exists():
        return
    data = log.read_bytes()
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        yield msgspec.json.decode(line)
