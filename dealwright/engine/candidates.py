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
    stands_behind = _persons(store, account, group) if _asks_for_persons(group) else {}
    found = []
    for work in group:
        assert work.effect is not None
        assert work.facts is not None
        found.append(
            Candidate(
                effect=work.effect,
                automation=work.automation,
                account=work.account,
                facts=work.facts,
                person=stands_behind.get(work.claimed.id),
                now=now,
            )
        )
    return found


def _persons(store: Store, account: str, group: Sequence[Job]) -> dict[str, str]:
    """Return who stands behind each execution's deal, where that is known."""
    contacts = {work.claimed.id: contact.id for work in group if (contact := work.claimed.deal.main_contact)}
    persons = store.persons(account, sorted(set(contacts.values())))
    return {id_: persons[contact] for id_, contact in contacts.items() if contact in persons}


def _asks_for_persons(group: Iterable[Job]) -> bool:
    return any(isinstance(work.automation.again, ir.Once) and work.automation.again.per == "person" for work in group)
