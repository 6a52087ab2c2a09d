"""Who works at other times than their account: whose tasks are due by a calendar of their own."""

from __future__ import annotations

from collections.abc import Iterable

from dealwright.model.calendar import Calendar
from dealwright.model.working import WorkingTime


def by_person(times: Iterable[WorkingTime], account: Calendar) -> dict[str, Calendar]:
    """Return the calendars of these people by id, and by name where only one of them is called so: rules name both."""
    known = [(each, each.within(account)) for each in times]
    names = [each.name for each, _ in known]
    found = {each.name: own for each, own in known if names.count(each.name) == 1}
    return found | {each.user_id: own for each, own in known}
