"""The child process that runs definition files: `python -m dealwright.compile.child FD`, the job on standard input.

It is a separate process so that a file that hangs, ends the process, eats memory or prints costs only itself. It is
not a sandbox for hostile code: what it runs is Python, with the rights of whoever started it.
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
import types
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType

import msgspec

from dealwright.compile.diagnose import NotLoaded, TooLong, diagnose
from dealwright.compile.findings import Finding, Severity
from dealwright.compile.lower import lower
from dealwright.compile.messages import Compiled, Done, Found, Job, Limits, Message, Started
from dealwright.errors import DefinitionError
from dealwright.language.account import Account

_FORBIDDEN = {
    "os.fork": "start a process",
    "os.forkpty": "start a process",
    "os.exec": "start a process",
    "os.posix_spawn": "start a process",
    "os.system": "start a process",
    "subprocess.Popen": "start a process",
    "socket.connect": "use the network",
    "socket.getaddrinfo": "use the network",
}


class _Guard:
    """Refuses, while a company's file runs, what a definition has no business with."""

    def __init__(self) -> None:
        self.active = False

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        """Audit one event of the interpreter."""
        if self.active and event in _FORBIDDEN:
            raise DefinitionError(
                f"a definition tried to {_FORBIDDEN[event]} ({event})",
                code="DW906",
                hint="definitions only describe; what needs code belongs into a connector",
            )


class _Refusing(MetaPathFinder):
    """Refuses modules that failed already: importing them again would only fail, hang or die again."""

    def __init__(self) -> None:
        self.modules: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for a module that failed; leave the others to the next finder."""
        if fullname in self.modules:
            raise NotLoaded(fullname)
        return None


class _Child:
    """Loads one company's files and compiles its accounts."""

    def __init__(self, job: Job, tell: Callable[[Message], None]) -> None:
        self._job = job
        self._root = Path(job.root)
        self._tell = tell
        self._guard = _Guard()
        self._refusing = _Refusing()
        self._failed = False

    def run(self) -> None:
        """Load every file, then compile every account."""
        sys.addaudithook(self._guard)
        sys.meta_path.insert(0, self._refusing)
        if not self._make_importable():
            return
        self._refusing.modules.update(self._module(file) for file in self._job.skipped)
        modules = [module for file in self._job.files if (module := self._load(file)) is not None]
        accounts = list(_accounts(modules))
        if not accounts and not self._failed and not self._job.skipped:
            self._found(
                "DW908", self._job.files[0] if self._job.files else ".", "no account was found", "write Account(...)"
            )
        for account in accounts:
            lowered, findings = lower(account, self._root)
            for finding in findings:
                self._tell(Found(finding=finding))
            if lowered is not None:
                self._tell(Compiled(account=lowered))

    def _make_importable(self) -> bool:
        """Let `<folder>.<stem>` be imported, whether or not the folder's name is one that Python could import."""
        package = self._job.package
        if not self._job.whole and (not package.isidentifier() or self._shadowed(package)):
            module = types.ModuleType("definitions")
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

    def _load(self, file: str) -> types.ModuleType | None:
        name = self._module(file)
        if name in self._refusing.modules:
            return None
        self._tell(Started(file=file))
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()), self._guarded():
                module = importlib.import_module(name)
        except BaseException as error:
            self._failed = True
            for finding in diagnose(error, file, self._root):
                self._tell(Found(finding=finding))
                culprit = self._module(finding.path)
                if culprit not in sys.modules:
                    self._refusing.modules.add(culprit)
            self._refusing.modules.add(name)
            return None
        if printed.getvalue():
            self._found(
                "DW907", file, "the file printed something while it was loaded", "take the print() out", warns=True
            )
        return module

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Let nothing but the file's own code run, and not for long."""
        signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, self._job.limits.file_seconds)
        self._guard.active = True
        try:
            yield
        finally:
            self._guard.active = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _found(self, code: str, file: str, message: str, hint: str, *, warns: bool = False) -> None:
        severity: Severity = "warning" if warns else "error"
        self._tell(Found(finding=Finding(code=code, path=file, line=1, message=message, hint=hint, severity=severity)))


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TooLong


def _accounts(modules: Sequence[types.ModuleType]) -> Iterator[Account]:
    """The accounts of the modules, once each, in the order of files and lines."""
    seen: set[int] = set()
    for module in modules:
        for value in list(vars(module).values()):
            if isinstance(value, Account) and id(value) not in seen:
                seen.add(id(value))
                yield value


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


def main() -> None:
    """Do the job given as JSON, and tell the result line by line on the descriptor."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    own = os.getpid()
    encoder = msgspec.json.Encoder(order="deterministic")

    def tell(message: Message) -> None:
        # A file that forked in a way nobody saw would tell everything twice.
        if os.getpid() != own:
            os._exit(0)
        data = encoder.encode(message) + b"\n"
        while data:
            data = data[os.write(descriptor, data) :]

    # The process lives for as long as the files are read: collecting cycles costs more than it gives back.
    gc.disable()
    sys.argv = [""]
    _limit(job.limits)
    _Child(job, tell).run()
    tell(Done())
    # Whatever threads or exit handlers a file left behind end here.
    os._exit(0)


if __name__ == "__main__":
    main()
