"""Owns the demo's script: a working fortnight at the reference company, the same every time it is told.

Pure data: moments in business time, and what people do at each. Numbers stand for deals and contacts until the player
has made them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

ZONE: Final = ZoneInfo("America/New_York")
FIRST_DAY: Final = datetime(2026, 5, 4, tzinfo=ZONE)
DAYS: Final = 12
"""Monday to the Friday after next: two working weeks with the Saturday between them."""

DEALS: Final = 226
HERO: Final = 0
"""The deal whose whole timeline the summary tells."""

USERS: Final = ("Ada Brandt", "Jonas Okafor", "Mei Tanaka", "Rosa Delgado", "Sam Whitfield")
STAFF: Final[dict[str, tuple[int, ...]]] = {
    "inside sales": (0, 1),
    "field sales": (2, 3),
    "account managers": (1, 4),
    "head of sales": (4,),
}
"""Which of the users stand behind each role of the definitions, by their numbers."""

_SEED: Final = 20260504

_FIRST = ("Amina", "Bruno", "Carla", "Derek", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jamal", "Kira", "Luis")
_LAST = ("Abbott", "Bianchi", "Cohen", "Dubois", "Evans", "Fischer", "Garcia", "Hughes", "Ivanov", "Jensen", "Kaur")
_TOWN = ("Harbor", "Summit", "Lakeside", "Pinewood", "Granite", "Meadow", "Union", "Crescent", "Beacon", "Cedar")
_TRADE = ("Roofing", "Machine Works", "Carpentry", "Electric", "Metal", "Stone", "Cabinets", "Plumbing", "Glass")
LATE_PAYERS: Final = {f"Granite {trade}": 20 + 5 * place for place, trade in enumerate(_TRADE)}
"""How many days late some companies pay, as the credit bureau knows it."""

_WANTS = ("bench saws", "a drill press", "dust extraction", "torque sets", "a planer", "welding gear", "workbenches")
_REASONS = ("Price", "Timing", "Competitor", "No answer")
_BOOK, _SEND_INVOICE = "Book the meeting", "Send the invoice"
_PATH = ("qualified", "met", "quoted", "agreed", "paid", "won")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as somebody typed it: the same human may stand in several, each spelled its own way."""

    first_name: str
    last_name: str
    phone: str | None = None
    email: str | None = None


class Create(msgspec.Struct, frozen=True, kw_only=True):
    """A deal comes in."""

    deal: int
    title: str
    company: str
    stage: str = "incoming"
    contact: int | None = None
    amount: int | None = None
    owner: int | None = 0
    tags: tuple[str, ...] = ()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is added to a deal, as what they are in it if that is said."""

    deal: int
    contact: int
    role: str | None = None


class Unlink(msgspec.Struct, frozen=True, kw_only=True):
    """The deal's main contact is taken off it."""

    deal: int


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A deal is moved by its owner."""

    deal: int
    stage: str
    lost_reason: str | None = None


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """What a deal is worth is written down."""

    deal: int
    amount: int


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The owner calls the deal's main contact, and writes down what came of it."""

    deal: int
    outcome: Literal["reached", "no answer"]


class Complete(msgspec.Struct, frozen=True, kw_only=True):
    """The owner completes the deal's open task that begins with these words, if there is one."""

    deal: int
    task: str


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """A deal gets another owner."""

    deal: int
    owner: int


class Correct(msgspec.Struct, frozen=True, kw_only=True):
    """The number of the deal's main contact, if there is one, is written down anew."""

    deal: int
    phone: str


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """What a deal is sold cheaper by, and what is earned with it, is written down."""

    deal: int
    percent: int
    margin: int


class Decide(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever is asked something goes through the open questions, and answers each."""


class Pay(msgspec.Struct, frozen=True, kw_only=True):
    """The customer pays: the billing system tells of it, by the deal's reference."""

    deal: int


class PayHalf(msgspec.Struct, frozen=True, kw_only=True):
    """An instalment of the deal comes in, if one is open: its owner ticks the first of them as paid."""

    deal: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The deal's main contact answers what was written to them last, if anything was: by a button, or in words."""

    deal: int
    button: str | None = None
    words: str | None = None


class Renew(msgspec.Struct, frozen=True, kw_only=True):
    """The renewals that automations have made are worked on: each goes one stage on, some are lost."""

    how: Literal["on", "lost"]


Act: TypeAlias = (
    Create
    | Link
    | Unlink
    | Move
    | Amount
    | Discount
    | Call
    | Complete
    | HandOver
    | Correct
    | Decide
    | Pay
    | PayHalf
    | Answer
    | Renew
)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What people do at one moment of business time."""

    at: datetime
    acts: tuple[Act, ...]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """The whole script: contacts by number, moments in order, and when it ends."""

    people: tuple[Person, ...]
    moments: tuple[Moment, ...]
    ends: datetime


def tell() -> Story:
    """Return the script; it is the same at every call."""
    writer = _Writer(*(random.Random(_SEED + number) for number in range(4)))  # noqa: S311 - a story, not a secret
    writer.hero()
    for deal in range(1, DEALS):
        writer.deal(deal)
    writer.renewals()
    writer.decisions()
    return writer.story()


def slots() -> Sequence[datetime]:
    """Return the moments at which people work: hours of ten working days, and Saturday morning."""
    found = []
    for day in range(DAYS):
        date = FIRST_DAY + timedelta(days=day)
        if date.weekday() == 6:
            continue
        begins, ends = (10 * 60, 14 * 60) if date.weekday() == 5 else (9 * 60, 18 * 60)
        found += [date + timedelta(minutes=minute) for minute in range(begins + 5, ends, 60)]
    return [slot.astimezone(UTC) for slot in found]


class _Writer:
    """Writes deals' lives onto the calendar."""

    def __init__(self, dice: random.Random, ways: random.Random, talk: random.Random, price: random.Random) -> None:
        """`dice` decide what becomes of deals, `ways` how people go about it, `talk` what customers answer.

        `price` decides what is given away.
        """
        self._dice = dice
        self._ways = ways
        self._talk = talk
        self._price = price
        self._slots = slots()
        self._acts: dict[int, list[Act]] = {}
        self._people: list[Person] = []

    def story(self) -> Story:
        moments = tuple(Moment(at=self._slots[slot], acts=tuple(self._acts[slot])) for slot in sorted(self._acts))
        return Story(people=tuple(self._people), moments=moments, ends=self._slots[-1] + timedelta(minutes=30))

    def hero(self) -> None:
        """One life with everything in it: found by a contact, quoted, waited for, asked, paid, won, renewed."""
        contact = self._person(
            Person(first_name="Nora", last_name="Lindqvist", phone="(212) 555-0142", email="nora.lindqvist@example.com")
        )
        company = "Lindqvist Boatyard"
        self._put(1, Create(deal=HERO, title="Workshop for the new hall", company=company))
        self._put(3, Link(deal=HERO, contact=contact))
        self._put(6, Amount(deal=HERO, amount=31_500))
        self._put(10, Complete(deal=HERO, task=_BOOK))
        self._put(10, Move(deal=HERO, stage="met"))
        self._put(10, Discount(deal=HERO, percent=15, margin=24))
        self._put(15, Move(deal=HERO, stage="quoted"))
        self._put(22, Answer(deal=HERO, button="price"))
        books = self._person(Person(first_name="Kim", last_name="Bauer", email="books.lindqvist@example.com"))
        self._put(43, Link(deal=HERO, contact=books, role="Accounts payable"))
        self._put(44, Move(deal=HERO, stage="agreed"))
        self._put(46, Complete(deal=HERO, task=_SEND_INVOICE))
        self._put(48, PayHalf(deal=HERO))
        self._put(50, PayHalf(deal=HERO))
        self._put(52, Pay(deal=HERO))
        self._put(61, Move(deal=HERO, stage="won"))

    def deal(self, deal: int) -> None:
        """One ordinary life, as far as the fortnight goes."""
        dice = self._dice
        slot = int(len(self._slots) * 0.8 * deal / DEALS) + dice.randrange(2)
        company = f"{dice.choice(_TOWN)} {dice.choice(_TRADE)}"
        contact = self._somebody() if dice.random() < 0.72 else None
        spam = contact is not None and dice.random() < 0.06
        stage = "qualified" if dice.random() < 0.12 else "incoming"
        amount = round(dice.lognormvariate(8.9, 0.9), -2)
        created = Create(
            deal=deal,
            title=f"{company}: {dice.choice(_WANTS)}",
            company=company,
            stage=stage,
            contact=contact,
            amount=int(amount) if dice.random() < 0.6 else None,
            owner=STAFF["inside sales"][dice.randrange(len(STAFF["inside sales"]))],
            tags=("spam",) if spam else ("web",) if dice.random() < 0.5 else (),
        )
        if "web" in created.tags and stage == "incoming":
            created = msgspec.structs.replace(created, owner=None)  # what a form makes belongs to nobody yet
        self._put(slot, created)
        if spam:
            self._put(slot + 2, Move(deal=deal, stage="lost", lost_reason="No answer"))
            return
        if contact is None or dice.random() < 0.15:
            slot += dice.randint(1, 4)
            self._put(slot, Link(deal=deal, contact=self._somebody()))
            stage = "qualified"  # an automation sees to that
        self._live(created, stage, slot)

    def _live(self, created: Create, stage: str, slot: int) -> None:
        dice, deal, worth = self._dice, created.deal, created.amount
        for following in _PATH[_PATH.index(stage) + 1 if stage in _PATH else 0 :]:
            slot += dice.randint(2, 11)
            if dice.random() < 0.30:
                worth = int(round(dice.lognormvariate(9.2, 0.9), -2))
                self._put(slot, Amount(deal=deal, amount=worth))
                slot += 1
            if dice.random() < 0.04:
                self._put(slot, Unlink(deal=deal))
                slot += 2
            fate = dice.random()
            if fate < 0.08:
                self._put(slot, Move(deal=deal, stage="lost", lost_reason=dice.choice(_REASONS)))
                if dice.random() < 0.3:
                    self._put(slot + 7, Move(deal=deal, stage="qualified"))
                return
            if fate < 0.14:
                return  # nobody touches it again this fortnight
            if following == "agreed" and dice.random() < 0.4:
                slot += 19  # the quote lies there for more than two days
            if following == "agreed" and worth is None:
                worth = 4_800  # terms without an amount are refused
                self._put(slot - 1, Amount(deal=deal, amount=worth))
            self._go_on(created, following, slot)

    def _go_on(self, created: Create, following: str, slot: int) -> None:
        """Take a deal one stage on: by moving it, or by what automations move it for."""
        ways, deal = self._ways, created.deal
        if ways.random() < 0.04:
            self._put(slot - 1, HandOver(deal=deal, owner=ways.randrange(len(USERS))))
        if ways.random() < 0.05:
            self._put(slot - 1, Correct(deal=deal, phone=f"(718) 555-0{ways.randrange(100, 200)}"))
        if following == "qualified" and self._has_phone(created.contact) and ways.random() < 0.6:
            if ways.random() < 0.4:
                self._put(slot - 1, Call(deal=deal, outcome="no answer"))
            self._put(slot, Call(deal=deal, outcome="reached"))
            return
        if following == "met" and ways.random() < 0.5:
            self._put(slot, Complete(deal=deal, task=_BOOK))
        if following == "paid" and ways.random() < 0.7:
            self._put(slot - 1, Complete(deal=deal, task=_SEND_INVOICE))
            self._put(slot, Pay(deal=deal))
            return
        if following == "quoted" and self._price.random() < 0.4:
            # some ask for it only when the quote is on its way
            percent, before = self._price.choice((5, 8, 12, 15, 20)), self._price.choice((0, 2, 4))
            self._put(slot - before, Discount(deal=deal, percent=percent, margin=40 - percent))
        self._put(slot, Move(deal=deal, stage=following))
        if following == "quoted":
            self._answered(deal, slot)

    def _answered(self, deal: int, slot: int) -> None:
        """Let the customer answer the question that comes half a day after the quote, or not."""
        talk = self._talk
        later = slot + talk.randint(5, 9)
        answer = talk.random()
        if answer < 0.3:
            self._put(later, Answer(deal=deal, button="yes"))
        elif answer < 0.5:
            self._put(later, Answer(deal=deal, button="price"))
        elif answer < 0.6:
            self._put(later, Answer(deal=deal, words="We have to ask our partner first."))

    def renewals(self) -> None:
        """Every day of the second week somebody looks after what came up for renewal."""
        for slot in range(len(self._slots) * 6 // 10, len(self._slots), 5):
            self._put(slot, Renew(how="on"))
        self._put(len(self._slots) - 2, Renew(how="lost"))

    def decisions(self) -> None:
        """In the third hour of each working day, and in the seventh, the head of sales answers what was asked."""
        for number, slot in enumerate(self._slots):
            if slot.astimezone(ZONE).hour in (11, 15):
                self._put(number, Decide())

    def _somebody(self) -> int:
        """Somebody new, or (one in six) somebody known under another spelling."""
        dice = self._dice
        known = [person for person in self._people if person.phone or person.email]
        if known and dice.random() < 0.17:
            person = dice.choice(known)
            phone = person.phone and _spelled_otherwise(person.phone)
            email = person.email and person.email.upper()
            return self._person(msgspec.structs.replace(person, phone=phone, email=email))
        first, last = dice.choice(_FIRST), dice.choice(_LAST)
        number = f"({dice.choice(('212', '312', '415', '617'))}) 555-0{dice.randrange(100, 200)}"
        email = f"{first}.{last}{len(self._people)}@example.com".lower()
        return self._person(
            Person(
                first_name=first,
                last_name=last,
                phone=number if dice.random() < 0.7 else None,
                email=email if dice.random() < 0.6 else None,
            )
        )

    def _has_phone(self, contact: int | None) -> bool:
        return contact is not None and self._people[contact].phone is not None

    def _person(self, person: Person) -> int:
        self._people.append(person)
        return len(self._people) - 1

    def _put(self, slot: int, act: Act) -> None:
        if slot < len(self._slots):
            self._acts.setdefault(slot, []).append(act)


def _spelled_otherwise(phone: str) -> str:
    digits = "".join(character for character in phone if character.isdigit())
    return f"+1 {digits[-10:-7]}.{digits[-7:-4]}.{digits[-4:]}"
