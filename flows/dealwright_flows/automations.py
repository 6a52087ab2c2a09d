"""Owns the entrypoints: `dealwright_flows.automations.<ident>` is the Prefect flow of one automation.

Prefect imports a flow by its dotted name. These are made when they are asked for, from the active releases of the
project that `DEALWRIGHT_PROJECT` names, so no file is generated and nothing can be stale.
"""

from __future__ import annotations

from contextlib import closing
from functools import cache

from dealwright.compile.digest import behaviour_digest
from dealwright_flows import names, workplace
from dealwright_flows.build import CompiledFlow, build
from dealwright_flows.carrier import Carrier


@cache
def _flows() -> dict[str, CompiledFlow]:
    project = workplace.project_of_worker()
    carrier = Carrier(project)
    with closing(project.open_journal()) as journal:
        releases = [journal.active_release(binding.key) for binding in project.accounts]
        # No release names those any more, but they have work that an earlier one routed.
        working = [
            (each.key, automation)
            for each in project.accounts
            for automation in journal.automations_with_work(each.key)
        ]
    retired = {names.ident(*key): build(*key, carrier, version="retired") for key in working}
    found = names.idents(release.account for release in releases if release is not None)
    return retired | {
        name: build(account.key, automation.key, carrier, version=behaviour_digest(automation), why=automation.why)
        for name, (account, automation) in found.items()
    }


def __getattr__(name: str) -> CompiledFlow:
    """Return the flow of this identifier (PEP 562)."""
    if not name.startswith("_") and name in (flows := _flows()):
        return flows[name]
    raise AttributeError(f"module {__name__!r} has no flow {name!r}: is its automation in the active release?")


def __dir__() -> list[str]:
    return sorted(_flows())
