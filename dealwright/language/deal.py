"""The fields of deals, contacts and events, as authors name them."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Protocol, TypeVar

from dealwright.language.company import CompanyFields
from dealwright.language.contacts import ContactsFields
from dealwright.language.custom import FieldsMeta, check_names
from dealwright.language.fields import (
    DayField,
    IdField,
    MomentField,
    MoneyField,
    PipelineField,
    StageField,
    TagsField,
    TextField,
    UserField,
)
from dealwright.language.groups import Group, path_of
from dealwright.language.origin import refused
from dealwright.language.records import Records, RecordType, checked_kind, segment
from dealwright.model.crm import LONGEST_ROLE, role_key


class ContactFields(Group, metaclass=FieldsMeta):
    """The fields of a contact; a company's own stand in a class that extends it.

    Called on a contact of the event, it says that this one has the class's fields: `ClinicContact(event.contact)`.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        check_names(cls, ContactFields, "a contact", ("custom",))

    def __init__(self, of: ContactFields | None = None, /, *, _path: str = "contact") -> None:
        super().__init__(path_of(of, ContactFields, "event.contact") or _path)

    @property
    def id(self) -> IdField:
        """The contact's id."""
        return IdField(f"{self._path}.id")

    @property
    def name(self) -> TextField:
        """The contact's whole name."""
        return TextField(f"{self._path}.name")

    @property
    def first_name(self) -> TextField:
        """The contact's first name."""
        return TextField(f"{self._path}.first_name")

    @property
    def last_name(self) -> TextField:
        """The contact's last name."""
        return TextField(f"{self._path}.last_name")

    @property
    def phone(self) -> TextField:
        """The contact's phone number, as the CRM holds it."""
        return TextField(f"{self._path}.phone")

    @property
    def email(self) -> TextField:
        """The contact's e-mail address."""
        return TextField(f"{self._path}.email")


_Contact = TypeVar("_Contact", bound=ContactFields)
_Contact_co = TypeVar("_Contact_co", bound=ContactFields, covariant=True)


class HasContacts(Protocol[_Contact_co]):
    """Fields of a deal whose contacts have these fields: how `main_contact` is of the class that `contact` names."""

    _path: str

    @property
    def contact(self) -> _Contact_co:
        """A contact of the deal."""
        ...


def contact_at(deal: HasContacts[_Contact], path: str) -> _Contact:
    """Return the fields of the contact at a path, of the class that the deal's contacts have."""
    return type(deal.contact)(_path=path)


class DealFields(Group, metaclass=FieldsMeta):
    """The fields of a deal: `deal = DealFields()`, then `deal.amount > 0`; a company's own stand in a class of it.

    `contact: ClinicContact = ClinicContact()` and `company: Firm = Firm()` in the class say which fields the contacts
    and the company of a deal have. Called on the deal before the event, it says that this one has the class's
    fields: `ClinicDeal(event.before).dentist`.
    """

    __slots__ = ("_kinds",)
    _joined: ClassVar[tuple[type[ContactFields], type[CompanyFields]]] = (ContactFields, CompanyFields)
    _kinds: tuple[type[ContactFields], type[CompanyFields]]

    def __init_subclass__(cls) -> None:
        contact, company = cls._joined
        contact = _joined(cls, "contact", ContactFields) or contact
        company = _joined(cls, "company", CompanyFields) or company
        cls._joined = (contact, company)
        check_names(cls, DealFields, "a deal", ("name", "custom"))

    def __init__(
        self,
        of: DealFields | None = None,
        /,
        *,
        contact: ContactFields | None = None,
        company: CompanyFields | None = None,
        _path: str = "deal",
    ) -> None:
        super().__init__(path_of(of, DealFields, "event.before") or _path)
        _check_part("contact", contact, ContactFields)
        _check_part("company", company, CompanyFields)
        kinds = (
            self._joined[0] if contact is None else type(contact),
            self._joined[1] if company is None else type(company),
        )
        object.__setattr__(self, "_kinds", kinds)

    @property
    def contact(self) -> ContactFields:
        """Whom a message goes to, known in its texts only; elsewhere say which contact: `main_contact`."""
        return self._kinds[0]()

    @property
    def id(self) -> IdField:
        """The deal's id."""
        return IdField(f"{self._path}.id")

    @property
    def title(self) -> TextField:
        """The deal's title."""
        return TextField(f"{self._path}.title")

    @property
    def pipeline(self) -> PipelineField:
        """The pipeline the deal is in."""
        return PipelineField(f"{self._path}.pipeline")

    @property
    def stage(self) -> StageField:
        """The stage the deal stands in."""
        return StageField(f"{self._path}.stage")

    @property
    def owner(self) -> UserField:
        """The user who owns the deal."""
        return UserField(f"{self._path}.owner")

    @property
    def amount(self) -> MoneyField:
        """What the deal is worth."""
        return MoneyField(f"{self._path}.amount")

    @property
    def close_date(self) -> DayField:
        """The day the deal is expected to close, or closed."""
        return DayField(f"{self._path}.close_date")

    @property
    def reference(self) -> TextField:
        """The deal's number in another system."""
        return TextField(f"{self._path}.reference")

    @property
    def tags(self) -> TagsField:
        """The deal's tags."""
        return TagsField(f"{self._path}.tags")

    @property
    def company(self) -> CompanyFields:
        """The company the deal is with: as a text its name."""
        return self._kinds[1](_path=f"{self._path}.company")

    @property
    def main_contact(self: HasContacts[_Contact]) -> _Contact:
        """The contact that stands first on the deal."""
        return contact_at(self, f"{self._path}.main_contact")

    @property
    def contacts(self) -> ContactsFields:
        """All contacts of the deal: `deal.contacts.any(contact.email.is_set())`, `deal.contacts.count`."""
        return ContactsFields(f"{self._path}.contacts")

    def records(self, kind: RecordType, /) -> Records:
        """The deal's records of a kind: `deal.records(Instalment).any(Instalment.paid.is_false())`."""
        kind = checked_kind(kind, "deal.records()")
        if self._path != "deal":
            hint = f"only deal.records({kind.__name__}) is known"
            raise refused(f"{self._path}.records() cannot be asked", hint=hint)
        return Records(f"deal.records.{segment(kind._key)}", kind)

    def contact_as(self: HasContacts[_Contact], role: str, /) -> _Contact:
        """The contact that has this role on the deal (of several the first), in a text `deal.contact_as.buyer.name`."""
        key = role_key(role) if isinstance(role, str) else ""
        if not key:
            shown = repr(role)[:80] if isinstance(role, str) else f"a {type(role).__name__}"
            hint = f'write {self._path}.contact_as("buyer"): it begins with a letter, {LONGEST_ROLE} characters at most'
            raise refused(f"{shown} cannot be the role of a contact", hint=hint)
        return contact_at(self, f"{self._path}.contact_as.{key}")

    @property
    def lost_reason(self) -> TextField:
        """Why the deal was lost."""
        return TextField(f"{self._path}.lost_reason")

    @property
    def created_at(self) -> MomentField:
        """When the deal was created."""
        return MomentField(f"{self._path}.created_at")

    @property
    def stage_since(self) -> MomentField:
        """When the deal entered its present stage."""
        return MomentField(f"{self._path}.stage_since")


class TaskFields(Group):
    """The fields of the task that was completed."""

    __slots__ = ()

    @property
    def id(self) -> IdField:
        """The task's id."""
        return IdField(f"{self._path}.id")

    @property
    def text(self) -> TextField:
        """What was to be done."""
        return TextField(f"{self._path}.text")

    @property
    def due_at(self) -> MomentField:
        """Until when."""
        return MomentField(f"{self._path}.due_at")

    @property
    def owner(self) -> NameFields:
        """Who had to do it; only the name is known."""
        return NameFields(f"{self._path}.owner")


class ActivityFields(Group):
    """The fields of the activity that was logged."""

    __slots__ = ()

    @property
    def id(self) -> IdField:
        """The activity's id."""
        return IdField(f"{self._path}.id")

    @property
    def kind(self) -> TextField:
        """`call`, `meeting` or `email`."""
        return TextField(f"{self._path}.kind")

    @property
    def at(self) -> MomentField:
        """When it happened."""
        return MomentField(f"{self._path}.at")

    @property
    def outcome(self) -> TextField:
        """What came of it."""
        return TextField(f"{self._path}.outcome")

    @property
    def text(self) -> TextField:
        """What was written down about it."""
        return TextField(f"{self._path}.text")

    @property
    def by(self) -> NameFields:
        """Who did it; only the name is known."""
        return NameFields(f"{self._path}.by")


class MessageFields(Group):
    """The fields of the message that came in."""

    __slots__ = ()

    @property
    def id(self) -> IdField:
        """The message's id."""
        return IdField(f"{self._path}.id")

    @property
    def text(self) -> TextField:
        """What was said; of a button its text."""
        return TextField(f"{self._path}.text")

    @property
    def button(self) -> TextField:
        """The id of the button that was pressed; unset if it was in words."""
        return TextField(f"{self._path}.button")

    @property
    def at(self) -> MomentField:
        """When it came."""
        return MomentField(f"{self._path}.at")


class NameFields(Group):
    """Somebody of whom an event tells the name."""

    __slots__ = ()

    @property
    def name(self) -> TextField:
        """The whole name."""
        return TextField(f"{self._path}.name")


class EventFields(Group):
    """What only the event knows; each trigger says which of these it has."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("event")

    @property
    def contact(self) -> ContactFields:
        """The contact that was added, removed or updated, or that has written."""
        return ContactFields(_path="event.contact")

    @property
    def before(self) -> DealFields:
        """The deal as it was before the event."""
        return DealFields(_path="event.before")

    @property
    def task(self) -> TaskFields:
        """The task that was completed."""
        return TaskFields("event.task")

    @property
    def activity(self) -> ActivityFields:
        """The activity that was logged."""
        return ActivityFields("event.activity")

    @property
    def reason(self) -> TextField:
        """Why a message could not be delivered."""
        return TextField("event.reason")

    @property
    def message(self) -> MessageFields:
        """The message that came in."""
        return MessageFields("event.message")

    def data(self, name: str, /) -> TextField:
        """What an event from outside told under that name: a text, which `event_received(data=[...])` lists."""
        if not isinstance(name, str) or not is_data_name(name):
            shown = repr(name)[:80] if isinstance(name, str) else f"a {type(name).__name__}"
            raise refused(f"{shown} is not a name in the data of an event", hint='write event.data("number")')
        return TextField(f"event.data.{name}")


def _check_part(part: str, given: object, kind: type) -> None:
    if given is not None and not isinstance(given, kind):
        shown = given.__name__ if isinstance(given, type) else type(given).__name__
        hint = f"write {shown}(), with parentheses" if isinstance(given, type) else f"{part}={kind.__name__}()"
        raise refused(f"{part} of a deal's fields is fields of a {part}, and {shown} is not", hint=hint)


def _joined(owner: type, part: str, kind: type[Any]) -> type[Any] | None:
    """Take what a class says of its contacts or company out of its body; the property of that name stays."""
    said = vars(owner).get(part)
    if isinstance(said, type) and issubclass(said, kind):
        raise refused(f"{part} of {owner.__name__} is the class {said.__name__}", hint=f"write {said.__name__}()")
    if not isinstance(said, kind):
        return None
    delattr(owner, part)
    return type(said)


def is_data_name(text: str) -> bool:
    """Say whether something in the data of an event from outside can be named so."""
    return text.isascii() and text.isidentifier() and not text.startswith("_") and len(text) <= 60


event: Final = EventFields()
"""The event that started the automation."""

contact: Final = ContactFields()
"""One of a deal's contacts, inside of `deal.contacts.any(...)`; in the texts of a message whom it goes to."""
