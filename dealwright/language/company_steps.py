"""The step that changes what is known of a deal's company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dealwright.language import values
from dealwright.language.fields import FlagField
from dealwright.language.keys import checked_step
from dealwright.language.origin import refused
from dealwright.language.steps import CustomLike, Step
from dealwright.language.values import Stored


@dataclass(frozen=True, kw_only=True)
class UpdateCompany(Step):
    """Changes own fields of the deal's company; later steps may name `changed`."""

    kind = "update_company"
    changes: Mapping[str, Stored]

    @property
    def changed(self) -> FlagField:
        """Whether anything was different; unset if the step was passed by."""
        return FlagField(self._receipt("changed"))


def update_company(step: str, /, **custom: CustomLike) -> UpdateCompany:
    """Set own fields of the company that the deal is with: a literal, a field, or None to clear.

    Which company it is, is a field of the deal: `update_deal("move", company="Acme")`.
    """
    step = checked_step(step)
    if not custom:
        raise refused(f"{step!r} changes nothing", hint=f'update_company("{step}", segment="small")')
    if "name" in custom:
        raise refused(f"{step!r} cannot rename a company", hint=f'update_deal("{step}", company=...) names another one')
    return UpdateCompany(name=step, changes=MappingProxyType(values.customs(custom, step, update_company)))
