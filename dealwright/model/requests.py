"""Requests: what an effect asks an outside system to do, and what came of it.

A request is fully rendered when it is planned: no templates, no references, nothing left to decide. It names no
vendor; a connector declares which requests it carries out and with which delivery class.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from dealwright.model.crm import ContactRole, Money
from dealwright.model.custom import Custom, Customs
from dealwright.model.messages import MessageButton


class _Request(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="do"):
    """What all requests carry."""

    @property
    def kind(self) -> str:
        """The tag, which is the effect's kind in views and summaries."""
        return str(self.__struct_config__.tag)


class CreateDeal(_Request, frozen=True, kw_only=True, tag="create_deal"):
    """Create a deal; `contacts` are ids, the first one is the main contact; `owner` is a user id or name.

    `contact_roles` are what contacts are on it; a CRM that knows no roles leaves them out.

    With `unless_open` (a pipeline's key) no deal is made if an open one stands there that has one of these contacts or
    this company: the CRM looks and makes it in one go. The receipt's `deal_id` is then None, its `open_deal` that deal.
    `unless_contacts` are further contacts that count for this alone: the same people under other records.
    """

    pipeline: str
    stage: str
    title: str
    contacts: tuple[str, ...] = ()
    owner: str | None = None
    amount: Money | None = None
    close_date: date | None = None
    reference: str | None = None
    tags: tuple[str, ...] = ()
    company: str | None = None
    unless_open: str | msgspec.UnsetType = msgspec.UNSET
    unless_contacts: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    contact_roles: tuple[ContactRole, ...] | msgspec.UnsetType = msgspec.UNSET
    custom: Customs = msgspec.UNSET


class DealChanges(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """New values of a deal's fields; UNSET is left alone, None clears. `custom` are only those that change."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    owner: str | msgspec.UnsetType | None = msgspec.UNSET
    amount: Money | msgspec.UnsetType | None = msgspec.UNSET
    close_date: date | msgspec.UnsetType | None = msgspec.UNSET
    reference: str | msgspec.UnsetType | None = msgspec.UNSET
    company: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    custom: Customs = msgspec.UNSET

    def given(self) -> dict[str, Any]:
        """Return the fields that are to change, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not msgspec.UNSET}


class UpdateDeal(_Request, frozen=True, kw_only=True, tag="update_deal"):
    """Change fields of a deal; `version` is the version decided on, `replaces` what the fields held in it."""

    deal_id: str
    changes: DealChanges
    version: int | None = None
    replaces: DealChanges | None = None


class MoveDeal(_Request, frozen=True, kw_only=True, tag="move_deal"):
    """Move a deal to a stage; `only_forward` makes a move backwards a no-op with a receipt that says so."""

    deal_id: str
    pipeline: str
    stage: str
    only_forward: bool = True
    lost_reason: str | None = None


class MoveBack(_Request, frozen=True, kw_only=True, tag="move_back"):
    """Move a deal back to where it came from, if it still stands in `leaves_stage`; receipt as that of a move."""

    deal_id: str
    leaves_pipeline: str
    leaves_stage: str
    pipeline: str
    stage: str


class SetTask(_Request, frozen=True, kw_only=True, tag="set_task"):
    """Give somebody something to do by a moment; `owner` is a user id or name, None means the deal's owner."""

    deal_id: str
    text: str
    due_at: datetime
    owner: str | None = None


class SendEvent(_Request, frozen=True, kw_only=True, tag="send_event"):
    """Post a signed JSON event to the outside system `to`, whose address stands in the target file.

    Numbers in the body are texts, since a JSON number of another program may not hold them exactly.
    """

    to: str
    name: str
    deal_id: str
    body: dict[str, str | bool | None]
    occurred_at: datetime


class ChangeTags(_Request, frozen=True, kw_only=True, tag="change_tags"):
    """Add tags to a deal and take tags off, whatever others it has; receipt: `changed`."""

    deal_id: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class CompleteTasks(_Request, frozen=True, kw_only=True, tag="complete_tasks"):
    """Complete one task of a deal, or (without `task_id`) all that are open; receipt: `completed`, how many.

    With `text` only those whose text holds these words, in capitals or not.
    """

    deal_id: str
    task_id: str | None = None
    text: str | None = None

    def means(self, text: str) -> bool:
        """Say whether a task with that text is one of them."""
        return self.text is None or self.text.casefold() in text.casefold()


class AddNote(_Request, frozen=True, kw_only=True, tag="add_note"):
    """Write a note down at a deal; receipt: `note_id`."""

    deal_id: str
    text: str


class CreateContact(_Request, frozen=True, kw_only=True, tag="create_contact"):
    """Make a contact and add it to the deal, last, perhaps as something; receipt: `contact_id`."""

    deal_id: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    email: str | None = None
    role: str | msgspec.UnsetType = msgspec.UNSET
    custom: Customs = msgspec.UNSET


class ContactChanges(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """New values of a contact's fields; UNSET is left alone, None clears. `custom` are only those that change."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    first_name: str | msgspec.UnsetType | None = msgspec.UNSET
    last_name: str | msgspec.UnsetType | None = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    custom: Customs = msgspec.UNSET

    def given(self) -> dict[str, Any]:
        """Return the fields that are to change, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not msgspec.UNSET}


class UpdateContact(_Request, frozen=True, kw_only=True, tag="update_contact"):
    """Change fields of a contact; receipt: `changed`."""

    contact_id: str
    deal_id: str
    changes: ContactChanges


class UpdateCompany(_Request, frozen=True, kw_only=True, tag="update_company"):
    """Change own fields of the company that a deal is with; None clears. Receipt: `changed`."""

    deal_id: str
    custom: tuple[Custom, ...]


class CreateRecord(_Request, frozen=True, kw_only=True, tag="create_record"):
    """Put a record of a kind under a deal; receipt: `record_id`."""

    deal_id: str
    record: str
    custom: Customs = msgspec.UNSET


class UpdateRecord(_Request, frozen=True, kw_only=True, tag="update_record"):
    """Change fields of a record under a deal; None clears. Receipt: `changed`."""

    deal_id: str
    record_id: str
    custom: tuple[Custom, ...]


class RemoveRecord(_Request, frozen=True, kw_only=True, tag="remove_record"):
    """Take a record away from under a deal; receipt: `removed`, whether it was there."""

    deal_id: str
    record_id: str


class SendEmail(_Request, frozen=True, kw_only=True, tag="send_email"):
    """Send an e-mail to one contact; receipt: `message_id`, `refused` (how many copies were refused).

    The sender is the account's, in the target file. `bcc` are the company's own addresses, such as an archive's; `cc`
    is who else is told openly.
    """

    deal_id: str
    contact_id: str
    to: str
    to_name: str | None = None
    subject: str
    text: str
    html: str | None = None
    reply_to: str | None = None
    bcc: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()


class SendMessage(_Request, frozen=True, kw_only=True, tag="send_message"):
    """Write to one contact in its conversation; receipt: `message_id`, `contact_id`.

    `template` names what the text was made of (None: free text inside a conversation), `language` which body was taken
    (empty: the one for all languages).
    """

    deal_id: str
    contact_id: str
    via: str
    text: str
    template: str | None = None
    language: str = ""
    buttons: tuple[MessageButton, ...] = ()


class Notify(_Request, frozen=True, kw_only=True, tag="notify"):
    """Tell a colleague something by e-mail; receipt: `message_id`. It is no message to a customer.

    `also` are the addresses of further colleagues who get the same e-mail.
    """

    deal_id: str
    user_id: str
    to: str
    to_name: str | None = None
    subject: str
    text: str
    also: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class Respondent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody who may answer a question, with an e-mail address where there is one."""

    id: str
    name: str
    email: str | None = None


class AskPerson(_Request, frozen=True, kw_only=True, tag="ask"):
    """Ask people something; the first answer counts, `until` a moment. Receipt: `told`, how many got an e-mail.

    It is carried out by the journal, which keeps the question until it is answered or its time is over; `zone` is
    that in which people are told the time: the account's, or that of whoever sets the end. `role`: everybody of it is
    asked, whoever comes into it later too.
    """

    deal_id: str
    deal_title: str
    who: tuple[Respondent, ...]
    question: str
    answers: tuple[str, ...]
    until: datetime
    zone: str
    role: str | msgspec.UnsetType = msgspec.UNSET


Given: TypeAlias = Literal["flag", "text", "whole", "number", "day"]
"""What an answer of another system may hold under a name."""

Scalar: TypeAlias = str | bool | int
"""A value as it is asked with or given; numbers and days are texts."""


class Lookup(_Request, frozen=True, kw_only=True, tag="lookup"):
    """Ask the outside system `system`, whose address stands in the target file, at a path below it. It changes nothing.

    Receipt: what `gives` names, each of its type, or `error`: why not, in words of ours. What `optional` names of it
    may be missing or null in the answer, and is then not in the receipt. `timeout` are seconds;
    `keep_until` says until when an answer that comes now is used for the same question (None: not at all).
    """

    deal_id: str
    system: str
    path: str
    ask: dict[str, Scalar]
    gives: dict[str, Given]
    timeout: int | None = None
    keep_until: datetime | None = None
    optional: tuple[str, ...] = ()


class SendConversion(_Request, frozen=True, kw_only=True, omit_defaults=True, tag="send_conversion"):
    """Tell an advertising platform that somebody converted; receipt: `event_id`.

    What is known of the person is as the CRM holds it: the connector normalises and hashes it, as its platform asks.
    `country` is where the account's phone numbers are dialled; `data` are the author's extra values.
    """

    deal_id: str
    contact_id: str | None = None
    event: str
    occurred_at: datetime
    value: Money | None = None
    phone: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    lead_id: str | None = None
    country: str
    data: dict[str, str | bool | None] = {}


MESSAGES: Final = frozenset({"send_email", "send_message"})
"""Kinds of requests that reach a customer: `stop --messages` holds them, and each is decided on facts read again."""

READS: Final = frozenset({"lookup"})
"""Kinds of requests that change nothing anywhere: mode shadow sends them too, and they take no share of `again=`."""

UNAPPROVED: Final = READS | {"ask"}
"""Kinds of requests that mode approve lets go by themselves: reads, and a question that is put to a person already."""

Request: TypeAlias = (
    CreateDeal
    | UpdateDeal
    | MoveDeal
    | MoveBack
    | SetTask
    | SendEvent
    | ChangeTags
    | CompleteTasks
    | AddNote
    | Notify
    | AskPerson
    | CreateContact
    | UpdateContact
    | UpdateCompany
    | CreateRecord
    | UpdateRecord
    | RemoveRecord
    | SendEmail
    | SendMessage
    | SendConversion
    | Lookup
)
"""Any request."""


class Call(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One request on its way: `key` is the effect's key, stable over every attempt; `actor` who is acting."""

    key: str
    actor: str
    request: Request
    attempt: int = 1


class Sent(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="outcome", tag="sent"):
    """Surely carried out; `receipt` is what later steps may read (`deal_id`, `task_id`, `status` ...).

    `repeated`: the system knew the key already and changed nothing this time.
    """

    receipt: dict[str, str | bool | int | None] = {}
    repeated: bool = False


class Refused(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="outcome", tag="rejected"):
    """Surely not carried out, and would be refused again."""

    code: str
    message: str


class TryAgain(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="outcome", tag="try_again"):
    """Surely not carried out; may be tried again `after` seconds."""

    reason: str
    after: float = 1.0


class Unknown(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="outcome", tag="unknown"):
    """It left, and nobody can say whether it was carried out."""

    reason: str


Outcome: TypeAlias = Sent | Refused | TryAgain | Unknown
"""What came of one call."""
