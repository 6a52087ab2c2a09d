"""Changes of contacts and users; a contact's change is told once, with the open deals it concerns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import UNSET
from msgspec.structs import asdict, replace

from dealwright.model.crm import Contact, Deal, User
from dealwright.model.custom import held_in, merged
from dealwright.model.events import MOST_DEALS, ContactUpdated
from dealwright.model.requests import ContactChanges, CreateContact
from dealwright_embedded_crm import reads, values
from dealwright_embedded_crm.change_base import Origin, contact_row
from dealwright_embedded_crm.change_deals import DealChange
from dealwright_embedded_crm.values import Refusal

_BUILT_IN: Final = tuple(name for name in Contact.__struct_fields__ if name not in ("id", "custom"))


class ContactChange(DealChange):
    """What happens to contacts and users."""

    def add_user(self, name: str, email: str | None) -> User:
        """Make a user.

        Raises:
            Refusal: no name, or the e-mail is another user's.
        """
        clean = values.line("name", name)
        if clean is None:
            raise Refusal("bad_name", "a user needs a name")
        email = values.line("email", email)
        if email is not None and any(user.email == email for user in self.catalog.users.values()):
            raise Refusal("bad_email", "another user has this e-mail")
        user = User(id=self._next("user"), name=clean, email=email)
        self._rows["users"].append({"id": int(user.id), "name": user.name, "email": user.email})
        self.catalog.add(user)
        return user

    def add_contact(self, contact: Contact, origin: Origin | None = None) -> Contact:
        """Make a contact; its id is given here, and a missing name is put together from its parts.

        Raises:
            Refusal: nothing is known of it, or a value cannot be kept.
        """
        made = clean_contact(replace(contact, id=""))
        own = merged(UNSET, self.own("contact", contact.custom or (), origin))
        made = replace(made, id=self._next("contact"), custom=own)
        self._rows["contacts"].append({**contact_row(made, self.now), "created_at": self.now})
        self._contacts[made.id] = made
        return made

    def create_contact(self, wanted: CreateContact, origin: Origin) -> Contact:
        """Make a contact and add it to a deal, last.

        Raises:
            Refusal: there is no such deal, it has too many contacts, or as for a new contact.
        """
        self._check_room(self.deal(wanted.deal_id))
        role = values.role(wanted.role or None)
        fields = {name: value for name, value in asdict(wanted).items() if name not in ("deal_id", "role")}
        made = self.add_contact(Contact(id="", **fields), origin)
        self.link(wanted.deal_id, made.id, origin, role=role)
        return made

    def update_contact(self, contact_id: str, changes: ContactChanges, origin: Origin) -> tuple[str, ...]:
        """Set fields of a contact; return the names of those that are different now.

        A name that was put together from its parts follows them.

        Raises:
            Refusal: there is no such contact, nothing would be known of it, or a value cannot be kept.
        """
        before = self.contact(contact_id)
        given = changes.given()
        custom = self.own("contact", given.pop("custom", ()), origin)
        own = tuple(each for each in custom if held_in(before.custom, each.key) != each.value)
        if "name" not in given and before.name == _put_together(before.first_name, before.last_name):
            given["name"] = None
        after = replace(clean_contact(replace(before, **given)), custom=merged(before.custom, own))
        changed = tuple(name for name in _BUILT_IN if getattr(after, name) != getattr(before, name))
        changed += tuple(each.key for each in own)
        if changed:
            self.renew(after)
            self.tell_contact(origin, before, after, changed)
        return changed

    def load_open_deals(self, contacts: Iterable[str]) -> None:
        """Read the open deals of contacts that will be changed, in bulk."""
        known = [self._contacts[each].id for each in contacts if each in self._contacts]
        found = reads.open_deals(self.connection, known)
        self._open.update((each, found.get(each, ([], 0))) for each in known)
        self.load(deals=[deal for ids, _ in found.values() for deal in ids])

    def forget_open_deals(self) -> None:
        """Read anew which deals are open, the next time it is asked."""
        self._open.clear()

    def renew(self, contact: Contact) -> None:
        """Let a loaded contact be another from now on, on its deals too."""
        self._contacts[contact.id] = contact
        self._renewed.add(contact.id)
        self._rewritten[contact.id] = None

    def tell_contact(
        self,
        origin: Origin,
        before: Contact,
        after: Contact,
        changed: Sequence[str],
        absorbed: tuple[Contact, ...] = (),
    ) -> None:
        """Lay the one event about a contact in the outbox, with its newest open deals as they are now."""
        deals, more = self.open_deals_of(after.id)
        self._emit(
            ContactUpdated,
            origin,
            None,
            contact=after,
            previous=before,
            changed=tuple(changed),
            deals=deals,
            more=more,
            absorbed=absorbed,
        )

    def open_deals_of(self, contact_id: str) -> tuple[tuple[Deal, ...], int]:
        """Return a contact's newest open deals as they are now, and how many there are beyond."""
        if self._created or self._changed or self._relinked:
            # What this transaction did to deals must be seen in the question which of them are open.
            self.flush()
            self.forget_open_deals()
        if contact_id not in self._open:
            self.load_open_deals([contact_id])
        ids, many = self._open[contact_id]
        deals = tuple(self.deal(each) for each in ids[:MOST_DEALS])
        return deals, many - len(deals)


def clean_contact(contact: Contact) -> Contact:
    """Return a contact whose values can be kept, with its name put together; its own fields are left as they are.

    Raises:
        Refusal: nothing is known of it, or a value cannot be kept.
    """
    fields = {name: values.line(name, getattr(contact, name)) for name in _BUILT_IN}
    if fields["name"] is None:
        fields["name"] = _put_together(fields["first_name"], fields["last_name"])
    if not any(fields.values()):
        raise Refusal("bad_contact", "a contact needs a name, a phone or an e-mail")
    return replace(contact, **fields)


def _put_together(first_name: str | None, last_name: str | None) -> str | None:
    return " ".join(part for part in (first_name, last_name) if part) or None
