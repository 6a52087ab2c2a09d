"""Turns steps about a contact into requests: one that is made, one that is changed, one that is written to."""

from __future__ import annotations

import html
from typing import Any

import msgspec

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.languages import chosen
from dealwright.engine.render_custom import customs
from dealwright.engine.render_values import NobodyThere, NothingToDo, Unrenderable, text_of
from dealwright.language import templates
from dealwright.language.characters import one_line
from dealwright.language.facts import contact_name
from dealwright.language.schema import CONTACT_FIELDS
from dealwright.model.address import is_address
from dealwright.model.crm import Contact
from dealwright.model.messages import MOST_SUBJECT
from dealwright.model.requests import ContactChanges, CreateContact, SendEmail, UpdateContact


def create_contact(step: ir.CreateContactStep, view: View) -> CreateContact:
    """Return the request for a new contact; what is unset is left out."""
    fields = {name: _entered(step.fields[name], view, name) for name in step.fields if name in CONTACT_FIELDS}
    own = tuple(each for each in customs(step.fields, CONTACT_FIELDS, view.own.contact, view) if each.value is not None)
    if not own and not any(fields.values()):
        raise NobodyThere(f"nothing is known of the contact: {', '.join(step.fields)} unset")
    role = msgspec.UNSET if step.role is None else step.role
    made = CreateContact(deal_id=view.deal.id, custom=own or msgspec.UNSET, role=role)
    return msgspec.structs.replace(made, **fields)


def update_contact(step: ir.UpdateContactStep, view: View) -> UpdateContact:
    """Return the request for changes of a contact.

    Only `None`, as the author wrote it, clears a field: a fact that is unset here must not wipe out what is known.
    """
    contact = somebody(step.contact, view)
    changes = {
        name: None if isinstance(expression, ir.Cleared) else _entered(expression, view, name)
        for name, expression in step.changes.items()
        if name in CONTACT_FIELDS
    }
    kept: dict[str, Any] = {
        name: value
        for name, value in changes.items()
        if value is not None or isinstance(step.changes[name], ir.Cleared)
    }
    own = tuple(
        each
        for each in customs(step.changes, CONTACT_FIELDS, view.own.contact, view, _as_read(contact, view).custom)
        if each.value is not None or isinstance(step.changes.get(each.key, ir.Cleared()), ir.Cleared)
    )
    if own:
        kept["custom"] = own
    if not kept:
        raise NothingToDo(f"{', '.join(step.changes)} unset, which changes nothing of {called(step.contact)}")
    return UpdateContact(contact_id=contact.id, deal_id=view.deal.id, changes=ContactChanges(**kept))


def send_email(step: ir.SendEmailStep, view: View) -> SendEmail:
    """Return the request for an e-mail, its texts filled in for the recipient."""
    recipient = somebody(step.to, view)
    address = (recipient.email or "").strip()
    if not address:
        raise NobodyThere(f"{called(step.to)} has no e-mail address")
    if not is_address(address):
        raise NobodyThere(f"what {called(step.to)} has for an e-mail address is none")
    mail = chosen(step.by_language, view.account, recipient) if step.by_language else step
    theirs = view.for_recipient(recipient, step.in_language if isinstance(mail, ir.SendEmailStep) else mail.language)
    text = text_of(mail.text, theirs, "text")
    if not text or text.isspace():
        raise Unrenderable("the text of the e-mail is empty")
    return SendEmail(
        deal_id=view.deal.id,
        contact_id=recipient.id,
        to=address,
        to_name=_one_line(contact_name(recipient)),
        subject=_subject(mail.subject, theirs),
        text=text,
        html=None if mail.html is None else _html(mail.html, theirs),
        reply_to=_reply_to(step.reply_to, theirs),
        bcc=step.bcc,
        cc=_copied(step.cc, view, address),
    )


def somebody(path: ir.ContactPath, view: View) -> Contact:
    """Return whom a step is about.

    Raises:
        NobodyThere: nobody is.
    """
    contact = view.contact_at(path)
    if contact is None:
        if path.startswith("deal.contact_as."):
            raise NobodyThere(f"the deal has no contact as {path.removeprefix('deal.contact_as.')}")
        raise NobodyThere("the deal has no contact" if path == "deal.main_contact" else "the event has no contact")
    return contact


def called(path: ir.ContactPath) -> str:
    """Return what a contact is called where it is said what is wrong with it."""
    match path:
        case "deal.main_contact":
            return "the deal's main contact"
        case "event.contact":
            return "the event's contact"
        case _:
            return f"the deal's contact as {path.removeprefix('deal.contact_as.')}"


def _copied(expressions: tuple[ir.Expression, ...], view: View, to: str) -> tuple[str, ...]:
    """The addresses that are there, each once and not the recipient's: a copy that reaches nobody is no mistake."""
    found = [(text_of(each, view, "cc") or "").strip() for each in expressions]
    return tuple(dict.fromkeys(each for each in found if is_address(each) and each.casefold() != to.casefold()))


def _as_read(contact: Contact, view: View) -> Contact:
    """Return the contact with its own fields under the names that they were read under."""
    read = (*view.facts.deal.contacts, view.facts.contact)
    return next((each for each in read if each is not None and each.id == contact.id), contact)


def _entered(expression: ir.Expression, view: View, field: str) -> str | None:
    """One line for a contact's field; nothing but space is nothing."""
    return _one_line(text_of(expression, view, field))


def _one_line(text: str | None) -> str | None:
    return (" ".join(one_line(text).split()) or None) if text else None


def _subject(expression: ir.Expression, view: View) -> str:
    """A subject is one line whatever the facts hold: a line break in it would begin a header of its own."""
    line = _one_line(text_of(expression, view, "subject"))
    if line is None:
        raise Unrenderable("the subject of the e-mail is empty")
    return line if len(line) <= MOST_SUBJECT else f"{line[: MOST_SUBJECT - 1].rstrip()}…"


def _html(expression: ir.Expression, view: View) -> str:
    """The author's HTML as it is, what deals and contacts hold escaped."""
    match expression:
        case ir.TemplateText(source=source):
            facts = view.texts(templates.paths(source))
            return templates.render(source, facts, calendar_zone=view.account.calendar.zone, html=True)
        case ir.TextValue(value=source):
            return source
        case _:
            return html.escape(text_of(expression, view, "html") or "")


def _reply_to(expression: ir.Expression | None, view: View) -> str | None:
    """Where answers go; without one (an owner without an address) they go to the sender."""
    address = (text_of(expression, view, "reply_to") or "").strip()
    if address and not is_address(address):
        raise Unrenderable("reply_to is not an e-mail address")
    return address or None
