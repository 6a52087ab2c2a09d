"""points(): a number reckoned from what is true, as the value of a step and in conditions."""

from __future__ import annotations

from typing import Any

import pytest

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Number,
    Pipeline,
    Won,
    add_tags,
    branch,
    case,
    deal_created,
    lookup,
    points,
    update_deal,
)
from dealwright.errors import DefinitionError
from dealwright.testing import a_deal, rehearse


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline."""

    incoming = Incoming()
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


class Own(DealFields):
    """With a score."""

    score = Number("Score")


deal = Own()
vies = lookup("vies", at="vies:/check", ask={"vat": deal.title}, gives={"valid": bool})
SCORE = points((30, deal.amount > 1000), (20, deal.tags.has("vip")), (10.5, vies.valid), (-5, deal.company.is_unset()))
RULE = Automation(
    key="score",
    on=deal_created(in_=Sales),
    do=[
        vies,
        update_deal("score", score=SCORE),
        branch(
            "high",
            case(SCORE >= 50, add_tags("hot", "hot")),
            case((SCORE >= 25) & ~(deal.score < SCORE), add_tags("warm", "warm")),
        ),
    ],
)
acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[RULE], deal_fields=Own)


def told(*, valid: bool | None = None, **more: Any) -> tuple[str, list[str]]:
    given = {} if valid is None else {"vies": {"valid": valid}}
    made = rehearse(acme, "score", a_deal(Sales.incoming, **more), given=given)
    (update,) = [each for each in made.requests if each.kind == "update_deal"]
    (own,) = update.changes.custom  # type: ignore[union-attr]
    return str(own.value.value), made.acts[2:]


@pytest.mark.parametrize(
    ("facts", "score", "acts"),
    [
        ({}, "-5", []),
        ({"amount": 2000}, "25", ["warm"]),
        ({"amount": 2000, "tags": ["vip"], "company": "A", "valid": True}, "60.5", ["hot"]),
        ({"amount": 2000, "tags": ["vip"], "company": "A", "valid": False}, "50", ["hot"]),
        ({"amount": 2000, "tags": ["vip"], "company": "A"}, "50", ["hot"]),
    ],
)
def test_what_is_true_counts_and_unknown_counts_nothing(facts: Any, score: str, acts: list[str]) -> None:
    assert told(**facts) == (score, acts)


def test_the_trace_says_what_was_unset() -> None:
    made = rehearse(acme, "score", a_deal(Sales.incoming, tags=["vip"]))
    lines = [line for part in made.rehearsal.parts for line in part.trace if line.at == "score"]
    assert ("deal.amount > 1000", "unset") in [(line.what, line.result) for line in lines]
    (summed,) = [line for line in lines if line.what.startswith("points")]
    assert summed.result == "15"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: points(), "has nothing to count"),
        (lambda: points((30, deal.score)), "deal.score alone does not say"),
        (lambda: points((30, deal.company)), "deal.company alone does not say"),
        (lambda: points(("30", deal.amount > 1)), "'30' is no number of points"),
        (lambda: points((True, deal.amount > 1)), "True is no number of points"),
        (lambda: points((30, True)), "True is no condition for points"),
        (lambda: points(30), "takes pairs"),
        (lambda: points((30, deal.amount > 1)).is_set(), "is never unset"),
        (lambda: points((30, deal.amount > 1)).is_in(5), "is compared with a bound"),
        (lambda: points((30, deal.amount > 1)) > "5", "is a number, and '5' is not"),
        (lambda: points((30, deal.amount > 1)) > deal.amount, "they do not compare"),
        (lambda: points(*[(1, deal.amount > 1)] * 51), "50 conditions at most"),
        (lambda: bool(points((30, deal.amount > 1))), "has no truth yet"),
    ],
)
def test_a_slip_is_refused_in_words(wrong: Any, said: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        wrong()
    assert said in str(refused.value)
