"""Owns the names that Prefect knows us by: flow and deployment, identifier and entrypoint, tags, run names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dealwright.compile import ir
from dealwright.errors import ReleaseError
from dealwright.journal.asks import AskedWindow
from dealwright.model.window import Window

MANAGED: Final = "managed-by:dealwright"
MODULE: Final = "dealwright_flows.automations"


def flow_name(account: str, automation: str) -> str:
    """Return the name of flow and deployment: flow identity in Prefect is the name."""
    return f"{account}.{automation}"


def ident(account: str, automation: str) -> str:
    """Return the attribute of `dealwright_flows.automations` that is this automation's flow."""
    return "__".join(re.sub(r"[^a-z0-9]+", "_", part.lower()) for part in (account, automation))


def entrypoint(account: str, automation: str) -> str:
    """Return the dotted entrypoint: without a colon Prefect imports it and looks for no storage."""
    return f"{MODULE}.{ident(account, automation)}"


def tags(account: str) -> list[str]:
    """Return the tags of a deployment."""
    return [MANAGED, f"account:{account}"]


def idents(accounts: Iterable[ir.Account]) -> dict[str, tuple[ir.Account, ir.Automation]]:
    """Return every automation by its identifier.

    Raises:
        ReleaseError: two automations would share one identifier.
    """
    found: dict[str, tuple[ir.Account, ir.Automation]] = {}
    for account in accounts:
        for automation in account.automations:
            name = ident(account.key, automation.key)
            if name in found:
                other_account, other = found[name]
                raise ReleaseError(
                    f"the automations {flow_name(other_account.key, other.key)!r} and "
                    f"{flow_name(account.key, automation.key)!r} would be one flow in Prefect, {name!r}: "
                    "rename one of them so that more than punctuation differs"
                )
            found[name] = (account, automation)
    return found


def run_name(window: Window) -> str:
    """Return the name of a run that is opened while its window is."""
    return f"{window.automation} {window.opened_at:%H:%M:%S}"


def asked_run_name(window: AskedWindow) -> str:
    """Return the name of a run that is asked for."""
    return f"{window.automation} {window.asked_at:%H:%M:%S}"


def late_run_name(window: Window) -> str:
    """Return the name of a run recorded late: Prefect takes no times of ours, so the name says them."""
    ended = f"-{window.closed_at:%H:%M:%S}" if window.closed_at else ""
    return f"{window.automation} {window.opened_at:%Y-%m-%d %H:%M:%S}{ended} UTC (recorded late)"
