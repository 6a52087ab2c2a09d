"""`w1`: from the hook to the CRM's task and the Purchase at Meta, with everything that runs on the same machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final

from benchmarks.databases import RawSqlite
from benchmarks.frame import Benchmark, Figures, Key, Setting, expect, say
from benchmarks.world import Shown, World, lines, moment, running

CONNECTIONS: Final = 64
STEPS: Final = 2


def measure(setting: Setting) -> Figures:
    """Send hooks as fast as they are taken; return how many a second came out at the other end."""
    events = setting.events(20_000, 300)
    say(f"w1 on SQLite: {events:,} hooks to `dealwright up`, embedded CRM, Meta")
    with running(setting.folder, site="w1", deals=events, linger=1.0) as (world, deals):
        hooks = world.hooks([("invoice-paid", deal) for deal in deals])
        with world.load(hooks[1:] if setting.broken else hooks, connections=CONNECTIONS) as load:
            answers = load.answers()
            world.until_ended(len(answers.all))
        windows = world.windows()
        end = recount(world, events)
        see_windows(windows, events)
    taken = max(each.answered for each in answers.all) - answers.first_sent
    seconds = end - answers.first_sent
    say(f"  taken in {taken:.1f} s ({answers.put_off} put off), all done in {seconds:.1f} s, {len(windows)} windows")
    return {"w1_end_to_end": events / seconds}


def recount(world: World, events: int) -> float:
    """See that each hook has its task and its Purchase once; return when the last of all that happened.

    Raises:
        Red: something is missing, twice, or not as it was to be.
    """
    with closing(world.journal()) as journal:
        found = journal.query("select count(*), count(distinct subject) from dw_events where kind = 'event_received'")
        expect("events and their deals", found[0], (events, events))
        states = Counter(dict(journal.query("select state, count(*) from dw_executions group by state")))
        expect("executions", states, Counter({"done": events}))
        answered = journal.query("select count(distinct event_id) from dw_executions")[0][0]
        expect("events that were answered", answered, events)
        effects = journal.query("select kind, state, attempts, target, key, sent_at from dw_effects")
        ended = [moment(at) for (at,) in journal.query("select ended_at from dw_executions")]
    kinds = Counter((kind, state) for kind, state, *_ in effects)
    expect("effects", kinds, Counter({("set_task", "sent"): events, ("send_conversion", "sent"): events}))
    with closing(RawSqlite(world.crm)) as crm:
        kept = {key for (key,) in crm.query("select key from writes where kind = 'set_task'")}
        tasks = Counter(f"deal:{deal}" for (deal,) in crm.query("select deal_id from tasks"))
    expect("keys that the CRM keeps", kept == {each[4] for each in effects if each[0] == "set_task"}, True)
    expect("tasks of the deals that were aimed at", tasks == Counter(e[3] for e in effects if e[0] == "set_task"), True)
    log = lines(world.requests)
    arrived = arrivals(log)
    expect("Purchases that arrived once", arrived.keys() == {e[4] for e in effects if e[0] == "send_conversion"}, True)
    return max(*ended, *arrived.values(), *(moment(each[5]) for each in effects))


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
    about=60,
    keys=(Key("w1_end_to_end", "events/s", "hook, three conditions, task, Purchase: all processes, SQLite"),),
    run=measure,
)
