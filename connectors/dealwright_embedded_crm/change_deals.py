"""Changes of deals: created, updated, moved, accepted, declined, cloned, linked and unlinked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from dealwright.model.crm import Contact, ContactRole, Deal, StageShape, User
from dealwright.model.custom import Custom, Customs, held_in, merged
from dealwright.model.events import ContactAdded, ContactRemoved, DealCreated, DealUpdated, StageChanged
from dealwright.model.requests import ChangeTags, CreateDeal, DealChanges, MoveBack, MoveDeal, Refused
from dealwright.model.stage_demands import CLOSED, OWNERLESS, missing_in, reasonless, unknown_reason
from dealwright_embedded_crm import reads, values
from dealwright_embedded_crm.change_base import ChangeBase, Origin
from dealwright_embedded_crm.values import Refusal


class DealChange(ChangeBase):
    """What happens to deals."""

    def create(
        self,
        wanted: CreateDeal,
        origin: Origin,
        *,
        created_at: datetime | None = None,
        stage_since: datetime | None = None,
        lost_reason: str | None = None,
        custom: Customs = UNSET,
    ) -> Deal:
        """Make a deal; its contacts must be loaded. The times are those of an import; else it is now.

        `custom` are own fields as another deal holds them, which are kept as they are.

        Raises:
            Refusal: something that it names is not there, or a value cannot be kept or is missing.
        """
        stage = self.catalog.stage(wanted.pipeline, wanted.stage)[1]
        if len(wanted.contacts) > values.MOST_CONTACTS:
            raise _too_many_contacts()
        contacts = tuple(self.contact(each) for each in wanted.contacts)
        if len({contact.id for contact in contacts}) != len(contacts):
            raise _too_many_contacts()
        created_at = values.aware("created_at", created_at or self.now)
        fields = _clean_fields(
            {
                "title": _title(wanted.title, contacts),
                "amount": wanted.amount,
                "close_date": wanted.close_date,
                "reference": wanted.reference,
                "tags": wanted.tags,
                "company": wanted.company,
            }
        )
        owner = self._owner(stage, self.catalog.owner(wanted.owner), None, origin)
        reason = _reason(stage, lost_reason)
        if stage.kind in CLOSED and fields["close_date"] is None:
            fields["close_date"] = self.today
        custom = merged(custom, self.own("deal", wanted.custom or (), origin))
        _refuse(missing_in(stage, {**fields, "contacts": contacts, "owner": owner}, custom))
        deal = Deal(
            id=self._next("deal"),
            pipeline=wanted.pipeline,
            stage=wanted.stage,
            owner=owner,
            contacts=contacts,
            contact_roles=_known_roles(wanted.contact_roles, contacts),
            custom=custom,
            company_custom=self.company_custom(fields["company"]),
            lost_reason=reason,
            created_at=created_at,
            updated_at=self.now,
            stage_since=values.aware("stage_since", stage_since or created_at),
            version=1,
            **fields,
        )
        self._created.append(deal.id)
        self._deals[deal.id] = deal
        if contacts:
            self._relinked[deal.id] = None
        self._tell(DealCreated, origin, None, deal)
        return deal

    def open_deal_like(self, wanted: CreateDeal) -> str | None:
        """Return the open deal that a deal is not to be made beside: of one of its people, or of its company.

        There is one write transaction at a time, so nobody makes another one between this look and the making.
        """
        pipeline = wanted.unless_open
        if pipeline is UNSET:
            return None
        contacts = {*wanted.contacts, *(wanted.unless_contacts or ())}
        for deal in self._deals.values():
            if deal.pipeline != pipeline or self.catalog.stage(deal.pipeline, deal.stage)[1].kind in CLOSED:
                continue
            shared = any(contact.id in contacts for contact in deal.contacts)
            if shared or (wanted.company is not None and deal.company == wanted.company):
                return deal.id
        found = reads.open_deals_like(self.connection, pipeline, contacts, wanted.company)
        return next((id_ for id_ in found if id_ not in self._deals), None)

    def update(self, deal_id: str, changes: DealChanges, origin: Origin) -> tuple[str, ...]:
        """Set fields of a deal; return the names of those that are different now.

        Raises:
            Refusal: there is no such deal or owner, a value cannot be kept, or what its stage requires is cleared.
        """
        before = self.deal(deal_id)
        stage = self.catalog.stage(before.pipeline, before.stage)[1]
        given = changes.given()
        if "owner" in given:
            given["owner"] = self.catalog.owner(given["owner"])
        custom = self.own("deal", given.pop("custom", ()), origin)
        wanted = _clean_fields(given)
        changed = tuple(name for name, value in wanted.items() if getattr(before, name) != value)
        if "owner" in changed and wanted["owner"] is None and stage.kind != "incoming":
            _refuse(OWNERLESS)
        # What was missing before, such as from an older release, does not stand in the way of other changes.
        own = tuple(each for each in custom if held_in(before.custom, each.key) != each.value)
        _refuse(
            missing_in(stage, {**{name: wanted[name] for name in changed}, **{each.key: each.value for each in own}})
        )
        if changed or own:
            fresh = {name: wanted[name] for name in changed}
            if "company" in fresh:
                fresh["company_custom"] = self.company_custom(fresh["company"])
            after = self._next_version(before, **fresh, custom=merged(before.custom, own))
            changed += tuple(each.key for each in own)
            self._tell(DealUpdated, origin, before, after, changed=changed)
        return changed

    def fill(self, deal_id: str, own: Sequence[Custom], origin: Origin) -> None:
        """Give a deal values of own fields that another deal held, as they are."""
        if own:
            before = self.deal(deal_id)
            after = self._next_version(before, custom=merged(before.custom, own))
            self._tell(DealUpdated, origin, before, after, changed=tuple(each.key for each in own))

    def call_company(self, deals: Sequence[str], name: str, origin: Origin) -> None:
        """Let loaded deals be with a company of that name, which has it by now; each tells it."""
        self._companies_hold = None
        self._held_by_company.clear()
        for deal_id in deals:
            before = self.deal(deal_id)
            after = self._next_version(before, company=name, company_custom=self.company_custom(name))
            self._tell(DealUpdated, origin, before, after, changed=("company",))

    def change_tags(self, wanted: ChangeTags, origin: Origin) -> bool:
        """Add tags and take tags off; a tag in both is there. Return whether any is different now.

        Raises:
            Refusal: there is no such deal, or it would have too many tags.
        """
        add, remove = values.tags(wanted.add), set(values.tags(wanted.remove))
        left = [tag for tag in self.deal(wanted.deal_id).tags if tag not in remove]
        return bool(self.update(wanted.deal_id, DealChanges(tags=(*left, *add)), origin))

    def move(self, wanted: MoveDeal, origin: Origin, *, owner: str | None = None) -> tuple[Deal, Deal]:
        """Move a deal; return it as it was and as it is, which is the same when it need not or must not move.

        With `owner` it is handed over; who comes out of Incoming without an owner gets one. That is an event of its
        own, before the move.

        Raises:
            Refusal: there is no such deal or stage, something that the stage requires is missing, or the lost reason
                is none of the stage's.
        """
        before = self.deal(wanted.deal_id)
        shape, stage = self.catalog.stage(wanted.pipeline, wanted.stage)
        reason = values.line("lost_reason", wanted.lost_reason)
        same_pipeline = before.pipeline == wanted.pipeline
        stays = same_pipeline and before.stage == wanted.stage
        if same_pipeline and wanted.only_forward and shape.position(wanted.stage) < shape.position(before.stage):
            stays = True
        if stays and owner is None:
            _refuse(unknown_reason(stage, reason))
            return before, before
        new_owner = self._owner(stage, self.catalog.owner(owner), before.owner, origin)
        if stays:
            return before, self._hand_over(before, new_owner, origin)
        reason = _reason(stage, wanted.lost_reason)
        closes = stage.kind in CLOSED and before.close_date is None
        close_date = self.today if closes else before.close_date
        _refuse(missing_in(stage, {**asdict(before), "close_date": close_date, "owner": new_owner}, before.custom))
        owned = self._hand_over(before, new_owner, origin)
        after = self._next_version(
            owned,
            pipeline=wanted.pipeline,
            stage=wanted.stage,
            stage_since=self.now,
            lost_reason=reason,
            close_date=close_date,
        )
        self._tell(StageChanged, origin, owned, after)
        return before, after

    def move_back(self, wanted: MoveBack, origin: Origin) -> tuple[Deal, Deal]:
        """Undo a move, if the deal still stands where it was moved to; return it as it was and as it is.

        Raises:
            Refusal: there is no such deal or stage, or something that the stage requires is missing.
        """
        before = self.deal(wanted.deal_id)
        if (before.pipeline, before.stage) != (wanted.leaves_pipeline, wanted.leaves_stage):
            return before, before
        back = MoveDeal(deal_id=wanted.deal_id, pipeline=wanted.pipeline, stage=wanted.stage, only_forward=False)
        return self.move(back, origin)

    def accept(self, deal_id: str, stage: str | None, owner: str | None, origin: Origin) -> Deal:
        """Take a lead out of Incoming into a stage of its pipeline (default: the first open one).

        Raises:
            Refusal: it is not in Incoming, the stage is none to work in, or as for a move.
        """
        deal = self._lead(deal_id)
        shape = self.catalog.pipeline(deal.pipeline)
        key = stage or next((each.key for each in shape.stages if each.kind == "open"), shape.stages[-1].key)
        if self.catalog.stage(shape.key, key)[1].kind in ("incoming", "lost"):
            raise Refusal("bad_stage", f"a lead is accepted into a stage to work in, and {key} is none")
        wanted = MoveDeal(deal_id=deal_id, pipeline=shape.key, stage=key, only_forward=False)
        return self.move(wanted, origin, owner=owner)[1]

    def decline(self, deal_id: str, reason: str | None, origin: Origin) -> Deal:
        """Lose a lead that is in Incoming, with the reason.

        Raises:
            Refusal: it is not in Incoming, its pipeline has no Lost, or as for a move.
        """
        deal = self._lead(deal_id)
        shape = self.catalog.pipeline(deal.pipeline)
        lost = next((each.key for each in shape.stages if each.kind == "lost"), None)
        if lost is None:
            raise Refusal("no_lost_stage", f"pipeline {shape.key} has no Lost stage: move or delete the lead instead")
        wanted = MoveDeal(deal_id=deal_id, pipeline=shape.key, stage=lost, only_forward=False, lost_reason=reason)
        return self.move(wanted, origin)[1]

    def clone(self, deal_id: str, title: str | None, stage: str | None, origin: Origin) -> Deal:
        """Make a deal like another, but for its reference; a closed deal's clone is open.

        Raises:
            Refusal: there is no such deal, or its pipeline has no open stage, or as for a new deal.
        """
        deal = self.deal(deal_id)
        shape, standing = self.catalog.stage(deal.pipeline, deal.stage)
        closed = standing.kind in CLOSED
        if stage is None:
            workable = (each.key for each in shape.stages if each.kind not in CLOSED)
            stage = next((each.key for each in shape.stages if each.kind == "open"), next(workable, None))
            stage = stage if closed else deal.stage
        if stage is None:
            raise Refusal("no_open_stage", f"pipeline {shape.key} has no open stage: name the stage of the clone")
        self.load(contacts=[contact.id for contact in deal.contacts])
        wanted = CreateDeal(
            pipeline=shape.key,
            stage=stage,
            title=title or deal.title,
            contacts=tuple(contact.id for contact in deal.contacts),
            owner=None if deal.owner is None else deal.owner.id,
            amount=deal.amount,
            close_date=None if closed else deal.close_date,
            tags=deal.tags,
            company=deal.company,
            contact_roles=deal.contact_roles,
        )
        return self.create(wanted, origin, custom=deal.custom)

    def link(self, deal_id: str, contact_id: str, origin: Origin, *, role: str | None = None) -> bool:
        """Add a contact to a deal, last, perhaps as something; return whether it was not there yet.

        Raises:
            Refusal: there is no such deal or contact, the deal has too many, or the role cannot be kept.
        """
        before, contact, role = self.deal(deal_id), self.contact(contact_id), values.role(role)
        if any(each.id == contact.id for each in before.contacts):
            return False
        self._check_room(before)
        roles = _roles(before, contact.id, role)
        after = self._next_version(before, contacts=(*before.contacts, contact), contact_roles=roles)
        self._relinked[deal_id] = None
        self._tell(ContactAdded, origin, before, after, contact=contact)
        return True

    def set_role(self, deal_id: str, contact_id: str, role: str | None, origin: Origin) -> bool:
        """Say what a contact is on a deal, None if nothing in particular; return whether that is different now.

        Raises:
            Refusal: there is no such deal, the contact is not on it, or the role cannot be kept.
        """
        before, role = self.deal(deal_id), values.role(role)
        contact_id = self._contacts[contact_id].id if contact_id in self._contacts else contact_id
        if all(each.id != contact_id for each in before.contacts):
            raise Refusal("not_found", f"contact {values.shown(contact_id)} is not on deal {deal_id}")
        if before.role_of(contact_id) == role:
            return False
        after = self._next_version(before, contact_roles=_roles(before, contact_id, role))
        self._relinked[deal_id] = None
        self._tell(DealUpdated, origin, before, after, changed=("contact_roles",))
        return True

    def unlink(self, deal_id: str, contact_id: str, origin: Origin) -> bool:
        """Take a contact off a deal; return whether it was there.

        Raises:
            Refusal: there is no such deal, or its stage requires a contact and this is the last.
        """
        before = self.deal(deal_id)
        contact_id = self._contacts[contact_id].id if contact_id in self._contacts else contact_id
        contact = next((each for each in before.contacts if each.id == contact_id), None)
        if contact is None:
            return False
        left = tuple(each for each in before.contacts if each.id != contact_id)
        _refuse(missing_in(self.catalog.stage(before.pipeline, before.stage)[1], {"contacts": left}))
        after = self._next_version(before, contacts=left, contact_roles=_roles(before, contact_id, None))
        self._relinked[deal_id] = None
        self._tell(ContactRemoved, origin, before, after, contact=contact)
        return True

    def acting(self, origin: Origin) -> User | None:
        """Return the user who acts, or None if it is a program or nobody in particular."""
        who, _, user_id = origin.actor.partition(":")
        return self.catalog.users.get(user_id) if who == "user" else None

    def _lead(self, deal_id: str) -> Deal:
        deal = self.deal(deal_id)
        if self.catalog.stage(deal.pipeline, deal.stage)[1].kind != "incoming":
            raise Refusal("not_incoming", f"deal {deal_id} is in {deal.pipeline}.{deal.stage}, not in Incoming")
        return deal

    def _owner(self, stage: StageShape, given: User | None, has: User | None, origin: Origin) -> User | None:
        """Return who owns a deal in a stage (owners.py says the rule)."""
        owner = given or has
        if owner is not None or stage.kind == "incoming":
            return owner
        found = self.acting(origin) or self.catalog.default_owner
        if found is None:
            message = "a deal that is not in Incoming has an owner, and the CRM has no user: `dealwright crm users add`"
            raise Refusal("owner_required", message)
        return found

    def _hand_over(self, before: Deal, owner: User | None, origin: Origin) -> Deal:
        if owner == before.owner:
            return before
        after = self._next_version(before, owner=owner)
        self._tell(DealUpdated, origin, before, after, changed=("owner",))
        return after

    def _check_room(self, deal: Deal) -> None:
        if len(deal.contacts) >= values.MOST_CONTACTS:
            raise _too_many_contacts()


def _title(given: str, contacts: tuple[Contact, ...]) -> str:
    """Return the title that was given, else what the main contact is called."""
    if values.line("title", given, values.TITLE_BYTES) is None and contacts:
        main = contacts[0]
        return main.name or main.phone or main.email or ""
    return given


def _reason(stage: StageShape, given: str | None) -> str | None:
    """Return the lost reason of a deal that comes into a stage."""
    reason = values.line("lost_reason", given)
    _refuse(reasonless(stage, reason))
    _refuse(unknown_reason(stage, reason))
    return reason


def _refuse(found: Refused | None) -> None:
    """Refuse what is not to be done."""
    if found is not None:
        raise Refusal(found.code, found.message)


def _roles(deal: Deal, contact_id: str, role: str | None) -> tuple[ContactRole, ...] | UnsetType:
    """Return the deal's roles with this one of a contact, None for no role; in the order in which they were given."""
    others = tuple(each for each in deal.contact_roles or () if each.contact != contact_id)
    return (*others, *([ContactRole(contact_id, role)] if role is not None else [])) or UNSET


def _known_roles(
    given: tuple[ContactRole, ...] | UnsetType, contacts: tuple[Contact, ...]
) -> tuple[ContactRole, ...] | UnsetType:
    """Return the roles of those of the contacts that are on the deal."""
    known = {each.contact: values.role(each.role) for each in given or ()}
    roles = ((contact.id, known.get(contact.id)) for contact in contacts)
    return tuple(ContactRole(contact, role) for contact, role in roles if role is not None) or UNSET


def _too_many_contacts() -> Refusal:
    return Refusal("bad_contacts", f"a deal has at most {values.MOST_CONTACTS} contacts, each once")


def _clean_fields(given: dict[str, Any]) -> dict[str, Any]:
    cleaned = dict(given)
    if "title" in given:
        cleaned["title"] = values.title(given["title"])
    for name in ("reference", "company"):
        if name in given:
            cleaned[name] = values.line(name, given[name])
    if "amount" in given:
        cleaned["amount"] = values.money(given["amount"])
    if "tags" in given:
        cleaned["tags"] = values.tags(given["tags"])
    return cleaned
