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
        """Open the questions, and tell those who are asked."""
        untold = self._store.ask_people(calls)
        return [await self._tell(call) if call.key in untold else Sent(receipt={"told": 0}) for call in calls]

    async def _tell(self, call: Call) -> Outcome:
        request = call.request
        assert isinstance(request, AskPerson)
        told = 0
        for person in request.who if self._teller is not None else ():
            if person.email is None:
                continue
            match await self._told(call, request, person):
                case TryAgain() as later if not told and call.attempt < _TELLINGS:
                    self._store.untell([call.key])
                    return later
                case Refused() | TryAgain():
                    continue
                case _:
                    told += 1
        return Sent(receipt={"told": told})

    async def _told(self, call: Call, request: AskPerson, person: Respondent) -> Outcome:
        assert self._teller is not None and person.email is not None
        letter = Notify(
            deal_id=request.deal_id,
            user_id=person.id,
            to=person.email,
            to_name=person.name,
            subject=_subject(request),
            text=letter_of(call.key, self._account, request, person),
        )
        try:
            (outcome,) = await self._teller.perform(
                [Call(key=f"{call.key}-{person.id}", actor=call.actor, request=letter)]
            )
        except ConnectorError:
            return TryAgain(reason="nobody was told: the e-mail could not be sent", after=30.0)
        except Exception as error:
            _log.error("the e-mail about a question failed with %s", type(error).__name__)
            return Refused(code="failed", message="the e-mail could not be made")
        return outcome


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
