"""Owns the compilation of an automation to a real Prefect flow.

The flow carries one window: it calls the same `run_window` the engine's own loop calls, and then shows what the window
did, one Prefect task for each step. It is async (a sync flow costs a second), and no task has a tag (a tagged task
blocks for minutes while the server is away).
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, cast

from prefect import Flow, State, Task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed

from dealwright.compile import ir
from dealwright.compile.digest import behaviour_digest
from dealwright.errors import ReleaseError
from dealwright.model.window import StepSummary, Window
from dealwright_flows import names, wire

CompiledFlow: TypeAlias = Flow[..., Any]


class Driver(Protocol):
    """What a compiled flow calls: the kernel's `run_window`."""

    async def run_window(self, account: str, automation: str, *, run_id: str) -> Window:
        """Work until idle; return the closed window, which this very run records: the recorder leaves it alone."""
        ...


def build(account: ir.Account, automation: ir.Automation, driver: Driver) -> CompiledFlow:
    """Return the automation as a Prefect flow."""

    async def body() -> State[Any]:
        window = await driver.run_window(account.key, automation.key, run_id=_run_id())
        for step in window.steps:
            await _shown(step)
        if window.rows:
            told = wire.table(window, _run_id())
            await acreate_table_artifact(
                key=told["key"], table=wire.table_rows(window), description=told["description"]
            )
        get_run_logger().info("%s", wire.log_text(window, late=False))
        return _end(window)

    # Prefect derives the entrypoint from these, and they must be set before it looks.
    body.__name__ = names.ident(account.key, automation.key)
    body.__qualname__ = body.__name__
    body.__module__ = names.MODULE
    return Flow(
        body,
        name=names.flow_name(account.key, automation.key),
        version=behaviour_digest(automation),
        description=automation.why or None,
        retries=0,
        persist_result=False,
        validate_parameters=False,
    )


def check_entrypoint(flow: CompiledFlow, loaded: object) -> None:
    """Hold what an entrypoint loads against what was compiled.

    Raises:
        ReleaseError: it is something else, or another version.
    """
    found = getattr(loaded, "version", None)
    if not isinstance(loaded, Flow) or loaded.name != flow.name or found != flow.version:
        raise ReleaseError(
            f"the entrypoint of {flow.name!r} loads {type(loaded).__name__} version {found!r}, "
            f"not version {flow.version!r}: is another project's DEALWRIGHT_PROJECT set?"
        )


def _run_id() -> str:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise ReleaseError("a compiled automation is a Prefect flow: call the flow, not its function")
    return str(context.flow_run.id)


async def _shown(step: StepSummary) -> None:
    """Show a step as a task run: it did its work already, this is its record."""
    kind, name = wire.step_state(step)
    said = wire.said(step.counts)

    async def record() -> State[Any]:
        if kind == "FAILED":
            return Failed(name=name, message=said)
        return Completed(name=name, message=said)

    record.__name__ = record.__qualname__ = step.name
    shown = Task(
        record, name=step.name, task_run_name=step.name, cache_policy=NO_CACHE, persist_result=False, retries=0
    )
    await cast(Any, shown)(return_state=True)


def _end(window: Window) -> State[Any]:
    state = wire.end_state(window)
    kind, name, message = state["type"], state["name"], state["message"]
    if kind == "CANCELLED":
        return Cancelled(message=message)
    if kind == "COMPLETED":
        return Completed(name=name, message=message)
    return Failed(message=message)
