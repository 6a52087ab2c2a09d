"""Facts: what a decision is made on.

The first turn sees the event's own `after`; later turns read the deals again, in bulk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from dealwright.compile import ir
from dealwright.compile.settings import defaults
from dealwright.engine.own import own_of
from dealwright.engine.records import Progress, StepOutcome
from dealwright.engine.replies import last, pressed
from dealwright.engine.spelling import spelling_of
from dealwright.engine.told import told
from dealwright.language import facts as language
from dealwright.language.shown import shown
from dealwright.model.crm import Contact, Deal, Record
from dealwright.model.events import (
    ActivityLogged,
    ContactAdded,
    ContactRemoved,
    ContactUpdated,
    Event,
    EventReceived,
    MessageReceived,
    RecordRemoved,
    TaskCompleted,
    deal_of,
    deal_subject,
    record_of,
)

_ANSWERED: Final = frozenset({"yes", "no", "answered"})
_NO_BUTTONS: Final[Mapping[str, str]] = MappingProxyType({})
_NO_SETTINGS: Final[Mapping[str, object]] = MappingProxyType({})


class Facts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One deal as one turn sees it, and the event that began the execution.

    `since_turn` is the turn in which the deal was read: what our own steps wrote since then is laid over it.
    """

    deal: Deal
    event: Event
    as_of: datetime
    since_turn: int

    @property
    def first(self) -> Deal:
        """The deal as the event left it."""
        return deal_of(self.event, deal_subject(self.deal.id))

    @property
    def contact(self) -> Contact | None:
        """The contact the event is about, if it is about one."""
        if isinstance(self.event, (ContactAdded, ContactRemoved, ContactUpdated, MessageReceived)):
            return self.event.contact
        return None


class View:
    """Looks facts up by path, as conditions and texts name them; `recipient` is whom the texts are for.

    `written_in` is the language of the texts, empty if they are in none.

    `settings` are values that people have set, by key; of the others the defaults count. `own` are the
    company's own fields.
    """

    def __init__(
        self,
        account: ir.Account,
        facts: Facts,
        progress: Progress,
        *,
        recipient: Contact | None = None,
        record: Record | None = None,
        settings: Mapping[str, object] = _NO_SETTINGS,
        written_in: str = "",
    ) -> None:
        self.account = account
        self._spelling = spelling_of(written_in, account.country)
        self.own = own_of(account)
        self.facts = facts
        self._progress = progress
        self._recipient = recipient
        self._one = record
        self._settings = settings
        self._deal: Deal | None = None
        self._known: language.Known | None = None

    # Made when they are first asked for, by hand: `cached_property` of Python 3.11 takes a lock for it.

    @property
    def deal(self) -> Deal:
        """The deal, with what our own steps have written since it was read."""
        if self._deal is None:
            deal = overlay(self.facts.deal, self._progress, self.facts.since_turn)
            self._deal = self.own.settled(deal) if self.own.renamed else deal
        return self._deal

    @property
    def known(self) -> language.Known:
        """What is known where a fact is looked up. A turn that only ends asks for nothing."""
        if self._known is None:
            self._known = self._all_known()
        return self._known

    def _all_known(self) -> language.Known:
        event = self.facts.event
        contact, before = self.facts.contact, event.before
        if self.own.renamed:
            contact = None if contact is None else self.own.settled_contact(contact)
            before = None if before is None else self.own.settled(before)
        return language.Known(
            deal=self.deal,
            contact=contact,
            recipient=self._recipient,
            record=self._record(),
            before=before,
            task=event.task if isinstance(event, TaskCompleted) else None,
            activity=event.activity if isinstance(event, ActivityLogged) else None,
            data=told(self.account, event) if isinstance(event, EventReceived) else {},
            message=event.message if isinstance(event, MessageReceived) else None,
            reply=last(self._progress) if self._progress.replies else None,
            pressed=pressed(self._progress) if self._progress.replies else _NO_BUTTONS,
            steps={
                name: {**_typed(outcome), "outcome": outcome.status}
                for name, outcome in self._progress.outcomes.items()
            },
            pipelines=self.account.pipelines,
            account_key=self.account.key,
            account_name=self.account.name,
            answer=self._answer(),
            settings=self._settings or (defaults(self.account) if self.account.settings else _NO_SETTINGS),
        )

    def _record(self) -> Record | None:
        """The record that is looked at, or that set the execution off, as it is now: what was removed, as it was last.

        Of a deal with more records than are read it may not be among them: it is then what the event told.
        """
        if self._one is not None:
            return self._one
        told = record_of(self.facts.event)
        if told is None or isinstance(self.facts.event, RecordRemoved):
            return told if told is None else self.own.settled_record(told)
        now = self.deal.record(told.id)
        return self.own.settled_record(told) if now is None and self.deal.records_beyond else now

    def _answer(self) -> Mapping[str, object]:
        """What the question that was answered last came to."""
        answered = [each for each in self._progress.outcomes.values() if each.status in _ANSWERED]
        return answered[-1].receipt if answered else {}

    def contact_at(self, path: ir.ContactPath) -> Contact | None:
        """Return the contact that a step is about, if it is there."""
        if path == "deal.main_contact":
            return self.deal.main_contact
        if path == "event.contact":
            return self.facts.contact
        return self.deal.contact_as(path.removeprefix("deal.contact_as."))

    def for_recipient(self, recipient: Contact, language: str = "") -> View:
        """Return the view as the texts of a message to somebody see it, in their language if they are in one."""
        recipient = self.own.settled_contact(recipient)
        return View(
            self.account,
            self.facts,
            self._progress,
            recipient=recipient,
            record=self._one,
            settings=self._settings,
            written_in=language,
        )

    def for_record(self, record: Record) -> View:
        """Return the view as what is asked of one of the deal's records sees it."""
        return View(
            self.account,
            self.facts,
            self._progress,
            recipient=self._recipient,
            record=record,
            settings=self._settings,
        )

    def after(self, progress: Progress) -> View:
        """Return the view after more was remembered."""
        return View(self.account, self.facts, progress, settings=self._settings)

    def value(self, path: str) -> object | None:
        """Return the fact at a path; None is unset."""
        return language.lookup(path, self.known)

    def text(self, path: str) -> object:
        """Return the fact at a path as texts show it."""
        return shown(self.value(path), ZoneInfo(self.account.calendar.zone), self._spelling)

    def texts(self, only: frozenset[str]) -> dict[str, object]:
        """Return the facts that a template names as plain mappings of texts."""
        return language.text_facts(self.known, self.account.calendar.zone, only, self._spelling)


def _typed(outcome: StepOutcome) -> Mapping[str, object]:
    """The receipt of a step; what another system gave as texts as the numbers and days that they are."""
    if not outcome.types:
        return outcome.receipt
    return {name: _given(value, outcome.types.get(name)) for name, value in outcome.receipt.items()}


def _given(value: object, kind: str | None) -> object:
    match kind, value:
        case "number", str():
            return Decimal(value)
        case "day", str():
            return date.fromisoformat(value)
        case "text", str():
            return value if value and not value.isspace() else None
    return value


def overlay(deal: Deal, progress: Progress, since_turn: int) -> Deal:
    """Return the deal with what our own steps have written since it was read.

    A step that moves a deal and a branch behind it that asks for its stage must agree, without reading again.
    """
    for outcome in progress.outcomes.values():
        if outcome.status == "sent" and outcome.turn >= since_turn and outcome.wrote is not None:
            deal = outcome.wrote.over(deal)
    return deal
