"""Steps about contacts: one that is made, one that is changed, one that is written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias, overload

from dealwright.language import values
from dealwright.language.characters import UNSAFE
from dealwright.language.deal import ContactFields
from dealwright.language.durations import Length
from dealwright.language.fields import EmailField, Field, FlagField, IdField, TextField, reference
from dealwright.language.keys import checked_step
from dealwright.language.message_texts import EmailText, is_email_text
from dealwright.language.origin import refused
from dealwright.language.steps import CustomLike, Step, TextLike, length
from dealwright.language.values import KEEP, Keep, Stored
from dealwright.model.address import is_address
from dealwright.model.crm import LONGEST_ROLE, role_key

ContactPath: TypeAlias = str
"""Which contact a step is about: `deal.main_contact`, `deal.contact_as.buyer` or `event.contact`."""

MAX_BCC: Final = 10
"""The most addresses that a message is copied to, openly or not."""


@dataclass(frozen=True, kw_only=True)
class CreateContact(Step):
    """Makes a contact and adds it to the deal, last; later steps may name `contact_id`."""

    kind = "create_contact"
    fields: Mapping[str, Stored]
    role: str | None

    @property
    def contact_id(self) -> IdField:
        """The id of the contact that was made; unset if the step was passed by."""
        return IdField(self._receipt("contact_id"))


@dataclass(frozen=True, kw_only=True)
class UpdateContact(Step):
    """Changes fields of a contact; later steps may name `changed`."""

    kind = "update_contact"
    contact: ContactPath
    changes: Mapping[str, Stored]
    of: type[ContactFields] = ContactFields
    """The class of the contact's fields."""

    @property
    def changed(self) -> FlagField:
        """Whether anything was different; unset if the step was passed by."""
        return FlagField(self._receipt("changed"))


@dataclass(frozen=True, kw_only=True)
class SendEmail(Step):
    """Sends an e-mail to a contact; later steps may name `message_id`."""

    kind = "send_email"
    to: ContactPath
    subject: Stored
    text: Stored
    html: Stored | None
    reply_to: Stored | None
    cc: tuple[Stored, ...]
    bcc: tuple[str, ...]
    late: Length | None = None
    template: EmailText | None = None

    @property
    def message_id(self) -> IdField:
        """The Message-ID it was sent under; unset if the step was passed by."""
        return IdField(self._receipt("message_id"))


# --- constructors ---------------------------------------------------------------------------------------------------


def create_contact(
    step: str,
    /,
    *,
    name: TextLike | None = None,
    first_name: TextLike | None = None,
    last_name: TextLike | None = None,
    phone: TextLike | None = None,
    email: TextLike | None = None,
    role: str | None = None,
    **custom: CustomLike,
) -> CreateContact:
    """Make a contact and add it to the deal, last, as its `role` says; what is unset is left out.

    `custom` are the company's own fields of contacts, by key.
    """
    step = checked_step(step)
    given = {"name": name, "first_name": first_name, "last_name": last_name, "phone": phone, "email": email}
    fields = {part: values.text(value, f"{part} of {step!r}") for part, value in given.items() if value is not None}
    fields |= values.customs(custom, step, create_contact)
    if not fields:
        raise refused(f"{step!r} says nothing of the contact", hint=f'create_contact("{step}", name=..., email=...)')
    if role is not None and not (isinstance(role, str) and role_key(role)):
        raise refused(
            f"role of {step!r} cannot be {_called(role)}",
            hint=f'write role="payer": it begins with a letter, {LONGEST_ROLE} characters at most',
        )
    return CreateContact(name=step, fields=MappingProxyType(fields), role=role)


def update_contact(
    step: str,
    contact: ContactFields,
    /,
    *,
    name: TextLike | Keep | None = KEEP,
    first_name: TextLike | Keep | None = KEEP,
    last_name: TextLike | Keep | None = KEEP,
    phone: TextLike | Keep | None = KEEP,
    email: TextLike | Keep | None = KEEP,
    **custom: CustomLike,
) -> UpdateContact:
    """Set fields of a contact: a text, a field, or None to clear; a field that is unset changes nothing.

    `custom` are the company's own fields of contacts, by key.
    """
    step = checked_step(step)
    given = {"name": name, "first_name": first_name, "last_name": last_name, "phone": phone, "email": email}
    changes: dict[str, Stored] = {}
    for part, value in given.items():
        if not isinstance(value, Keep):
            changes[part] = values.Nothing() if value is None else values.text(value, f"{part} of {step!r}")
    changes |= values.customs(custom, step, update_contact)
    if not changes:
        raise refused(f"{step!r} changes nothing", hint=f'update_contact("{step}", deal.main_contact, phone=...)')
    path = contact_path(contact, f"the contact of {step!r}")
    return UpdateContact(name=step, contact=path, changes=MappingProxyType(changes), of=type(contact))


@overload
def send_email(
    name: str,
    *,
    to: ContactFields,
    subject: TextLike,
    text: TextLike,
    html: str | None = None,
    reply_to: str | TextField | EmailField | None = None,
    cc: Sequence[ContactFields | TextField | EmailField | str] = (),
    bcc: Sequence[str] = (),
    late: Length | None = None,
) -> SendEmail: ...
@overload
def send_email(
    name: str,
    *,
    to: ContactFields,
    template: EmailText,
    reply_to: str | TextField | EmailField | None = None,
    cc: Sequence[ContactFields | TextField | EmailField | str] = (),
    bcc: Sequence[str] = (),
    late: Length | None = None,
) -> SendEmail: ...
def send_email(
    name: str,
    *,
    to: ContactFields,
    template: EmailText | None = None,
    subject: TextLike | None = None,
    text: TextLike | None = None,
    html: str | None = None,
    reply_to: str | TextField | EmailField | None = None,
    cc: Sequence[ContactFields | TextField | EmailField | str] = (),
    bcc: Sequence[str] = (),
    late: Length | None = None,
) -> SendEmail:
    """Send an e-mail to a contact; in its texts `contact` is the recipient, and values in `html` are escaped.

    What it says is a `template`, or `subject` and `text`.
    With `late` it is not sent at all if it could only be sent so long after it was due. Not yet: `up` refuses `late`.

    `cc` are contacts, fields that hold an address, or addresses: those that have none are left out.
    """
    name = checked_step(name)
    if template is not None:
        if not is_email_text(template):
            hint = 'quote = EmailText("Your quote", "Dear ..."), then template=quote'
            raise refused(f"template of {name!r} is an EmailText, not {_called(template)}", hint=hint)
        if not (subject is None and text is None and html is None):
            hint = "leave subject, text and html out"
            raise refused(f"{name!r} has a template, and says what it says once more", hint=hint)
        subject = text = "-"
    if subject is None or text is None:
        hint = 'subject="...", text="...", or template=EmailText("...", "...")'
        raise refused(f"{name!r} has no {'subject' if subject is None else 'text'}", hint=hint)
    if html is not None and not isinstance(html, str):
        raise refused(f"html of {name!r} is a text, not {_called(html)}", hint='html="<p>Dear {{ contact.name }}</p>"')
    for part, given in (("subject", subject), ("text", text), ("html", html)):
        if isinstance(given, str) and not given.strip():
            raise refused(f"{part} of {name!r} says nothing", hint=f'{part}="Your offer, {{{{ contact.name }}}}"')
    if isinstance(subject, str) and UNSAFE.search(subject):
        raise refused(
            f"subject of {name!r} is one line of visible characters", hint="take the line break or odd character out"
        )
    recipient = contact_path(to, f"to of {name!r}")
    answered = None if reply_to is None else _reply_to(reply_to, f"reply_to of {name!r}")
    copied = _copied(cc, f"cc of {name!r}")
    own = reference(ContactFields(_path=recipient).email)
    if answered == own:
        hint = "write deal.owner.email, or an address of yours"
        raise refused(f"reply_to of {name!r} is whom it goes to: their answer would come back to them", hint=hint)
    # One list may serve several letters: whom one of them goes to is left out of it when it is sent.
    if copied and all(each == own for each in copied):
        raise refused(
            f"cc of {name!r} is whom it goes to, and nobody else", hint="write somebody else in to= or in cc="
        )
    return SendEmail(
        name=name,
        to=recipient,
        subject=values.text(subject, f"subject of {name!r}"),
        text=values.text(text, f"text of {name!r}"),
        html=None if html is None else values.words(html, f"html of {name!r}"),
        reply_to=answered,
        cc=copied,
        bcc=_addresses(bcc, f"bcc of {name!r}"),
        late=late_after(late, name),
        template=template,
    )


def late_after(given: object, name: str) -> Length | None:
    """Return after what time a message comes too late to be sent."""
    if given is None:
        return None
    kept = length(given, f"late of {name!r}")
    if kept.amount == 0:
        raise refused(f"{name!r} would always come too late", hint="late=hours(6)")
    return kept


def contact_path(given: object, what: str) -> ContactPath:
    """Return the path of one contact of the deal or of the event."""
    hint = 'write deal.main_contact, deal.contact_as("buyer") or event.contact'
    if not isinstance(given, ContactFields):
        raise refused(f"{what} is a contact, not {_called(given)}", hint=hint)
    path = given._path
    if path not in ("deal.main_contact", "event.contact") and not path.startswith("deal.contact_as."):
        raise refused(f"{what} cannot be {path}", hint=hint)
    return path


_NO_ADDRESS: Final = frozenset({"name", "first_name", "last_name", "phone", "title", "company", "lost_reason"})
"""How the built-in fields end that are texts and never an address; a company's own text may hold one."""


def _reply_to(given: object, what: str) -> Stored:
    _check_address(given, what)
    if not isinstance(given, TextField | EmailField) and not (isinstance(given, str) and is_address(given)):
        raise refused(
            f"{what} is an e-mail address, not {_called(given)}", hint="write deal.owner.email, or an address"
        )
    return values.text(given, what, fields=("text", "email"))


def _copied(given: object, what: str) -> tuple[Stored, ...]:
    hint = 'cc=[deal.contact_as("engineer"), deal.owner.email, "sales@acme.example"]'
    if not isinstance(given, list | tuple):
        raise refused(f"{what} is a list of contacts and addresses, not {_called(given)}", hint=hint)
    if len(given) > MAX_BCC:
        raise refused(f"{what} lists more than {MAX_BCC}", hint="copy to one address that forwards")
    found: list[Stored] = []
    for each in given:
        if isinstance(each, ContactFields):
            found.append(reference(ContactFields(_path=contact_path(each, what)).email))
            continue
        _check_address(each, what)
        if isinstance(each, TextField | EmailField) or (isinstance(each, str) and is_address(each)):
            found.append(values.text(each, what, fields=("text", "email")))
        else:
            raise refused(f"{what} lists contacts and e-mail addresses, and {_called(each)} is none", hint=hint)
    return tuple(found)


def _check_address(given: object, what: str) -> None:
    if not isinstance(given, Field) or given._own is not None:
        return
    holder, _, last = given._path.rpartition(".")
    if last in _NO_ADDRESS and holder.startswith(("deal", "event")) and not holder.startswith("event.data"):
        person = last in ("name", "first_name", "last_name", "phone") and not holder.endswith("company")
        hint = f"write {holder if person else 'deal.owner'}.email"
        raise refused(f"{what} is an e-mail address, and {given._path} is none", hint=hint)


def _addresses(given: object, what: str) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise refused(f"{what} is a list of addresses, not {_called(given)}", hint='bcc=["archive@acme.example"]')
    for address in given:
        if not isinstance(address, str) or not is_address(address):
            raise refused(
                f"{what} lists e-mail addresses, and {_called(address)} is none", hint='bcc=["archive@acme.example"]'
            )
    if len(given) > MAX_BCC:
        raise refused(f"{what} lists more than {MAX_BCC} addresses", hint="copy to one address that forwards")
    return tuple(dict.fromkeys(given))


def _called(value: object) -> str:
    return repr(value)[:80] if isinstance(value, Field | str | int | float | None) else f"a {type(value).__name__}"
