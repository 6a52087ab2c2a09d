"""Fixing: mechanical mistakes put right, tried on a copy first, and written in one go."""

from __future__ import annotations

import ast
import codecs
import contextlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from dealwright.compile.check import check
from dealwright.compile.edit import Edit
from dealwright.compile.edits import applied, edits
from dealwright.compile.findings import Company, Finding
from dealwright.compile.messages import Limits
from dealwright.compile.sources import MAX_FILE, Source, content

_ROUNDS: Final = 20
"""What one mistake hid is found when it is put right; so many times."""

_WRITABLE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_BESIDE: Final = frozenset({".py", ".md"})
_USUAL: Final = Limits()


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One file before and after, and what was done; `refused` says why it is not to be written."""

    path: str
    before: str
    after: str
    what: tuple[str, ...]
    refused: str = ""


def fixes(path: Path, *, limits: Limits = _USUAL) -> tuple[Fix, ...]:
    """Return what can be put right at `path` by itself; nothing is written.

    Every edit is tried on a copy: one after which the file is no Python, or its finding is found again, is not made.

    Raises:
        InputError: there is nothing to check at the path.
    """
    loaded = check(path, limits=limits)
    found: list[Fix] = []
    for company in loaded.companies:
        own = {str(Path(company.folder, file)): file for file in company.files}
        mine = [msgspec.structs.replace(each, path=own[each.path]) for each in loaded.findings if each.path in own]
        found += _of_company(company, mine, alone=path.is_file(), limits=limits)
    return tuple(found)


def write(fix: Fix) -> None:
    """Write a file as it was put right: whole or not at all, with its mode kept.

    Raises:
        OSError: it is a link, it has changed since it was read, or it cannot be written.
    """
    path = Path(fix.path)
    if why := _not_to_be_written(path, path.parent):
        raise OSError(why)
    data = content(path)
    if _decoded(data) != fix.before:
        raise OSError("it has changed meanwhile")
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(bom + fix.after.encode("utf-8"))
            file.flush()
            os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()


def _of_company(company: Company, findings: list[Finding], *, alone: bool, limits: Limits) -> Iterator[Fix]:
    root = Path(company.root)
    before = _texts(root, company.files)
    if not edits(findings, [Source(file, text) for file, text in before.items()]):
        return
    with tempfile.TemporaryDirectory(prefix="dealwright-fix-") as place:
        copy = Path(place, root.name)
        _copy(root, copy)
        after, done = _rounds(copy, dict(before), findings, alone=alone, limits=limits)
    for file, what in sorted(done.items()):
        path = Path(company.folder, file)
        yield Fix(
            path=str(path),
            before=before[file],
            after=after[file],
            what=tuple(dict.fromkeys(what)),
            refused=_not_to_be_written(root / file, root),
        )


def _rounds(
    copy: Path, texts: dict[str, str], findings: list[Finding], *, alone: bool, limits: Limits
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Put right what can be, look what is found then, and so on; return the texts and what was done to each."""
    done: dict[str, list[str]] = {}
    vain: set[tuple[str, str, str]] = set()
    for _ in range(_ROUNDS):
        open_ = [each for each in findings if _known(each) not in vain]
        wanted = edits(open_, [Source(file, text) for file, text in texts.items()])
        tried = {file: applied(texts[file], chosen) for file, chosen in wanted.items()}
        for file in [file for file, text in tried.items() if not _is_python(text)]:
            vain |= {_known(edit.of) for edit in wanted.pop(file)}
            del tried[file]
        if not tried:
            break
        for file, text in tried.items():
            _put(copy / file, text)
        findings = _checked(copy, next(iter(texts)) if alone else None, limits)
        left = {_known(each) for each in findings}
        for file, chosen in wanted.items():
            again = _again(chosen, left)
            if again:
                vain |= again
                _put(copy / file, texts[file])
            else:
                texts[file] = tried[file]
                done.setdefault(file, []).extend(edit.what for edit in chosen)
        if any(_again(chosen, left) for chosen in wanted.values()):
            findings = _checked(copy, next(iter(texts)) if alone else None, limits)
    return texts, done


def _again(chosen: Iterable[Edit], left: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    return {known for edit in chosen if (known := _known(edit.of)) in left}


def _known(finding: Finding) -> tuple[str, str, str]:
    return finding.path, finding.code, finding.message


def _checked(copy: Path, file: str | None, limits: Limits) -> list[Finding]:
    loaded = check(copy / file if file is not None else copy, limits=limits)
    return [
        msgspec.structs.replace(each, path=Path(each.path).relative_to(copy).as_posix())
        for each in loaded.findings
        if Path(each.path).is_relative_to(copy)
    ]


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


# --- files ----------------------------------------------------------------------------------------------------------


def _not_to_be_written(path: Path, root: Path) -> str:
    """Say why a file is not written: it may be somebody else's behind a link, or somebody wants it as it is."""
    real = Path(os.path.realpath(root)) / path.relative_to(root)
    if Path(os.path.realpath(path)) != real:
        return "it is a link, or lies behind one: put the file right where it is"
    if not path.stat().st_mode & _WRITABLE or not os.access(path, os.W_OK):
        return f"it is read-only: make it writable first (chmod u+w {path.name}), or put it right by hand"
    return ""


def _texts(root: Path, files: Iterable[str]) -> Mapping[str, str]:
    found = {}
    for file in files:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            data = content(root / file)
            if len(data) <= MAX_FILE:
                found[file] = _decoded(data)
    return found


def _decoded(data: bytes) -> str:
    return data.decode("utf-8-sig")


def _copy(root: Path, copy: Path) -> None:
    """Copy the files that definitions are made of; links are copied as what they point to."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith((".", "__"))]
        for name in files:
            source = Path(folder, name)
            if source.suffix in _BESIDE and source.is_file() and source.stat().st_size <= MAX_FILE:
                target = copy / source.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


def _put(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))
