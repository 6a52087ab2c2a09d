"""`w1`: from the hook to the CRM's task and the Purchase at Meta, with everything that runs on the same machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Final

from benchmarks import against
from benchmarks.databases import RawSqlite
from benchmarks.frame import Benchmark, Figures, Key, Missing, Setting, expect, say
from benchmarks.kommo_account import LOG, KommoAccount
from benchmarks.world import Shown, World, lines, moment, running, running_kommo

CONNECTIONS: Final = 64
STEPS: Final = 2


def measure(setting: Setting) -> Figures:
    """Send hooks as fast as they are taken; return how many a second came out at the other end."""
    events = setting.events(20_000, 300)
    say(f"w1 on SQLite: {events:,} hooks to `dealwright up`, embedded CRM, Meta")
    with running(setting.folder, site="w1", deals=events, linger=1.0) as (world, deals):
        hooks = world.hooks([("invoice-paid", deal) for deal in deals])
        speed = through(world, hooks, setting, lambda: recount(world, events))
    return {"w1_end_to_end": speed, **_peers(setting, speed)}


def _peers(setting: Setting, ours: float) -> Figures:
    """Measure the peers, one after the other; without PostgreSQL the one on it is left out, and there is no ratio."""
    found: Figures = {}
    for key, measured in (
        ("peer_prefect", against.prefect),
        ("peer_dbos", against.dbos_sqlite),
        ("peer_dbos_pg", against.dbos_postgresql),
    ):
        try:
            found[key] = measured(setting)
        except Missing as missing:
            say(f"  {key}: skipped, {missing}")
        else:
            say(f"  {key}: {found[key]:,.1f} events/s")
    return found | ({"w1_ratio_best_peer": ours / max(found.values())} if len(found) == 3 else {})


def measure_kommo(setting: Setting) -> Figures:
    """Do the same with Kommo as the CRM: its leads are read in bulk, its tasks set in bulk, and it answers at once."""
    events = setting.events(5_000, 200)
    say(f"w1-on-kommo on SQLite: {events:,} hooks to `dealwright up`, a Kommo without limits, Meta")
    with running_kommo(setting.folder, leads=events, linger=1.0, per_second=100_000.0, batch=250) as (
        world,
        kommo,
        leads,
    ):
        speed = through(world, world.kommo_hooks(leads), setting, lambda: recount_kommo(world, kommo, events))
    return {"w1_on_kommo": speed}


def through(world: World, hooks: Sequence[bytes], setting: Setting, count: Callable[[], float]) -> float:
    """Send hooks as fast as they are taken, and count what came of them; return how many a second it were.

    `count` returns when the last of all happened.
    """
    with world.load(hooks[1:] if setting.broken else hooks, connections=CONNECTIONS) as load:
        answers = load.answers()
        world.until_ended(len(answers.all))
    windows = world.windows()
    seconds = count() - answers.first_sent
    see_windows(windows, len(hooks))
    taken = max(each.answered for each in answers.all) - answers.first_sent
    say(f"  taken in {taken:.1f} s ({answers.put_off} put off), all done in {seconds:.1f} s, {len(windows)} windows")
    return len(hooks) / seconds


def recount(world: World, events: int) -> float:
    """See that each hook has its task and its Purchase once; return when the last of all that happened.

    Raises:
        Red: something is missing, twice, or not as it was to be.
    """
    effects, last = _journal(world, "event_received", events)
    with closing(RawSqlite(world.crm)) as crm:
        kept = {key for (key,) in crm.query("select key from writes where kind = 'set_task'")}
        tasks = Counter(f"deal:{deal}" for (deal,) in crm.query("select deal_id from tasks"))
    expect("keys that the CRM keeps", kept == _keys(effects, "set_task"), True)
    expect("tasks of the deals that were aimed at", tasks == Counter(e[3] for e in effects if e[0] == "set_task"), True)
    return max(last, *_purchases(world, effects))


def recount_kommo(world: World, kommo: KommoAccount, events: int) -> float:
    """See the same with Kommo's tasks, by its request log and by what it holds.

    Raises:
        Red: something is missing, twice, or not as it was to be.
    """
    effects, last = _journal(world, "deal_created", events)
    arrived = arrivals(lines(world.data / LOG))
    expect("tasks that arrived once", arrived.keys() == _keys(effects, "set_task"), True)
    expect(
        "tasks of the leads that were aimed at",
        kommo.tasks() == Counter(e[3] for e in effects if e[0] == "set_task"),
        True,
    )
    return max(last, *arrived.values(), *_purchases(world, effects))


def _journal(world: World, kind: str, events: int) -> tuple[list[tuple[Any, ...]], float]:
    """Recount the journal's views; return the effects, and when the last of all that happened."""
    with closing(world.journal()) as journal:
        query = f"select count(*), count(distinct subject) from dw_events where kind = '{kind}'"
        expect("events and their deals", journal.query(query)[0], (events, events))
        states = Counter(dict(journal.query("select state, count(*) from dw_executions group by state")))
        expect("executions", states, Counter({"done": events}))
        answered = journal.query("select count(distinct event_id) from dw_executions")[0][0]
        expect("events that were answered", answered, events)
        effects = journal.query("select kind, state, attempts, target, key, sent_at from dw_effects")
        ended = [moment(at) for (at,) in journal.query("select ended_at from dw_executions")]
    kinds = Counter((kind, state) for kind, state, *_ in effects)
    expect("effects", kinds, Counter({("set_task", "sent"): events, ("send_conversion", "sent"): events}))
    return effects, max(*ended, *(moment(each[5]) for each in effects))


def _keys(effects: Sequence[tuple[Any, ...]], kind: str) -> set[str]:
    return {each[4] for each in effects if each[0] == kind}


def _purchases(world: World, effects: Sequence[tuple[Any, ...]]) -> list[float]:
    arrived = arrivals(lines(world.meta))
    expect("Purchases that arrived once", arrived.keys() == _keys(effects, "send_conversion"), True)
    return list(arrived.values())


def arrivals(log: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return when each key was carried out by a simulator, as its request log says.

    Raises:
        Red: a key was carried out twice.
    """
    done = [(key, moment(line["at"])) for line in log if line["committed"] for key in keys(line)]
    found = dict(done)
    expect("keys that were carried out once", len(done), len(found))
    return found


def keys(line: dict[str, Any]) -> Sequence[str]:
    """Return our effects' keys in one line of a request log."""
    found: Sequence[str] = line["keys"]
    return found


def see_windows(windows: Sequence[Shown], executions: int) -> None:
    """See that Prefect shows every window of the journal, with its steps.

    Raises:
        Red: it does not.
    """
    expect("executions of the windows", sum(window.executions for window in windows), executions)
    states = Counter(window.state for window in windows)
    expect("runs in Prefect", states, Counter({"COMPLETED": len(windows)}))
    expect("task runs in Prefect", [w.task_runs for w in windows], [w.steps for w in windows])


W1: Final = Benchmark(
    name="w1",
    about=240,
    keys=(
        Key("w1_end_to_end", "events/s", "hook, three conditions, task, Purchase: all processes, SQLite"),
        Key("peer_prefect", "events/s", "the same by a hand-written Prefect flow per event, SQLite"),
        Key("peer_dbos", "events/s", "the same by DBOS, SQLite"),
        Key("peer_dbos_pg", "events/s", "the same by DBOS, PostgreSQL"),
        Key("w1_ratio_best_peer", "", "w1_end_to_end / the best of these"),
    ),
    run=measure,
)

ON_KOMMO: Final = Benchmark(
    name="w1-on-kommo",
    about=60,
    keys=(Key("w1_on_kommo", "events/s", "the same with Kommo as the CRM, which answers at once, SQLite"),),
    run=measure_kommo,
)
