"""Candidates: effects as the gate's guards are asked about them, with who stands behind their deals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dealwright.compile import ir
from dealwright.engine.bench import Job
from dealwright.engine.guards.base import Candidate
from dealwright.engine.store import Store


def candidates(store: Store, account: str, group: Sequence[Job], now: datetime) -> list[Candidate]:
    """Return one candidate for each execution of the group."""
    contacts = sorted({contact.id for work in group if (contact := work.claimed.deal.main_contact) is not None})
    persons = store.persons(account, contacts) if _asks_for_persons(group) else {}
    found = []
    for work in group:
        assert work.effect is not None
        assert work.facts is not None
        contact = work.claimed.deal.main_contact
        found.append(
            Candidate(
                effect=work.effect,
                automation=work.automation,
                account=work.account,
                facts=work.facts,
                person=persons.get(contact.id) if contact is not None else None,
                now=now,
            )
        )
    return found


def _asks_for_persons(group: Iterable[Job]) -> bool:
    return any(isinstance(work.automation.again, ir.Once) and work.automation.again.per == "person" for work in group)
