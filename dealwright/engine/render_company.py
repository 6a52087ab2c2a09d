"""Turns a step about the deal's company into a request."""

from __future__ import annotations

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.render_custom import customs
from dealwright.engine.render_values import NothingToDo
from dealwright.model.requests import UpdateCompany


def update_company(step: ir.UpdateCompanyStep, view: View) -> UpdateCompany:
    """Return the request for changes of the company that the deal is with.

    Only `None`, as the author wrote it, clears a field: a fact that is unset here must not wipe out what is known.
    """
    if view.deal.company is None:
        raise NothingToDo("the deal has no company")
    found = customs(step.changes, (), view.own.company, view, view.deal.company_custom)
    kept = tuple(
        each
        for each in found
        if each.value is not None or each.key not in step.changes or isinstance(step.changes[each.key], ir.Cleared)
    )
    if not kept:
        raise NothingToDo(f"{', '.join(step.changes)} unset, which changes nothing of the company")
    return UpdateCompany(deal_id=view.deal.id, custom=kept)
