"""What is said when a command fails: one plain message with what to do, and an exit code. Never a traceback."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from typing import Any, Final

import click

from dealwright.cli.terminal import plain
from dealwright.errors import DealwrightError, InputError, NotFound

FINDING: Final = 1
"""Something was found, failed, or needs somebody."""

UNUSABLE: Final = 2
"""What was typed, or a file that it names, cannot be used."""

INTERRUPTED: Final = 130
"""Ctrl-C."""

_SQLSTATE: Final = re.compile("[0-9A-Z]{2,5}")
_LOOK: Final = "give --debug before the command to see where in the code it came from"


class Failure(click.ClickException):
    """One plain message, with what to do below it."""

    def __init__(self, message: str, *, hint: str = "", code: int = FINDING) -> None:
        super().__init__("\n".join(plain(line) for line in message.splitlines()) or "failed")
        self.hint = plain(hint)
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """How the program ends."""
        return self.code

    def show(self, file: Any = None) -> None:
        """Print the message, and the hint if there is one."""
        super().show(file)
        if self.hint:
            click.echo(f"  {self.hint}", file=file, err=True)


def failure(error: Exception) -> Failure:
    """Return what is said of an error. Values of rows and texts of drivers, which may quote them, are not in it."""
    match error:
        case DealwrightError():
            code = UNUSABLE if isinstance(error, InputError | NotFound) else FINDING
            return Failure(str(error) or type(error).__name__, hint=getattr(error, "hint", ""), code=code)
        case OSError() if error.filename is not None:
            return Failure(f"{error.filename}: {error.strerror or type(error).__name__}", hint=_todo(error.errno))
        case OSError():
            return Failure(error.strerror or f"{type(error).__name__}", hint=_todo(error.errno))
    if _is_of("sqlalchemy.exc", "SQLAlchemyError", error):
        return _database(error)
    return Failure(f"this is a defect of ours or of the project's code: {type(error).__name__} in {_place(error)}",
                   hint=f"{_LOOK}, and report it")  # fmt: skip


def _is_of(module: str, name: str, error: Exception) -> bool:
    """Say whether it is an error of a library, without loading the library: who is not loaded raises nothing."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(error, kind)


def _database(error: Exception) -> Failure:
    """Say what ails a database. What the driver says is looked at, and not repeated: it may quote rows."""
    original: object = getattr(error, "orig", None)
    said = str(original).lower() if original is not None else ""
    state = getattr(original, "sqlstate", None) or ""
    for signs, message, hint in _AILMENTS:
        if any(state.startswith(sign) if _SQLSTATE.fullmatch(sign) else sign in said for sign in signs):
            return Failure(message, hint=hint)
    name = type(original).__name__ if original is not None else type(error).__name__
    return Failure(f"the database refused what was asked ({name} in {_place(error)})", hint=_LOOK)


_AILMENTS: Final = (
    (
        ("database is locked", "database is busy", "lock timeout", "55P03"),
        "the database is locked: another process has been writing to it for too long",
        "try again; if it lasts, see who has it open (an engine, a backup, a database browser)",
    ),
    (
        ("readonly database", "read-only", "25006"),
        "the database cannot be written: its file, folder or disk is read-only",
        "give this user the right to write it and its folder; reading commands need it too, for SQLite's own files",
    ),
    (
        ("disk is full", "database or disk is full", "no space left", "53100"),
        "the disk is full: nothing was changed",
        "make space; the engine goes on by itself when there is some",
    ),
    (
        ("unable to open database file",),
        "the database's file cannot be opened",
        "its folder must be there and be yours: look at --data, --target and the journal's address in the target file",
    ),
    (
        ("not a database", "malformed", "disk image"),
        "the database's file is damaged, or no database",
        "look at --data; else bring back a backup, and keep the damaged file aside",
    ),
    (
        ("disk i/o error",),
        "the disk failed while the database was read or written",
        "look at the disk and the system's log; nothing half-written is kept",
    ),
    (
        ("password authentication", "28P01", "28000", "role "),
        "PostgreSQL does not let this user in",
        "look at the address and the credentials in the target file",
    ),
    (
        ("does not exist", "3D000"),
        "PostgreSQL has no such database, or one without our tables",
        "make the database (createdb), or look at the address in the target file",
    ),
    (
        ("connection", "could not translate host", "timeout expired", "server closed", "57P", "08"),
        "PostgreSQL is away, or cannot be reached from here",
        "see that the server runs and that the address in the target file is right; what was written is safe",
    ),
)
"""Signs in a driver's message, or the beginning of a SQLSTATE; what we say of it, and what to do."""


def _todo(errno: int | None) -> str:
    return {13: "this user may not do that there", 28: "the disk is full", 2: "it is not there"}.get(errno or 0, "")


def _place(error: BaseException) -> str:
    """Name the innermost line of ours, or of the project's, that it came from."""
    here = Path(__file__).parents[2]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename and "/lib/python" not in frame.filename]
    if not (ours or frames):
        return "an unknown place"
    frame = (ours or frames)[-1]
    path = Path(frame.filename)
    return f"{path.relative_to(here) if path.is_relative_to(here) else path.name}:{frame.lineno}"
