"""DW410: quiet hours that leave no working hour to write in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.model.calendar import WorkingSpan


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.accounts:
        quiet = account.messages.quiet if account.messages is not None else None
        if quiet is None or not all(_within(span, *map(_minutes, quiet)) for span in account.calendar.spans):
            continue
        path, line = subject.account_at(account, "messages")
        message = f"quiet from {quiet[0]} to {quiet[1]} leaves no working hour in which anything is sent"
        hint = f'they begin in the evening: quiet=("{quiet[1]}", "{quiet[0]}")'
        yield Spot(path=path, line=line, message=message, hint=hint)


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _within(span: WorkingSpan, begin: int, end: int) -> bool:
    """Say whether all of a day's span is quiet; quiet hours that end before they begin go over midnight."""
    if begin < end:
        return begin <= span.start and span.end <= end
    return span.end <= end or span.start >= begin


RULE: Final = Rule(
    code="DW410",
    severity="warning",
    title="quiet hours leave no time to write in",
    reason=(
        "Quiet hours are when nothing is sent: in the evening and at night. Written the other way round they hold every"
        " message until the office is closed."
    ),
    bad="""
a = Account(
    "a",
    zone="UTC",
    country="US",
    pipelines=[Sales],
    working_hours="Mon-Fri 09:00-18:00",
    messages=MessagePolicy(quiet=("09:00", "20:00")),
)
""",
    good="""
a = Account(
    "a",
    zone="UTC",
    country="US",
    pipelines=[Sales],
    working_hours="Mon-Fri 09:00-18:00",
    messages=MessagePolicy(quiet=("20:00", "09:00")),
)
""",
    look=_look,
)
