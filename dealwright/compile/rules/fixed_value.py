"""DW914: a value that is asked of the clock, of chance or of the machine while the file is loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.sources import Source

_DATES: Final = "write a day or a moment that stays, or leave it to wait(...), due= and the conditions of a branch"
_CHANCE: Final = "write the value: chance has no place in a definition"
_MACHINE: Final = "write the value: what differs between installations belongs into the project's settings"
_ASKED: Final = {
    "datetime.date.today": _DATES,
    "datetime.datetime.today": _DATES,
    "datetime.datetime.now": _DATES,
    "datetime.datetime.utcnow": _DATES,
    "time.time": _DATES,
    "time.time_ns": _DATES,
    "time.localtime": _DATES,
    "time.gmtime": _DATES,
    "uuid.uuid1": _CHANCE,
    "uuid.uuid4": _CHANCE,
    "os.environ": _MACHINE,
    "os.environb": _MACHINE,
    "os.getenv": _MACHINE,
    "os.uname": _MACHINE,
    "os.getlogin": _MACHINE,
    "socket.gethostname": _MACHINE,
    "platform.node": _MACHINE,
}
_WHOLE: Final = {"random": _CHANCE, "secrets": _CHANCE}
_MODULES: Final = frozenset({*_WHOLE, *(path.partition(".")[0] for path in _ASKED)})


def _look(subject: Subject) -> Iterator[Spot]:
    for source in subject.sources.values():
        if any(module in source.text for module in _MODULES):
            yield from _asked(source)


def _asked(source: Source) -> Iterator[Spot]:
    names = dict(_imported(source))
    told: set[tuple[int, str]] = set()
    read: list[ast.Attribute | ast.Name] = [*source.nodes(ast.Attribute), *source.nodes(ast.Name)]
    for node in read:
        path = _path(node, names) if isinstance(node.ctx, ast.Load) else ""
        hint = _ASKED.get(path) or _hint_of_whole(path)
        if not hint or (node.lineno, path) in told:
            continue
        told.add((node.lineno, path))
        yield Spot(
            path=source.path,
            line=node.lineno,
            column=node.col_offset + 1,
            message=f"{path} is asked once, while the file is loaded: the definition means another thing each time",
            hint=hint,
        )


def _imported(source: Source) -> Iterator[tuple[str, str]]:
    """The names that the file gives to modules of Python and to what is in them."""
    for plain in source.nodes(ast.Import):
        for each in plain.names:
            if each.asname:
                yield each.asname, each.name
            else:
                yield each.name.partition(".")[0], each.name.partition(".")[0]
    for taken in source.nodes(ast.ImportFrom):
        if taken.level == 0:
            for each in taken.names:
                yield each.asname or each.name, f"{taken.module}.{each.name}"


def _path(node: ast.expr, names: dict[str, str]) -> str:
    """What the expression names, from its module on: `datetime.date.today`; empty if it is no such thing."""
    match node:
        case ast.Name(id=name):
            return names.get(name, "")
        case ast.Attribute(value=owner, attr=name):
            outer = _path(owner, names)
            return f"{outer}.{name}" if outer else ""
        case ast.Call(func=ast.Name(id="__import__"), args=[ast.Constant(value=str(name))]):
            return name
    return ""


def _hint_of_whole(path: str) -> str:
    module, dot, rest = path.partition(".")
    return _WHOLE.get(module, "") if dot and "." not in rest else ""


RULE: Final = Rule(
    code="DW914",
    severity="error",
    title="a value is fixed when the file is loaded",
    reason=(
        "The date of today, random numbers and environment variables are asked once, when the file is read, and differ "
        "from day to day and from machine to machine. A definition means the same everywhere, or nobody can tell "
        "what a commit does."
    ),
    bad="""
from datetime import date as day

late = Automation(
    key="late",
    on=deal_updated(fields=[deal.amount], in_=Sales),
    when=[deal.close_date < day.today()],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
from datetime import date

late = Automation(
    key="late",
    on=deal_updated(fields=[deal.amount], in_=Sales),
    when=[deal.close_date < date(2027, 1, 1)],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
