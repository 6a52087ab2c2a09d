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
    """Return the request for facts of another system; what is unset of the question is left out.

    Raises:
        NothingToDo: all that it would be asked with is unset: an answer would be about nobody.
    """
    asked = {name: _asked(expression, view) for name, expression in step.ask.items()}
    unset = [name for name, value in asked.items() if value is None]
    known = [name for name in asked if name not in unset and isinstance(step.ask[name], ir.Ref | ir.TemplateText)]
    if unset and not known:
        raise NothingToDo(f"nothing is asked, for {', '.join(unset)} {'is' if len(unset) == 1 else 'are'} unset")
    return Lookup(
        deal_id=view.deal.id,
        system=step.system,
        path=step.path,
        ask={name: value for name, value in asked.items() if value is not None},
        gives=step.gives,
        optional=step.optional,
        timeout=step.timeout,
        keep_until=None if step.cache is None else calendar.add(view.account.calendar, now, step.cache),
    )


def _asked(expression: ir.Expression, view: View) -> Scalar | None:
    value = value_of(expression, view)
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) <= _MOST_WHOLE:
        return int(value)
    asked = plain(value)
    return None if isinstance(asked, str) and not asked.strip() else asked
