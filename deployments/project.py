"""The composition root: reads a target file and puts accounts, connectors, journal and data together.

A target says where an account lives: vendor ids, addresses, secrets. Definitions never do. `${data_dir}`,
`${receiver}`, `${mail_port}`, `${meta}`, `${kommo}` and `${bureau}` in a target file are filled in here, everything
else stands as written.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any, Literal

import msgspec

from dealwright.clock import Clock, SystemClock
from dealwright.errors import InputError
from dealwright.intake.settings import hook_sources
from dealwright.ports import Asgi, Crm, Feed, HookReader
from dealwright.project import AccountBinding, PrefectPlace, Project
from dealwright_email import connector as email
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_embedded_crm import connector as embedded_crm
from dealwright_embedded_crm.webhooks_out import Deliverer
from dealwright_kommo import KommoHooks
from dealwright_kommo import connector as kommo_crm
from dealwright_lookup import connector as lookups
from dealwright_meta import connector as meta_ads
from dealwright_webhook import connector as webhook

HERE = Path(__file__).resolve().parent


def project(
    *,
    target: str | None = None,
    data_dir: Path | None = None,
    clock: Clock | None = None,
    receiver: str | None = None,
    mail_port: int | None = None,
    meta: str | None = None,
    kommo: str | None = None,
    bureau: str | None = None,
) -> Project:
    """Return the project of a target (default: the setting DEALWRIGHT_TARGET, or `local`).

    Args:
        target: the name of a file in `targets/`.
        data_dir: where databases and logs lie (default: the setting DEALWRIGHT_DATA, or `.dealwright/up`).
        clock: business and real time; the demo plays the former.
        receiver: the address of the local receiver of webhook events.
        mail_port: the port of the local mail server.
        meta: the address of the local server that stands in for Meta.
        kommo: the address of the local server that stands in for Kommo, for targets that use it.
        bureau: the address of the local server that stands in for a credit bureau.
    """
    name = target or os.environ.get("DEALWRIGHT_TARGET", "local")
    data = (data_dir or Path(os.environ.get("DEALWRIGHT_DATA", HERE.parent / ".dealwright" / "up"))).resolve()
    _make(data)
    receiver = receiver or os.environ.get("DEALWRIGHT_RECEIVER", "http://127.0.0.1:8655")
    mail = str(mail_port or os.environ.get("DEALWRIGHT_MAIL_PORT", "8657"))
    meta = meta or os.environ.get("DEALWRIGHT_META", "http://127.0.0.1:8658")
    kommo = kommo or os.environ.get("DEALWRIGHT_KOMMO", "http://127.0.0.1:8659")
    bureau = bureau or os.environ.get("DEALWRIGHT_BUREAU", "http://127.0.0.1:8660")
    addresses = {"receiver": receiver, "mail_port": mail, "meta": meta, "kommo": kommo, "bureau": bureau}
    values = {"data_dir": str(data), **addresses}
    if name != Path(name).name:
        raise InputError(f"--target {name!r}: a target is the name of a file in deployments/targets, such as local")
    table = _read(HERE / "targets" / f"{name}.toml", values)
    clock = clock or SystemClock()
    _refuse_shared_crms(table["account"])
    accounts = tuple(_account(key, account, clock) for key, account in table["account"].items())
    return Project(
        data_dir=data,
        journal_url=os.environ.get("DEALWRIGHT_JOURNAL") or table.get("journal", f"sqlite:///{data / 'journal.db'}"),
        accounts=accounts,
        apps={"/api/crm/v1": partial(_crm_api, accounts, clock)},
        driver=_driver(table),
        prefect=_prefect(table.get("prefect", {})),
        beside=tuple(Deliverer(each.crm, clock).run for each in accounts if isinstance(each.crm, EmbeddedCrm)),
    )


def _make(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{data} cannot be the data folder ({error.strerror}): give a folder that this user may write, with --data"
            " or DEALWRIGHT_DATA"
        ) from None


def _crm_api(accounts: Sequence[AccountBinding], clock: Clock) -> Asgi:
    """The JSON API of the embedded CRMs; loaded only by who serves it, for the command line shall not wait for it."""
    crms = {account.key: account.crm for account in accounts if isinstance(account.crm, EmbeddedCrm)}
    served: Asgi = import_module("dealwright_embedded_crm.api.app").create_app(crms, clock=clock)
    return served


def _refuse_shared_crms(accounts: dict[str, dict[str, Any]]) -> None:
    """One CRM database has one account: two would take each other's events."""
    owners: dict[str, str] = {}
    for key, account in accounts.items():
        crm = str(account.get("embedded_crm") or account.get("kommo", {}).get("url"))
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


def _driver(table: dict[str, Any]) -> Literal["local", "prefect"]:
    """Who carries the work: this machine's engine, or workers of a work pool (docs/scaling.md)."""
    driver = table.get("driver", "local")
    if driver not in ("local", "prefect"):
        raise InputError(f'the target file\'s driver is {driver!r}; it is "local" or "prefect"')
    return "prefect" if driver == "prefect" else "local"


def _prefect(table: dict[str, Any]) -> PrefectPlace:
    """Where Prefect is; the password stands in a file, for target files are in git."""
    known = {"api_url", "auth_file", "database", "work_pool", "pool_type", "windows"}
    if unknown := sorted(set(table) - known):
        raise InputError(f"the target file's [prefect] has {unknown[0]!r}; it takes {', '.join(sorted(known))}")
    table = dict(table)
    if (file := table.pop("auth_file", None)) is not None:
        try:
            table["auth"] = Path(file).read_text("utf-8").strip()
        except OSError as error:
            raise InputError(
                f"[prefect] auth_file {file}: {error.strerror}; it holds one line, user:password"
            ) from None
    try:
        return msgspec.convert(table, PrefectPlace)
    except msgspec.ValidationError as error:
        raise InputError(f"the target file's [prefect] cannot be read: {error}") from None


def _account(key: str, table: dict[str, Any], clock: Clock) -> AccountBinding:
    if "definitions" not in table:
        raise InputError(f"the target file's [account.{key}] has no definitions; copy it from another account")
    crm, feeds, readers = _crm(key, table, clock)
    mail = [email(table["email"], environ=os.environ, clock=clock)] if "email" in table else []
    asked = [lookups(table["lookup"], environ=os.environ, clock=clock)] if "lookup" in table else []
    ads = [meta_ads(table["meta"], environ=os.environ, clock=clock)] if "meta" in table else []
    return AccountBinding(
        key=key,
        definitions=HERE.parent / table["definitions"],
        crm=crm,
        feeds=feeds,
        connectors=(crm, webhook(table.get("webhook", {}), environ=os.environ, clock=clock), *asked, *mail, *ads),
        hooks=hook_sources(
            table.get("hooks", {}), environ=os.environ, clock=clock, readers=readers, where=f"account.{key}.hooks"
        ),
    )


def _crm(key: str, table: dict[str, Any], clock: Clock) -> tuple[Crm, tuple[Feed, ...], dict[str, HookReader]]:
    """The account's CRM, what is pulled from it, and who reads the hooks that it pushes."""
    if "kommo" in table and "embedded_crm" in table:
        raise InputError(f"the target file's [account.{key}] has kommo and embedded_crm; an account has one CRM")
    if "kommo" in table:
        crm = kommo_crm(table["kommo"], environ=os.environ, clock=clock)
        return crm, (), {"kommo": KommoHooks(crm.settings, clock)}
    if "embedded_crm" not in table:
        raise InputError(
            f"the target file's [account.{key}] has no CRM (embedded_crm or kommo); copy it from another account"
        )
    own = embedded_crm(table["embedded_crm"], environ=os.environ, clock=clock)
    return own, (own,), {}
