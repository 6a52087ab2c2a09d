"""Texts of messages by language, written in the definition or in files beside it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from dealwright.language import values
from dealwright.language.origin import Origin, here, refused
from dealwright.language.schema import did_you_mean

_LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_FILE: Final = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
_FOLDER: Final = "texts"
_MAX_FILE: Final = 65_536
_MAX_NAME: Final = 100

ANY: Final = ""
"""The language of a text that is the same in every language."""


@dataclass(frozen=True, slots=True)
class Body:
    """A text in one language (`ANY`: in all), and where it was written."""

    language: str
    text: str
    origin: Origin = field(compare=False, repr=False)
    in_file: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TextFiles:
    """What `texts()` has read."""

    bodies: tuple[Body, ...]


ByLanguage: TypeAlias = str | Mapping[str, str] | TextFiles
"""One text for every language, a text for each, or files with them."""


def checked_language(given: object) -> str:
    """Return a language if it is one: `es`, or `pt-BR` where the country matters."""
    if not isinstance(given, str) or not _LANGUAGE.fullmatch(given):
        shown = repr(given)[:80] if isinstance(given, str) else f"a {type(given).__name__}"
        raise refused(f"{shown} is not a language", hint='write a code such as "es", "en" or "pt-BR"')
    return given


def texts(name: str, /) -> TextFiles:
    """Read the texts of that name from files beside the definition: `texts/hello.en.md`, `texts/hello.es.md`.

    `texts/hello.md` is the text for every language. The files lie in the folder `texts` beside the definition file.
    """
    if not isinstance(name, str) or not _FILE.fullmatch(name) or len(name) > _MAX_NAME:
        shown = repr(name)[:80] if isinstance(name, str) else f"a {type(name).__name__}"
        raise refused(
            f"texts() takes the name of a text in lower-case letters, digits, - and _, not {shown}",
            hint='texts("hello") reads texts/hello.en.md, texts/hello.es.md, ...',
            code="DW308",
        )
    origin = here()
    folder = Path(origin.file).parent / _FOLDER
    bodies = tuple(sorted(_found(folder, name), key=lambda body: body.language))
    if not bodies:
        raise refused(
            f"there is no text {name!r} in the folder {_FOLDER} beside this file",
            hint=_instead(folder, name),
            code="DW308",
        )
    if len(bodies) > 1 and not bodies[0].language:
        raise refused(
            f"{_FOLDER}/{name}.md is for every language, and there are {_FOLDER}/{name}.<language>.md too",
            hint="keep the one, or the others",
            code="DW308",
        )
    return TextFiles(bodies)


def _instead(folder: Path, name: str) -> str:
    """What to write in the place of a text that is not there: one that is nearly called so, or its files."""
    there: dict[str, list[str]] = {}
    for file in sorted(folder.glob("*.md")) if folder.is_dir() else ():
        head, _, rest = file.name.partition(".")
        there.setdefault(head, []).append(rest.removesuffix("md").removesuffix("."))
    near = did_you_mean(name, there)
    if near:
        return near
    # Which languages the account speaks is not known yet; its other texts are in them.
    spoken = sorted({each for languages in there.values() for each in languages if _LANGUAGE.fullmatch(each)})
    files = ", ".join(f"{_FOLDER}/{name}.{language}.md" for language in spoken or ["en"])
    return f"write {files} (or {_FOLDER}/{name}.md for every language)"


def bodies_of(given: object, what: str) -> tuple[Body, ...]:
    """Return a text given as one, by language, or in files; refuse what is none."""
    if isinstance(given, TextFiles):
        return given.bodies
    origin = here()
    if isinstance(given, str):
        return (Body(ANY, _said(given, what), origin),)
    if not isinstance(given, Mapping):
        raise refused(
            f"{what} is a text, or a text for each language, not a {type(given).__name__}",
            hint='write {"en": "...", "es": "..."}, one text for all, or texts("hello")',
        )
    if not given:
        raise refused(f"{what} has no text", hint='write {"en": "...", "es": "..."}')
    return tuple(
        Body(checked_language(language), _said(given[language], f"{what} in {language!r}"), origin)
        for language in sorted(given, key=str)
    )


def _said(text: object, what: str) -> str:
    if not isinstance(text, str):
        raise refused(f"{what} is a text, not a {type(text).__name__}", hint='write "Hi {{ contact.first_name }}"')
    if not text.strip():
        raise refused(f"{what} says nothing", hint="write the text")
    return values.words(text, what).source


def _found(folder: Path, name: str) -> Iterator[Body]:
    """The texts of that name that lie in the folder itself: a link that leads out of it is none."""
    try:
        files = sorted(folder.iterdir())
    except OSError:
        return
    for file in files:
        head, _, rest = file.name.partition(".")
        if head != name or not rest.endswith("md") or rest.count(".") > 1:
            continue
        language = rest.removesuffix("md").removesuffix(".")
        if language and not _LANGUAGE.fullmatch(language):
            raise _unusable(file, f"{language!r} is not a language", "name it hello.en.md, hello.pt-BR.md ...")
        yield Body(language or ANY, _read(file, folder), Origin(str(file), 1), in_file=True)


def _read(file: Path, folder: Path) -> str:
    if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder.parent)):
        raise _unusable(file, "it is a link that leads out of the folder", "put the text itself there")
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise _unusable(file, "it is no regular file", "put a text there")
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            data = opened.read(_MAX_FILE + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise _unusable(file, f"it cannot be read: {error.strerror}", "check its rights") from None
    except UnicodeDecodeError:
        raise _unusable(file, "it is no UTF-8", "save it as UTF-8") from None
    if len(data) > _MAX_FILE or len(text) > values.MAX_TEXT:
        raise _unusable(file, f"it is longer than {values.MAX_TEXT:,} characters", "shorten it")
    text = text.replace("\r\n", "\n").removesuffix("\n")
    if not text.strip():
        raise _unusable(file, "it says nothing", "write the text")
    return text


def _unusable(file: Path, why: str, hint: str) -> Exception:
    return refused(f"the text {_FOLDER}/{file.name} cannot be used: {why}", hint=hint, code="DW308")
