"""predicate() takes along what a function is, and refuses what would make it mean another thing another time."""

from __future__ import annotations

import datetime
import decimal
import math
import random
import re
import statistics
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dealwright import DealFields, Money, predicate
from dealwright.errors import DefinitionError
from dealwright.language.predicates import Predicate

deal = DealFields()
LEAST = Decimal("1000.50")
DAYS = (1, 2.5, "three", frozenset({"b", "a"}), date(2026, 1, 2), timedelta(days=3), None, True)
CHANGES = [1]
STRUCT = Money(5, "USD")
Facts = Mapping[str, Any]


def is_weekday(facts: Facts) -> bool:
    """Say so."""
    # a comment
    return bool(facts["deal.created_at"].weekday() < 5)


def is_large(facts: Facts) -> bool:
    return helper(facts["deal.amount"]["amount"]) and len(DAYS) > 1 and bool(re.match("x", facts["deal.title"]))


def helper(amount: Decimal) -> bool:
    return math.floor(amount) > LEAST or (amount < 0 and helper(-amount))


def taken(fn: object, *of: Any) -> str:
    made = predicate("rule", fn, of=list(of) or [deal.amount, deal.title, deal.created_at])
    assert isinstance(made, Predicate)
    return made.code


def run(code: str, name: str, facts: Facts) -> Any:
    space: dict[str, Any] = {}
    exec(code, space)
    return space[name](facts)


def test_comments_and_docstrings_are_no_part_of_it() -> None:
    assert taken(is_weekday) == ("def is_weekday(facts):\n    return bool(facts['deal.created_at'].weekday() < 5)\n")


def test_what_it_uses_comes_along_and_runs_alone() -> None:
    code = taken(is_large)
    assert "_Decimal('1000.50')" in code
    facts = {"deal.amount": {"amount": Decimal(2000), "currency": "USD"}, "deal.title": "xyz"}
    assert run(code, "is_large", facts) is True
    assert run(code, "is_large", facts | {"deal.title": "abc"}) is False
    assert code == taken(is_large), "the same every time"


def clock(facts: Facts) -> bool:
    moment = datetime.datetime
    return bool(facts["deal.created_at"] < moment.now(datetime.UTC))


def chance(facts: Facts) -> bool:
    return random.random() < 0.5


def opens(facts: Facts) -> bool:
    return bool(open("/etc/passwd").read())  # noqa: PTH123


def imports(facts: Facts) -> bool:
    import os

    return bool(os.environ)


def unlisted(facts: Facts) -> bool:
    return bool(facts["deal.owner"])


def unlisted_get(facts: Facts) -> bool:
    return bool(facts.get("deal.owner"))


def changing(facts: Facts) -> bool:
    return bool(CHANGES)


def a_field(facts: Facts) -> bool:
    return bool(deal.amount)


def struct(facts: Facts) -> bool:
    return bool(STRUCT)


def inside(facts: Facts) -> bool:
    return bool(facts.__class__)


def two(facts: Facts, more: int) -> bool:
    return True


def default(facts: Facts = {}) -> bool:  # noqa: B006
    return True


def unknown_name(facts: Facts) -> bool:
    return nothing_of_that_name  # type: ignore[name-defined,no-any-return]  # noqa: F821


def makes(facts: Facts) -> Any:
    global CHANGES
    CHANGES = []


def rounds(facts: Facts) -> bool:
    decimal.getcontext().prec = 3
    return bool(facts["deal.amount"]["amount"] > 1)


def rounds_quietly(facts: Facts) -> bool:
    own = decimal
    return bool(own.getcontext().prec)


def first(text: str, seen: list[str] = []) -> bool:  # noqa: B006
    seen.append(text)
    return len(seen) == 1


def remembers(facts: Facts) -> bool:
    return first(facts["deal.title"])


def keyword(text: str, *, seen: Any = dict(a=1)) -> bool:  # noqa: B006, C408
    return bool(seen)


def remembers_by_name(facts: Facts) -> bool:
    return keyword(facts["deal.title"])


def marks(facts: Facts) -> bool:
    marks.seen = True  # type: ignore[attr-defined]
    return True


def chance_inside(facts: Facts) -> bool:
    return bool(statistics.random.random() > 0.5)  # type: ignore[attr-defined]


def programs(facts: Facts) -> bool:
    return bool(statistics.sys.modules["os"].system("true") == 0)  # type: ignore[attr-defined]


def chance_of_a_kind(facts: Facts) -> bool:
    return statistics.NormalDist(0, 1).samples(1)[0] > 0


@pytest.mark.parametrize(
    ("fn", "said"),
    [
        (rounds, "sets 'prec' of something"),
        (rounds_quietly, "uses 'getcontext', which it may not"),
        (remembers, "uses a default that is made by code"),
        (remembers_by_name, "uses a default that is made by code"),
        (marks, "sets 'seen' of something"),
        (chance_inside, "uses 'random' of statistics, which it may not"),
        (programs, "uses 'sys' of statistics, which it may not"),
        (chance_of_a_kind, "uses 'samples', which it may not"),
        (clock, "asks for the time with now()"),
        (chance, "'random', which the predicate 'rule' uses, is a module"),
        (opens, "'open', which the predicate 'rule' uses, may not be used"),
        (imports, "imports something"),
        (unlisted, "looks at 'deal.owner', which it does not list"),
        (unlisted_get, "looks at 'deal.owner', which it does not list"),
        (changing, "is a list"),
        (a_field, "'deal', which the predicate 'rule' uses, is a DealFields"),
        (struct, "is a Money"),
        (inside, "uses '__class__', which is not for others"),
        (two, "takes one argument"),
        (default, "has a default"),
        (unknown_name, "is not defined in its file"),
        (makes, "changes what is outside of it"),
        (lambda facts: True, "is a lambda"),
        (len, "is a function, and a builtin_function_or_method is none"),
        (5, "is a function, and a int is none"),
    ],
)
def test_what_may_not_be_is_refused(fn: object, said: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        taken(fn)
    assert said in str(refused.value)
    assert refused.value.code == "DW272"


def test_what_is_made_inside_of_a_function_is_refused() -> None:
    bound = 5

    def closed(facts: Facts) -> bool:
        return bool(facts["deal.amount"]) and bound > 3

    with pytest.raises(DefinitionError, match="made inside of another function"):
        taken(closed)


def test_it_says_what_it_looks_at() -> None:
    wrong: list[Any] = [[], deal.amount, ["deal.amount"], [deal.amount] * 21]
    for of in wrong:
        with pytest.raises(DefinitionError, match="of= of the predicate"):
            predicate("rule", is_weekday, of=of)
