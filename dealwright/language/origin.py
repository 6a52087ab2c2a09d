"""Where in the author's files a definition was written, and errors that point there."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dealwright.errors import DefinitionError

_OWN: Final = tuple(str(Path(__file__).parents[1] / each) for each in ("language", "testing"))


@dataclass(frozen=True, slots=True)
class Origin:
    """A place in a file."""

    file: str
    line: int


def here() -> Origin:
    """Return the place in the nearest calling file that is part of neither the language nor the words of tests."""
    frame = sys._getframe(1)
    # Constructors of dataclasses run in a file of no name, between the author's line and ours.
    while frame.f_back is not None and (frame.f_code.co_filename.startswith((*_OWN, "<string>"))):
        frame = frame.f_back
    return Origin(frame.f_code.co_filename, frame.f_lineno)


def refused(message: str, *, hint: str = "", code: str = "DW910") -> DefinitionError:
    """Return the error for what the author just wrote, with the place noted on it."""
    error = DefinitionError(message, code=code, hint=hint)
    place = here()
    if hint:
        error.add_note(f"hint: {hint}")
    error.add_note(f"at {place.file}:{place.line}")
    return error
