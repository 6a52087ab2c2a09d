"""Companies as people work with them: listed, and given values of the company's own fields."""

from __future__ import annotations

from collections.abc import Iterable

from dealwright.model.custom import Custom
from dealwright_embedded_crm import change_companies, company_reads
from dealwright_embedded_crm.change import Origin
from dealwright_embedded_crm.company_reads import EVERY_COMPANY, Company, CompanyQuery
from dealwright_embedded_crm.paging import Page
from dealwright_embedded_crm.people_base import SOMEBODY, Base, refusals


class Companies(Base):
    """What people do with companies: a company comes into being with the first deal that names it."""

    def company(self, which: str) -> Company | None:
        """Return a company by its id or exact name, or None."""
        with self._read() as connection:
            return company_reads.company(connection, which)

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
