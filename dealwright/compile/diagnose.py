"""What an exception raised by a definition file means to its author: which line, which code, what to do."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import Final

import dealwright
from dealwright.compile.findings import Finding
from dealwright.errors import DefinitionError
from dealwright.language.schema import did_you_mean

_MAX_MESSAGE: Final = 300
_PLACE_OF_MODULE: Final = re.compile(r" \([^()]*\)$")
_MISSING: Final = re.compile(r"cannot import name '(\w+)' from 'dealwright'")


class TooLong(BaseException):
    """A file took too long; no `except Exception` of the file's can catch it."""


class NotLoaded(ImportError):
    """A file imports one that has failed already."""


def diagnose(error: BaseException, file: str, root: Path) -> list[Finding]:
    """Return the findings of the exception that ended `file`; none if another file's finding says it all."""
    place = _place(error, root)
    error = _unwrapped(error)
    place = _place(error, root) or place or (file, 1)
    match error:
        case NotLoaded():
            return []
        case DefinitionError():
            return [_finding(error.code, place, str(error), error.hint)]
        case SyntaxError():
            written = _below(error.filename, root) if error.filename else None
            place = (written, error.lineno or 1) if written else place
            return [_finding("DW901", place, f"this is not Python: {error.msg}", "")]
        case TooLong() | MemoryError():
            hint = "definitions only describe: take out what computes, waits or reads"
            what = "too long" if isinstance(error, TooLong) else "too much memory"
            return [_finding("DW905", place, f"loading took {what}", hint)]
        case SystemExit():
            return [_finding("DW904", place, "the file ends the process", "take out sys.exit()")]
        case ImportError():
            # Python adds where the other module lies: nobody's business, and another path on every machine.
            return [_finding("DW903", place, _PLACE_OF_MODULE.sub("", str(error)), _import_hint(error))]
        case UnicodeDecodeError():
            return [_finding("DW901", place, "this is not Python: the file is not UTF-8", "save it as UTF-8")]
    return [_finding("DW900", place, _said(error), "")]


def _unwrapped(error: BaseException) -> BaseException:
    """Python 3.11 wraps what `__set_name__` raises in a RuntimeError."""
    if type(error) is RuntimeError and isinstance(error.__cause__, DefinitionError):
        return error.__cause__
    return error


def _said(error: BaseException) -> str:
    try:
        words = str(error)
    except Exception:
        words = ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _finding(code: str, place: tuple[str, int], message: str, hint: str) -> Finding:
    short = message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}..."
    return Finding(code=code, path=place[0], line=place[1], message=short, hint=hint)


def _place(error: BaseException, root: Path) -> tuple[str, int] | None:
    """The deepest line of the company's own files that led there."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = _below(frame.filename, root)
        if file is not None:
            return file, frame.lineno or 1
    return None


def _below(filename: str, root: Path) -> str | None:
    path = Path(filename)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else None


def _import_hint(error: ImportError) -> str:
    missing = _MISSING.match(str(error))
    if missing is not None:
        return did_you_mean(missing.group(1), dealwright.__all__)
    if isinstance(error, ModuleNotFoundError):
        return "a file beside this one is imported as `from .pipelines import NewBusiness`"
    return ""
