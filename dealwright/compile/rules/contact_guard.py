"""DW218: a text or an action uses a contact that may not be there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, TypeGuard

from dealwright.compile import ir
from dealwright.compile.atoms import Atom
from dealwright.compile.later import MESSAGES, OURS
from dealwright.compile.possible import possible, unset
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.texts import gap_paths, texts_of
from dealwright.compile.rules.ways import Place

_ROLE: Final = re.compile(r"\.contact_as\.(\w+)")
_CONTACTS: Final = ("deal.main_contact.", "deal.contact_as.", "event.contact.")
_NAMES: Final = ("name", "first_name", "last_name")
_PARTS: Final = ("id", *_NAMES, "phone", "email")


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        parts = {*_PARTS, *(shape.key for shape in account.contact_fields)}
        for place in subject.places(account, automation):
            for path in _used(place.step, parts):
                if _is_there(path, automation.on, place):
                    continue
                file, line = subject.step_at(automation, place.step.name)
                yield Spot(
                    path=file,
                    line=line,
                    message=f"{place.step.name!r} uses {path}, and {_says(path, place)}",
                    hint=_hint(path, place.step),
                )
                break
            if isinstance(place.step, ir.SendConversionStep) and _may_be_nobody(place.step, place):
                file, line = subject.step_at(automation, place.step.name)
                yield Spot(
                    path=file,
                    line=line,
                    message=f"{place.step.name!r} is matched by {place.step.to}, and nothing says that it has a phone"
                    " or an e-mail address",
                    hint=f"write when=[{_typed(place.step.to)}.phone.is_set()"
                    f" | {_typed(place.step.to)}.email.is_set(), ...]",
                )


def _says(path: str, place: Place) -> str:
    there = possible(*place.known, [(Atom(path, "set"),)])
    return "nothing says that it is set" if there else "it comes here only where that is unset"


def _may_be_nobody(step: ir.SendConversionStep, place: Place) -> bool:
    """Say whether there may be nothing to match a conversion with, which is then not told."""
    match step.lead_id:
        case None:
            matched = unset(f"{step.to}.phone", f"{step.to}.email")
        case ir.Ref(path=path):
            matched = unset(f"{step.to}.phone", f"{step.to}.email", path)
        case _:
            return False
    return possible(*place.known, matched)


def _hint(path: str, step: ir.Step) -> str:
    guard = f"when=[{_typed(path)}.is_set(), ...]"
    bare = any(path in text for text in texts_of(step))
    return f"write {guard}, or {{{{ {path} or 'them' }}}}" if bare else f"write {guard}"


def _typed(path: str) -> str:
    """The path as conditions spell it: a role stands in parentheses there."""
    return _ROLE.sub(r'.contact_as("\1")', path)


def _used(step: ir.Step, parts: Collection[str]) -> Iterator[str]:
    """Yield the contact's fields that the step cannot do without."""
    if isinstance(step, ir.SendEmailStep):
        yield f"{step.to}.email"
    if isinstance(step, ir.SendMessageStep):
        # A conversation of the CRM needs no more than somebody to have it with; others go to a phone.
        yield f"{step.to}.id" if step.via == OURS else f"{step.to}.phone"
    for path in gap_paths(step):
        # In a message, `contact` is the recipient.
        path = f"{step.to}.{path.removeprefix('contact.')}" if _is_recipient(step, path) else path
        if path.rpartition(".")[2] not in parts:
            continue  # there is no such fact, which is told
        if path.startswith(_CONTACTS) and not path.endswith(".id"):
            yield path


def _is_recipient(step: ir.Step, path: str) -> TypeGuard[ir.SendEmailStep | ir.SendMessageStep]:
    return isinstance(step, MESSAGES) and path.startswith("contact.")


def _is_there(path: str, on: ir.Trigger, place: Place) -> bool:
    contact, _, part = path.rpartition(".")
    message = isinstance(place.step, MESSAGES)
    if not possible(*place.known, unset(path)):
        return True
    if part != "id" and (part not in _NAMES or message):
        return False
    # That there is a contact is enough for a name that only our own people read.
    return contact == "event.contact" or not possible(*place.known, unset(*(f"{contact}.{each}" for each in _PARTS)))


RULE: Final = Rule(
    code="DW218",
    severity="warning",
    title="a contact is used that may not be there",
    reason=(
        "Half of all inquiries have no phone, some have no contact at all: the text reads 'Call ' and the e-mail "
        "has no address. A condition or an or-else value says what then."
    ),
    bad="""
ask = Automation(
    key="ask",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call {{ deal.main_contact.phone }}", due=hours(1))],
)
""",
    good="""
ask = Automation(
    key="ask",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.phone.is_set()],
    do=[set_task("call", text="Call {{ deal.main_contact.phone }}", due=hours(1))],
)
""",
    look=_look,
)
