"""What stands on the way for another option (DW293), is asked too soon (DW246) or waited for though it is so."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    seen = Stage("Inspected it", task=Task("Send the estimate", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price", "No date", "Competitor"])


class Own(DealFields):
    size = Choice("Size", ["small", "very large"])
    score, seats, extra = Number("Score"), Number("Seats"), Number("Extra")
    paid_on, told_on = Day("Paid"), Day("Told")


own = Own()
r = Automation(key="r", on={on}, when=[{when}], again=once(per=deal), do=[{do}])
w = Automation(key="w", on=entered(Sales.won), when=[own.told_on.is_set()], do=[{more}])
"""
MORE = 'update_deal("p", paid_on=own.told_on)'
TASK = 'set_task("t", text="Look at {{ deal.title }}", due=days(1))'
LOST, NEW = "entered(Repairs.lost)", "deal_created(in_=Sales)"
SCORE = 'update_deal("score", score=points((40, own.seats > 5), (30, own.amount > 9)))'
HOT = f'branch("hot", case(own.score >= 40, {TASK}))'


def rule(do: str, on: str = NEW, when: str = "own.seats > 1", more: str = MORE) -> str:
    return example_file(OWN.format(do=do, on=on, when=when, more=more))


def case(condition: str, step: str, on: str = LOST) -> str:
    return rule(f'branch("b", case({condition}, {step}))', on)


def wait(until: str, when: str = "own.seats > 1", more: str = MORE) -> str:
    return rule(f'wait_until("w", {until}, timeout=days(9)), {TASK}', when=when, more=more)


PRICE = 'notify("price", who=deal.owner, text="Lost by price: {{ deal.title }}")'
TOLD = {
    "reason": (case('own.lost_reason == "Competitor"', 'add_tags("d", "no-date")'), "DW293", "'d' says 'No date'"),
    "text": (case('own.lost_reason == "Competitor"', PRICE), "DW293", "'price' says 'Price', and stands where it is"),
    "choice": (case('own.size == "small"', 'add_tags("d", "very-large")'), "DW293", "'d' says 'very large'"),
    "one_of_two": (case('(own.size == "small") & (own.seats > 4)', 'add_tags("d", "very-large")'), "DW293", "'d' says"),
    "too_soon": (rule(f"{HOT}, {SCORE}"), "DW246", "'hot' asks for deal.score of a new deal, and 'score'"),
    "unset": (wait("own.paid_on.is_unset()"), "DW235", "'w' waits until deal.paid_on is unset, as it is at first"),
}
QUIET = {
    "same_reason": case('own.lost_reason == "No date"', 'add_tags("d", "no-date")'),
    "another_tag": case('own.lost_reason == "Competitor"', 'add_tags("d", "later")'),
    "both_tags": case('own.size == "small"', 'add_tags("d", "very-large", "small")'),
    "same_text": case('own.lost_reason == "Price"', PRICE),
    "both_in_the_text": case(
        'own.lost_reason == "Competitor"', 'add_note("price", text="Price of the competitor: {{ deal.title }}")'
    ),
    "called_otherwise": case('own.lost_reason == "Competitor"', PRICE.replace('"price"', '"tell"')),
    "either": case('(own.size == "small") | (own.seats > 4)', 'add_tags("d", "very-large")'),
    "in_order": rule(f"{SCORE}, {HOT}"),
    "people_write_it": rule(f"{HOT}, {SCORE}", when="own.score.is_set()"),
    "not_new": rule(f"{HOT}, {SCORE}", on="entered(Sales.met)"),
    "another_one_writes_it": rule(f"{HOT}, {SCORE}", more=SCORE),
    "what_it_was": rule(f'{HOT}, update_deal("score", score=own.score + 5)'),
    "set": wait("own.paid_on.is_set()"),
    "cleared": wait("own.paid_on.is_unset()", more=MORE + ', wait("x", days(3)), update_deal("c", paid_on=None)'),
    "by_hand": wait("own.extra.is_unset()"),
    "known_to_be_set": wait("own.paid_on.is_unset()", when="own.paid_on.is_set()"),
}
CODES = {"DW293", "DW246", "DW235"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    files = {**{key: text for key, (text, _, _) in TOLD.items()}, **QUIET}
    checked = check_files(tmp_path_factory.mktemp("way"), files)
    assert not [str(each) for all_of in checked.values() for each in all_of if each.severity == "error"]
    return {
        key: [(each.code, each.message) for each in all_of if each.code in CODES] for key, all_of in checked.items()
    }


@pytest.mark.parametrize("key", TOLD)
def test_what_stands_on_another_way_is_told(key: str, found: dict[str, list[tuple[str, str]]]) -> None:
    ((code, message),) = found[key]
    assert code == TOLD[key][1]
    assert TOLD[key][2] in message


@pytest.mark.parametrize("key", QUIET)
def test_what_may_stand_there_is_not(key: str, found: dict[str, list[tuple[str, str]]]) -> None:
    assert found[key] == []
