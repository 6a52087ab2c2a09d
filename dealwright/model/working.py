"""The working time of one person, where it is another than their account's."""

from __future__ import annotations

import msgspec

from dealwright.model.calendar import Calendar, WorkingSpan


class WorkingTime(msgspec.Struct, frozen=True, kw_only=True):
    """What of the account's working time is another for somebody; None is as in the account.

    `name` is whose it is, as the CRM knows them, beside their id.
    """

    user_id: str
    name: str
    spans: tuple[WorkingSpan, ...] | None = None
    zone: str | None = None
    holidays: tuple[str, ...] | None = None

    def within(self, account: Calendar) -> Calendar:
        """Return the person's calendar; days on which the company is closed are free for everybody."""
        return msgspec.structs.replace(
            account,
            spans=account.spans if self.spans is None else self.spans,
            zone=account.zone if self.zone is None else self.zone,
            holidays=account.holidays if self.holidays is None else self.holidays,
        )
