"""Records under deals as people work with them: added, changed, removed and listed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dealwright.model.custom import Custom, Customs
from dealwright.model.requests import CreateRecord
from dealwright_embedded_crm import record_reads
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.paging import Page
from dealwright_embedded_crm.people_base import SOMEBODY, Base, refusals
from dealwright_embedded_crm.record_reads import KeptRecord


class Records(Base):
    """What people do with records under deals."""

    def record(self, record_id: str) -> KeptRecord | None:
        """Return a record, or None."""
        with self._read() as connection:
            return record_reads.by_id(connection, [record_id]).get(record_id)

    def page_records(
        self, deal_id: str, *, kind: str | None = None, after: str | None = None, limit: int = 50
    ) -> Page[KeptRecord]:
        """Return one page of what is under a deal, of one kind or of all, oldest first.

        Raises:
            Rejected: the kind or the cursor cannot be used.
        """
        with self._read() as connection, refusals():
            return record_reads.page_of_records(connection, deal_id, kind, after, limit)

    def add_record(
        self, deal_id: str, kind: str, custom: Customs = msgspec.UNSET, *, actor: str = SOMEBODY
    ) -> KeptRecord:
        """Put a record of a kind under a deal.

        Raises:
            NotFound: there is no such deal.
            Rejected: there is no such kind or field, or a field cannot hold what it is given.
        """
        wanted = CreateRecord(deal_id=deal_id, record=kind, custom=custom)

        def act(change: Change) -> KeptRecord:
            return _written(change, change.add_record(wanted, Origin(actor=actor)).id)

        return self._do(act, deals=[deal_id])

    def update_record(self, record_id: str, custom: Iterable[Custom], *, actor: str = SOMEBODY) -> KeptRecord:
        """Set fields of a record; None clears.

        Raises:
            NotFound: there is no such record.
            Rejected: there is no such field, or it cannot hold what it is given.
        """
        given = tuple(custom)

        def act(change: Change) -> KeptRecord:
            deal_id = _loaded(change, record_id)
            change.update_record(deal_id, record_id, given, Origin(actor=actor))
            return _written(change, record_id)

        return self._do(act)

    def remove_record(self, record_id: str, *, actor: str = SOMEBODY) -> None:
        """Take a record away from under its deal, for ever.

        Raises:
            NotFound: there is no such record.
        """

        def act(change: Change) -> None:
            deal_id = _loaded(change, record_id)
            change.remove_record(deal_id, record_id, Origin(actor=actor))

        self._do(act)


def _loaded(change: Change, record_id: str) -> str:
    change.load_records([record_id])
    deal_id = change.deal_of_record(record_id)
    change.load(deals=[deal_id])
    return deal_id


def _written(change: Change, record_id: str) -> KeptRecord:
    change.flush()
    return record_reads.by_id(change.connection, [record_id])[record_id]
