"""Questions: opened in the journal, told by e-mail where somebody has an address, and read when they are answered."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from dealwright.engine.bench import Job
from dealwright.engine.store import Store
from dealwright.errors import ConnectorError
from dealwright.language.characters import one_line
from dealwright.model.delivery import Delivery, Keyed
from dealwright.model.requests import AskPerson, Call, Notify, Outcome, Refused, Request, Respondent, Sent, TryAgain
from dealwright.ports import Connector

_log = logging.getLogger(__name__)

_TELLINGS: Final = 4
"""Attempts to tell somebody by e-mail; after that the question stands in the list and nowhere else."""

_MAX_SUBJECT: Final = 200


class Questions:
    """Carries out `ask` for one account: the journal keeps the question, `teller` (if there is one) sends the e-mail.

    A question is opened once for its key, whatever happens. The e-mail is sent at most once: it is a courtesy, and who
    does not get it finds the question in `dealwright asks ls`.
    """

    name = "questions"
    at_once = 50

    def __init__(self, store: Store, account: str, connectors: Sequence[Connector]) -> None:
        self._store = store
        self._account = account
        self._teller = next((each for each in connectors if "notify" in each.actions()), None)

    @property
    def call_timeout(self) -> float:
        """That of the e-mail."""
        return 5.0 if self._teller is None else self._teller.call_timeout

    def actions(self) -> frozenset[str]:
        """Return `ask`."""
        return frozenset({"ask"})

    def destinations(self) -> frozenset[str]:
        """Return nothing: a question goes to people."""
        return frozenset()

    def delivery(self, request: Request) -> Delivery:
        """Return KEYED for ever: the journal knows the key."""
        return Keyed()

    async def aclose(self) -> None:
        """There is nothing to close: the journal and the e-mail connector are others'."""

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Nothing of this class is looked up."""
        return [False] * len(calls)

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Open the questions, and tell those who are asked, in as few calls as the e-mail connector takes."""
        untold = self._store.ask_people(calls)
        letters = {call.key: self._letters(call) for call in calls if call.key in untold}
        sent = await self._sent([letter for each in letters.values() for letter in each])
        outcomes = [
            self._told(call, [sent[letter.key] for letter in letters[call.key]])
            if call.key in letters
            else Sent(receipt={"told": 0})
            for call in calls
        ]
        later = [call.key for call, outcome in zip(calls, outcomes, strict=True) if isinstance(outcome, TryAgain)]
        if later:
            self._store.untell(later)
        return outcomes

    def _told(self, call: Call, outcomes: Sequence[Outcome]) -> Outcome:
        """Say what came of the letters about one question: whoever was told may answer, and nobody is told twice."""
        told = sum(not isinstance(outcome, Refused | TryAgain) for outcome in outcomes)
        later = next((outcome for outcome in outcomes if isinstance(outcome, TryAgain)), None)
        if later is not None and not told and call.attempt < _TELLINGS:
            return later
        return Sent(receipt={"told": told})

    def _letters(self, call: Call) -> list[Call]:
        """Return the e-mails about one question, one to each of those who are asked and have an address."""
        request = call.request
        assert isinstance(request, AskPerson)
        return [
            Call(
                key=f"{call.key}-{person.id}",
                actor=call.actor,
                request=Notify(
                    deal_id=request.deal_id,
                    user_id=person.id,
                    to=person.email,
                    to_name=person.name,
                    subject=_subject(request),
                    text=letter_of(call.key, self._account, request, person),
                ),
            )
            for person in (request.who if self._teller is not None else ())
            if person.email is not None
        ]

    async def _sent(self, letters: Sequence[Call]) -> dict[str, Outcome]:
        """Send letters, as many at once as the connector takes; a call that fails costs those of the others nothing."""
        found: dict[str, Outcome] = {}
        for start in range(0, len(letters), self._teller.at_once if self._teller is not None else 1):
            assert self._teller is not None
            some = letters[start : start + self._teller.at_once]
            try:
                outcomes = await self._teller.perform(some)
            except ConnectorError:
                outcomes = [TryAgain(reason="nobody was told: the e-mail could not be sent", after=30.0)] * len(some)
            except Exception as error:
                _log.error("the e-mails about questions failed with %s", type(error).__name__)
                outcomes = [Refused(code="failed", message="the e-mail could not be made")] * len(some)
            found |= {letter.key: outcome for letter, outcome in zip(some, outcomes, strict=True)}
        return found


def letter_of(key: str, account: str, request: AskPerson, person: Respondent) -> str:
    """Return the text of the e-mail that tells somebody of a question: what is asked, and how to answer.

    There is no link in it that answers: whoever may read the letter may not thereby decide.
    """
    until = request.until.astimezone(ZoneInfo(request.zone))
    choices = " or ".join(request.answers)
    answer, decider = shlex.quote(request.answers[0]), shlex.quote(person.email or person.name)
    return (
        f"{request.question}\n\n"
        f"Deal: {one_line(request.deal_title)}\n"
        f"Answer {choices}, until {until:%A %d %B %Y %H:%M} ({request.zone}):\n\n"
        f"    dealwright asks answer {key} {answer} --by {decider} --account {account}\n"
    )


def _subject(request: AskPerson) -> str:
    subject = " ".join(one_line(f"Please decide: {request.question}").split())
    return subject if len(subject) <= _MAX_SUBJECT else f"{subject[: _MAX_SUBJECT - 1].rstrip()}…"


def look_at_answers(store: Store, jobs: Sequence[Job]) -> None:
    """Give those executions whose automations ask somebody what has become of their questions."""
    asking = [job for job in jobs if job.asks and job.n > 0]
    if not asking:
        return
    told = store.questions([job.claimed.id for job in asking])
    for job in asking:
        job.questions = told.get(job.claimed.id, {})
