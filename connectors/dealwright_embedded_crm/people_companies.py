"""Companies as people work with them: listed, renamed, merged, and given values of the company's own fields."""

from __future__ import annotations

from collections.abc import Iterable

from dealwright.model.custom import Custom
from dealwright_embedded_crm import change_companies, company_reads
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.company_reads import EVERY_COMPANY, Company, CompanyQuery
from dealwright_embedded_crm.paging import Page
from dealwright_embedded_crm.people_base import SOMEBODY, Base, refusals


class Companies(Base):
    """What people do with companies: a company comes into being with the first deal that names it."""

    def company(self, which: str) -> Company | None:
        """Return a company by its id or exact name, or None."""
        with self._read() as connection:
            return company_reads.company(connection, which)

    def company_of_id(self, company_id: str) -> Company | None:
        """Return the company of that id, or None; the id of one that was merged away means the kept one."""
        with self._read() as connection:
            return company_reads.by_id(connection, company_id)

    def page_companies(
        self, query: CompanyQuery = EVERY_COMPANY, *, after: str | None = None, limit: int = 50
    ) -> Page[Company]:
        """Return one page of the companies that a query selects, oldest first.

        Raises:
            Rejected: the query or the cursor cannot be used.
        """
        with self._read() as connection, refusals():
            return company_reads.page_of_companies(connection, query, after, limit)

    def set_company(self, which: str, custom: Iterable[Custom], *, actor: str = SOMEBODY) -> Company:
        """Set own fields of a company, by its id or exact name; None clears. No event tells it.

        Raises:
            NotFound: there is no such company.
            Rejected: there is no such field, or it cannot hold what it is given.
        """
        given = tuple(custom)
        return self._do(lambda change: change_companies.set_company(change, which, given, Origin(actor=actor))[0])

    def change_company(
        self, which: str, *, name: str | None = None, custom: Iterable[Custom] = (), actor: str = SOMEBODY
    ) -> Company:
        """Rename a company, by its id or exact name, and set own fields of it, both or neither.

        Raises:
            NotFound: there is no such company.
            Rejected: the name cannot be kept or is another company's, or a field cannot hold what it is given.
        """
        given, origin = tuple(custom), Origin(actor=actor)

        def act(change: Change) -> Company:
            found, _ = change_companies.set_company(change, which, given, origin)
            return found if name is None else change_companies.rename_company(change, found.id, name, origin)

        return self._do(act)

    def rename_company(self, which: str, name: str, *, actor: str = SOMEBODY) -> Company:
        """Let a company, by its id or exact name, be called otherwise; its newest open deals tell it (`company`)."""
        return self.change_company(which, name=name, actor=actor)

    def merge_companies(self, kept: str, absorbed: str, *, actor: str = SOMEBODY) -> Company:
        """Make two companies one: deals of `absorbed` are those of `kept` then, whose empty own fields it fills."""
        return self._do(lambda change: change_companies.merge_companies(change, kept, absorbed, Origin(actor=actor)))
