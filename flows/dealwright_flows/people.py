"""What people of the story do in their CRM, as a port, and people at the embedded CRM.

A person's deals, contacts and owners are the CRM's own ids; contacts and users of the story are numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from dealwright.errors import DealwrightError
from dealwright.model.crm import Contact, Deal, Money, User
from dealwright.model.custom import Custom, held, held_in
from dealwright.model.requests import DealChanges
from dealwright_embedded_crm import EmbeddedCrm, StageCount
from dealwright_flows.story import Create, Person

FORM: Final = "user:form"
"""Who makes a deal that nobody has typed."""


class People(Protocol):
    """Everybody at the company, at work in the CRM."""

    def stages(self) -> Collection[tuple[str, str]]:
        """Return the stages there are, by the keys of pipeline and stage."""
        ...

    async def employ(self, users: Sequence[str]) -> Sequence[User]:
        """Get the users to work; return them in their order."""
        ...

    async def meet(self, people: Sequence[Person]) -> None:
        """Get everybody the story talks of into the CRM."""
        ...

    async def reach(self, when: datetime) -> None:
        """Let the CRM know what time it is."""
        ...

    async def heard(self) -> None:
        """Return when all that happened in the CRM has been told to us."""
        ...

    async def create(self, pipeline: str, act: Create) -> str:
        """Make a deal; return its id."""
        ...

    async def link(self, deal: str, contact: int, role: str | None = None) -> None:
        """Add somebody to a deal, as what they are in it."""
        ...

    async def unlink(self, deal: str) -> None:
        """Take the main contact off a deal, if it has one."""
        ...

    async def move(self, deal: str, pipeline: str, stage: str, lost_reason: str | None = None) -> None:
        """Move a deal."""
        ...

    async def write_amount(self, deal: str, amount: int) -> None:
        """Write down what a deal is worth."""
        ...

    async def discount(self, deal: str, percent: int, margin: int) -> None:
        """Write down what a deal is sold cheaper by, and what is earned with it."""
        ...

    async def call(self, deal: str, outcome: str) -> None:
        """Call the main contact, and write down what came of it."""
        ...

    async def complete(self, deal: str, begins: str) -> None:
        """Complete the first open task that begins so, if there is one."""
        ...

    async def hand_over(self, deal: str, owner: int) -> None:
        """Give a deal another owner."""
        ...

    async def correct(self, deal: str, phone: str) -> None:
        """Write down the main contact's number anew, if there is one."""
        ...

    async def pay_half(self, deal: str) -> None:
        """Tick the deal's first open instalment as paid, if there is one."""
        ...

    async def answer(self, deal: str, *, button: str | None, words: str | None) -> None:
        """Let the main contact answer the newest message to them, if there is one."""
        ...

    async def deal(self, id_: str) -> Deal:
        """Look at a deal."""
        ...

    async def deals(self, pipeline: str) -> Sequence[Deal]:
        """Look at the deals of a pipeline."""
        ...

    async def counted(self) -> Sequence[StageCount]:
        """Count the deals by stage."""
        ...

    async def acted(self) -> Mapping[str, int]:
        """Count what the CRM itself says that automations did in it; nothing if it is no outside system."""
        ...


class EmbeddedPeople:
    """People at the embedded CRM: what they do is in its feed at once, and its time is ours."""

    def __init__(self, crm: EmbeddedCrm) -> None:
        self._crm = crm
        self._users: list[User] = []
        self._contacts: list[Contact] = []

    def stages(self) -> Collection[tuple[str, str]]:
        """Return what the CRM has."""
        return {(pipeline.key, stage.key) for pipeline in self._crm.pipelines() for stage in pipeline.stages}

    async def employ(self, users: Sequence[str]) -> Sequence[User]:
        """Users need no pipelines."""
        self._users = [self._crm.add_user(name, f"{name.split()[0].lower()}@acme.example") for name in users]
        return self._users

    async def meet(self, people: Sequence[Person]) -> None:
        """Contacts make no events until they are on a deal."""
        contacts = [
            Contact(
                id="",
                first_name=person.first_name,
                last_name=person.last_name,
                phone=person.phone,
                email=person.email,
            )
            for person in people
        ]
        self._contacts = list(self._crm.create_contacts(contacts, actor=f"user:{self._users[0].id}"))

    async def reach(self, when: datetime) -> None:
        """It has our clock."""

    async def heard(self) -> None:
        """The engine reads its feed."""

    async def create(self, pipeline: str, act: Create) -> str:
        """Its owner makes it; what has none yet, the form on the company's site."""
        owner = None if act.owner is None else self._users[act.owner].id
        made = self._crm.create_deal(
            pipeline=pipeline,
            stage=act.stage,
            title=act.title,
            company=act.company,
            contacts=[] if act.contact is None else [self._contacts[act.contact].id],
            owner=owner,
            amount=None if act.amount is None else _dollars(act.amount),
            tags=act.tags,
            actor=FORM if owner is None else f"user:{owner}",
        )
        return made.id

    async def link(self, deal: str, contact: int, role: str | None = None) -> None:
        """Its owner does it."""
        self._crm.add_contact(deal, self._contacts[contact].id, role=role, actor=self._owner(deal))

    async def unlink(self, deal: str) -> None:
        """Its owner does it."""
        contact = self._main_contact(deal)
        if contact is not None:
            self._crm.remove_contact(deal, contact.id, actor=self._owner(deal))

    async def move(self, deal: str, pipeline: str, stage: str, lost_reason: str | None = None) -> None:
        """Its owner does it."""
        self._crm.move_deal(deal, pipeline, stage, lost_reason=lost_reason, actor=self._owner(deal))

    async def write_amount(self, deal: str, amount: int) -> None:
        """Its owner does it."""
        self._crm.update_deal(deal, DealChanges(amount=_dollars(amount)), actor=self._owner(deal))

    async def discount(self, deal: str, percent: int, margin: int) -> None:
        """Its owner does it."""
        own = Custom("discount", held(Decimal(percent))), Custom("margin", held(Decimal(margin)))
        self._crm.update_deal(deal, DealChanges(custom=own), actor=self._owner(deal))

    async def call(self, deal: str, outcome: str) -> None:
        """An activity of the deal."""
        contact = self._main_contact(deal)
        told = None if contact is None else contact.id
        self._crm.log_activity(deal, "call", outcome=outcome, contact=told, actor=self._owner(deal))

    async def complete(self, deal: str, begins: str) -> None:
        """Its owner does it."""
        for task in self._crm.tasks(deal):
            if not task.done and task.text.startswith(begins):
                self._crm.complete_task(task.id, actor=self._owner(deal))
                return

    async def hand_over(self, deal: str, owner: int) -> None:
        """Its owner until then does it."""
        self._crm.update_deal(deal, DealChanges(owner=self._users[owner].id), actor=self._owner(deal))

    async def correct(self, deal: str, phone: str) -> None:
        """The deal's owner does it."""
        contact = self._main_contact(deal)
        if contact is not None:
            self._crm.update_contact(contact.id, phone=phone, actor=self._owner(deal))

    async def pay_half(self, deal: str) -> None:
        """Its owner does it."""
        for kept in self._crm.page_records(deal, kind="instalment").items:
            if held_in(kept.record.custom, "paid") is None:
                self._crm.update_record(kept.record.id, [Custom("paid", held(True))], actor=self._owner(deal))
                return

    async def answer(self, deal: str, *, button: str | None, words: str | None) -> None:
        """In their conversation, to the message itself."""
        contact = self._main_contact(deal)
        written = [] if contact is None else self._crm.messages(contact.id)
        ours = [message for message in written if message.direction == "out"]
        if contact is not None and ours and ours[-1].deal_id == deal:
            self._crm.receive_message(contact.id, words, button=button, to=ours[-1].id)

    async def deal(self, id_: str) -> Deal:
        """Return it as it is now."""
        return self._deal(id_)

    async def deals(self, pipeline: str) -> Sequence[Deal]:
        """Return them as they are now."""
        return self._crm.deals(pipeline=pipeline)

    async def counted(self) -> Sequence[StageCount]:
        """Return the CRM's own count."""
        return self._crm.count_by_stage()

    async def acted(self) -> Mapping[str, int]:
        """It is no outside system."""
        return {}

    def _deal(self, id_: str) -> Deal:
        found = self._crm.deal(id_)
        if found is None:
            raise DealwrightError(f"deal {id_} of the story is gone from the CRM")
        return found

    def _main_contact(self, deal: str) -> Contact | None:
        return self._deal(deal).main_contact

    def _owner(self, deal: str) -> str:
        owner = self._deal(deal).owner
        return f"user:{(owner or self._users[0]).id}"


def _dollars(amount: int) -> Money:
    return Money(Decimal(amount), "USD")
