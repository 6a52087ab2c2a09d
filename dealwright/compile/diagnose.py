"""What an exception raised by a definition file means to its author: which line, which code, what to do."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

import msgspec

import dealwright
from dealwright.compile.findings import Finding
from dealwright.compile.misused import no_attribute, wrong_use
from dealwright.compile.not_python import not_python
from dealwright.compile.own_hints import in_own_words
from dealwright.compile.sources import called, span
from dealwright.compile.unknown_names import nearest, no_name, not_in, options_in_a_list, own_field
from dealwright.errors import DefinitionError
from dealwright.language.fields import UnknownField
from dealwright.language.pipeline import Pipeline, is_pipeline
from dealwright.language.schema import did_you_mean

_MAX_MESSAGE: Final = 300
_PLACE_OF_MODULE: Final = re.compile(r" \([^()]*\)$")
_OURS: Final = Path(dealwright.__file__).parent
_MISSING: Final = re.compile(r"cannot import name '(\w+)' from 'dealwright'")
_NOT_THERE: Final = re.compile(r"cannot import name '(\w+)' from ")
_THE_DEAL: Final = (
    "the deal is an object of your own, deal = DealFields() or of your class of it: import it from the file that makes"
    " it; once(per=...) takes it by whatever name it has there"
)
_CALL: Final = re.compile(r"(?P<name>\w+(?:\.\w+)*?)(?P<made>\.__init(?:_subclass)?__)?\(\) (?P<rest>.*)", re.DOTALL)
_UNKNOWN_KEYWORD: Final = re.compile(r"got an unexpected keyword argument '(\w+)'")
_LEFT_OUT: Final = re.compile(r"missing \d+ required (?:positional|keyword-only) arguments?: (.*)")
_TWICE: Final = re.compile(r"got multiple values for argument '(\w+)'")
_BY_PLACE: Final = re.compile(r"got some positional-only arguments passed as keyword arguments: '([\w, ]+)'")
_TOO_MANY: Final = re.compile(r"takes .*positional arguments? but \d+ ")
_STEPS: Final[Mapping[str, str]] = {
    "branch": 'branch("size", case(deal.amount > 0, stop()))',
    "create_deal": 'create_deal("renewal", in_=Renewals.asked, title="Renew")',
    "move_deal": 'move_deal("approve", to=NewBusiness.won)',
    "set_task": 'set_task("call", text="Call back", due=hours(1))',
    "update_deal": 'update_deal("company", company=None)',
    "wait": 'wait("pause", minutes(1))',
}


class TooLong(BaseException):
    """A file took too long; no `except Exception` of the file's can catch it."""


class NotLoaded(ImportError):
    """A file imports one that has failed already."""


def diagnose(error: BaseException, file: str, root: Path) -> list[Finding]:
    """Return the findings of the exception that ended `file`; none if another file's finding says it all."""
    own = list(_pipelines(error, root))
    return [msgspec.structs.replace(each, hint=in_own_words(each.hint, own)) for each in _found(error, file, root)]


def _found(error: BaseException, file: str, root: Path) -> list[Finding]:
    place = _place(error, root)
    error = _unwrapped(error)
    place = _place(error, root) or place or (file, 1)
    match error:
        case NotLoaded():
            return []
        case DefinitionError():
            theirs = _where(error, root) if isinstance(error, UnknownField) else None
            hint = (own_field(error, theirs[2]) if theirs is not None else "") or error.hint
            written = _below(error.place[0], root) if error.place else None
            place = (written, error.place[1]) if written and error.place else place
            return [_finding(error.code, place, str(error), hint)]
        case SyntaxError():
            written = _below(error.filename, root) if error.filename else None
            place = (written, error.lineno or 1) if written else place
            return [_finding("DW901", place, f"this is not Python: {error.msg}", not_python(error))]
        case TooLong() | MemoryError():
            hint = "definitions only describe: take out what computes, waits or reads"
            what = "too long" if isinstance(error, TooLong) else "too much memory"
            return [_finding("DW905", place, f"loading took {what}", hint)]
        case SystemExit():
            return [_finding("DW904", place, "the file ends the process", "take out sys.exit()")]
        case ImportError():
            # Python adds where the other module lies: nobody's business, and another path on every machine.
            return [_finding("DW903", place, _PLACE_OF_MODULE.sub("", str(error)), _import_hint(error))]
        case UnicodeDecodeError():
            return [_finding("DW901", place, "this is not Python: the file is not UTF-8", "save it as UTF-8")]
        case TypeError():
            comma = _comma_left_out(error, root)
            if comma is not None:
                message = "a comma is missing here: Python takes what stands behind it in parentheses for a call of it"
                return [_finding("DW910", comma, message, "write a comma between the two")]
            wrong = _wrong_call(error, root)
            if wrong is not None:
                return [_finding("DW910", place, *wrong)]
            misused = wrong_use(_words(error), _node(error, root))
            if misused is not None:
                return [_finding(misused.code, place, misused.message, misused.hint)]
        case AttributeError(obj=tuple(made)) if (
            len(made) == 1 and (lost := _made_with_comma(error, made, root)) is not None
        ):
            message = f"there is a comma after {lost[1]} = ..., which makes a tuple of it"
            return [_finding("DW210", lost[0], message, "take the comma out")]
        case AttributeError():
            lacking = no_attribute(error, _node(error, root))
            if lacking is not None:
                return [_finding(lacking.code, place, lacking.message, lacking.hint)]
            return [_finding("DW900", place, _said(error), _attribute_hint(error))]
        case NameError(name=str(name)) if (where := _where(error, root)) is not None:
            tree, node, frame = where
            return [_finding("DW900", place, *no_name(name, place[1], tree, node, frame))]
    return [_finding("DW900", place, _said(error), "")]


def _pipelines(error: BaseException, root: Path) -> Iterator[type[Pipeline]]:
    """The pipelines that the company's files knew by name where one of them failed."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if _below(frame.f_code.co_filename, root) is not None:
            yield from (value for value in list(frame.f_globals.values()) if is_pipeline(value))


def defect(error: BaseException) -> Finding:
    """Return the finding of an exception that is none of a file's: what was to read the definitions has failed itself.

    Its text may hold what a definition holds; where it came from is enough for whoever mends it.
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _OURS in Path(frame.filename).parents]
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    message = f"Dealwright failed over these definitions: {type(error).__name__}{where}"
    return _finding("DW999", (".", 1), message, "that is a defect of Dealwright's: please report it, with this line")


def _unwrapped(error: BaseException) -> BaseException:
    """Python 3.11 wraps what `__set_name__` raises in a RuntimeError."""
    if type(error) is RuntimeError and isinstance(error.__cause__, DefinitionError):
        return error.__cause__
    return error


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _said(error: BaseException) -> str:
    words = _words(error)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _finding(code: str, place: tuple[str, int], message: str, hint: str) -> Finding:
    short = message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}..."
    return Finding(code=code, path=place[0], line=place[1], message=short, hint=hint)


def _place(error: BaseException, root: Path) -> tuple[str, int] | None:
    """The deepest line of the company's own files that led there."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = _below(frame.filename, root)
        if file is not None:
            return file, frame.lineno or 1
    return None


def _below(filename: str, root: Path) -> str | None:
    path = Path(filename)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else None


def _import_hint(error: ImportError) -> str:
    missing = _MISSING.match(str(error))
    if missing is not None:
        return _THE_DEAL if missing[1] == "deal" else did_you_mean(missing[1], dealwright.__all__)
    elsewhere, module = _NOT_THERE.match(str(error)), sys.modules.get(error.name or "")
    if elsewhere is not None and module is not None:
        return not_in(elsewhere[1], vars(module))
    if isinstance(error, ModuleNotFoundError):
        return "a file beside this one is imported as `from .pipelines import NewBusiness`"
    return ""


# --- typical mistakes -----------------------------------------------------------------------------------------------


def _wrong_call(error: TypeError, root: Path) -> tuple[str, str] | None:
    """The message and hint of a call of the language with wrong arguments; None if it was another error."""
    call = _CALL.fullmatch(_words(error))
    if call is None:
        return None
    known = _word(error, call["name"], call["made"] or "", root)
    if known is None:
        return None
    name, takes = known
    if (unknown := _UNKNOWN_KEYWORD.match(call["rest"])) is not None:
        wrong = unknown.group(1)
        hint = did_you_mean(wrong, takes) or _listed(f"{name} takes", takes)
        return f"{name} takes no {wrong!r}", hint
    if (left_out := _LEFT_OUT.match(call["rest"])) is not None:
        words = left_out.group(1)
        message = f"{name} needs {words} as well"
        if name in _STEPS:
            return message, f"every step has a name first: {_STEPS[name]}"
        return message, _listed(f"{name} takes", takes)
    if (twice := _TWICE.match(call["rest"])) is not None:
        return f"{name} is given {twice[1]!r} twice, by its place and by its name", "take one of them out"
    if (placed := _BY_PLACE.match(call["rest"])) is not None:
        return f"{name} takes {placed[1]!r} without its name", f"leave {placed[1].split(', ')[0]}= out, keep the value"
    if _TOO_MANY.match(call["rest"]) is not None:
        named = [part for part, parameter in takes.items() if parameter.kind is parameter.KEYWORD_ONLY]
        options = options_in_a_list(_node(error, root)) if name in ("Choice", "Choices") else ""
        hint = options or (
            f"write them with their names: {', '.join(f'{part}=' for part in named)}"
            if named
            else _listed(f"{name} takes", takes)
        )
        return f"{name} is given too many values without a name", hint
    return None


def _word(error: BaseException, name: str, made: str, root: Path) -> tuple[str, Mapping[str, inspect.Parameter]] | None:
    """What the author called, by the name that Python has for it: as it is written, with what it takes."""
    first, *rest = name.split(".")
    known = vars(dealwright).get(first) if first in dealwright.__all__ else None
    # A company's own function may have the name of one of ours.
    if known is not None and _names(error).get(first, known) is not known:
        return None
    if known is not None and not rest:
        asked = known.__init_subclass__ if made == ".__init_subclass__" else known
        return name, inspect.signature(asked).parameters
    # A method, or a class that several words of the language extend: Python names it by where it is defined.
    kind = known if isinstance(known, type) else _kind(first)
    part = getattr(kind, rest[-1] if rest else "__init__", None)
    written = _written(error, root)
    if not callable(part) or (written != rest[-1] if rest else written not in dealwright.__all__):
        return None
    takes = dict(inspect.signature(part).parameters)
    takes.pop("self", None)
    return written, takes


def _kind(name: str) -> type | None:
    """The class of the language that has this name."""
    for module in [each for name_, each in sys.modules.items() if name_.startswith("dealwright.language.")]:
        found = vars(module).get(name)
        if isinstance(found, type) and found.__module__ == module.__name__:
            return found
    return None


def _comma_left_out(error: TypeError, root: Path) -> tuple[str, int] | None:
    """Where something that is written out is called, as in `(30, a) (20, b)`; None if that was not the error."""
    made = _called_in(error, root) if "object is not callable" in _words(error) else None
    if made is None or not isinstance(made[1].func, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.Constant):
        return None
    return made[0], made[1].func.end_lineno or made[1].func.lineno


def _written(error: BaseException, root: Path) -> str:
    """The name of what the author's deepest line called; empty if that is not to be seen."""
    made = _called_in(error, root)
    return called(made[1]) if made is not None else ""


def _called_in(error: BaseException, root: Path) -> tuple[str, ast.Call] | None:
    """The call that the author's deepest line made, and its file; None if that is not to be seen."""
    place, node = _place(error, root), _node(error, root)
    return (place[0], node) if place is not None and isinstance(node, ast.Call) else None


def _node(error: BaseException, root: Path) -> ast.expr | None:
    """What the author's deepest line was working out; None if that is not to be seen."""
    where = _where(error, root)
    return where[1] if where is not None else None


def _where(error: BaseException, root: Path) -> tuple[ast.Module, ast.expr | None, FrameType] | None:
    """The author's file, what its deepest line was working out, and the frame of it; None if there is none."""
    raised = error.__traceback__
    read_and_run = list(zip(traceback.extract_tb(raised), traceback.walk_tb(raised), strict=True))
    for read, (frame, _) in reversed(read_and_run):
        if _below(read.filename, root) is None:
            continue
        place = (read.lineno, read.colno, read.end_lineno, read.end_colno)
        tree = ast.parse(Path(read.filename).read_bytes())
        nodes = (each for each in ast.walk(tree) if isinstance(each, ast.expr) and span(each) == place)
        return tree, next(nodes, None), frame
    return None


def _made_with_comma(error: BaseException, made: tuple[Any, ...], root: Path) -> tuple[tuple[str, int], str] | None:
    """Where a company's file gives a name to the only thing in a tuple, and the name; None if none does so."""
    # A file that fails is no module any more; the frames still have its names.
    failed = [frame.f_globals for frame, _ in traceback.walk_tb(error.__traceback__)]
    for names in (*failed, *(vars(module) for module in list(sys.modules.values()) if type(module) is ModuleType)):
        file = _below(str(names.get("__file__")), root)
        if file is None:
            continue
        named = {name for name, value in list(names.items()) if value is made}
        for statement in ast.parse((root / file).read_bytes()).body if named else ():
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple(elts=[ast.Call()])) if name in named:
                    return (file, statement.lineno), name
    return None


def _attribute_hint(error: AttributeError) -> str:
    if not isinstance(error.name, str) or error.obj is None:
        return ""
    if error.obj is dealwright:
        return nearest(error.name, dealwright.__all__)
    holders = [error.obj] if isinstance(error.obj, ModuleType) else type(error.obj).__mro__
    return did_you_mean(error.name, {name for each in holders for name in vars(each) if not name.startswith("_")})


def _listed(what: str, names: Iterable[str]) -> str:
    shown = ", ".join(names)
    return f"{what} {shown}" if shown else f"{what} nothing"


def _names(error: BaseException) -> dict[str, Any]:
    """The names that were known on the line that raised."""
    frames: list[FrameType] = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return {**frames[-1].f_globals, **frames[-1].f_locals} if frames else {}
