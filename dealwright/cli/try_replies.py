"""What a contact would answer in a trial: `--reply STEP=TEXT` and `--pressed STEP=BUTTON`."""

from __future__ import annotations

from collections.abc import Sequence

from dealwright.cli.terminal import plain
from dealwright.compile import ir
from dealwright.engine.rehearse_replies import buttons, listening
from dealwright.errors import InputError
from dealwright.language.example_replies import Reply


def replies(automation: ir.Automation, said: Sequence[str], pressed: Sequence[str]) -> dict[str, Reply]:
    """Return what is answered, by the step that waits for it.

    Raises:
        InputError: it is not written so, no such step waits for an answer, or no message has such a button.
    """
    waits, there = listening(automation), buttons(automation)
    found: dict[str, Reply] = {}
    for option, form, given in (("--reply", "STEP=TEXT", said), ("--pressed", "STEP=BUTTON", pressed)):
        for pair in given:
            step, equals, value = pair.partition("=")
            if not equals or not value:
                raise InputError(f"{option} {plain(pair, limit=40)!r} is not {form}")
            if step not in waits:
                known = ", ".join(sorted(waits)) or "none"
                raise InputError(f"{plain(step, limit=40)!r} waits for no answer in {automation.key}; {known} does")
            if step in found:
                raise InputError(f"{plain(step, limit=40)!r} is answered once, and is given two answers")
            if option == "--pressed" and value not in there:
                known = ", ".join(there) or "none"
                raise InputError(f"no message of {automation.key} has the button {plain(value)!r}; there are {known}")
            found[step] = Reply(text=value) if option == "--reply" else Reply(text=there[value], button=value)
    return found
