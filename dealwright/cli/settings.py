"""`dealwright settings`: values that people change without a release."""

from __future__ import annotations

import difflib

import click

from dealwright.cli import options, output
from dealwright.cli.shapes import SettingChange, SettingShown, SettingValue, prints
from dealwright.cli.site import Site, actor, opened
from dealwright.cli.terminal import plain
from dealwright.compile import ir
from dealwright.compile.settings import allowed, default, fits, spelled
from dealwright.errors import InputError


@click.group()
def settings() -> None:
    """Values that people change without a release; the definitions say what they may be."""


@settings.command("ls")
@options.account
@options.as_json
@prints(SettingValue, many=True)
def settings_ls(account: str | None, as_json: bool) -> None:
    """List the settings of the active release with the values that count."""
    with opened(account) as site:
        found = [_value(site, item) for item in _defined(site)]
    if as_json:
        output.print_json(found)
    elif not found:
        click.echo("the active release uses no setting")
    else:
        rows = [
            (item.key, plain(item.value), "set" if item.set else "default", plain(item.fits), plain(item.editable_by))
            for item in found
        ]
        output.show(output.table(("setting", "value", "", "fits", "decided by"), rows, fixed=("setting", "")))
        for item in found:
            _warn(item)


@settings.command("show")
@click.argument("key")
@options.account
@options.limit
@options.as_json
@prints(SettingShown)
def settings_show(key: str, account: str | None, limit: int, as_json: bool) -> None:
    """Show one setting with its changes: when, to what, by whom."""
    with opened(account) as site:
        item = _value(site, _one(site, key))
        changes = [
            SettingChange(value=change.value, set_at=change.at, set_by=change.actor)
            for change in site.journal.setting_changes(site.account, key, limit)
        ]
        zone = site.zone
    if as_json:
        output.print_json(SettingShown(setting=item, changes=changes))
        return
    click.echo(f"{item.key} is {plain(item.value)} ({'set' if item.set else 'the default'})")
    click.echo(f"it may be {plain(item.fits)}; its default is {plain(item.default)}")
    if item.editable_by:
        click.echo(f"{plain(item.editable_by)} decides")
    for change in changes:
        click.echo(
            f"  {output.when(change.set_at, zone)} ({zone.key})  {plain(change.value)}  by {plain(change.set_by)}"
        )
    _warn(item)


@settings.command("set")
@click.argument("key")
@click.argument("value")
@options.account
@options.as_json
@prints(SettingValue)
def settings_set(key: str, value: str, account: str | None, as_json: bool) -> None:
    """Set a value; every decision from now on is made on it. A negative number is written after `--`."""
    with opened(account) as site:
        setting = _one(site, key)
        site.journal.set_setting(site.account, setting, value, actor=actor())
        item = _value(site, setting)
    if as_json:
        output.print_json(item)
    else:
        click.echo(f"{key} of account {site.account} is {plain(item.value)} from now on")


def _defined(site: Site) -> tuple[ir.Setting, ...]:
    return site.release.settings if site.release is not None else ()


def _one(site: Site, key: str) -> ir.Setting:
    known = {item.key: item for item in _defined(site)}
    if key in known:
        return known[key]
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it uses {', '.join(known) or 'none'}"
    raise InputError(
        f"the active release of account {site.account} uses no setting {plain(key, limit=80)!r}; {hint};"
        " nothing was changed"
    )


def _value(site: Site, setting: ir.Setting) -> SettingValue:
    changes = site.journal.setting_changes(site.account, setting.key, 1)
    newest = changes[0] if changes else None
    counts = newest is not None and fits(setting, newest.value)
    return SettingValue(
        key=setting.key,
        value=newest.value if newest is not None and counts else spelled(default(setting)),
        default=spelled(default(setting)),
        set=counts,
        fits=allowed(setting),
        editable_by=setting.editable_by,
        set_at=None if newest is None else newest.at,
        set_by="" if newest is None else newest.actor,
        unfit="" if newest is None or counts else newest.value,
    )


def _warn(item: SettingValue) -> None:
    if item.unfit:
        click.echo(
            f"{item.key} was set to {plain(item.unfit)}, which the active release does not allow:"
            f" the default {plain(item.default)} counts until it is set again",
            err=True,
        )
