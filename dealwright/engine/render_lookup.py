"""Turns the step that asks another system into a request."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.render_values import NothingToDo, plain, value_of
from dealwright.language import calendar
from dealwright.model.requests import Lookup, Scalar

_MOST_WHOLE = 2**53


def look_up(step: ir.LookupStep, view: View, now: datetime) -> Lookup:
    """Return the request for facts of another system.

    Raises:
        NothingToDo: something that it is to be asked with is unset.
    """
    return Lookup(
        deal_id=view.deal.id,
        system=step.system,
        path=step.path,
        ask={name: _asked(name, expression, view) for name, expression in step.ask.items()},
        gives=step.gives,
        timeout=step.timeout,
        keep_until=None if step.cache is None else calendar.add(view.account.calendar, now, step.cache),
    )


def _asked(name: str, expression: ir.Expression, view: View) -> Scalar:
    value = value_of(expression, view)
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) <= _MOST_WHOLE:
        return int(value)
    asked = plain(value)
    if asked is None or (isinstance(asked, str) and not asked.strip()):
        raise NothingToDo(f"nothing is asked, for {name} is unset")
    return asked
