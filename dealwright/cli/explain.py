"""`dealwright explain`: what the definitions do, as a page for the owner of the business."""

from __future__ import annotations

from pathlib import Path

import click

from dealwright.cli import options
from dealwright.cli.terminal import plain
from dealwright.compile.explain.page import page
from dealwright.compile.explain.tongue import TONGUES
from dealwright.compile.loader import load
from dealwright.errors import DefinitionError, InputError

_DEFAULT = Path("pipeline_defs")


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=_DEFAULT)
@options.account
@click.option(
    "--lang", type=click.Choice(tuple(TONGUES)), default="en", show_default=True, help="The language of the page."
)
@click.option("--output", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
def explain(path: Path, account: str | None, lang: str, file: Path | None) -> None:
    """Print a page for the owner of the business: what each stage demands, and every automation in sentences.

    It is Markdown, in English, Spanish or Portuguese; names and texts stay as the files have them.
    """
    loaded = load(path)
    if loaded.errors:
        raise DefinitionError(f"{path} has {len(loaded.errors)} errors", hint=f"dealwright check {path}")
    known = ", ".join(each.key for each in loaded.accounts)
    accounts = [each for each in loaded.accounts if account in (None, each.key)]
    if not accounts:
        raise InputError(f"there is no account {plain(account, limit=80)!r} in {path}; there is {known}")
    if len(accounts) > 1:
        raise InputError(f"{path} has the accounts {known}, and a page is about one: name it with --account")
    written = page(accounts[0], TONGUES[lang])
    if file is None:
        click.echo("\n".join(plain(line) for line in written.splitlines()))
        return
    try:
        file.write_text(written, encoding="utf-8")
    except OSError as error:
        raise InputError(f"the page cannot be written to {plain(file)}: {plain(error.strerror)}") from None
    click.echo(f"{plain(accounts[0].key)}: {plain(file)}")
