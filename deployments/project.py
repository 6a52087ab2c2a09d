"""The composition root: reads a target file and puts accounts, connectors, journal and data together.

A target says where an account lives: vendor ids, addresses, secrets. Definitions never do. `${data_dir}` and
`${receiver}` in a target file are filled in here, everything else stands as written.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from string import Template
from typing import Any

from dealwright.clock import Clock, SystemClock
from dealwright.errors import InputError
from dealwright.project import AccountBinding, Project
from dealwright_embedded_crm import connector as embedded_crm
from dealwright_webhook import connector as webhook

HERE = Path(__file__).resolve().parent


def project(
    *, target: str | None = None, data_dir: Path | None = None, clock: Clock | None = None, receiver: str | None = None
) -> Project:
    """Return the project of a target (default: the setting DEALWRIGHT_TARGET, or `local`).

    Args:
        target: the name of a file in `targets/`.
        data_dir: where databases and logs lie (default: the setting DEALWRIGHT_DATA, or `.dealwright/up`).
        clock: business and real time; the demo plays the former.
        receiver: the address of the local receiver of webhook events.
    """
    name = target or os.environ.get("DEALWRIGHT_TARGET", "local")
    data = (data_dir or Path(os.environ.get("DEALWRIGHT_DATA", HERE.parent / ".dealwright" / "up"))).resolve()
    data.mkdir(parents=True, exist_ok=True)
    receiver = receiver or os.environ.get("DEALWRIGHT_RECEIVER", "http://127.0.0.1:8655")
    table = _read(HERE / "targets" / f"{name}.toml", {"data_dir": str(data), "receiver": receiver})
    clock = clock or SystemClock()
    _refuse_shared_crms(table["account"])
    return Project(
        data_dir=data,
        journal_url=os.environ.get("DEALWRIGHT_JOURNAL") or table.get("journal", f"sqlite:///{data / 'journal.db'}"),
        accounts=tuple(_account(key, account, clock) for key, account in table["account"].items()),
    )


def _refuse_shared_crms(accounts: dict[str, dict[str, Any]]) -> None:
    """One CRM database has one account: two would take each other's events."""
    owners: dict[str, str] = {}
    for key, account in accounts.items():
        crm = str(account.get("embedded_crm", {}))
        if crm in owners:
            raise InputError(f"the accounts {owners[crm]} and {key} have the same CRM database; give each its own url")
        owners[crm] = key


def _read(path: Path, values: dict[str, str]) -> dict[str, Any]:
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.toml")))
        raise InputError(f"no target file {path.name}; deployments/targets has {known}")
    try:
        return tomllib.loads(Template(path.read_text(encoding="utf-8")).safe_substitute(values))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is no TOML: {error}") from error


def _account(key: str, table: dict[str, Any], clock: Clock) -> AccountBinding:
    for needed in ("definitions", "embedded_crm"):
        if needed not in table:
            raise InputError(f"the target file's [account.{key}] has no {needed}; copy it from another account")
    crm = embedded_crm(table["embedded_crm"], environ=os.environ, clock=clock)
    return AccountBinding(
        key=key,
        definitions=HERE.parent / table["definitions"],
        crm=crm,
        feeds=(crm,),
        connectors=(crm, webhook(table.get("webhook", {}), environ=os.environ, clock=clock)),
    )
