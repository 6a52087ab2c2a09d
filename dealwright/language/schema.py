"""Which facts a definition may name, by path, and what type each one holds.

The one place: conditions, templates, the compiler and the engine all ask here.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from dealwright.model.crm import role_key

FieldType = Literal[
    "text",
    "number",
    "money",
    "day",
    "moment",
    "tags",
    "stage",
    "pipeline",
    "user",
    "flag",
    "id",
    "choice",
    "choices",
    "phone",
    "email",
    "link",
]
"""What a field holds; only fields of one type are compared with each other."""

_CONTACT: Final[Mapping[str, FieldType]] = {
    "id": "id",
    "name": "text",
    "first_name": "text",
    "last_name": "text",
    "phone": "text",
    "email": "text",
}

_DEAL: Final[Mapping[str, FieldType]] = {
    "id": "id",
    "title": "text",
    "pipeline": "pipeline",
    "pipeline.name": "text",
    "stage": "stage",
    "stage.name": "text",
    "owner": "user",
    "owner.name": "text",
    "owner.first_name": "text",
    "owner.email": "text",
    "amount": "money",
    "close_date": "day",
    "reference": "text",
    "tags": "tags",
    "company": "text",
    "company.name": "text",
    "lost_reason": "text",
    "created_at": "moment",
    "stage_since": "moment",
    "contacts.count": "number",
    **{f"main_contact.{part}": kind for part, kind in _CONTACT.items()},
}

_COMPANY: Final[Mapping[str, FieldType]] = {
    "company.open_deals": "number",
    "company.won_deals": "number",
    "company.newest_open_deal.id": "id",
    "company.newest_open_deal.title": "text",
    "company.newest_open_deal.owner": "user",
    "company.newest_open_deal.owner.name": "text",
    "company.newest_open_deal.owner.first_name": "text",
    "company.newest_open_deal.owner.email": "text",
}

ALWAYS: Final[Mapping[str, FieldType]] = MappingProxyType(
    {f"deal.{path}": kind for path, kind in (*_DEAL.items(), *_COMPANY.items())}
    | {"account.key": "text", "account.name": "text"}
)
"""Facts that every automation knows."""

EVENT_CONTACT: Final[Mapping[str, FieldType]] = MappingProxyType(
    {f"event.contact.{part}": kind for part, kind in _CONTACT.items()}
)
"""Facts of `contact_added` and `contact_removed`: the contact in question."""

EVENT_BEFORE: Final[Mapping[str, FieldType]] = MappingProxyType(
    {f"event.before.{path}": kind for path, kind in _DEAL.items()}
)
"""Facts of events that change a deal: the deal as it was."""

EVENT_TASK: Final[Mapping[str, FieldType]] = MappingProxyType(
    {"event.task.id": "id", "event.task.text": "text", "event.task.due_at": "moment", "event.task.owner.name": "text"}
)
"""Facts of `task_completed`: the task in question."""

EVENT_ACTIVITY: Final[Mapping[str, FieldType]] = MappingProxyType(
    {
        "event.activity.id": "id",
        "event.activity.kind": "text",
        "event.activity.at": "moment",
        "event.activity.outcome": "text",
        "event.activity.text": "text",
        "event.activity.by.name": "text",
    }
)
"""Facts of `activity_logged`: the activity in question."""

EVENT_FAILURE: Final[Mapping[str, FieldType]] = MappingProxyType({"event.reason": "text"})
"""Facts of `message_failed`: why it could not be delivered."""

EVENT_MESSAGE: Final[Mapping[str, FieldType]] = MappingProxyType(
    {
        "event.message.id": "id",
        "event.message.text": "text",
        "event.message.button": "text",
        "event.message.at": "moment",
    }
)
"""Facts of `message_received`: the message in question."""

EVENT: Final[Mapping[str, FieldType]] = MappingProxyType(
    {**EVENT_CONTACT, **EVENT_BEFORE, **EVENT_TASK, **EVENT_ACTIVITY, **EVENT_FAILURE, **EVENT_MESSAGE}
)
"""Facts below `event.` that are the same for every definition; `event.data.<name>` is what one declares."""

RECIPIENT: Final[Mapping[str, FieldType]] = MappingProxyType(
    {f"contact.{part}": kind for part, kind in _CONTACT.items()}
)
"""Facts that only the texts of a message know, whom it goes to, and conditions inside of `deal.contacts.any()`."""

REPLY: Final[Mapping[str, FieldType]] = MappingProxyType({"reply.text": "text", "reply.button": "text"})
"""Facts that are known after a `wait_until(replied())`: what the last answer to a message of ours said."""

CONTACT_FIELDS: Final[Mapping[str, FieldType]] = MappingProxyType(
    {name: kind for name, kind in _CONTACT.items() if name != "id"}
)
"""Fields of a contact that `create_contact` and `update_contact` write and `contact_updated` watches."""

RECEIPTS: Final[Mapping[str, Mapping[str, FieldType]]] = MappingProxyType(
    {
        "create_deal": {"deal_id": "id"},
        "update_deal": {"changed": "flag"},
        "move_deal": {"moved": "flag", "from_stage": "text", "to_stage": "text"},
        "move_back": {"moved": "flag", "from_stage": "text", "to_stage": "text"},
        "set_task": {"task_id": "id"},
        "send_event": {"status": "number"},
        "change_tags": {"changed": "flag"},
        "complete_tasks": {"completed": "number"},
        "add_note": {"note_id": "id"},
        "create_contact": {"contact_id": "id"},
        "update_contact": {"changed": "flag"},
        "update_company": {"changed": "flag"},
        "create_record": {"record_id": "id"},
        "update_record": {"changed": "flag"},
        "remove_record": {"removed": "flag"},
        "send_email": {"message_id": "id"},
        "send_message": {"message_id": "id"},
        "notify": {"message_id": "id"},
        "send_conversion": {"event_id": "id"},
        "wait_until": {"timed_out": "flag"},
        "lookup": {"error": "text"},
        "ask": {"choice": "choice", "by": "text", "note": "text"},
        "wait_until_replied": {"timed_out": "flag"},
    }
)
"""What a step leaves for later steps, by the step's kind; beside it each of these leaves its `outcome`."""

ANSWER: Final[Mapping[str, FieldType]] = MappingProxyType(
    {f"answer.{part}": kind for part, kind in RECEIPTS["ask"].items()}
)
"""Facts of the question that was answered last."""

UPDATABLE: Final[Mapping[str, FieldType]] = MappingProxyType(
    {name: _DEAL[name] for name in ("title", "owner", "amount", "close_date", "reference", "company", "tags")}
)
"""Fields of a deal that `update_deal` writes and `deal_updated` watches."""

_BEFORE: Final = frozenset(
    {"deal_updated", "stage_changed", "entered", "owner_changed", "contact_added", "contact_removed"}
)
_CONTACTS: Final = frozenset(
    {"contact_added", "contact_removed", "contact_updated", "message_failed", "message_received", "opted_out"}
)


def known(
    trigger: str,
    steps: Mapping[str, str] = MappingProxyType({}),
    data: Mapping[str, FieldType] = MappingProxyType({}),
) -> dict[str, FieldType]:
    """Return every fact that an automation on `trigger` knows, after these steps (name -> kind of action).

    `data` is what an event from outside tells beside, by name.
    """
    facts = dict(ALWAYS)
    if trigger in _CONTACTS:
        facts |= EVENT_CONTACT
    if trigger in _BEFORE:
        facts |= EVENT_BEFORE
    if trigger == "task_completed":
        facts |= EVENT_TASK
    if trigger == "activity_logged":
        facts |= EVENT_ACTIVITY
    if trigger == "message_failed":
        facts |= EVENT_FAILURE
    facts |= {f"event.data.{name}": kind for name, kind in data.items()}
    if trigger == "message_received":
        facts |= EVENT_MESSAGE
    for name, kind in steps.items():
        facts |= {f"steps.{name}.{field}": held for field, held in RECEIPTS.get(kind, {}).items()}
        facts[f"steps.{name}.outcome"] = "text"
    if "ask" in steps.values():
        facts |= ANSWER
    if "wait_until_replied" in steps.values():
        facts |= REPLY
    return facts


_DEALS: Final = ("deal.", "event.before.")


def with_roles(facts: Mapping[str, FieldType], paths: Iterable[str]) -> dict[str, FieldType]:
    """Return the facts and those of the contacts that the paths name by role: what is known of any is known of them.

    Which roles there are is for the people who link contacts to say, so that no list of facts can hold them.
    """
    found = dict(facts)
    for path in paths:
        deal = next((each for each in _DEALS if path.startswith(f"{each}contact_as.")), None)
        if deal is None:
            continue
        role = path.removeprefix(f"{deal}contact_as.").partition(".")[0]
        if role == role_key(role):
            main = f"{deal}main_contact."
            theirs = {other.removeprefix(main): kind for other, kind in facts.items() if other.startswith(main)}
            found |= {f"{deal}contact_as.{role}.{part}": kind for part, kind in theirs.items()}
    return found


def is_group(path: str, facts: Iterable[str]) -> bool:
    """Say whether the path only has parts (`deal.main_contact`) or has parts beside its value (`deal.owner`)."""
    return any(other.startswith(f"{path}.") for other in facts)


_SPOKEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "money": "an amount",
        "id": "an id",
        "choices": "a list of options",
        "tags": "a list of tags",
        "phone": "a phone number",
        "email": "an e-mail address",
    }
)


def spoken(kind: str) -> str:
    """Return what a field of that type is, as a sentence says it."""
    return _SPOKEN.get(kind, f"a {kind}")


def did_you_mean(word: str, candidates: Iterable[str], cutoff: float = 0.6) -> str:
    """Return `did you mean ...?` for the nearest candidate, or an empty text."""
    near = difflib.get_close_matches(word, list(candidates), n=1, cutoff=cutoff)
    return f"did you mean {near[0]}?" if near else ""


_BELONGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "event.contact.": "event.contact belongs to events of a contact: contact_added(), message_received() ...",
        "event.before.": "the deal before belongs to events that change a deal, and one that was created has no before",
        "event.task.": "event.task belongs to task_completed()",
        "event.activity.": "event.activity belongs to activity_logged()",
        "event.reason": "event.reason belongs to message_failed()",
        "event.message.": "event.message belongs to message_received()",
        "reply.": "an answer is known after a wait_until(replied(...)) step",
        "event.data.": 'event.data belongs to event_received(..., data=["number"]), which lists what is read',
        "answer.": "the answer is known after its step, ask(...), on the same way through the branches",
        "record.": "a record is known where one set the automation off: on=record_added(Instalment)",
        "deal.records.": "a kind of records that texts alone name stands in the account: records=[Instalment]",
        "contact.": "contact is whom a message goes to in its texts, and one of them in deal.contacts.any(...)",
        "deal.contacts.": "what many contacts have is asked for by deal.contacts.any(contact.email.is_set())",
        "steps.": "a receipt is known after its step, on the same way through the branches",
    }
)


_OTHERWISE: Final[Mapping[str, str]] = MappingProxyType(
    {"who": "by", "user": "by", "person": "by", "telephone": "phone", "mobile": "phone", "surname": "last_name"}
)
"""Other words for parts of facts, which no letters tell."""


def unknown_hint(path: str, facts: Collection[str]) -> str:
    """Return the advice for a path that is not known where it stands, given those that are."""
    if path.startswith("deal.contact_as.") and path.count(".") == 3:
        main = f"deal.main_contact.{path.rpartition('.')[2]}"
        return did_you_mean(main, facts).replace(".main_contact.", f".contact_as.{path.split('.')[2]}.")
    group = next((start for start in _BELONGS if path.startswith(start)), "")
    among = [other for other in facts if other.startswith(group) and "*" not in other]
    if group and not among:
        here = f"deal.main_{path}"
        return f"{_BELONGS[group]}: write {here}" if here in facts else _BELONGS[group]
    owner, _, part = path.rpartition(".")
    if (meant := f"{owner}.{_OTHERWISE.get(part, '')}") in among:
        return f"did you mean {meant}?"
    return did_you_mean(path, among) or _BELONGS.get(group, "") or _of_the_deal(path, facts)


def _of_the_deal(path: str, facts: Collection[str]) -> str:
    """Return the fact that ends as this one does: files say `own.kind`, `Extra.no`; texts `deal.kind`, `record.no`."""
    _, dot, part = path.partition(".")
    for root, owner in (("record", "a record"), ("deal", "a deal")) if dot else ():
        if (meant := f"{root}.{part}") in facts:
            return f"did you mean {meant}? texts name facts of {owner} so"
    return ""
