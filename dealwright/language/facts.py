"""What a path of the schema holds for one deal: as a value for conditions, as a text for templates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from dealwright.language import schema
from dealwright.language.named import Listed, Named
from dealwright.language.shown import PLAIN, Spelling, shown
from dealwright.model.crm import Activity, Contact, Deal, PipelineShape, Record, Task, User
from dealwright.model.custom import Customs, value_of
from dealwright.model.messages import Message

_CONTACT_PARTS: Final = ("id", "name", "first_name", "last_name", "phone", "email")
_USER_PARTS: Final = ("name", "first_name", "email")
_GROUPS: Final = ("main_contact", "contact_as", "contacts", "records", "owner", "pipeline", "stage")

Receipts = Mapping[str, Mapping[str, object]]
"""Receipts of earlier steps, by step name."""


class Reply(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What an answer said, in which template's conversation; `button` is empty if it was in words."""

    text: str
    button: str = ""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known where a fact is looked up.

    `contact` is the contact of the event, `before` the deal before it, `task`, `activity` and `message` what it is
    about, `data` what an event from outside told beside; `recipient` is whom a message goes to, inside its texts;
    `record` is the record that it is about, or that is looked at.
    `reply` is the last answer to a message of this execution, `pressed` the button of the last answer to each template
    (empty: it was in words), `answer` what a person was asked for last.
    """

    deal: Deal
    contact: Contact | None = None
    recipient: Contact | None = None
    record: Record | None = None
    before: Deal | None = None
    task: Task | None = None
    activity: Activity | None = None
    data: Mapping[str, object] = {}
    message: Message | None = None
    reply: Reply | None = None
    pressed: Mapping[str, str] = {}
    steps: Receipts = {}
    pipelines: Sequence[PipelineShape] = ()
    account_key: str = ""
    account_name: str = ""
    settings: Mapping[str, object] = {}
    answer: Mapping[str, object] = {}


def _text(value: str | None) -> str | None:
    """An empty text is no text: CRMs write `""` where nothing was entered."""
    return value if value and not value.isspace() else None


def _contact(contact: Contact | None, part: str) -> object | None:
    if contact is None:
        return None
    if part in _CONTACT_PARTS:
        return contact_name(contact) if part == "name" else _text(getattr(contact, part))
    return _own(contact.custom, part)


def contact_name(contact: Contact) -> str | None:
    """Return the contact's whole name, made of its parts where the CRM holds no more."""
    return _text(contact.name) or _text(" ".join(filter(None, (contact.first_name, contact.last_name))))


def _owner(owner: User | None, part: str) -> object | None:
    if owner is None:
        return None
    if part == "first_name":
        words = owner.name.split()
        return words[0] if words else None
    return _text(owner.name if part == "name" else owner.email)


def _names(deal: Deal, pipelines: Sequence[PipelineShape]) -> tuple[str | None, str | None]:
    """The names of the deal's pipeline and stage, None where the definitions do not know them."""
    pipeline = next((shape for shape in pipelines if shape.key == deal.pipeline), None)
    stage = pipeline.stage(deal.stage) if pipeline else None
    return (pipeline.name if pipeline else None, stage.name if stage else None)


_PLAIN: Final[Mapping[str, Callable[[Deal], object | None]]] = {
    "id": lambda deal: deal.id,
    "title": lambda deal: _text(deal.title),
    "pipeline": lambda deal: deal.pipeline,
    "stage": lambda deal: (deal.pipeline, deal.stage),
    "owner": lambda deal: deal.owner,
    "amount": lambda deal: deal.amount,
    "close_date": lambda deal: deal.close_date,
    "reference": lambda deal: _text(deal.reference),
    "tags": lambda deal: deal.tags,
    "company": lambda deal: _text(deal.company),
    "company.name": lambda deal: _text(deal.company),
    "company.open_deals": lambda deal: Decimal(deal.company_deals.open) if deal.company_deals else None,
    "company.won_deals": lambda deal: Decimal(deal.company_deals.won) if deal.company_deals else None,
    "company.newest_open_deal.id": lambda deal: deal.company_deals.newest_id if deal.company_deals else None,
    "company.newest_open_deal.title": lambda deal: deal.company_deals.newest_title if deal.company_deals else None,
    "company.newest_open_deal.owner": lambda deal: deal.company_deals.newest_owner if deal.company_deals else None,
    "lost_reason": lambda deal: _text(deal.lost_reason),
    "contacts.count": lambda deal: Decimal(deal.contact_count),
    "created_at": lambda deal: deal.created_at,
    "stage_since": lambda deal: deal.stage_since,
}


_COMPANY: Final = tuple(
    path.removeprefix("deal.company.")
    for path, kind in schema.ALWAYS.items()
    if path.startswith("deal.company.") and kind != "user"
)


def _of_deal(path: str, deal: Deal, pipelines: Sequence[PipelineShape]) -> object | None:
    """The value of a path below `deal.` or `event.before.`."""
    whole = _PLAIN.get(path)
    if whole is not None:
        return whole(deal)
    group, _, part = path.partition(".")
    match group:
        case "main_contact":
            return _contact(deal.main_contact, part)
        case "contact_as":
            role, _, part = part.partition(".")
            return _contact(deal.contact_as(role), part)
        case "company":
            return _company(deal, part)
        case "records":
            return _records(deal, part)
        case "owner":
            return _owner(deal.owner, part)
        case "pipeline" | "stage":
            pipeline, stage = _names(deal, pipelines)
            return pipeline if group == "pipeline" else stage
        case _:
            return _own(deal.custom, path)


def _company(deal: Deal, part: str) -> object | None:
    """What is known of the deal's company; what has no name of its own here is a company's own field."""
    newest = "newest_open_deal.owner."
    if part.startswith(newest):
        return _owner(deal.company_deals.newest_owner if deal.company_deals else None, part.removeprefix(newest))
    return _own(deal.company_custom, part)


def _records(deal: Deal, path: str) -> object | None:
    """How many records of a kind the deal has, `<kind>.count`; unset if not all of them were read."""
    kind, _, _ = path.partition(".")
    if deal.records_beyond:
        return None
    return Decimal(sum(each.kind.replace("-", "_") == kind for each in deal.records or ()))


def _own(customs: Customs, path: str) -> object | None:
    """What a company's own field holds, or a part of the user that it holds."""
    key, _, part = path.partition(".")
    value = value_of(customs, key)
    if part:
        return _owner(value if isinstance(value, User) else None, part)
    return _text(value) if isinstance(value, str) else value


def _task(task: Task | None, part: str) -> object | None:
    if task is None:
        return None
    if part == "owner.name":
        return _owner(task.owner, "name")
    return task.due_at if part == "due_at" else _text(getattr(task, part))


def _activity(activity: Activity | None, part: str) -> object | None:
    if activity is None:
        return None
    if part == "by.name":
        return _owner(activity.by, "name")
    return activity.at if part == "at" else _text(getattr(activity, part))


def _message(message: Message | None, part: str) -> object | None:
    if message is None:
        return None
    return message.at if part == "at" else _text(getattr(message, part))


def _reply(reply: Reply | None, part: str) -> object | None:
    return None if reply is None else _text(getattr(reply, part))


def _of_event(path: str, known: Known) -> object | None:
    """The value of a path below `event.`."""
    group, _, part = path.partition(".")
    match group:
        case "contact":
            return _contact(known.contact, part)
        case "before":
            return None if known.before is None else _of_deal(part, known.before, known.pipelines)
        case "task":
            return _task(known.task, part)
        case "activity":
            return _activity(known.activity, part)
        case "reason":  # of message_failed, which nothing tells yet
            return None
        case "message":
            return _message(known.message, part)
        case _:
            value = known.data.get(part)
            return _text(value) if isinstance(value, str) else value


def lookup(path: str, known: Known) -> object | None:
    """Return what the path holds now, None if it is unset: `reader(path)(known)`."""
    return reader(path)(known)


@lru_cache(maxsize=4096)
def reader(path: str) -> Callable[[Known], object | None]:
    """Return what looks the path up: whatever can be decided of it without a deal is decided once.

    Values are those of the model: text as `str`, numbers as `Decimal`, amounts as `Money`, days as `date`, moments
    as `datetime`, tags as a tuple, a stage as `(pipeline, stage)`, a pipeline as its key, a user as `User`, a flag
    as `bool`.

    Raises:
        KeyError: the schema has no such path. A name below a deal or a contact is a company's own field then,
            which is unset where there is none.
    """
    root, _, rest = path.partition(".")
    if root == "deal" and path in schema.ALWAYS:
        whole = _PLAIN.get(rest)
        if whole is not None:
            return lambda known: whole(known.deal)
        return lambda known: _of_deal(rest, known.deal, known.pipelines)
    if root == "deal" and (
        rest.startswith(("contact_as.", "company.", "records.")) or _may_be_own(rest.removeprefix("main_contact."))
    ):
        return lambda known: _of_deal(rest, known.deal, known.pipelines)
    if root == "steps":
        name, _, field = rest.partition(".")
        return lambda known: _number(known.steps.get(name, {}).get(field))
    if path in schema.EVENT or path.startswith(("event.data.", "event.before.contact_as.")):
        return lambda known: _of_event(rest, known)
    if root == "event" and _may_be_own_of_event(rest):
        return lambda known: _of_event(rest, known)
    if path in schema.RECIPIENT or (root == "contact" and _may_be_own(rest)):
        return lambda known: _contact(known.recipient, rest)
    if root == "record" and _may_be_own(rest):
        return lambda known: None if known.record is None else _own(known.record.custom, rest)
    if path in schema.ANSWER:
        return lambda known: known.answer.get(rest)
    if path in schema.REPLY:
        return lambda known: _reply(known.reply, rest)
    if root == "pressed":
        return lambda known: known.pressed.get(rest)
    if root == "settings":
        return lambda known: known.settings.get(rest)
    if path == "account.key":
        return lambda known: _text(known.account_key)
    if path == "account.name":
        return lambda known: _text(known.account_name)
    raise KeyError(path)


def _may_be_own(path: str) -> bool:
    """Say whether this can be one of a company's own fields of a deal or a contact, or a part of the user in one."""
    key, _, part = path.partition(".")
    return key.isidentifier() and key not in _GROUPS and (not part or part in _USER_PARTS)


def _may_be_own_of_event(path: str) -> bool:
    group, _, rest = path.partition(".")
    if group == "contact":
        return _may_be_own(rest)
    return group == "before" and (rest.startswith("company.") or _may_be_own(rest.removeprefix("main_contact.")))


def text_facts(
    known: Known, zone: str, only: Collection[str] | None = None, spelling: Spelling = PLAIN
) -> dict[str, object]:
    """Return facts as nested plain mappings of texts, for `templates.render`; moments in `zone`.

    With `only`, the paths that a template names, what it does not name may be missing: a text names three of fifty
    facts. A step named `next-deal` is `steps.next_deal` there, since templates have no hyphens in names.
    """
    local = ZoneInfo(zone)

    def shown_here(value: object) -> str | bool | tuple[str, ...] | None:
        return shown(value, local, spelling)

    def named(under: str) -> set[str] | None:
        """The first parts of what is named below; None if it is not known."""
        if only is None:
            return None
        return {path.removeprefix(under).partition(".")[0] for path in only if path.startswith(under)}

    def own(customs: Customs, under: str, taken: Collection[str]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name in (named(under) or set()) - set(taken):
            value = _own(customs, name)
            if f"{under}{name}" in (only or ()):
                found[name] = "" if value is None else shown_here(value)  # a loop goes over nothing
            else:  # only users have parts
                found[name] = {part: _own(customs, f"{name}.{part}") for part in _USER_PARTS}
        return found

    def facts_of(which: Deal, under: str) -> dict[str, object]:
        names = named(under)
        found: dict[str, object] = {
            name: shown_here(read(which))
            for name, read in _PLAIN.items()
            if (names is None or name in names) and "." not in name
        }
        if names is None or "pipeline" in names or "stage" in names:
            pipeline, stage = _names(which, known.pipelines)
            found |= {"pipeline": {"name": pipeline}, "stage": {"name": stage}}
        if names is None or "owner" in names:
            found["owner"] = {part: _owner(which.owner, part) for part in ("name", "first_name", "email")}
        if names is None or "main_contact" in names:
            found["main_contact"] = contact_facts(which.main_contact, f"{under}main_contact.")
        if only is None or _below(f"{under}company.", only):
            found["company"] = Named(which.company, company_facts(which, f"{under}company."))
        if names is None or "contacts" in names:
            found["contacts"] = {"count": shown_here(Decimal(which.contact_count))}
        roles = {each.partition(".")[0] for each in _below(f"{under}contact_as.", only or ())}
        if roles:
            found["contact_as"] = {
                role: contact_facts(which.contact_as(role), f"{under}contact_as.{role}.") for role in roles
            }
        kinds = {each.partition(".")[0] for each in _below(f"{under}records.", only or ())}
        if kinds:
            found["records"] = {kind: listed(which, kind, f"{under}records.{kind}.*.") for kind in kinds}
        return found | own(which.custom, under, found.keys())

    def listed(which: Deal, kind: str, under: str) -> Listed:
        theirs = [each for each in which.records or () if each.kind.replace("-", "_") == kind]
        each = None if which.records_beyond else [own(record.custom, under, ()) for record in theirs]
        return Listed(shown_here(_records(which, kind)), each)

    def contact_facts(contact: Contact | None, under: str) -> dict[str, object]:
        found = {part: _contact(contact, part) for part in _CONTACT_PARTS}
        return found | own(msgspec.UNSET if contact is None else contact.custom, under, found.keys())

    def company_facts(which: Deal, under: str) -> dict[str, object]:
        """What is named of a company, as a tree: `newest_open_deal.owner.name` has parts within parts."""
        tree: dict[str, object] = {}
        for path in _COMPANY if only is None else _below(under, only):
            *groups, last = path.split(".")
            place = tree
            for each in groups:
                place = place.setdefault(each, {})  # type: ignore[assignment]  # no value has parts
            place[last] = shown_here(_of_deal(f"company.{path}", which, known.pipelines))
        return tree

    receipts = {
        name.replace("-", "_"): {field: shown_here(_number(value)) for field, value in receipt.items()}
        for name, receipt in known.steps.items()
    }
    facts: dict[str, object] = {
        "deal": facts_of(known.deal, "deal."),
        "steps": receipts,
        "account": {"key": known.account_key, "name": known.account_name},
    }
    if only is None or any(path.startswith("answer.") for path in only):
        facts["answer"] = {path.removeprefix("answer."): None for path in schema.ANSWER} | dict(known.answer)
    if only is None or any(path.startswith("reply.") for path in only):
        facts["reply"] = {part: _reply(known.reply, part) for part in ("text", "button")}
    if only is not None and any(path.startswith("record.") for path in only):
        facts["record"] = own(msgspec.UNSET if known.record is None else known.record.custom, "record.", ())
    if known.recipient is not None:
        facts["contact"] = contact_facts(known.recipient, "contact.")
    if only is not None and not any(path.startswith("event") for path in only):
        return facts
    event: dict[str, object] = {
        "contact": contact_facts(known.contact, "event.contact."),
        "task": {part: shown_here(_task(known.task, part)) for part in ("id", "text", "due_at")}
        | {"owner": {"name": _task(known.task, "owner.name")}},
        "activity": {
            part: shown_here(_activity(known.activity, part)) for part in ("id", "kind", "at", "outcome", "text")
        }
        | {"by": {"name": _activity(known.activity, "by.name")}},
        "data": {name: shown_here(value) for name, value in known.data.items()},
        "message": {part: shown_here(_message(known.message, part)) for part in ("id", "text", "button", "at")},
    }
    if known.before is not None:
        event["before"] = facts_of(known.before, "event.before.")
    return facts | {"event": event}


def _below(start: str, paths: Collection[str]) -> list[str]:
    return [path.removeprefix(start) for path in paths if path.startswith(start)]


def _number(value: object) -> object:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
