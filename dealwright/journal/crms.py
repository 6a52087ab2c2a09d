"""Which CRM an account's events are about. Deals are known by the CRM's ids: another CRM's deal 12 is another deal."""

from __future__ import annotations

from typing import Final

from dealwright.errors import JournalError
from dealwright.journal.database import statement
from dealwright.journal.parts import Part

_CLAIM: Final = statement("insert into meta (key, value) values (:key, :value) on conflict (key) do nothing")
_CLAIMED: Final = statement("select value from meta where key = :key")


class Crms(Part):
    """One CRM for each account, for as long as the journal lives."""

    def claim_crm(self, account: str, installation: str) -> None:
        """Tie the account to this CRM; those who share the journal must work with the same one.

        Raises:
            JournalError: it is tied to another.
        """
        key = f"crm:{account}"
        with self.database.write() as connection:
            connection.execute(_CLAIM, {"key": key, "value": installation})
            claimed = connection.execute(_CLAIMED, {"key": key}).scalar_one()
        if claimed != installation:
            raise JournalError(
                f"the journal's account {account} works with another CRM database than this target's: its deals have"
                " the same ids and are other deals, so nothing is started. Whoever shares a journal shares the CRM:"
                " give both the same CRM url in the target file, or this one a journal of its own"
            )
