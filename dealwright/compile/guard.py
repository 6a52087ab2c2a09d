"""What a definition file may not do while it is loaded, refused as it tries.

It contains mistakes. It is no sandbox: a file is Python with the rights of whoever started the check, and one that
means harm finds a way (the README says: never with secrets, on pull requests of strangers).
"""

from __future__ import annotations

import _posixsubprocess
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import MappingProxyType, ModuleType
from typing import Final, NoReturn

from dealwright.compile.diagnose import NotLoaded
from dealwright.errors import DefinitionError

_PROCESS: Final = "start a process"
_NETWORK: Final = "use the network"
_FILES: Final = "change files"
_CHECK: Final = "reach into the check itself"
_FORBIDDEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.system", "os.spawn"), _PROCESS),
        **dict.fromkeys(("subprocess.Popen", "pty.spawn"), _PROCESS),
        **dict.fromkeys(("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"), _NETWORK),
        **dict.fromkeys(("socket.bind", "socket.sendto", "socket.sendmsg"), _NETWORK),
        **dict.fromkeys(("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link"), _FILES),
        **dict.fromkeys(("os.symlink", "os.chmod", "os.chown", "os.utime", "shutil.rmtree"), _FILES),
        **dict.fromkeys(("gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys._current_frames"), _CHECK),
        **dict.fromkeys(("sys.settrace", "sys.setprofile", "ctypes.dlopen", "resource.setrlimit"), _CHECK),
        **dict.fromkeys(("os.killpg", "sys.addaudithook"), _CHECK),
    }
)
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SUSPENDED: Final = frozenset({"gi_frame", "cr_frame", "ag_frame"})


class Guard:
    """Refuses, from the first file on, what a definition has no business with."""

    def __init__(self) -> None:
        self.active = False

    def install(self) -> None:
        """Listen to the interpreter from now on."""
        # The one way to start a process that the interpreter does not report.
        _posixsubprocess.fork_exec = _no_process
        sys.addaudithook(self)

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        """Look at one thing the interpreter is about to do."""
        if not self.active:
            return
        if event in _FORBIDDEN:
            raise _refusal(_FORBIDDEN[event], event)
        if event == "open":
            _check_open(*args)
        elif event == "os.kill" and args[0] != os.getpid():
            raise _refusal("signal another process", event)
        elif event == "object.__getattr__" and args[1] in _SUSPENDED:
            # What the check itself holds is kept in a suspended frame: see child.py.
            raise _refusal(_CHECK, str(args[1]))


def _check_open(path: object = None, mode: object = None, flags: object = 0) -> None:
    writes = isinstance(mode, str) and not set(mode).isdisjoint("wax+")
    if writes or (isinstance(flags, int) and flags & _WRITING):
        raise _refusal(_FILES, "open")
    name = os.fsdecode(path) if isinstance(path, str | bytes) else ""
    if name.startswith("/proc/"):
        raise _refusal("look at running processes", "open")


def _no_process(*args: object, **kwargs: object) -> NoReturn:
    raise _refusal(_PROCESS, "fork_exec")


def _refusal(what: str, event: str) -> DefinitionError:
    return DefinitionError(
        f"a definition tried to {what} ({event})",
        code="DW906",
        hint="definitions only describe; what needs code belongs into a connector",
    )


class Refusing(MetaPathFinder):
    """Refuses modules that failed already: importing them again would only fail, hang or die again."""

    def __init__(self) -> None:
        self.modules: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for a module that failed; leave the others to the next finder."""
        if fullname in self.modules:
            raise NotLoaded(fullname)
        return None
