"""News: what has happened to the deals of executions that want to hear of it, read before they are decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dealwright.compile import ir
from dealwright.engine.bench import Job
from dealwright.engine.records import Watch
from dealwright.engine.store import Store
from dealwright.engine.watch import OF_CONTACTS, kinds_of_all, watched


class Listening:
    """Hears for one batch. Of automations that wait for nothing it costs one look at each."""

    def __init__(self, store: Store, account: str) -> None:
        self._store = store
        self._account = account
        self._watched: dict[int, tuple[ir.Automation, frozenset[str], bool]] = {}

    def begin(self, job: Job) -> None:
        """Find out what the execution wants to hear of."""
        found = self._watched.get(id(job.automation))
        if found is None:
            asks = any(True for _ in ir.asks(job.automation.do))
            found = self._watched[id(job.automation)] = (job.automation, watched(job.automation), asks)
        job.watches, job.asks = found[1], found[2]
        job.seen = job.claimed.event_id

    def hear(self, jobs: Iterable[Job], *, before_reading: bool = False) -> None:
        """Read what has come for these executions.

        What has come `before_reading` is in the facts that are read then: it need not keep the execution awake.
        """
        listening = [job for job in jobs if job.watches]
        if not listening:
            return
        told = self._store.news(self._account, [_watch(job) for job in listening])
        for job in listening:
            passed = job.progress.passed_by
            job.news = tuple(item for item in told.get(job.claimed.id, ()) if item.id not in passed)
            if before_reading:
                job.seen = _after(job)
                job.considered = tuple(sorted({*passed, *(item.id for item in job.news)}))


def rests(job: Job, kinds: Sequence[str]) -> dict[str, Any]:
    """Return what wakes an execution that rests until an event of these kinds."""
    if not kinds:
        return {}
    also = _contacts(job) if not OF_CONTACTS.isdisjoint(kinds) else ()
    return {"on_events": tuple(kinds), "also": also, "seen": job.seen, "considered": job.considered}


def ending(job: Job) -> tuple[str, ...]:
    """Return the kinds of event that may end the execution wherever it is."""
    return tuple(sorted(kinds_of_all(job.automation.exit_on))) if job.automation.exit_on else ()


def _watch(job: Job) -> Watch:
    also = _contacts(job) if not OF_CONTACTS.isdisjoint(job.watches) else ()
    return Watch(
        execution_id=job.claimed.id,
        subjects=(job.claimed.subject, *also),
        kinds=job.watches,
        after=_after(job),
    )


def _after(job: Job) -> int:
    return job.progress.looked or job.claimed.event_id


def _contacts(job: Job) -> tuple[str, ...]:
    """The contacts of the deal as subjects: what is told of a contact is told under its own name."""
    known = (job.claimed.deal, *((job.facts.deal,) if job.facts is not None else ()))
    return tuple(sorted({f"contact:{contact.id}" for deal in known for contact in deal.contacts}))
