"""Ids as people type them: whole, or the first characters if those are enough to tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from dealwright.cli.terminal import plain
from dealwright.errors import InputError
from dealwright.journal.browse import Browse
from dealwright.journal.store import Journal

SHORT: Final = 8
"""Characters of an id that tables show; commands take as few as four."""

_HEX: Final = re.compile(r"[0-9a-f]{4,40}")
_KEY: Final = "dw-"
_SHOWN: Final = 5


def execution_id(browse: Browse, account: str, typed: str) -> str:
    """Return the id of the account's execution that starts like this.

    Raises:
        InputError: there is none, or there are several.
    """
    return _one("executions", "execution", account, typed, typed.lower(), partial(browse.starting, "executions"))


def effect_key(browse: Browse, account: str, typed: str) -> str:
    """Return the key of the account's effect that starts like this; its `dw-` may be left out.

    Raises:
        InputError: there is none, or there are several.
    """
    prefix = _KEY + typed.lower().removeprefix(_KEY)
    return _one("effects", "effect", account, typed, prefix, partial(browse.starting, "effects"))


def question_id(journal: Journal, account: str, typed: str) -> str:
    """Return the id of the account's question that starts like this; its `dw-` may be left out.

    Raises:
        InputError: there is none, or there are several.
    """
    prefix = _KEY + typed.lower().removeprefix(_KEY)
    return _one("asks", "question", account, typed, prefix, journal.questions_starting)


def short(id_: str) -> str:
    """Return an id as tables show it."""
    return id_[: SHORT + len(_KEY)] if id_.startswith(_KEY) else id_[:SHORT]


def _one(
    what: str, name: str, account: str, typed: str, prefix: str, starting: Callable[[str, str, int], Sequence[str]]
) -> str:
    if not _HEX.fullmatch(prefix.removeprefix(_KEY)):
        raise InputError(
            f"{plain(typed, limit=60)!r} is not the id of any {name}: give at least four of its characters (0-9, a-f), "
            f"as `dealwright {what} ls` shows them"
        )
    found = starting(account, prefix, _SHOWN + 1)
    if not found:
        raise InputError(
            f"account {account} has no {name} whose id starts with {plain(typed)}; `dealwright {what} ls` lists them"
        )
    if len(found) > 1 and prefix not in found:
        raise InputError(f"{plain(typed)} is the start of several ids: {_several(found)}; give more of it")
    return prefix if prefix in found else found[0]


def _several(found: Sequence[str]) -> str:
    return ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
