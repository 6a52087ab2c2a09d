"""`dealwright completion`: the script that completes commands, options, accounts and automations in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "dealwright"
_VARIABLE = "_DEALWRIGHT_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes words in a shell.

    For bash: `dealwright completion bash > ~/.local/share/bash-completion/completions/dealwright`.
    """
    found = get_completion_class(shell)
    assert found is not None, "click knows these shells"
    click.echo(found(click.Group(), {}, PROGRAM, _VARIABLE).source())
