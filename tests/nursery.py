"""Children that load definitions, forked from a process that has imported Dealwright already.

A check starts a Python of its own for each company, and most of that child's time is importing. The tests make some
hundreds of checks. Here the same child, `dealwright.compile.child`, begins where its imports are done: with the same
arguments, environment, folder, session and pipes. Tests of how the child is started and kept in use the real start.

As a program, this file is that process: `python nursery.py SOCKET`.
"""

from __future__ import annotations

import array
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from dealwright.compile import child, loader


class Nursery:
    """Stands where the loader has `subprocess`, and starts its children."""

    PIPE = subprocess.PIPE
    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self) -> None:
        self._environment = loader._environment()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-B", str(Path(__file__)), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=self._environment,
                start_new_session=True,
            )

    def Popen(self, arguments: list[str], **options: Any) -> Newborn | subprocess.Popen[bytes]:
        """Start the loader's child; one that is to see another environment is started as ever."""
        if options["env"] != self._environment:
            return subprocess.Popen(arguments, **options)
        # Whether it keeps its own modules compiled makes no difference here: they are loaded.
        told = [each for each in arguments[:-1] if each != "-B"]
        assert told == [sys.executable, "-P", "-s", "-m", "dealwright.compile.child"]
        (report,) = options["pass_fds"]
        assert arguments[-1] == str(report)
        return Newborn(self._socket, str(options["cwd"]), report)

    def close(self) -> None:
        """End the process; what it started has ended already."""
        self._socket.close()
        self._process.wait()


class Newborn:
    """One child, as `subprocess.Popen` would show it."""

    def __init__(self, nursery: socket.socket, folder: str, report: int) -> None:
        reading, writing = os.pipe()
        heard, telling = os.pipe()
        try:
            self.stdin = os.fdopen(writing, "wb")  # the loader closes it
            socket.send_fds(nursery, [os.fsencode(folder)], [reading, report, telling])
        finally:
            os.close(reading)
            os.close(telling)
        self._heard = os.fdopen(heard, encoding="ascii")  # closed when it has told how the child ended
        self.pid = int(self._heard.readline())
        self._status: int | None = None
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        with self._heard:
            self._status = int(self._heard.readline())

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the child's end; return its exit code, or the number of its signal below zero."""
        self._listener.join(timeout)
        if self._status is None:
            raise subprocess.TimeoutExpired("dealwright.compile.child", timeout or 0.0)
        return os.waitstatus_to_exitcode(self._status)


def _serve(requests: socket.socket) -> None:
    """Start a child for every request, until the other side is closed."""
    size = socket.CMSG_SPACE(3 * array.array("i").itemsize)
    while True:
        folder, descriptors, _, _ = socket.recv_fds(requests, 1 << 16, size)
        if not folder:
            return
        if os.fork() == 0:
            requests.close()
            _keep(folder, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        while True:  # the keepers that have ended since
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break


def _keep(folder: bytes, stdin: int, report: int, telling: int) -> None:
    """Be the parent of one child: tell its number, then how it ended."""
    number = os.fork()
    if number == 0:
        os.setsid()
        os.write(telling, f"{os.getpid()}\n".encode())  # from now on its group can be ended
        os.close(telling)
        os.chdir(folder)
        os.dup2(stdin, 0)
        os.close(stdin)
        sys.argv = ["", str(report)]
        try:
            child.main()
        finally:
            os._exit(1)
    os.close(stdin)
    os.close(report)
    _, status = os.waitpid(number, 0)
    os.write(telling, f"{status}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
