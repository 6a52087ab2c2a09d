"""Compares, with plain drivers, what CRM and receivers wrote down with the journal's views and with the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from tests.kill.definitions import AT_MOST_ONCE
from tests.kill.harness import IN_FLIGHT, Death
from tests.kill.model import Expected, expected, person
from tests.kill.world import World

_MAY_HAVE_LEFT: Final = "select effect_key from attempts where coalesce(outcome, '') not in ('planned', 'away')"

Sort = Literal["lost", "twice", "unaccounted", "stuck", "order", "parked", "repeated", "after-stop", "fence"]

_ENDED = ("done", "skipped", "parked")
_CRM_KINDS = frozenset({"set_task", "create_deal", "update_deal", "move_deal", "create_record", "update_record"})


class Violation(msgspec.Struct, frozen=True):
    """One broken promise: its sort, and what was seen."""

    sort: Sort
    what: str


class Effect(msgspec.Struct, frozen=True):
    """A row of `dw_effects`."""

    key: str
    execution: str
    automation: str
    step: str
    target: str
    kind: str
    delivery: str
    state: str
    attempts: int


class Execution(msgspec.Struct, frozen=True):
    """A row of `dw_executions`."""

    id: str
    automation: str
    subject: str
    state: str
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found, with its figures."""

    violations: tuple[Violation, ...]
    figures: dict[str, int]

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {value}" for name, value in self.figures.items())
        broken = "".join(f"\n  {item.sort}: {item.what}" for item in self.violations[:40])
        return f"{'red' if self.violations else 'green'}: {figures}{broken}"

    def sorts(self) -> Counter[str]:
        """Count the violations by sort."""
        return Counter(item.sort for item in self.violations)


def audit(world: World, deaths: Sequence[Death], *, alone: bool = True, stopped: bool = False) -> Report:
    """Compare everything with everything, when nothing is left to do.

    `alone`: one worker at a time was at work; `stopped`: the account was stopped for a time.
    """
    return _Audit(world, deaths, alone, stopped).report()


class _Audit:
    """What was read once, and the comparisons."""

    def __init__(self, world: World, deaths: Sequence[Death], alone: bool, stopped: bool) -> None:
        self._world = world
        self._deaths = deaths
        self._alone = alone
        self._stopped = stopped
        self._model = expected(world.deals)
        self._titles: dict[str, str] = {str(id_): title for id_, title in world.crm_rows("select id, title from deals")}
        self._effects = {
            row[0]: Effect(*row)
            for row in world.journal_rows(
                "select key, execution_id, automation, step, target, kind, delivery, state, attempts from dw_effects"
            )
        }
        self._executions = {
            row[0]: Execution(*row)
            for row in world.journal_rows("select id, automation, subject, state, reason from dw_executions")
        }
        self._writes: dict[str, str] = dict(world.crm_rows("select key, kind from writes"))
        self._erp = world.received("erp")
        self._audit = world.received("audit")

    def report(self) -> Report:
        """Run all checks."""
        checks: tuple[Callable[[], Iterator[Violation]], ...] = (
            self._events,
            self._runs,
            self._ends,
            self._sent,
            self._accounted,
            self._business,
            self._order,
            self._turns,
            self._at_most_once,
            self._parked,
            self._rest,
        )
        found = [violation for check in checks for violation in check()]
        return Report(violations=tuple(found), figures=self._figures())

    def _figures(self) -> dict[str, int]:
        return {
            "deals": self._world.deals,
            "events": len(self._world.journal_rows("select id from dw_events")),
            "executions": len(self._executions),
            "effects": len(self._effects),
            "kills": len(self._deaths),
            "in flight at kills": sum(len(death.unanswered - before) for death, before in self._after()),
            "repeated": sum(effect.attempts > 1 for effect in self._effects.values()),
            "parked": sum(execution.state == "parked" for execution in self._executions.values()),
            "parked at most": len(self._deaths) * IN_FLIGHT,
        }

    def _after(self) -> Iterator[tuple[Death, frozenset[str]]]:
        """Return each kill with what was unanswered at the one before it."""
        before: frozenset[str] = frozenset()
        for death in self._deaths:
            yield death, before
            before = death.unanswered

    def _title(self, subject: str) -> str:
        return self._titles.get(subject.removeprefix("deal:"), subject)

    def _events(self) -> Iterator[Violation]:
        """Every event of the outbox and of the hooks is in the journal exactly once, and the outbox knows."""
        told = Counter(
            (kind, f"deal:{deal}") for kind, deal in self._world.crm_rows("select kind, deal_id from outbox")
        )
        told += Counter(("event_received", f"deal:{deal}") for deal in self._world.hooks.told())
        kept = Counter(self._world.journal_rows("select kind, subject from dw_events"))
        yield from _compare("event", told, kept)
        untaken = self._world.crm_rows("select id from outbox where taken_at is null")
        if untaken:
            yield Violation("stuck", f"{len(untaken)} events were not taken from the outbox")

    def _runs(self) -> Iterator[Violation]:
        """Every expected (automation, deal) has exactly one execution, and there is no other."""
        seen = Counter((run.automation, self._title(run.subject)) for run in self._executions.values())
        yield from _compare("execution", self._model.executions, seen)

    def _ends(self) -> Iterator[Violation]:
        """Executions ended or are parked: skipped by conditions or by `again` where expected, and nowhere else."""
        skipped: Counter[tuple[str, str]] = Counter()
        for run in self._executions.values():
            if run.state not in _ENDED:
                yield Violation("stuck", f"{run.automation} of {run.subject} is {run.state} ({run.reason})")
            if run.state == "skipped" and run.automation != "hello":
                skipped[run.automation, self._title(run.subject)] += 1
            if run.state == "parked" and run.automation not in AT_MOST_ONCE:
                yield Violation("parked", f"{run.automation} of {run.subject}, which can be repeated ({run.reason})")
        yield from _compare("skipped execution", self._model.skipped, skipped)

    def _sent(self) -> Iterator[Violation]:
        """Every effect that the journal calls sent was carried out exactly once, under its key."""
        committed = Counter(line["key"] for line in self._erp + self._audit if line["committed"])
        receipts = {row[0] for row in self._world.journal_rows("select effect_key from receipts")}
        for effect in self._effects.values():
            times = int(effect.key in self._writes) if effect.kind in _CRM_KINDS else committed[effect.key]
            if effect.state == "sent" and times == 0:
                yield Violation("lost", f"{_name(effect)} is sent, and nobody carried it out")
            if times > 1:
                yield Violation("twice", f"{_name(effect)} was carried out {times} times")
            if effect.kind in _CRM_KINDS and self._writes.get(effect.key, effect.kind) != effect.kind:
                yield Violation("unaccounted", f"{_name(effect)} was carried out as {self._writes[effect.key]}")
            if (effect.state == "sent") != (effect.key in receipts):
                yield Violation("lost", f"{_name(effect)} is {effect.state}, and its receipt says otherwise")

    def _accounted(self) -> Iterator[Violation]:
        """No write without an effect that is sent, or unanswered and parked."""
        committed = {line["key"] for line in self._erp + self._audit if line["committed"]}
        for key in sorted(committed | set(self._writes)):
            effect = self._effects.get(key)
            if effect is None:
                yield Violation("unaccounted", f"the key {key} was carried out, and is no effect's")
            elif effect.state != "sent" and not self._is_parked(effect):
                yield Violation("unaccounted", f"{_name(effect)} was carried out, and is {effect.state}")

    def _is_parked(self, effect: Effect) -> bool:
        return effect.state == "unknown" and self._executions[effect.execution].state == "parked"

    def _business(self) -> Iterator[Violation]:
        """What stands in the CRM and at the receiver is what the model says, counted by names and not by keys."""
        crm = self._world.crm_rows
        model: Expected = self._model
        yield from _compare("task", self._in_time(model.tasks), self._in_time(self._tasks()))
        yield from _compare("deal", model.deals, Counter(self._titles.values()))
        marked = Counter(row[0] for row in crm("select title from deals where reference is not null"))
        yield from _compare("reference", model.moves, marked)
        erp = Counter((line["event"], self._title(line["deal_id"])) for line in self._erp if line["committed"])
        yield from _compare("event at erp", model.erp, erp)
        records = [(kind, _fields(custom)) for kind, custom in crm("select kind, custom from records")]
        billed = Counter(held["no"] for kind, held in records if kind == "line" and held.get("billed") is True)
        yield from _compare("billed line", model.lines, billed)
        yield from _compare("receipt", model.lines, Counter(held["no"] for kind, held in records if kind == "receipt"))

    def _tasks(self) -> Counter[str]:
        return Counter(row[0] for row in self._world.crm_rows("select text from tasks"))

    def _in_time(self, tasks: Counter[str]) -> Counter[str]:
        """Return the tasks as they are compared.

        While an account is stopped, or of two workers one is idle, business time moves to what is due next, though what
        somebody waits for is held, or is just being done: then it comes too late, and the task is another one, or is
        there instead of none.
        """
        if self._alone and not self._stopped:
            return tasks
        early = {f"Chase {title}": f"Saw {title}" for title in self._model.advanced}
        never = {f"Guard {title}" for title in self._model.advanced}
        return Counter(early.get(text, text) for text in tasks.elements() if text not in never)

    def _order(self) -> Iterator[Violation]:
        """What queued in one lane was done in the order it happened."""
        done: dict[str, list[str]] = {}
        for text, deal in self._world.crm_rows("select text, deal_id from tasks where text like 'Meet %' order by id"):
            done.setdefault(self._titles[str(deal)], []).append(text.removeprefix("Meet "))
        for title, names in done.items():
            if names != sorted(names):
                yield Violation("order", f"{title} met {', '.join(names)}")

    def _turns(self) -> Iterator[Violation]:
        """People of a role got work in turn, each step picked one of them once, and it is they who have it."""
        picked = [user for (user,) in self._world.journal_rows("select user_id from picks order by n")]
        behind = len(set(picked))
        for place, user in enumerate(picked[behind:]):
            if user != picked[place]:
                yield Violation("order", f"pick {place + behind + 1} is user {user}, and it was the turn of another")
        given = self._world.crm_rows("select owner_id from tasks where text like 'Bill %'")
        yield from _compare("task of user", Counter(picked), Counter(str(user) for (user,) in given))

    def _at_most_once(self) -> Iterator[Violation]:
        """What goes to `audit` is sent once, for each trail and each person, whether it was answered or not.

        An attempt of which the connector says that nothing left (its batch's time was over) is none.
        """
        sent = Counter(row[0] for row in self._world.journal_rows(_MAY_HAVE_LEFT))
        requests = Counter(line["key"] for line in self._audit)
        for key, count in requests.items():
            if count > 1:
                yield Violation("repeated", f"audit was asked {count} times under the key {key}")
        trails: Counter[str] = Counter()
        persons: Counter[int] = Counter()
        for effect in self._effects.values():
            if effect.delivery != "AT_MOST_ONCE":
                continue
            if sent[effect.key] > 1:
                yield Violation("repeated", f"{_name(effect)} was tried {sent[effect.key]} times")
            if effect.state != "dropped":
                title = self._title(self._executions[effect.execution].subject)
                if effect.automation == "trail":
                    trails[title] += 1
                else:
                    persons[person(int(title.removeprefix("deal ")))] += 1
        yield from _compare("trail", self._model.trails, trails)
        yield from _compare("greeted person", Counter(self._model.persons), persons)
        heard = Counter((line["event"], line["deal_id"]) for line in self._audit if line["committed"])
        yield from (Violation("twice", f"audit heard {what}") for what, count in heard.items() if count > 1)

    def _parked(self) -> Iterator[Violation]:
        """Parked is only what was in flight without a key when a worker was killed, and all of that."""
        struck = frozenset().union(*(death.unkeyed for death in self._deaths))
        parked = {run.id for run in self._executions.values() if run.state == "parked"}
        unanswered = {effect.key for effect in self._effects.values() if effect.state in ("sending", "unknown")}
        for effect in self._effects.values():
            if effect.key in unanswered and effect.execution not in parked:
                yield Violation("lost", f"{_name(effect)} has no answer, and nobody is told: its execution went on")
            if effect.key in unanswered and effect.key not in struck and self._alone:
                yield Violation("parked", f"{_name(effect)} is parked, and was not in flight at any kill")
        without = parked - {self._effects[key].execution for key in unanswered}
        yield from (Violation("parked", f"execution {id_} is parked without an open effect") for id_ in without)
        bound = len(self._deaths) * IN_FLIGHT
        if len(parked) > bound:
            yield Violation("parked", f"{len(parked)} are parked; {bound} were in flight at most")
        for death, before in self._after():
            if len(death.unkeyed - before) > IN_FLIGHT:
                yield Violation("parked", f"{death.blow}: more was in flight than one request per window")
            if death.unkeyed - unanswered and self._alone:
                yield Violation("repeated", f"{death.blow}: a send without a key got an answer after the kill")

    def _rest(self) -> Iterator[Violation]:
        """No lane has work without a head; no lease, no window and no reservation of nobody is left."""
        headless = "select lane from executions where pos is not null group by lane having sum(cast(head as int)) <> 1"
        for what, query in {
            "lanes without a head": headless,
            "leases": "select id from executions where worker is not null",
            "effects that are still sending": "select key from dw_effects where state = 'sending'",
            "windows that nobody closed": "select id from windows where closed_wall is null",
            "events that were not routed": "select id from events where routed_at is null",
        }.items():
            rows = self._world.journal_rows(query)
            if rows:
                yield Violation("stuck", f"{len(rows)} {what} are left")


def _name(effect: Effect) -> str:
    return f"{effect.automation}.{effect.step} ({effect.key})"


def _fields(custom: str) -> dict[str, Any]:
    return {each["key"]: each["value"]["value"] for each in msgspec.json.decode(custom)}


def _compare(what: str, wanted: Counter[Any], seen: Counter[Any]) -> Iterator[Violation]:
    yield from (Violation("lost", f"{what} {_said(each)}") for each in (wanted - seen).elements())
    yield from (Violation("twice", f"{what} {_said(each)}") for each in (seen - wanted).elements())


def _said(each: object) -> str:
    return " of ".join(map(str, each)) if isinstance(each, tuple) else str(each)
