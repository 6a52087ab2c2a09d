"""Deals as people work with them: made, changed, moved, accepted, cloned, merged, deleted and listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from dealwright.model.crm import Deal, Money
from dealwright.model.custom import Customs
from dealwright.model.requests import ChangeTags, CreateDeal, DealChanges, MoveDeal
from dealwright_embedded_crm import merging, paging, reads, removal
from dealwright_embedded_crm.catalog import read_pipelines
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.paging import Page
from dealwright_embedded_crm.people_base import MOST_AT_ONCE, SOMEBODY, Base, refusals
from dealwright_embedded_crm.reads import EVERY_DEAL, DealQuery
from dealwright_embedded_crm.values import Refusal


class StageCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many deals stand in a stage, and what they are worth by currency."""

    pipeline: str
    stage: str
    name: str
    kind: str
    deals: int
    amounts: tuple[Money, ...] = ()


class Deals(Base):
    """What people do with deals; refusals are `Rejected`, and what is not there is `NotFound`."""

    # --- writing ----------------------------------------------------------------------------------------------------

    def create_deal(
        self,
        *,
        pipeline: str,
        stage: str,
        title: str | None = None,
        contacts: Sequence[str] = (),
        owner: str | None = None,
        amount: Money | None = None,
        close_date: date | None = None,
        reference: str | None = None,
        tags: Sequence[str] = (),
        company: str | None = None,
        lost_reason: str | None = None,
        custom: Customs = msgspec.UNSET,
        actor: str = SOMEBODY,
    ) -> Deal:
        """Create a deal; `contacts` are ids, the main one first; `owner` is an id, an e-mail or an exact name.

        Without a title, the deal is called as its main contact is.
        """
        wanted = CreateDeal(
            pipeline=pipeline,
            stage=stage,
            title=title or "",
            contacts=tuple(contacts),
            owner=owner,
            amount=amount,
            close_date=close_date,
            reference=reference,
            tags=tuple(tags),
            company=company,
            custom=custom,
        )
        origin = Origin(actor=actor)
        return self._do(lambda change: change.create(wanted, origin, lost_reason=lost_reason), contacts=contacts)

    def create_deals(self, wanted: Sequence[CreateDeal], *, actor: str = SOMEBODY) -> list[Deal]:
        """Create deals, all or none."""
        origin = Origin(actor=actor)
        contacts = [contact for each in wanted for contact in each.contacts]
        return self._do(lambda change: [change.create(each, origin) for each in wanted], contacts=contacts)

    def create_deal_for_contact(
        self,
        contact_id: str,
        *,
        pipeline: str | None = None,
        stage: str | None = None,
        title: str | None = None,
        owner: str | None = None,
        amount: Money | None = None,
        actor: str = SOMEBODY,
    ) -> Deal:
        """Create a deal of a contact, by default in the first stage of the first pipeline, called as the contact."""
        origin = Origin(actor=actor)

        def act(change: Change) -> Deal:
            contact = change.contact(contact_id)
            shape = change.catalog.pipeline(pipeline)
            wanted = CreateDeal(
                pipeline=shape.key,
                stage=stage or shape.stages[0].key,
                title=title or "",
                contacts=(contact.id,),
                owner=owner,
                amount=amount,
            )
            return change.create(wanted, origin)

        return self._do(act, contacts=[contact_id])

    def update_deal(self, deal_id: str, changes: DealChanges, *, actor: str = SOMEBODY) -> Deal:
        """Change fields of a deal."""
        return self.update_deals([deal_id], changes, actor=actor)[0]

    def update_deals(self, ids: Sequence[str], changes: DealChanges, *, actor: str = SOMEBODY) -> list[Deal]:
        """Change the same fields of up to 1,000 deals, all or none."""

        def act(change: Change) -> list[Deal]:
            for deal_id in _some(ids):
                change.update(deal_id, changes, Origin(actor=actor))
            return [change.deal(deal_id) for deal_id in ids]

        return self._do(act, deals=ids)

    def change_tags(
        self, deal_id: str, *, add: Sequence[str] = (), remove: Sequence[str] = (), actor: str = SOMEBODY
    ) -> Deal:
        """Add tags to a deal and take tags off, whatever others it has."""

        def act(change: Change) -> Deal:
            change.change_tags(ChangeTags(deal_id=deal_id, add=tuple(add), remove=tuple(remove)), Origin(actor=actor))
            return change.deal(deal_id)

        return self._do(act, deals=[deal_id])

    def move_deal(
        self,
        deal_id: str,
        pipeline: str,
        stage: str,
        *,
        lost_reason: str | None = None,
        owner: str | None = None,
        actor: str = SOMEBODY,
    ) -> Deal:
        """Move a deal to a stage, forwards or backwards; with `owner`, hand it over at the same time."""
        wanted = MoveDeal(deal_id=deal_id, pipeline=pipeline, stage=stage, only_forward=False, lost_reason=lost_reason)
        return self._do(lambda change: change.move(wanted, Origin(actor=actor), owner=owner)[1], deals=[deal_id])

    def accept_deal(
        self, deal_id: str, *, stage: str | None = None, owner: str | None = None, actor: str = SOMEBODY
    ) -> Deal:
        """Take a lead out of Incoming: into a stage (default: the first open one), with an owner."""
        return self._do(lambda change: change.accept(deal_id, stage, owner, Origin(actor=actor)), deals=[deal_id])

    def decline_deal(self, deal_id: str, *, reason: str | None = None, actor: str = SOMEBODY) -> Deal:
        """Decline a lead in Incoming: it is lost, with the reason."""
        return self._do(lambda change: change.decline(deal_id, reason, Origin(actor=actor)), deals=[deal_id])

    def clone_deal(
        self, deal_id: str, *, title: str | None = None, stage: str | None = None, actor: str = SOMEBODY
    ) -> Deal:
        """Create a deal like another: fields and contacts are the same, but for the reference, which names one deal.

        It stands in the same stage (a closed deal's clone in the first open stage, without a close date), unless
        `stage` says otherwise. Tasks, notes and activities stay where they are.
        """
        return self._do(lambda change: change.clone(deal_id, title, stage, Origin(actor=actor)), deals=[deal_id])

    def merge_deals(self, kept: str, absorbed: str, *, actor: str = SOMEBODY) -> Deal:
        """Make two deals one: contacts, tasks, notes and activities move to `kept`, and `absorbed` is gone."""
        return self._do(
            lambda change: merging.merge_deals(change, kept, absorbed, Origin(actor=actor)), deals=[kept, absorbed]
        )

    def delete_deal(self, deal_id: str, *, actor: str = SOMEBODY) -> None:
        """Delete a deal with its tasks, notes and activities, for ever; its events still arrive."""
        self.delete_deals([deal_id], actor=actor)

    def delete_deals(self, ids: Sequence[str], *, actor: str = SOMEBODY) -> int:
        """Delete up to 1,000 deals, all or none; return how many there were."""
        return self._do(lambda change: removal.delete_deals(change, _some(ids)), deals=ids)

    def add_contact(self, deal_id: str, contact_id: str, *, role: str | None = None, actor: str = SOMEBODY) -> Deal:
        """Link a contact to a deal, after those it has; `role` says what it is there, also of one that is linked."""

        def act(change: Change) -> Deal:
            if not change.link(deal_id, contact_id, Origin(actor=actor), role=role) and role is not None:
                change.set_role(deal_id, contact_id, role, Origin(actor=actor))
            return change.deal(deal_id)

        return self._do(act, deals=[deal_id], contacts=[contact_id])

    def set_contact_role(self, deal_id: str, contact_id: str, role: str | None, *, actor: str = SOMEBODY) -> Deal:
        """Say what a contact of a deal is on it, such as its payer; None is nothing in particular."""

        def act(change: Change) -> Deal:
            change.set_role(deal_id, contact_id, role, Origin(actor=actor))
            return change.deal(deal_id)

        return self._do(act, deals=[deal_id], contacts=[contact_id])

    def remove_contact(self, deal_id: str, contact_id: str, *, actor: str = SOMEBODY) -> Deal:
        """Unlink a contact from a deal; the next one becomes the main contact."""

        def act(change: Change) -> Deal:
            change.unlink(deal_id, contact_id, Origin(actor=actor))
            return change.deal(deal_id)

        return self._do(act, deals=[deal_id], contacts=[contact_id])

    # --- reading ----------------------------------------------------------------------------------------------------

    def deal(self, deal_id: str) -> Deal | None:
        """Return a deal, or None."""
        with self._read() as connection:
            return reads.deals_by_id(connection, [deal_id]).get(deal_id)

    def merged_into(self, deal_id: str) -> str | None:
        """Return the id of the deal that this one was merged into, or None."""
        with self._read() as connection:
            return reads.merged(connection, "deal", [deal_id]).get(deal_id)

    def deals(self, pipeline: str | None = None, stage: str | None = None, limit: int | None = None) -> list[Deal]:
        """Return deals, oldest first."""
        with self._read() as connection:
            return paging.deals(connection, DealQuery(pipeline=pipeline, stage=stage), limit=limit)

    def page_deals(self, query: DealQuery = EVERY_DEAL, *, after: str | None = None, limit: int = 50) -> Page[Deal]:
        """Return one page of the deals that a query selects, in its order; `after` is the `next` of the page before.

        Raises:
            Rejected: the query or the cursor cannot be used (`bad_cursor`, `unknown_owner`, ...).
        """
        with self._read() as connection, refusals():
            return paging.page_of_deals(connection, query, after, limit)

    def deals_of_contact(self, contact_id: str, *, after: str | None = None, limit: int = 50) -> Page[Deal]:
        """Return one page of a contact's deals, open and closed, oldest first."""
        return self.page_deals(DealQuery(contact=contact_id), after=after, limit=limit)

    def count_by_stage(self, query: DealQuery = EVERY_DEAL) -> list[StageCount]:
        """Return for every stage, in order, how many of the query's deals it holds and what they are worth."""
        with self._read() as connection, refusals():
            counted = paging.counts(connection, query)
            return [
                StageCount(
                    pipeline=pipeline.key,
                    stage=stage.key,
                    name=stage.name,
                    kind=stage.kind,
                    deals=counted.get((pipeline.key, stage.key), (0, ()))[0],
                    amounts=counted.get((pipeline.key, stage.key), (0, ()))[1],
                )
                for pipeline in read_pipelines(connection)
                for stage in pipeline.stages
            ]


def _some(ids: Sequence[str]) -> Sequence[str]:
    if len(ids) > MOST_AT_ONCE:
        raise Refusal("too_many", f"{len(ids):,} deals are too many at once; at most {MOST_AT_ONCE:,}")
    if len(set(ids)) != len(ids):
        raise Refusal("twice", "a deal is named twice")
    return ids
