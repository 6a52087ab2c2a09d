"""Questions and lookups when the engine fails anywhere on their road: asked once, told at most once, decided once."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_world import World, account
from test_ask import DECIDE, Letters, answer, asked
from test_lookup import RULE, Vies

from dealwright import faults

POINTS = (
    "claim.after-commit",
    "plan.after-commit",
    "gate.before-commit",
    "gate.after-commit",
    "act.before-request",
    "act.after-request",
    "receipt.after-commit",
    "settle.before-commit",
    "settle.after-commit",
)
pytestmark = pytest.mark.slow


def failing(world: World, point: str) -> None:
    """Let the engine fail once at a point, and go on with another worker."""
    faults.arm(f"{point}:1:raise")
    try:
        world.work()
    finally:
        faults.arm(None)
    journal = world.open_journal()
    world.work(world.engine(journal))
    journal.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_question_is_asked_once_and_answered_once(tmp_path: Path, point: str) -> None:
    letters = Letters()
    world = World(tmp_path, account(DECIDE), letters)
    world.crm.add_user("Head", email="head@example.com")
    deal = world.crm.create_deal(pipeline="sales", stage="quoted", title="Chairs", owner="Head")
    failing(world, point)
    assert world.states() == {"decide": {"waiting": 1}}
    assert asked(world).state == "open"
    assert len(letters.sent) <= 1
    answer(world, "yes", by="Head")
    failing(world, point)
    assert world.states() == {"decide": {"done": 1}}
    assert [note.text for note in world.crm.notes(deal.id)] == ["Head agreed: nothing"]
    assert len(letters.sent) <= 1
    world.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_lookup_decides_once(tmp_path: Path, point: str) -> None:
    system = Vies()
    world = World(tmp_path, account(RULE), system)
    deal = world.new_deal(title="DE1")
    failing(world, point)
    assert world.states() == {"route": {"done": 1}}
    assert len(world.crm.notes(deal.id)) == 1
    assert 1 <= len(system.asked) <= 2
    world.close()
