"""What must be true in the end, computed from the deals that people made by plain arithmetic, without the engine.

Deal number i is called `deal i`. Every third one is small (not greeted), every fifth one is created as quoted and then
moved on by a person, every fourth one gets guests one after the other and is paid, the one after it has lines to be
billed, and deals 2k and 2k+1 are of one person.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

SMALL: Final = 3
QUOTED: Final = 5
VISITED: Final = 4
GUESTS: Final = 3
LINES: Final = 2


def title(number: int) -> str:
    """Return what a person calls deal number `number`."""
    return f"deal {number}"


def person(number: int) -> int:
    """Return who stands behind a deal."""
    return number // 2


def guests(number: int) -> list[str]:
    """Return who is added to a deal, in that order: their events queue in one lane."""
    return [f"guest {number}.{place}" for place in range(GUESTS)] if number % VISITED == 0 else []


def pays(number: int) -> bool:
    """Say whether another system tells by a hook that the deal was paid."""
    return number % VISITED == 0


def lines(number: int) -> list[str]:
    """Return what lies under a deal, to be billed."""
    return [f"line {number}.{place}" for place in range(LINES)] if number % VISITED == 1 else []


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """The end state by names: `executions` (automation, deal), `tasks` by text, `deals` by title, `erp` (event, deal).

    `skipped` are executions that end skipped by their conditions, `trails` and `persons` what goes to `audit`, which
    may be parked instead of sent. `advanced` are the deals that `greet` moves, for which others wait; `lines` are the
    records that are billed, each of which has a receipt.
    """

    executions: Counter[tuple[str, str]]
    skipped: Counter[tuple[str, str]]
    tasks: Counter[str]
    deals: Counter[str]
    erp: Counter[tuple[str, str]]
    trails: Counter[str]
    persons: frozenset[int]
    moves: Counter[str]
    advanced: frozenset[str]
    lines: Counter[str]


def expected(count: int) -> Expected:
    """Return the end state of `count` deals."""
    numbers = range(count)
    greeted = [i for i in numbers if i % SMALL]
    quoted = [i for i in numbers if i % QUOTED == 0]
    advanced = [i for i in greeted if i % QUOTED]
    visits = quoted + advanced
    deals = Counter(title(i) for i in numbers) + Counter(f"After {title(i)}" for i in visits)
    executions = Counter(
        [(automation, title(i)) for automation in ("greet", "hello", "chase", "guard") for i in numbers]
        + [(automation, title(i)) for automation in ("quote", "trail") for i in visits]
        + [("welcome", f"After {title(i)}") for i in visits]
        + [("agree", title(i)) for i in quoted]
        + [("meet", title(i)) for i in numbers for _ in guests(i)]
        + [("paid", title(i)) for i in numbers if pays(i)]
        + [("bill", title(i)) for i in numbers for _ in lines(i)]
    )
    return Expected(
        executions=executions,
        skipped=Counter(("greet", title(i)) for i in numbers if i % SMALL == 0),
        tasks=Counter(
            [f"Call {title(i)}" for i in greeted]
            + [f"Quote {title(i)}" for i in visits]
            + [f"Welcome After {title(i)}" for i in visits]
            + [f"Meet {guest}" for i in numbers for guest in guests(i)]
            + [f"Thank {title(i)}" for i in numbers if pays(i)]
            + [f"Bill {line}" for i in numbers for line in lines(i)]
            + [f"Saw {title(i)}" for i in advanced]
            + [f"{what} {title(i)}" for what in ("Chase", "Guard") for i in numbers if i not in advanced]
        ),
        deals=deals,
        erp=Counter(
            [("greeted", title(i)) for i in greeted]
            + [("moved-on", title(i)) for i in greeted if i % QUOTED == 0]
            + [("agreed", title(i)) for i in quoted]
        ),
        trails=Counter(title(i) for i in visits),
        persons=frozenset(person(i) for i in numbers),
        moves=Counter(title(i) for i in visits),
        advanced=frozenset(title(i) for i in advanced),
        lines=Counter(line for i in numbers for line in lines(i)),
    )
