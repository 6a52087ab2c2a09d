"""Hints that say what a newcomer meant: the number as written, the company's own currency, the stage of that name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dealwright.compile.check import check

MODEL = """
from dealwright import *


class Guest(ContactFields):
    diet = Choices("Diet", ["vegan"])


class Own(DealFields):
    contact: Guest = Guest()
    guests = Number("Guests")
    travel = Money("Travel")
    per_guest = Money("Price per guest")
    menu = Choice("Menu", ["plain", "rich"])


event_deal = Own()
closers = Role("closers")


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    met = Stage("Met", probability=40, owner=closers, task=Task("Write the offer", due=days(1)))
    visited = Stage("Visited", probability=95, owner=closers, task=Task("Ring", due=days(1)))
    won = Won()
    lost = Lost(reasons=["Price"])


class Birthdays(Pipeline, key="birthdays", name="Birthdays"):
    incoming = Incoming()
    invited = Stage("Invited", task=Task("Call", due=days(1)))
    won = Won()
    lost = Lost(reasons=["Price"])


news = EmailText({"en": "News", "fr": "Du nouveau"}, {"en": "Dear customer", "fr": "Madame, Monsieur"})
"""
RULES = """
from dealwright import *
from .model import Birthdays, Guest, Own, Sales, closers, event_deal, news

call = Automation(
    key="call",
    on=entered(Sales.met),
    when=[event_deal.main_contact.email.is_set(), event_deal.amount > Money("50", "CLP")],
    again=once(per=event_deal),
    do=[
        send_email("news", to=event_deal.main_contact, template=news),
        waited := wait_until("call", activity_logged(kind="call"), timeout=hours(24)),
        branch("late", case(waited.timed_out.is_false(), add_note("in-time", text="Called in time"))),
        ask(
            "ask", who=closers, question="Agreed?", within=hours(8),
            yes=[add_note("yes", text="Agreed by {{ answer.by }}")], no=[add_note("no", text="No")],
            late=[set_task("decide", owner=closers, text="Decide about {{ deal.title }}", due=days(1))],
        ),
    ],
)
anniversary = Automation(
    key="anniversary",
    on=entered(Sales.won),
    when=[event_deal.contacts.any(Guest(contact).diet.is_set()), event_deal.menu == "plain"],
    again=once(per=stage_visit),
    do=[
        create_deal("next", in_=Birthdays.incoming, title="Again", unless_open=Birthdays),
        assign_owner("who", to=closers.least_loaded(open_in=[Sales.met, Sales.visited])),
        update_deal("sum", travel=event_deal.guests * event_deal.per_guest),
    ],
)
invite = Automation(key="invite", on=entered(Birthdays.incoming), do=[move_deal("move", to=Birthdays.invited)])

acme = Account(
    "acme", zone="America/Santiago", country="CL", currency="CLP", languages=["en", "fr"],
    deal_fields=Own, pipelines=[Sales, Birthdays], automations=[call, anniversary, invite],
)
"""
SLIPS = {
    # what is written instead of what, and the hint
    "bare_number": ("timeout=hours(24)", "timeout=24", "timeout=hours(24), or timeout=working_hours(24)"),
    "bare_within": ("within=hours(8)", "within=8", "within=hours(8), or within=working_hours(8)"),
    "bare_due": ('"Ring", due=days(1)', '"Ring", due=2', "due=days(2), or due=working_days(2)"),
    "no_length": ("timeout=hours(24)", 'timeout="24h"', "timeout=working_hours(4)"),
    "fraction": ("probability=95", "probability=0.95", "write whole percent: probability=95"),
    "not_a_flag": (
        "waited.timed_out.is_false()", "not waited.timed_out",
        "write steps.call.timed_out.is_true(), or steps.call.timed_out.is_false() in the place of `not`",
    ),
    "who": ("answer.by", "answer.who", "did you mean answer.by?"),
    "options": (
        '["plain", "rich"]', '"plain", "rich"', 'put the options in a list: Choice("Menu", ["plain", "rich"])',
    ),
    "currency": ('"50", "CLP"', '"50", "CPL"', "did you mean CLP?"),
    "known_otherwise": ('"50", "CLP"', '"50", "CHL"', "did you mean CLP?"),
    "sum": ("guests * event_deal.per", "guests + event_deal.per", 'multiply them, or write Money("5", "CLP")'),
    "no_amount": ("event_deal.per_guest", "900", 'multiply it by an amount, such as Money("1", "CLP")'),
    "stage": ("Sales.visited]", '"visited"]', "open_in=[Sales.visited]"),
    "moved": ("to=Birthdays.invited", 'to="invited"', "write Birthdays.invited"),
    "language": ('"fr": "Du nouveau"', '"fe": "Du nouveau"', "did you mean 'fr'?"),
    "set": ("again=once(per=stage_visit)", 'x={"a", 1, "b": 2}', "in { } either each is"),
    "no_python": ("again=once(per=stage_visit)", "again=once(per=stage_visit]", ""),
    "contact": ("Guest(contact).diet", "contact.diet", "it is a field of Guest: write Guest(contact).diet"),
    "deal": ("import *\nfrom .model", "import *\nfrom dealwright import deal\nfrom .model", "the deal is an object of"),
    "deal_of_a_file": ("closers, event_deal, news", "closers, deal, news", "the deal is called event_deal there"),
}  # fmt: skip


def found(folder: Path, old: str = "", new: str = "") -> list[str]:
    """Return the hints of what is found in the company, in which one thing is written otherwise."""
    folder.mkdir()
    texts = {"model.py": MODEL, "rules.py": RULES}
    assert not old or [text.count(old) for text in texts.values()] in ([1, 0], [0, 1]), old
    for name, text in texts.items():
        (folder / name).write_text(text.replace(old, new) if old else text, encoding="utf-8")
    return [each.hint for each in check(folder).findings]


def test_the_company_without_a_slip_is_well(tmp_path: Path) -> None:
    assert found(tmp_path / "acme") == []


@pytest.mark.parametrize("name", SLIPS)
def test_the_only_hint_says_what_was_meant(name: str, tmp_path: Path) -> None:
    """Of two hints that begin with one, the right one was often the second; a hint named another company's currency."""
    old, new, hint = SLIPS[name]
    (told,) = found(tmp_path / "acme", old, new)
    assert hint in told
