"""Owns the compilation of an automation to a real Prefect flow.

The flow carries one window: it calls the same `run_window` the engine's own loop calls, tells Prefect what the window
did, one task run for each step, and ends as the window did. It is async (a sync flow costs a second).
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from prefect import Flow, State
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.exceptions import Pause
from prefect.states import Cancelled, Completed, Failed

from dealwright.errors import ReleaseError
from dealwright.model.window import Window
from dealwright_flows import names, wire

CompiledFlow: TypeAlias = Flow[..., Any]


class Driver(Protocol):
    """What a compiled flow calls."""

    async def carry(self, account: str, automation: str, *, run_id: str, asked: str | None) -> Window | None:
        """Work one window until idle and tell Prefect of it; return it closed.

        `asked` is the run's idempotency key: the id under which the engine asked for this window, if it did. None: the
        operator wants the run to rest, and its state says so already.
        """
        ...

    def recorded(self, run_id: str) -> None:
        """Remember that the run has ended as its window did: nothing is left to the recorder."""
        ...


def build(account: str, automation: str, driver: Driver, *, version: str, why: str = "") -> CompiledFlow:
    """Return the automation as a Prefect flow."""

    async def body() -> State[Any]:
        run = _run()
        window = await driver.carry(account, automation, run_id=str(run.id), asked=run.idempotency_key)
        if window is None:
            raise Pause
        return _end(window)

    def ended(flow: CompiledFlow, flow_run: FlowRun, state: State[Any]) -> None:
        driver.recorded(str(flow_run.id))

    # Prefect derives the entrypoint from these, and they must be set before it looks.
    body.__name__ = names.ident(account, automation)
    body.__qualname__ = body.__name__
    body.__module__ = names.MODULE
    return Flow(
        body,
        name=names.flow_name(account, automation),
        version=version,
        description=why or None,
        retries=0,
        persist_result=False,
        validate_parameters=False,
        on_completion=[ended],
        on_failure=[ended],
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


def _run() -> FlowRun:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise ReleaseError("a compiled automation is a Prefect flow: call the flow, not its function")
    return context.flow_run


def _end(window: Window) -> State[Any]:
    state = wire.end_state(window)
    kind, name, message = state["type"], state["name"], state["message"]
    if kind == "CANCELLED":
        return Cancelled(message=message)
    if kind == "COMPLETED":
        return Completed(name=name, message=message)
    return Failed(message=message)
