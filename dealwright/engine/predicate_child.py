"""Runs predicates, in a process of its own that can be ended: one question a line, one answer a line.

Nothing of Dealwright is imported here: it starts in the time that Python takes. What it runs has no files, no network
and little memory, and sees of Python only what definitions may use. The system ends it when one question has computed
for too long: whoever asked may be gone by then.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

_MEMORY = 512 * 1024 * 1024
_KEPT = 256


def main() -> None:
    """Answer until nobody asks any more."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - it is not there on every system

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    known = json.loads(sys.stdin.readline())
    allowed: dict[str, Any] = {name: getattr(builtins, name) for name in known["builtins"]}
    # Of a module only what it is for: what it imports itself could read files, clocks and random numbers.
    modules = {name: _allowed(name, names) for name, names in known["modules"].items()}
    allowed["__import__"] = lambda name, *_: _imported(name, modules)
    functions: dict[str, Callable[[Mapping[str, object]], object]] = {}
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, known["seconds"])
        sys.stdout.write(json.dumps(_answer(json.loads(line), functions, allowed)) + "\n")
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.flush()


def _allowed(name: str, names: Sequence[str]) -> SimpleNamespace:
    module = builtins.__import__(name)
    return SimpleNamespace(**{each: getattr(module, each) for each in names if hasattr(module, each)})


def _imported(name: str, modules: Mapping[str, SimpleNamespace]) -> SimpleNamespace:
    if name not in modules:
        raise ImportError(name)
    return modules[name]


def _answer(question: dict[str, Any], functions: dict[str, Any], allowed: dict[str, Any]) -> dict[str, Any]:
    try:
        key = question["name"] + "\0" + question["code"]
        function = functions.get(key)
        if function is None:
            space: dict[str, Any] = {"__builtins__": allowed}
            exec(compile(question["code"], "<predicate>", "exec", dont_inherit=True), space)  # noqa: S102
            if len(functions) >= _KEPT:
                functions.clear()
            function = functions[key] = space[question["name"]]
        said = function({path: _value(kind, value) for path, (kind, value) in question["facts"].items()})
    except BaseException as error:
        return {"error": type(error).__name__ if isinstance(error, Exception) else "an end"}
    if said is None or isinstance(said, bool):
        return {"said": said}
    return {"error": "neither yes nor no"}


def _value(kind: str, value: Any) -> object:
    match kind:
        case "number":
            return Decimal(value)
        case "money":
            return {"amount": Decimal(value[0]), "currency": value[1]}
        case "day":
            return date.fromisoformat(value)
        case "moment":
            return datetime.fromisoformat(value)
        case "tags":
            return tuple(value)
    return value


if __name__ == "__main__":
    main()
