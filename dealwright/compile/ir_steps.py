"""The IR of steps: what an automation does, in order, with waits and branches between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias, TypeGuard, get_args

import msgspec

from dealwright.compile.ir_messages import MailText, MessageContent
from dealwright.compile.ir_triggers import Trigger
from dealwright.compile.ir_values import Condition, Expression, Node, Ref, RoleValue, StageValue
from dealwright.model.calendar import Duration
from dealwright.model.requests import Given

ContactPath: TypeAlias = str
"""Which contact a step is about: `deal.main_contact`, `deal.contact_as.buyer` or `event.contact`."""


class CreateDealStep(Node, tag_field="do", tag="create_deal", frozen=True, kw_only=True):
    """Create a deal in a stage; contacts and company are those of the event's deal when `with_contacts`.

    `custom` are the company's own fields. With `copy_tags` it gets the tags of the event's deal too. Nothing is created
    while an open deal of one of these contacts, or of this company, stands in the pipeline `unless_open`.
    """

    name: str
    stage: StageValue
    title: Expression
    owner: Expression | None = None
    amount: Expression | None = None
    close_date: Expression | None = None
    reference: Expression | None = None
    tags: tuple[str, ...] = ()
    with_contacts: bool = True
    copy_tags: bool = False
    unless_open: str | None = None
    custom: dict[str, Expression] = msgspec.field(default_factory=dict)


class UpdateDealStep(Node, tag_field="do", tag="update_deal", frozen=True, kw_only=True):
    """Set fields of the deal (title, owner, amount, close_date, reference, company, tags), by name."""

    name: str
    changes: dict[str, Expression]


class MoveDealStep(Node, tag_field="do", tag="move_deal", frozen=True, kw_only=True):
    """Move the deal to a stage; forward only unless told otherwise."""

    name: str
    to: StageValue
    only_forward: bool = True
    reason: str | None = None


class MoveBackStep(Node, tag_field="do", tag="move_back", frozen=True, kw_only=True):
    """Move the deal back to the stage it came from, if it still stands where it came to; once for each deal in a month.

    `stage` is the one whose criteria are not met.
    """

    name: str
    stage: StageValue


class SetTaskStep(Node, tag_field="do", tag="set_task", frozen=True, kw_only=True):
    """Set a task for the deal; without `owner` it goes to the deal's owner.

    With `clock` (18:00) it is due the next time that the account's clock shows this, from the end of `due` on.
    """

    name: str
    text: Expression
    due: Duration
    owner: Expression | None = None
    clock: str = ""


class SendEventStep(Node, tag_field="do", tag="send_event", frozen=True, kw_only=True):
    """Post a signed JSON event to a named outside system; `with_` are extra values beside the deal's own.

    `reveals` are the paths of sensitive fields that it may be told.
    """

    name: str
    event: str
    to: str
    with_: dict[str, Expression] = msgspec.field(default_factory=dict)
    reveals: tuple[str, ...] = ()


class ChangeTagsStep(Node, tag_field="do", tag="change_tags", frozen=True, kw_only=True):
    """Add tags to the deal and take tags off."""

    name: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class CompleteTasksStep(Node, tag_field="do", tag="complete_tasks", frozen=True, kw_only=True):
    """Complete the task that the step `only` has set (None: all open tasks of the deal).

    `with_text`: only those whose text holds these words, in capitals or not.
    """

    name: str
    only: str | None = None
    with_text: str | None = None


class AddNoteStep(Node, tag_field="do", tag="add_note", frozen=True, kw_only=True):
    """Write a note down at the deal."""

    name: str
    text: Expression


class NotifyStep(Node, tag_field="do", tag="notify", frozen=True, kw_only=True):
    """Tell a colleague something by e-mail; `who` is a user."""

    name: str
    who: Expression
    text: Expression


class CreateContactStep(Node, tag_field="do", tag="create_contact", frozen=True, kw_only=True):
    """Make a contact and add it to the deal, as `role`; fields (name, first_name, last_name, phone, email) by name."""

    name: str
    fields: dict[str, Expression]
    role: str | None = None


class UpdateContactStep(Node, tag_field="do", tag="update_contact", frozen=True, kw_only=True):
    """Set fields of a contact, by name."""

    name: str
    contact: ContactPath
    changes: dict[str, Expression]


class UpdateCompanyStep(Node, tag_field="do", tag="update_company", frozen=True, kw_only=True):
    """Set own fields of the company that the deal is with, by key."""

    name: str
    changes: dict[str, Expression]


class CreateRecordStep(Node, tag_field="do", tag="create_record", frozen=True, kw_only=True):
    """Put a record of a kind under the deal, with fields by key."""

    name: str
    record: str
    fields: dict[str, Expression]


class UpdateRecordStep(Node, tag_field="do", tag="update_record", frozen=True, kw_only=True):
    """Set fields of the record that the execution is about, by key."""

    name: str
    record: str
    changes: dict[str, Expression]


class RemoveRecordStep(Node, tag_field="do", tag="remove_record", frozen=True, kw_only=True):
    """Take the record that the execution is about away."""

    name: str
    record: str


class SendEmailStep(Node, tag_field="do", tag="send_email", frozen=True, kw_only=True):
    """Send an e-mail to a contact; in its texts `contact` is the recipient.

    `cc` are the addresses it is copied to; `late` is not kept to yet.
    `by_language` are the same in each language, if there are several; subject, text and html are then the first ones.
    `in_language` is the one that they are in, if there is one.
    """

    name: str
    to: ContactPath
    subject: Expression
    text: Expression
    html: Expression | None = None
    reply_to: Expression | None = None
    bcc: tuple[str, ...] = ()
    late: Duration | None = None
    cc: tuple[Expression, ...] = ()
    by_language: tuple[MailText, ...] = ()
    in_language: str = ""


class SendMessageStep(Node, tag_field="do", tag="send_message", frozen=True, kw_only=True):
    """Write to a contact by a channel; in its texts `contact` is the recipient. `late` is not kept to yet."""

    name: str
    to: ContactPath
    via: str
    message: MessageContent
    late: Duration | None = None


class SendConversionStep(Node, tag_field="do", tag="send_conversion", frozen=True, kw_only=True):
    """Tell the advertising platform that somebody converted; `with_` are extra values beside the amount."""

    name: str
    event: str
    to: ContactPath
    value: Expression | None = None
    lead_id: Expression | None = None
    with_: dict[str, Expression] = msgspec.field(default_factory=dict)


class WaitStep(Node, tag_field="do", tag="wait", frozen=True, kw_only=True):
    """Let time pass; other deals and other automations go on."""

    name: str
    duration: Duration


class WaitForStep(Node, tag_field="do", tag="wait_for", frozen=True, kw_only=True):
    """Wait for a date of the deal, so long `before` it or `after` it. Not done yet (compile/later.py).

    If the time is over already, `late` says whether to run on or to skip what comes after.
    """

    name: str
    until: Ref
    before: Duration | None = None
    after: Duration | None = None
    late: Literal["run", "skip"] = "run"


class MuteStep(Node, tag_field="do", tag="mute", frozen=True, kw_only=True):
    """Keep all automations from writing to a person for so long. Not done yet."""

    name: str
    who: ContactPath
    for_: Duration


class WaitUntilStep(Node, tag_field="do", tag="wait_until", frozen=True, kw_only=True):
    """Wait until `until` is true or one of `on` happens to the deal; after `timeout` do `on_timeout` and go on."""

    name: str
    timeout: Duration
    until: Condition | None = None
    on: tuple[Trigger, ...] = ()
    on_timeout: tuple[Step, ...] = ()


class LookupStep(Node, tag_field="do", tag="lookup", frozen=True, kw_only=True):
    """Ask a named outside system for facts; when it gives none, do `on_error` and go on.

    `gives` are the names and types of what its answer must hold, `timeout` seconds (None: the target's), `cache` how
    long an answer to the same question is used again. `reveals` are the paths of sensitive fields it may be asked with.
    `optional` are those of the names that may be missing.
    """

    name: str
    system: str
    path: str
    ask: dict[str, Expression]
    gives: dict[str, Given]
    timeout: int | None = None
    cache: Duration | None = None
    on_error: tuple[Step, ...] = ()
    reveals: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


class Answer(Node, frozen=True, kw_only=True):
    """One answer to a question, and what is done after it."""

    answer: str
    do: tuple[Step, ...]


class AskStep(Node, tag_field="do", tag="ask", frozen=True, kw_only=True):
    """Ask a person and wait for the answer; when nobody has answered `within` that time, do `late` and go on."""

    name: str
    who: Expression
    question: Expression
    answers: tuple[Answer, ...]
    within: Duration
    late: tuple[Step, ...] = ()


class StopStep(Node, tag_field="do", tag="stop", frozen=True, kw_only=True):
    """End the execution here, done."""

    name: str


class Case(Node, frozen=True, kw_only=True):
    """One way through a branch."""

    when: Condition
    do: tuple[Step, ...]


class BranchStep(Node, tag_field="do", tag="branch", frozen=True, kw_only=True):
    """The first case that is true is taken.

    When none is true: if any case was unknown, `unset` is taken (None: the branch is passed, with a trace); otherwise
    `otherwise`, which means *false*, never *unknown*.
    """

    name: str
    cases: tuple[Case, ...]
    otherwise: tuple[Step, ...] = ()
    unset: tuple[Step, ...] | None = None


ActionStep: TypeAlias = (
    CreateDealStep
    | UpdateDealStep
    | MoveDealStep
    | MoveBackStep
    | SetTaskStep
    | SendEventStep
    | ChangeTagsStep
    | CompleteTasksStep
    | AddNoteStep
    | NotifyStep
    | CreateContactStep
    | UpdateContactStep
    | UpdateCompanyStep
    | CreateRecordStep
    | UpdateRecordStep
    | RemoveRecordStep
    | SendEmailStep
    | SendMessageStep
    | SendConversionStep
    | LookupStep
)
"""A step that makes an effect."""

Step: TypeAlias = (
    CreateDealStep
    | UpdateDealStep
    | MoveDealStep
    | MoveBackStep
    | SetTaskStep
    | SendEventStep
    | ChangeTagsStep
    | CompleteTasksStep
    | AddNoteStep
    | NotifyStep
    | CreateContactStep
    | UpdateContactStep
    | UpdateCompanyStep
    | CreateRecordStep
    | UpdateRecordStep
    | RemoveRecordStep
    | SendEmailStep
    | SendMessageStep
    | SendConversionStep
    | LookupStep
    | WaitStep
    | WaitForStep
    | MuteStep
    | WaitUntilStep
    | AskStep
    | StopStep
    | BranchStep
)
"""Any step."""


_STEPS: Final = frozenset(get_args(Step))


def is_step(node: object) -> TypeGuard[Step]:
    """Say whether this is a step; asking `isinstance` tries two dozen of them in turn."""
    return type(node) in _STEPS


def ways_of(step: Step) -> tuple[tuple[Step, ...], ...]:
    """Return the steps of every way through a step that has other steps in it; none for one that has not."""
    match step:
        case BranchStep():
            return (*(case.do for case in step.cases), step.otherwise, step.unset or ())
        case WaitUntilStep():
            return (step.on_timeout,)
        case LookupStep():
            return (step.on_error,)
        case AskStep():
            return (*(answer.do for answer in step.answers), step.late)
        case _:
            return ()


_WITH_WAYS: Final = (BranchStep, WaitUntilStep, LookupStep, AskStep)


def all_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps, and those inside their branches."""
    for step in steps:
        yield step
        if isinstance(step, _WITH_WAYS):
            for way in ways_of(step):
                yield from all_steps(way)


def actions(steps: tuple[Step, ...]) -> Iterator[ActionStep]:
    """Return every action among the steps, in the order they are written, branches included."""
    for step in steps:
        match step:
            case BranchStep() | WaitUntilStep() | AskStep():
                for way in ways_of(step):
                    yield from actions(way)
            case WaitStep() | WaitForStep() | MuteStep() | StopStep():
                continue
            case LookupStep():
                yield step
                yield from actions(step.on_error)
            case _:
                yield step


def ends_with(steps: tuple[Step, ...], name: str) -> bool:
    """Say whether the step of that name ends the steps, or a way of the last of them: nothing stands behind it."""
    return bool(steps) and (steps[-1].name == name or any(ends_with(way, name) for way in ways_of(steps[-1])))


def asks(steps: tuple[Step, ...]) -> Iterator[AskStep]:
    """Return every step among the steps that asks a person, those inside of others included."""
    for step in steps:
        if isinstance(step, AskStep):
            yield step
        for way in ways_of(step):
            yield from asks(way)


def waits(steps: tuple[Step, ...]) -> Iterator[WaitUntilStep]:
    """Return every step among the steps that waits for something to happen, those inside of others included."""
    for step in steps:
        if isinstance(step, WaitUntilStep):
            yield step
        for way in ways_of(step):
            yield from waits(way)


def role_of(step: ActionStep) -> RoleValue | None:
    """Return the role that a step is for, if it is for one."""
    match step:
        case SetTaskStep(owner=RoleValue() as role) | CreateDealStep(owner=RoleValue() as role):
            return role
        case NotifyStep(who=RoleValue() as role):
            return role
        case UpdateDealStep(changes=changes):
            owner = changes.get("owner")
            return owner if isinstance(owner, RoleValue) else None
    return None


def picks(steps: tuple[Step, ...]) -> Iterator[RoleValue]:
    """Return every role that the steps are for, or ask, those inside of others included."""
    for given in (*map(role_of, actions(steps)), *(step.who for step in asks(steps))):
        if isinstance(given, RoleValue):
            yield given
