"""Loads definition files in child processes, one per company, and gathers everything they tell."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.findings import Company, Finding, Loaded, together
from dealwright.compile.messages import Compiled, Done, Found, Job, Limits, Message, Outlined, Started, Unlisted
from dealwright.compile.outline import Outline
from dealwright.compile.sources import MAX_FILE, content
from dealwright.compile.writable import is_writable, written
from dealwright.errors import InputError

_MAX_TOLD: Final = 256 << 20
_KEPT_VARIABLES: Final = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
_USUAL: Final = Limits()
_decoder = msgspec.json.Decoder(Message)


def load(path: Path, *, limits: Limits = _USUAL) -> Loaded:
    """Load the definitions at `path`: one file, a company's folder, or a folder of companies' folders.

    Raises:
        InputError: there is nothing to load at the path.
    """
    companies = _companies(path)
    with ThreadPoolExecutor(max_workers=min(len(companies), os.cpu_count() or 1)) as pool:
        return together(pool.map(lambda company: company.load(limits), companies))


# --- what is there to load ------------------------------------------------------------------------------------------


def _companies(path: Path) -> list[_Company]:
    if path.is_file():
        if path.suffix != ".py":
            raise InputError(f"{path} is not a Python file: definitions are written in files that end in .py")
        return [_Company(path.parent, (path.name,), whole=False)]
    if not path.is_dir():
        raise InputError(f"there is nothing at {path}: name a definition file or a folder of them")
    if any(_is_definition(file) for file in path.glob("*.py")):
        return [_Company(path, tuple(_files(path, path)), whole=True)]
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and _is_visible(folder))
    companies = [
        _Company(folder, tuple(files), whole=True) for folder in folders if (files := list(_files(folder, folder)))
    ]
    if not companies:
        raise InputError(f"there are no definition files in {path}: write <company>/account.py with an Account(...)")
    return companies


def _files(folder: Path, root: Path) -> Iterator[str]:
    """The definition files of a folder and the folders in it, `__init__.py` first."""
    for file in sorted(folder.glob("*.py"), key=lambda file: (file.name != "__init__.py", file.name)):
        if file.name == "__init__.py" or _is_definition(file):
            yield file.relative_to(root).as_posix()
    for inner in sorted(folder.iterdir()):
        if inner.is_dir() and not inner.is_symlink() and _is_visible(inner) and inner.name != "tests":
            yield from _files(inner, root)


def _is_definition(file: Path) -> bool:
    return file.name != "conftest.py" and not file.name.startswith(("test_", "_", "."))


def _is_visible(folder: Path) -> bool:
    return not folder.name.startswith((".", "_"))


# --- one company ----------------------------------------------------------------------------------------------------


class _Company:
    """One company's folder, or one file of it."""

    def __init__(self, folder: Path, files: tuple[str, ...], *, whole: bool) -> None:
        self._folder = folder
        self._root = folder.resolve()
        self._files = files
        self._whole = whole

    def load(self, limits: Limits) -> Loaded:
        """Load the files; when one is the end of the child, start again without it."""
        if not is_writable(str(self._root)):
            message = f"the folder {written(self._root.name)!r} has a name that is no UTF-8"
            return Loaded(findings=(_finding("DW909", self._shown("."), message, "use letters and _"),))
        findings = list(self._unreadable())
        unusable = {finding.path for finding in findings}
        skipped = [file for file in map(written, self._files) if file in unusable]
        files = tuple(filter(is_writable, self._files))
        while True:
            job = Job(
                root=str(self._root),
                package=self._root.name,
                files=files,
                skipped=tuple(skipped),
                whole=self._whole,
                limits=limits,
                token=secrets.token_hex(16),
            )
            told = _Child(job)
            told.listen()
            if told.done or told.file is None or told.file in skipped:
                break
            findings.append(told.death())
            skipped.append(told.file)
        if not told.done:
            findings.append(told.death())
        shown = [
            msgspec.structs.replace(finding, path=self._shown(finding.path)) for finding in (*findings, *told.found)
        ]
        accounts = tuple(told.usable) if told.done else ()
        company = Company(
            folder=str(self._folder),
            root=str(self._root),
            files=files,
            accounts=tuple(told.accounts),
            unlisted=told.unlisted,
            outline=told.outline,
        )
        return Loaded(
            accounts=accounts,
            folders=(str(self._folder),) * len(accounts),
            findings=tuple(shown),
            companies=(company,),
        )

    def _unreadable(self) -> Iterator[Finding]:
        for file in self._files:
            if not is_writable(file):
                yield _finding("DW909", written(file), "the file has a name that is no UTF-8", "use letters and _")
                continue
            try:
                size = len(content(self._root / file))
            except OSError as error:
                yield _finding("DW902", file, f"the file cannot be read: {error.strerror}", "check its link and rights")
                continue
            if size > MAX_FILE:
                message = f"the file has more than {MAX_FILE:,} bytes"
                yield _finding("DW902", file, message, "split it: definitions are written, not stored data")

    def _shown(self, file: str) -> str:
        return written(str(self._folder / file) if file != "." else str(self._folder))


def _finding(code: str, file: str, message: str, hint: str) -> Finding:
    return Finding(code=code, path=file, line=1, message=message, hint=hint)


class _Child:
    """One run of the child process, and what it told."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.found: list[Finding] = []
        self.accounts: list[ir.Account] = []
        self.usable: list[ir.Account] = []
        self.unlisted: ir.Account | None = None
        self.outline = Outline()
        self.file: str | None = None
        self.done = False
        self._silent = False
        self._status = 0

    def listen(self) -> None:
        """Start the child, take what it tells, and end it with everything it started."""
        reading, writing = os.pipe()
        try:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                # -P: the folder it is started in is not searched for modules.
                [sys.executable, "-P", "-s", *_uncompiled(), "-m", "dealwright.compile.child", str(writing)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(writing,),
                env=_environment(),
                cwd=self._job.root,
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        try:
            self._tell(child)
            self._take(reading)
        finally:
            os.close(reading)
            with contextlib.suppress(ProcessLookupError):
                if not self.done:
                    # It may be ending by itself: how it ended is worth knowing.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(0.0 if self._silent else 1.0)
                os.killpg(child.pid, signal.SIGKILL)
            self._status = child.wait()

    def _tell(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(msgspec.json.encode(self._job))

    def _take(self, reading: int) -> None:
        rest = b""
        size = 0
        while not self.done:
            ready, _, _ = select.select([reading], [], [], self._job.limits.silence)
            if not ready:
                self._silent = True
                return
            data = os.read(reading, 1 << 16)
            size += len(data)
            if not data or size > _MAX_TOLD:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if not self._understood(line):
                    return

    def _understood(self, line: bytes) -> bool:
        """Note one line; say whether the child may go on."""
        token, _, message = line.partition(b" ")
        if token != self._job.token.encode():
            if line:
                self._intrusion()
            return True
        try:
            self._note(_decoder.decode(message))
        except msgspec.MsgspecError:
            return False
        return True

    def _intrusion(self) -> None:
        file = self.file or "."
        message = "something wrote to the descriptor on which this check hears what the files define"
        finding = _finding("DW913", file, message, "take out what writes: definitions only describe")
        if finding not in self.found:
            self.found.append(finding)

    def _note(self, message: Message) -> None:
        match message:
            case Started(file=file):
                self.file = file
            case Found(finding=finding):
                self.found.append(finding)
            case Compiled(account=account, usable=usable):
                self.accounts.append(account)
                if usable:
                    self.usable.append(account)
            case Unlisted(account=account):
                self.unlisted = account
            case Outlined(outline=outline):
                self.outline = outline
            case Done():
                self.done = True

    def death(self) -> Finding:
        """Return the finding of a child that ended before it was done."""
        file = self.file or "."
        hint = "definitions only describe: take out what computes, waits or reads"
        if self._silent or -self._status in (signal.SIGXCPU, signal.SIGKILL):
            return _finding("DW905", file, "loading took too long or too much memory, and was ended", hint)
        if self.file is None and self._status > 0:
            hint = "that is a defect of Dealwright's, or of its installation: `dealwright doctor`"
            message = f"the process that loads definitions ended before the first file, with exit code {self._status}"
            return _finding("DW999", file, message, hint)
        how = f"by signal {-self._status}" if self._status < 0 else f"with exit code {self._status}"
        return _finding("DW904", file, f"the file ended the process that loaded it, {how}", "take out what ends it")


def _uncompiled() -> list[str]:
    """What keeps the child from keeping its own modules compiled, where this process must not, or keeps them elsewhere.

    Without them compiled every check would compile again what only the child loads.
    """
    return ["-B"] if sys.dont_write_bytecode or sys.pycache_prefix else []


def _environment() -> dict[str, str]:
    """What a definition may see of the environment: no secrets, no settings."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
