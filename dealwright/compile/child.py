"""The child process that runs definition files: `python -m dealwright.compile.child FD`, the job on standard input.

It is a separate process so that a file that hangs, ends the process, eats memory or prints costs only itself. It is
not a sandbox for hostile code: what it runs is Python, with the rights of whoever started it.

The work is a generator that hands the files' names out: while a file runs, the token that makes a line a message lies
in a suspended frame, not in one that the file could walk back to.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import io
import os
import resource
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import TypeAlias

import msgspec

from dealwright.compile.diagnose import TooLong, defect, diagnose
from dealwright.compile.findings import Finding, Severity
from dealwright.compile.guard import Guard, Refusing
from dealwright.compile.lower import draft
from dealwright.compile.messages import Compiled, Done, Found, Job, Limits, Message, Outlined, Started, Unlisted
from dealwright.compile.record import Record, bound
from dealwright.compile.writable import written
from dealwright.language.account import Account

_Outcome: TypeAlias = tuple[ModuleType | BaseException, str]
"""What importing a module came to, and what it printed."""

_Work: TypeAlias = Generator[tuple[str, float], _Outcome, None]
"""Hands out modules and the seconds each may take, and is sent what came of them."""


_OF_ACCOUNTS = ("DW201", "DW202")
"""What is not said of what no account lists: which one it would belong to is not known, nor that one's pipelines."""

_OF_ANY = (*_OF_ACCOUNTS, "DW205", "DW230", "DW285", "DW305")
"""What is not said where no account was made: neither is what languages and which currency it has."""


class _Child:
    """Loads one company's files and compiles its accounts."""

    def __init__(self, job: Job, tell: Callable[[Message], None]) -> None:
        self._job = job
        self._root = Path(job.root)
        self._tell = tell
        self._guard = Guard()
        self._refusing = Refusing()
        self._record = Record(self._root)
        self._failed = False

    def run(self) -> _Work:
        """Load every file, then compile every account."""
        sys.meta_path.insert(0, self._refusing)
        if not self._make_importable():
            return
        self._refusing.modules.update(self._module(file) for file in self._job.skipped)
        self._record.begin()
        self._guard.install()
        self._guard.active = True
        modules: list[ModuleType] = []
        for file in self._job.files:
            yield from self._load(file, modules)
        self._compile(bound(modules))

    def _compile(self, accounts: Sequence[Account]) -> None:
        whole = not self._failed and not self._job.skipped
        if not self._record.accounts and not accounts and whole:
            self._found(
                "DW908", self._job.files[0] if self._job.files else ".", "no account was found", "write Account(...)"
            )
        for account in accounts:
            lowered, findings = draft(account, self._root)
            for finding in findings:
                self._tell(Found(finding=finding))
            self._tell(Compiled(account=lowered, usable=not findings))
        self._tell(Outlined(outline=self._record.outline(accounts, complete=whole)))
        rest = self._record.unlisted(accounts)
        if rest is not None:
            lowered, findings = draft(rest, self._root)
            for finding in findings:
                unsaid = _OF_ACCOUNTS if self._record.accounts else _OF_ANY
                if finding.path in self._job.files and finding.code not in unsaid:
                    self._tell(Found(finding=finding))
            self._tell(Unlisted(account=lowered))

    def _make_importable(self) -> bool:
        """Let `<folder>.<stem>` be imported, whether or not the folder's name is one that Python could import."""
        package = self._job.package
        namesake = self._root.parent / f"{package}.py"
        hidden = namesake.is_file() and not (self._root / "__init__.py").is_file()
        if not self._job.whole and (not package.isidentifier() or hidden or self._shadowed(package)):
            module = ModuleType("definitions")
            module.__path__ = [str(self._root)]
            sys.modules["definitions"] = module
            self._job = msgspec.structs.replace(self._job, package="definitions")
            return True
        if not package.isidentifier():
            self._found(
                "DW909", ".", f"the folder {package!r} has a name that Python cannot import", "use letters and _"
            )
            return False
        if self._shadowed(package):
            self._found("DW909", ".", f"the folder {package!r} has the name of a module that is installed", "rename it")
            return False
        if hidden:  # Python would import, and run, the file
            self._found(
                "DW909", ".", f"beside the folder {package!r} stands a file {namesake.name}", "rename one of the two"
            )
            return False
        # At the end: a company's folder never stands before an installed module.
        sys.path.append(str(self._root.parent))
        return True

    def _shadowed(self, package: str) -> bool:
        if package in sys.stdlib_module_names:
            return True
        try:
            spec = importlib.util.find_spec(package)
        except (ImportError, ValueError):
            return False
        places = list(spec.submodule_search_locations or ()) if spec else []
        return spec is not None and any(Path(place).resolve() != self._root for place in places or [""])

    def _module(self, file: str) -> str:
        steps = Path(file).with_suffix("").parts
        return ".".join((self._job.package, *(steps[:-1] if steps[-1] == "__init__" else steps)))

    def _load(self, file: str, modules: list[ModuleType]) -> _Work:
        name = self._module(file)
        if name in self._refusing.modules:
            return
        self._tell(Started(file=file))
        outcome, printed = yield name, self._job.limits.file_seconds
        if isinstance(outcome, BaseException):
            self._failed = True
            for finding in diagnose(outcome, file, self._root):
                self._tell(Found(finding=finding))
                culprit = self._module(finding.path)
                if culprit not in sys.modules:
                    self._refusing.modules.add(culprit)
            self._refusing.modules.add(name)
            return
        if printed:
            self._found(
                "DW907", file, "the file printed something while it was loaded", "take the print() out", warns=True
            )
        modules.append(outcome)

    def _found(self, code: str, file: str, message: str, hint: str, *, warns: bool = False) -> None:
        severity: Severity = "warning" if warns else "error"
        self._tell(Found(finding=Finding(code=code, path=file, line=1, message=message, hint=hint, severity=severity)))


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TooLong


def _import(name: str, seconds: float) -> _Outcome:
    """Import a company's module, not for long; nothing but the module's own code runs meanwhile."""
    printed = io.StringIO()
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            made = importlib.import_module(name)
            # A file may put something else in its place, which then answers as it likes: it gives nothing a name.
            return made if type(made) is ModuleType else ModuleType(name), printed.getvalue()
    except BaseException as error:
        return error, ""
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limit(limits: Limits) -> None:
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_FSIZE: limits.written,
        resource.RLIMIT_CORE: 0,
    }
    for what, amount in wanted.items():
        # Some systems know a limit and do not let it be set; the loader's own timeout stands in any case.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (amount, amount))


def _work(descriptor: int) -> _Work:
    """Do the job on standard input, and tell the result line by line on the descriptor."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    os.set_inheritable(descriptor, False)
    own = os.getpid()
    encoder = msgspec.json.Encoder(order="deterministic")
    prefix = f"\n{job.token} ".encode()
    write, process = os.write, os.getpid

    def tell(message: Message) -> None:
        # A file that forked in a way nobody saw would tell everything twice.
        if process() != own:
            os._exit(0)
        # It begins with a line break: whatever a file wrote before does not spoil the message.
        try:
            line = encoder.encode(message)
        except UnicodeEncodeError:
            # What a definition or an error says may hold half of a character.
            line = encoder.encode(written(message))
        data = prefix + line + b"\n"
        while data:
            data = data[write(descriptor, data) :]

    _limit(job.limits)
    try:
        yield from _Child(job, tell).run()
    except Exception as error:
        tell(Found(finding=defect(error)))
    tell(Done())


def main() -> None:
    """Load what the work hands out, until it is done."""
    # The process lives for as long as the files are read: collecting cycles costs more than it gives back.
    gc.disable()
    # Its own modules, all loaded by now, may be kept compiled; of the files nothing is written.
    sys.dont_write_bytecode = True
    work = _work(int(sys.argv[1]))
    sys.argv = [""]
    with contextlib.suppress(StopIteration):
        wanted = next(work)
        while True:
            wanted = work.send(_import(*wanted))
    # Whatever threads or exit handlers a file left behind end here.
    os._exit(0)


if __name__ == "__main__":
    main()
