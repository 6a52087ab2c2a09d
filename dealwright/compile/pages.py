"""The page of every code, `docs/rules.md`: `python -m dealwright.compile.pages` writes it, a test compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from dealwright.compile import (
    codes_company,
    codes_fields,
    codes_loading,
    codes_lowering,
    codes_messages,
    codes_outside,
    codes_people,
)
from dealwright.compile.codes import Code
from dealwright.compile.rules import RULES
from dealwright.compile.rules.rule import Rule

_OWN: Final[Sequence[Sequence[Code]]] = (
    codes_company.CODES,
    codes_fields.CODES,
    codes_loading.CODES,
    codes_lowering.CODES,
    codes_outside.CODES,
    codes_people.CODES,
    codes_messages.CODES,
    RULES,
)

CODES: Final[Mapping[str, Code]] = MappingProxyType(
    {code.code: code for code in sorted((code for codes in _OWN for code in codes), key=lambda code: code.code)}
)
"""Every code there is, in order."""

BEGINNING: Final = '''"""What every example begins with."""

from __future__ import annotations

from dealwright import *

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    met = Stage("Held the meeting", probability=40, task=Task("Send the quote", due=working_days(1)))
    quoted = Stage("Sent the quote", probability=60, task=Task("Call back", due=working_days(2)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price", "Timing"])


'''
"""What stands before every example of a page."""

_GROUPS: Final = {
    "DW1": "Pipelines",
    "DW2": "Automations",
    "DW3": "Texts",
    "DW4": "Messages",
    "DW9": "Loading and silencing",
}
_TOP: Final = """# The rules of `dealwright check`

Made by `python -m dealwright.compile.pages` from the rules themselves; a test fails when it is stale, and runs every
example.

`dealwright check` loads definition files, compiles them, and looks at them with every rule below, whether an account
lists a definition or not. It ends with 0 if nothing was found, with 1 if anything was (a warning too: what is not
worth a finding is silenced, with its reason), with 2 if there is nothing to check. `--format json` prints a list of
objects with `code`, `severity`, `path`, `line`, `column`, `message` and `hint`; `--format github` prints annotations;
`--watch` checks again when a file changes.

Where a file does not load, rules that tell what *no* definition does wait until it does, as does what is said of
silences that silence nothing (`DW921`), and nothing that depends on an account which could not be read is said.

An **error** is wrong: the definitions cannot be used, or do not do what they say. A **warning** is likely wrong.

A finding is silenced on its line, or on the line above it, with a reason:

```python
# dealwright: ignore[DW101] because our customers call it so
negotiation = Stage("Negotiation", probability=70, task=Task("Call", due=days(1)))
```

On the first line of a statement it holds for all of it; several codes are `ignore[DW101, DW107] because ...`. What
keeps files from being used cannot be silenced: those pages say so.

The examples stand after this beginning; an account that lists everything follows them unless they write their own.

```python
{beginning}```
"""


def rendered() -> str:
    """Return the whole page."""
    return "\n".join(_page()).rstrip() + "\n"


def _page() -> Iterator[str]:
    yield _TOP.format(beginning=BEGINNING.rstrip() + "\n")
    yield "| code | | severity |\n|---|---|---|"
    for code in CODES.values():
        yield f"| [`{code.code}`](#{code.code.lower()}) | {code.title} | {code.severity} |"
    for start, heading in _GROUPS.items():
        yield f"\n## {heading}"
        for code in CODES.values():
            if code.code.startswith(start):
                yield from _section(code)


def _section(code: Code) -> Iterator[str]:
    yield f'\n<a id="{code.code.lower()}"></a>\n\n### {code.code}: {code.title}\n'
    can = isinstance(code, Rule) and code.silenceable
    yield f"{code.severity.capitalize()}{'' if can else ', cannot be silenced'}. {code.reason}\n"
    for what, example in (("Found in", code.bad), ("Put right", code.good)):
        if example:
            yield f"{what}:\n\n```python\n{example.strip()}\n```\n"


def main(path: str = "docs/rules.md") -> None:
    """Write the page."""
    Path(path).write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
