"""Predicates in the engine: run apart, ended when they take too long, and unknown when they fail."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from engine_world import Sales, World, account, created, deal
from sqlalchemy import text

from dealwright import Automation, add_tags, deal_created, every_event, predicate
from dealwright.compile import ir
from dealwright.compile.digest import behaviour_digest
from dealwright.engine.predicates import LIMIT, MOST_SLOW, REST, Resting, Runner, _sent, say
from dealwright.engine.rehearse import rehearse
from dealwright.model.crm import Money, User

Facts = Mapping[str, Any]
NEW_YORK = ZoneInfo("America/New_York")


def is_weekday(facts: Facts) -> bool:
    return bool(facts["deal.created_at"].weekday() < 5)


def is_large(facts: Facts) -> bool | None:
    amount = facts["deal.amount"]
    return None if amount is None else amount["amount"] >= 100


def raises(facts: Facts) -> bool:
    return bool(facts["deal.amount"]["amount"] / 0)


def tagger(fn: Any, *of: Any) -> ir.Account:
    rule = Automation(
        key="rule",
        on=deal_created(in_=Sales),
        again=every_event(),
        when=[predicate("rule", fn, of=list(of))],
        do=[add_tags("tag", "yes")],
    )
    return account(rule)


@pytest.mark.parametrize(
    ("fn", "amount", "state", "reason"),
    [
        (is_large, 100, "done", ""),
        (is_large, 99, "skipped", "conditions"),
        (is_large, None, "skipped", "conditions: unset"),
        (raises, 100, "skipped", "conditions: unset"),
    ],
)
def test_it_decides_in_the_engine(tmp_path: Path, fn: Any, amount: int | None, state: str, reason: str) -> None:
    world = World(tmp_path, tagger(fn, deal.amount))
    id_ = world.new_deal(amount=amount).id
    world.work()
    assert (world.states()["rule"], world.reasons()) == ({state: 1}, [reason])
    (line,) = [
        line
        for event in world.journal.timeline("acme", f"deal:{id_}")
        for each in event.executions
        for turn in each.turns
        for line in turn.trace
        if line.what == "predicate 'rule'"
    ]
    assert line.values.get("predicate") == ("it failed: DivisionByZero" if fn is raises else None)
    world.close()


def test_its_source_is_in_the_digest_and_comments_are_not() -> None:
    first, second = (tagger(fn, deal.amount).automations[0] for fn in (is_large, raises))
    assert behaviour_digest(first) != behaviour_digest(second)
    assert behaviour_digest(first) == behaviour_digest(tagger(is_large, deal.amount).automations[0])


# --- the runner -------------------------------------------------------------------------------------------------------


@pytest.fixture
def runner() -> Iterator[Runner]:
    made = Runner()
    yield made
    made.close()


def asked(runner: Runner, code: str, **facts: object) -> tuple[bool | None, str]:
    made = ir.Predicate(label="rule", of=(), name="f", code=code)
    return runner.ask(made, {path: _sent(value, NEW_YORK) for path, value in facts.items()})


@pytest.mark.parametrize(
    ("value", "test"),
    [
        (Decimal("1.50"), "__name__ == 0"),
        (Decimal("1.50"), "str(x) == '1.50'"),
        (Money(Decimal("9.90"), "USD"), "str(x['amount']) == '9.90' and x['currency'] == 'USD'"),
        (datetime(2026, 3, 2, 3, 0, tzinfo=UTC), "x.isoformat() == '2026-03-01T22:00:00-05:00'"),
        (datetime(2026, 3, 2, tzinfo=UTC).date(), "x.isoformat() == '2026-03-02'"),
        (("a", "b"), "x == ('a', 'b')"),
        (User(id="1", name="Ana", email=None), "x == 'Ana'"),
        (None, "x is None"),
        ("täxt\n\u2028", "x == 'täxt\\n\\u2028'"),
        (True, "x is True"),
    ],
)
def test_facts_come_as_what_they_are(runner: Runner, value: object, test: str) -> None:
    said = asked(runner, f"def f(facts):\n    x = facts['x']\n    return {test}", x=value)
    assert said == ((None, "it failed: NameError") if "__name__" in test else (True, ""))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 5", "it failed: neither yes nor no"),
        ("return facts['y']", "it failed: KeyError"),
        ("return open('/etc/passwd')", "it failed: NameError"),
        ("import os", "it failed: ImportError"),
        ("import statistics as s\n    t = s\n    return t.random.random() > 2", "it failed: AttributeError"),
        ("from statistics import sys", "it failed: ImportError"),
        ("import decimal\n    return decimal.getcontext().prec > 1", "it failed: AttributeError"),
        ("return f(facts)", "it failed: RecursionError"),
        ("return len('x' * 10**10) > 1", "it failed: MemoryError"),
        ("raise ValueError('secret')", "it failed: ValueError"),
        ("return (1).__class__.__base__.__subclasses__()", "it failed: neither yes nor no"),
    ],
)
def test_what_goes_wrong_is_unknown_and_says_no_values(runner: Runner, body: str, said: str) -> None:
    assert asked(runner, f"def f(facts):\n    {body}", x="secret") == (None, said)
    assert asked(runner, "def f(facts):\n    return True") == (True, "")


def test_a_set_is_gone_through_in_the_same_order_by_every_process(runner: Runner) -> None:
    """By which deal it was begun for, a process had an order of its own."""
    first = "def f(facts):\n    return list(frozenset(map(str, range(40))))[0] == facts['x']"
    for number in map(str, range(40)):
        if asked(runner, first, x=number) == (True, ""):
            break
    for _ in range(3):
        runner.close()
        assert asked(runner, first, x=number) == (True, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "body", ["while True: pass", "return 10 ** 10 ** 10 > 1", "return re.match('(a+)+$', 'a' * 60 + 'b') is None"]
)
def test_what_takes_too_long_is_ended_and_rests(runner: Runner, body: str) -> None:
    assert re.compile("x")
    assert asked(runner, "def f(facts):\n    return True") == (True, "")
    code = f"import re\ndef f(facts):\n    {body}"
    for _ in range(MOST_SLOW):
        assert asked(runner, code) == (None, f"it did not answer within {LIMIT:g} s")
    began = time.monotonic()
    with pytest.raises(
        Resting, match=r"predicate 'rule' took too long lately, and rests: it is asked again"
    ) as resting:
        asked(runner, code)
    assert 0 < resting.value.seconds <= REST
    assert time.monotonic() - began < LIMIT
    assert asked(runner, "def f(facts):\n    return False") == (False, "")


@pytest.mark.slow
def test_one_deal_that_takes_too_long_does_not_silence_it_for_the_others(runner: Runner) -> None:
    code = "import re\ndef f(facts):\n    return re.match('(a+)+$', facts['x']) is None"
    assert asked(runner, code, x="a" * 60 + "b") == (None, f"it did not answer within {LIMIT:g} s")
    assert asked(runner, code, x="b") == (True, "")


@pytest.mark.slow
def test_a_function_without_end_ends_though_whoever_asked_was_killed() -> None:
    asking = (
        "from dealwright.compile import ir\nfrom dealwright.engine.predicates import Runner\nrunner = Runner()\n"
        "def ask(code): return runner.ask(ir.Predicate(label='rule', of=(), name='f', code=code), {})\n"
        "ask('def f(facts): return True')\nprint(runner._process.pid, flush=True)\n"
        "ask('def f(facts):\\n    while True: pass')\n"
    )
    with subprocess.Popen([sys.executable, "-c", asking], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
    until = time.monotonic() + 20
    while Path(f"/proc/{child}/cmdline").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes()


@pytest.mark.slow
def test_a_machine_that_is_busy_decides_nothing(runner: Runner) -> None:
    assert asked(runner, "def f(facts):\n    return True") == (True, "")
    assert runner._process is not None
    runner._process.send_signal(signal.SIGSTOP)
    threading.Timer(2 * LIMIT, runner._process.send_signal, [signal.SIGCONT]).start()
    assert asked(runner, "def f(facts):\n    return True") == (True, "")


@pytest.mark.slow
def test_a_process_that_was_held_up_for_long_decides_nothing_and_counts_for_nothing(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dealwright.engine.predicates._PATIENCE", 0.2)
    code = "def f(facts):\n    return True"
    for _ in range(MOST_SLOW + 1):
        asked(runner, "def f(facts):\n    return False")
        assert runner._process is not None
        runner._process.send_signal(signal.SIGSTOP)
        with pytest.raises(Resting, match="its process was held up"):
            asked(runner, code)
    assert asked(runner, code) == (True, "")


def test_what_rests_decides_nothing_and_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = World(tmp_path, tagger(is_large, deal.amount))
    states: list[dict[str, dict[str, int]]] = []

    def resting(*given: Any) -> tuple[bool | None, str]:
        states.append(made.states())
        if len(states) < 3:
            raise Resting("rule", "rests", 0.01)
        return say(*given)

    monkeypatch.setattr("dealwright.engine.conditions.say", resting)
    made.new_deal()
    made.work()
    assert [each["rule"] for each in states] == [{"running": 1}] * 3
    assert (made.states(), made.reasons()) == ({"rule": {"done": 1}}, [""])
    rows = made.journal.database.rows(text("select reason from transitions where to_state = 'retrying'"))
    assert [row["reason"] for row in rows] == ["predicate 'rule' rests: it is asked again"] * 2
    made.close()


def test_a_rehearsal_says_that_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    def resting(*_: Any) -> tuple[bool | None, str]:
        raise Resting("rule", "rests", 60.0)

    monkeypatch.setattr("dealwright.engine.conditions.say", resting)
    made, event = tagger(is_large, deal.amount), created()
    told = rehearse(made, made.automations[0], event, event.after, event.occurred_at)
    assert (told.state, told.reason, told.requests) == ("retrying", "predicate 'rule' rests: it is asked again", ())


def test_a_process_that_is_gone_is_begun_again(runner: Runner) -> None:
    assert asked(runner, "def f(facts):\n    return True") == (True, "")
    assert runner._process is not None
    runner._process.kill()
    runner._process.wait()
    assert asked(runner, "def f(facts):\n    return True") == (True, "")
