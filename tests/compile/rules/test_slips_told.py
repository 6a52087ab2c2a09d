"""Slips that `check` took without a word: tags there and back, deals made where they are over, amounts below 0."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import FIRST, check_files, codes, example_file, snippet

NOTE = 'add_note("n", text="Look")'
RENEWALS = """
class Renewals(Pipeline, key="renewals", name="Renewals"):
    asked = Stage("Asked for the renewal", task=Task("Ask again", due=days(7)))
    won = Won("Renewed")
    lost = Lost("Not renewed", reasons=["Price"])


"""


def rule(do: str = NOTE, *, on: str = "entered(Sales.won)", when: str = "[]", name: str = "r") -> str:
    return f"{name} = Automation(key={name!r}, on={on}, when={when}, do=[{do}])\n"


def two(first: str, second: str, on: str = "entered(Sales.won)") -> str:
    return rule(first) + rule(second, on=on, name="s")


TAGS = {
    "there_and_back": ('add_tags("a", "x"), remove_tags("b", "x", "y")', {"DW228"}),
    "back_and_there": (f'remove_tags("a", "x"), {NOTE}, add_tags("b", "x")', {"DW228"}),
    "on_a_way": (f'branch("w", case(deal.amount > 5, add_tags("a", "x"), remove_tags("b", "x"))), {NOTE}', {"DW228"}),
    "for_a_day": ('add_tags("a", "x"), wait("w", days(1)), remove_tags("b", "x")', set()),
    "perhaps": ('add_tags("a", "x"), branch("w", case(deal.amount > 5, remove_tags("b", "x")))', set()),
    "others": ('add_tags("a", "x"), remove_tags("b", "y")', set()),
    "replaced": ('add_tags("a", "x"), update_deal("b", tags=["y"])', {"DW228"}),
    "cleared": ('add_tags("a", "x"), update_deal("b", tags=[])', {"DW228"}),
    "written_again": ('remove_tags("a", "x"), update_deal("b", tags=["x"])', {"DW228"}),
    "written_and_off": ('update_deal("b", tags=["x", "y"]), remove_tags("a", "x")', {"DW228"}),
    "two_sets": ('update_deal("b", tags=["x"]), update_deal("c", tags=["y"])', {"DW228"}),
    "replaced_with_it": ('add_tags("a", "x"), update_deal("b", tags=["x", "y"])', set()),
    "written_and_more": ('update_deal("b", tags=["x"]), add_tags("a", "y")', set()),
    "replaced_later": ('add_tags("a", "x"), wait("w", days(1)), update_deal("b", tags=["y"])', set()),
    "as_it_was": ('add_tags("a", "x"), update_deal("b", tags=event.before.tags)', set()),
}
REPLACED = {
    "added": (two('update_deal("u", tags=["x"])', 'add_tags("a", "y")'), {"DW217"}),
    "taken_off": (two('remove_tags("a", "x")', 'update_deal("u", tags=["x"])'), {"DW217"}),
    "all_gone": (two('update_deal("u", tags=[])', 'add_tags("a", "y", "z")'), {"DW217"}),
    "with_it": (two('update_deal("u", tags=["x", "y"])', 'add_tags("a", "y")'), set()),
    "without_it": (two('update_deal("u", tags=["x"])', 'remove_tags("a", "y")'), set()),
    "other_event": (two('update_deal("u", tags=["x"])', 'add_tags("a", "y")', "entered(Sales.lost)"), set()),
    "later": (two('update_deal("u", tags=["x"])', 'wait("w", days(1)), add_tags("a", "y")'), set()),
    "as_it_was": (two('update_deal("u", tags=event.before.tags)', 'add_tags("a", "y")'), set()),
}
AMOUNTS = {
    "below": (rule(when="[deal.amount < 0]"), {"DW214"}),
    "at_most": (rule(when="[deal.amount <= -1]"), {"DW214"}),
    "case": (rule(f'branch("w", case(deal.amount < 0, {NOTE})), add_note("m", text="x")'), {"DW214"}),
    "at_most_nothing": (rule(when="[deal.amount <= 0]"), set()),
    "above": (rule(when="[deal.amount > 0]"), set()),
}
MADE = {
    "won": (RENEWALS + rule('create_deal("c", in_=Renewals.won, title="x")'), {"DW229"}),
    "lost": (RENEWALS + rule('create_deal("c", in_=Renewals.lost, title="x")'), {"DW229"}),
    "elsewhere": (RENEWALS + rule('create_deal("c", in_=Renewals.asked, title="x", unless_open=Sales)'), {"DW229"}),
    "open": (RENEWALS + rule('create_deal("c", in_=Renewals.asked, title="x", unless_open=Renewals)'), set()),
}


def heard(*sources: str) -> str:
    return "".join(
        rule(on=f'event_received("e{place}", from_="{source}")', name=f"r{place}")
        for place, source in enumerate(sources)
    )


SOURCES = {
    "doubled": (heard("erp", "erp", "erpp"), {"DW253"}),
    "other_letter": (heard("billing", "biling"), {"DW253"}),
    "short_names": (heard("erp", "crp"), set()),
    "one": (heard("erp", "erp"), set()),
}


def test_what_comes_to_nothing_is_told(tmp_path: Path) -> None:
    wanted = {
        **{f"tags_{name}": (rule(do), found) for name, (do, found) in TAGS.items()},
        **{f"replaced_{name}": given for name, given in REPLACED.items()},
        **{f"amounts_{name}": given for name, given in AMOUNTS.items()},
        **{f"made_{name}": given for name, given in MADE.items()},
        **{f"sources_{name}": given for name, given in SOURCES.items()},
    }
    told = check_files(tmp_path / "company", {name: example_file(text) for name, (text, _) in wanted.items()})
    assert {name: codes(found) for name, found in told.items()} == {name: found for name, (_, found) in wanted.items()}


def test_points_for_an_amount_below_0_are_told(tmp_path: Path) -> None:
    text = """
class Own(DealFields):
    score = Number("Score")


own = Own()
""" + rule('update_deal("p", score=points((30, own.amount < 0), (20, own.tags.has("a"))))')
    found = [each for each in snippet(tmp_path, text) if each.code == "DW214"]
    assert [(each.severity, "never negative" in each.message) for each in found] == [("warning", True)]


def test_the_rarer_source_is_told_with_the_other_one(tmp_path: Path) -> None:
    (found,) = snippet(tmp_path, heard("erpp", "erp", "erp"))
    assert found.hint == 'did you mean from_="erp"?'


PHONES, MAILS = "deal.contacts.phone", "deal.contacts.email"


@pytest.mark.parametrize(
    ("name", "kind", "path", "told"),
    [
        ("phone", "Text", MAILS, {"DW266"}),
        ("work_phone", "Text", MAILS, {"DW266"}),
        ("mail", "Text", PHONES, {"DW266"}),
        ("email_address", "Text", PHONES, {"DW266"}),
        ("phone", "Text", PHONES, set()),
        ("mail", "Email", MAILS, set()),
        ("hotel", "Text", MAILS, set()),
    ],
)
def test_a_phone_number_is_not_looked_for_among_addresses(
    tmp_path: Path, name: str, kind: str, path: str, told: set[str]
) -> None:
    """Both are texts in the event: the pair was taken, and no event found its deal."""
    event = f"""
class Asked(OutsideEvent):
    key = "form.asked"
    {name} = {kind}()
    match = Match(by=[({name}, {path})], in_=Sales)


"""
    assert codes(snippet(tmp_path, event + rule(on="event_received(Asked)"))) == told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ('delivery_on = Day("Points")\n    score = Number("Points")', "the fields 'delivery_on' and 'score'"),
        ('one = Text("Size")\n    other = Text(" size")', "the fields 'one' and 'other'"),
        ('one = Text("Size")\n    other = Text("Sizes")', ""),
        ("one = Text()\n    other = Text()", ""),
    ],
)
def test_two_fields_with_one_label_are_told(tmp_path: Path, fields: str, told: str) -> None:
    """The documentation said so, and nobody looked."""
    found = snippet(tmp_path, f"class Own(DealFields):\n    {fields}\n")
    assert [each.code for each in found] == (["DW232"] if told else [])
    assert all(each.message.startswith(told) for each in found)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("cc=[deal.owner.name]", "cc of 'm' is an e-mail address, and deal.owner.name is none"),
        ("cc=[deal.main_contact, deal.company]", "cc of 'm' is an e-mail address, and deal.company is none"),
        ("reply_to=deal.main_contact.name", "reply_to of 'm' is an e-mail address, and deal.main_contact.name is none"),
        ("reply_to=deal.owner.email", ""),
        ('cc=[deal.owner.email, deal.contact_as("payer").email, deal.reference]', ""),
        (
            "reply_to=deal.main_contact.email",
            "reply_to of 'm' is whom it goes to: their answer would come back to them",
        ),
        ("cc=[deal.main_contact.email]", "cc of 'm' is whom it goes to, and nobody else"),
        ("cc=[deal.main_contact]", "cc of 'm' is whom it goes to, and nobody else"),
        ("cc=[deal.owner.email, deal.main_contact]", ""),
    ],
)
def test_a_field_that_is_no_address_or_that_of_the_recipient_is_refused(tmp_path: Path, part: str, told: str) -> None:
    mail = f'send_email("m", to=deal.main_contact, subject="S", text="T", {part})'
    text = (
        "r = Automation(key='r', on=entered(Sales.won), when=deal.main_contact.email.is_set(),"
        f" again=once(per=deal), do=[{mail}])\n"
    )
    found = snippet(tmp_path, text)
    assert [each.message for each in found if each.code == "DW910"] == ([told] if told else [])


def test_tags_that_are_replaced_are_told_where_they_are_replaced(tmp_path: Path) -> None:
    files = {
        "one": rule('add_tags("a", "x"), update_deal("b", tags=["y"])'),
        "two": two('update_deal("u", tags=["x"])', 'add_tags("a", "y")'),
    }
    found = check_files(tmp_path / "company", {name: example_file(text) for name, text in files.items()})
    assert {name: [(each.line, each.message) for each in findings] for name, findings in found.items()} == {
        "one": [(FIRST, "'a' adds the tag 'x', and 'b' replaces all tags without it at once")],
        "two": [
            (FIRST, "'r' gives the deal all its tags, and 's' adds 'y' on one event: which is done last is chance")
        ],
    }
