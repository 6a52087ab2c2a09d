"""Owns the entrypoints: `dealwright_flows.automations.<ident>` is the Prefect flow of one automation.

Prefect imports a flow by its dotted name. These are made when they are asked for, from the active releases of the
project that `DEALWRIGHT_PROJECT` names, so no file is generated and nothing can be stale.
"""

from __future__ import annotations

from contextlib import closing
from functools import cache

from dealwright.clock import SystemClock
from dealwright.model.window import Window
from dealwright.project import Project, load_project
from dealwright_flows import names
from dealwright_flows.build import CompiledFlow, build
from dealwright_flows.workplace import linger


class _ProjectDriver:
    """Carries windows with the project's own engine and journal."""

    def __init__(self, project: Project) -> None:
        self._project = project

    async def run_window(self, account: str, automation: str, *, run_id: str) -> Window:
        """Work until idle; return the closed window."""
        with closing(self._project.open_journal()) as journal:
            journal.start()
            engine = self._project.engine(journal, clock=SystemClock(), linger=linger())
            return await engine.run_window(account, automation, run_id=run_id)


@cache
def _flows() -> dict[str, CompiledFlow]:
    project = load_project()
    driver = _ProjectDriver(project)
    with closing(project.open_journal()) as journal:
        releases = [journal.active_release(binding.key) for binding in project.accounts]
    found = names.idents(release.account for release in releases if release is not None)
    return {name: build(account, automation, driver) for name, (account, automation) in found.items()}


def __getattr__(name: str) -> CompiledFlow:
    """Return the flow of this identifier (PEP 562)."""
    if not name.startswith("_") and name in (flows := _flows()):
        return flows[name]
    raise AttributeError(f"module {__name__!r} has no flow {name!r}: is its automation in the active release?")


def __dir__() -> list[str]:
    return sorted(_flows())
