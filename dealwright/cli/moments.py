"""Moments as people type them: `2026-11-20`, `2026-11-20 09:30`, with an offset, or `2h` for two hours ago."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import click

from dealwright.cli.terminal import plain

Moment: TypeAlias = datetime | timedelta
"""What was typed: a moment (without a zone it is in the account's), or how long ago."""

_AGO: Final = re.compile(r"([0-9]{1,6})(s|m|h|d|w)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST: Final = timedelta(days=36_525)


class MomentType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3 only
    """Reads a moment."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """Return what was typed, or say how it is written."""
        if isinstance(value, datetime | timedelta):
            return value
        text = str(value).strip()
        if ago := _AGO.fullmatch(text):
            length = timedelta(**{_UNITS[ago.group(2)]: int(ago.group(1))})
            if length <= _LONGEST:
                return length
            self.fail(f"{plain(text)!r} is more than a hundred years.", param, ctx)
        try:
            found = datetime.fromisoformat(text) if text.isascii() else None
        except ValueError:
            found = None
        if found is None or not 1970 <= found.year <= 9000:
            self.fail(
                f"{plain(text, limit=60)!r} is no moment: write 2026-11-20, '2026-11-20 09:30' (the account's zone), "
                "2026-11-20T09:30Z, or how long ago: 45s, 30m, 2h, 3d, 1w.",
                param,
                ctx,
            )
        return found


MOMENT: Final = MomentType()
