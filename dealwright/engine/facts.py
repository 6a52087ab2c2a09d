"""Facts: what a decision is made on.

The first turn sees the event's own `after`; later turns read the deals again, in bulk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from dealwright.compile import ir
from dealwright.engine.records import Progress
from dealwright.language import facts as language
from dealwright.model.crm import Contact, Deal
from dealwright.model.events import ContactAdded, ContactRemoved, Event


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One deal as one turn sees it, and the event that began the execution.

    `since_turn` is the turn in which the deal was read: what our own steps wrote since then is laid over it.
    """

    deal: Deal
    event: Event
    as_of: datetime
    since_turn: int

    @property
    def contact(self) -> Contact | None:
        """The contact the event is about, if it is about one."""
        return self.event.contact if isinstance(self.event, ContactAdded | ContactRemoved) else None


class View:
    """Looks facts up by path, as conditions and texts name them."""

    def __init__(self, account: ir.Account, facts: Facts, progress: Progress) -> None:
        self.account = account
        self.facts = facts
        self.deal = overlay(facts.deal, progress, facts.since_turn)
        self._steps: Mapping[str, Mapping[str, object]] = {
            name: outcome.receipt for name, outcome in progress.outcomes.items()
        }
        self._texts: dict[str, object] | None = None

    def value(self, path: str) -> object | None:
        """Return the fact at a path; None is unset."""
        return language.lookup(
            path,
            deal=self.deal,
            contact=self.facts.contact,
            before=self.facts.event.before,
            steps=self._steps,
            pipelines=self.account.pipelines,
            account_key=self.account.key,
            account_name=self.account.name,
        )

    def texts(self) -> dict[str, object]:
        """Return all facts as plain mappings of texts, for templates."""
        if self._texts is None:
            self._texts = language.text_facts(
                deal=self.deal,
                zone=self.account.calendar.zone,
                contact=self.facts.contact,
                before=self.facts.event.before,
                steps=self._steps,
                pipelines=self.account.pipelines,
                account_key=self.account.key,
                account_name=self.account.name,
            )
        return self._texts


def overlay(deal: Deal, progress: Progress, since_turn: int) -> Deal:
    """Return the deal with what our own steps have written since it was read.

    A step that moves a deal and a branch behind it that asks for its stage must agree, without reading again.
    """
    for outcome in progress.outcomes.values():
        if outcome.status == "sent" and outcome.turn >= since_turn and outcome.wrote is not None:
            deal = msgspec.structs.replace(deal, **outcome.wrote.given())
    return deal
