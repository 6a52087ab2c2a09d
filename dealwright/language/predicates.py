"""Predicates: a condition that is a function of the company's own, taken along as source with all that it uses.

What a function uses of its file (constants, other functions, a few modules of Python's) becomes a part of the
definition, so that it means the same wherever and whenever it is run: a release holds all of it. Whatever could make it
mean something else from one time to the next is refused.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import FunctionType, ModuleType
from typing import Any, Final

from dealwright.language.characters import one_line
from dealwright.language.conditions import Condition, Reference
from dealwright.language.field_base import Field, reference
from dealwright.language.keys import checked_name
from dealwright.language.origin import refused
from dealwright.language.predicate_answers import neither

MODULES: Final = frozenset({"datetime", "decimal", "fractions", "math", "re", "statistics", "string", "unicodedata"})
"""What a predicate may use of Python's library: nothing that reads a clock, a file or a random number is left."""

BUILTINS: Final = frozenset(
    {
        "abs", "all", "any", "bool", "dict", "divmod", "enumerate", "filter", "float", "frozenset", "int", "isinstance",
        "len", "list", "map", "max", "min", "range", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip",
        "ArithmeticError", "Exception", "IndexError", "KeyError", "LookupError", "TypeError", "ValueError",
        "ZeroDivisionError",
    }
)  # fmt: skip
"""What it may use of what is always there."""

MAX_CODE: Final = 20_000
"""The longest source of one predicate with all that it uses, in characters."""

MOST: Final = 20
"""Facts that one predicate may look at."""

_HIDDEN: Final = frozenset(
    {
        "getcontext", "setcontext", "localcontext", "DefaultContext", "BasicContext", "ExtendedContext",
        "kde_random", "samples", "Formatter",
    }
)  # fmt: skip
"""What is in those modules and would make an answer depend on another one, on chance, or on more than is allowed."""

_CLOCKS: Final = frozenset({"now", "today", "utcnow", "fromtimestamp", "utcfromtimestamp"})
_REFUSED: Final[dict[type[ast.AST], str]] = {
    ast.Import: "imports something",
    ast.ImportFrom: "imports something",
    ast.Global: "changes what is outside of it",
    ast.Nonlocal: "changes what is outside of it",
    ast.ClassDef: "defines a class",
    ast.AsyncFunctionDef: "waits for something",
    ast.Await: "waits for something",
    ast.AsyncFor: "waits for something",
    ast.AsyncWith: "waits for something",
    ast.Yield: "yields",
    ast.YieldFrom: "yields",
    ast.With: "opens something",
    ast.Delete: "deletes something",
}
_CODE: Final = "DW272"


@dataclass(frozen=True, slots=True)
class Predicate(Condition):
    """What a function says of these facts."""

    label: str
    of: tuple[Reference, ...]
    name: str
    code: str


def names_of(module: ModuleType) -> frozenset[str]:
    """Return the names of a module of Python's that a predicate may use: its own, and none of what it imports."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    return frozenset(
        name for name in names if name not in _HIDDEN and not isinstance(getattr(module, name, None), ModuleType)
    )


def predicate(label: str, fn: Callable[[Any], bool | None], /, *, of: Sequence[Field]) -> Condition:
    """Return the condition that the function says yes.

    `fn` is a plain function of one argument, a mapping of the facts that `of` lists, by path: `facts["deal.amount"]`.
    It returns True, False, or None for unknown, and looks at nothing else: no clock, no file, no other facts. What it
    uses of its file (constants, other functions, `math`, `re`, `datetime`, `decimal` ...) becomes a part of the
    definition. If it raises, or takes longer than half a second, the condition is unknown.
    """
    label = checked_name(label, "a predicate")
    fields = _fields(of, label)
    function = _function(fn, label)
    source = _Source(label, function)
    code = source.whole(function)
    if len(code) > MAX_CODE:
        raise _refused(
            f"the predicate {label!r} is longer than {MAX_CODE:,} characters with what it uses", "shorten it"
        )
    _check_answers(source.trees[function.__name__], label)
    odd = neither(source.trees[function.__name__], function.__globals__, {each.path: each.type for each in fields})
    if odd:
        hint = f"compare it, as in {odd[:60]} > 5, or say whether it is there: {odd[:60]} is not None"
        raise _refused(f"the predicate {label!r} returns {odd[:80]}, which is neither yes nor no: it is unknown", hint)
    _check_facts(source.trees[function.__name__], [each.path for each in fields], label)
    return Predicate(one_line(label), fields, function.__name__, code)


def _check_answers(tree: ast.FunctionDef, label: str) -> None:
    """Refuse a function that never returns anything but None: it would be unknown of every deal."""
    inner = {id(node) for made in ast.walk(tree) if isinstance(made, ast.FunctionDef) and made is not tree
             for node in ast.walk(made)}  # fmt: skip
    returned = (node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and id(node) not in inner)
    if any(value is not None and not (isinstance(value, ast.Constant) and value.value is None) for value in returned):
        return
    last = tree.body[-1]
    said = f"return {ast.unparse(last.value)}" if isinstance(last, ast.Expr) else "return ... at its end"
    raise _refused(f"the predicate {label!r} never returns anything, so that it is never true", f"write {said[:80]}")


def _fields(of: object, label: str) -> tuple[Reference, ...]:
    if not isinstance(of, list | tuple) or not 1 <= len(of) <= MOST:
        raise _refused(f"of= of the predicate {label!r} lists 1 to {MOST} fields", "of=[deal.amount, deal.created_at]")
    for each in of:
        if not isinstance(each, Field) or each._sum is not None:
            message = f"of= of the predicate {label!r} takes fields, and a {type(each).__name__} is none"
            raise _refused(message, "of=[deal.amount]")
    return tuple(reference(each) for each in of)


def _function(fn: object, label: str) -> FunctionType:
    hint = "write it as a def of its own in the same file, with one argument"
    if not isinstance(fn, FunctionType):
        raise _refused(f"the predicate {label!r} is a function, and a {type(fn).__name__} is none", hint)
    if fn.__name__ == "<lambda>":
        raise _refused(f"the predicate {label!r} is a lambda, whose source cannot be told from its line", hint)
    if "<locals>" in fn.__qualname__ or fn.__closure__:
        raise _refused(f"the predicate {label!r} is made inside of another function, and uses what is there", hint)
    code = fn.__code__
    if code.co_argcount != 1 or code.co_kwonlyargcount or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        raise _refused(f"the predicate {label!r} takes one argument, the facts", f"def {fn.__name__}(facts): ...")
    if fn.__defaults__:
        raise _refused(f"the predicate {label!r} has a default for its facts, which are always given", hint)
    return fn


class _Unannotated(ast.NodeTransformer):
    """Takes annotations away: what they name would have to come along, and means nothing when it is run."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Take that of the result away, and go on inside."""
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Take that of an argument away."""
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Leave the assignment."""
        self.generic_visit(node)
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)


class _Source:
    """Gathers a function with all that it uses of its file."""

    def __init__(self, label: str, function: FunctionType) -> None:
        self._label = label
        self._globals = function.__globals__
        self._lines: dict[str, str] = {}
        self.trees: dict[str, ast.FunctionDef] = {}

    def whole(self, function: FunctionType) -> str:
        """Return the source: what is imported, the constants, the functions."""
        self._take_function(function)
        imports = sorted(line for line in self._lines.values() if line.startswith(("import ", "from ")))
        rest = [line for line in self._lines.values() if not line.startswith(("import ", "from "))]
        functions = [ast.unparse(tree) for tree in self.trees.values()]
        return "\n".join([*imports, *rest, *functions]) + "\n"

    def _take_function(self, function: FunctionType) -> None:
        if function.__name__ in self.trees:
            return
        tree = self._tree(function)
        self.trees[function.__name__] = tree
        for node in ast.walk(tree):
            self._check(node)
        for name in sorted(_free_names(tree)):
            self._take(name)

    def _tree(self, function: FunctionType) -> ast.FunctionDef:
        try:
            parsed = ast.parse(textwrap.dedent(inspect.getsource(function)))
        except (OSError, TypeError, SyntaxError):
            raise _refused(f"the source of {function.__name__}() cannot be read", "write it in a file") from None
        (tree,) = parsed.body
        if not isinstance(tree, ast.FunctionDef) or tree.decorator_list:
            raise _refused(f"{function.__name__}() of the predicate {self._label!r} is decorated", "take it off")
        if ast.get_docstring(tree) is not None and len(tree.body) > 1:
            tree.body = tree.body[1:]  # what it says of itself is not what it does
        return _Unannotated().visit(tree)  # type: ignore[no-any-return]

    def _check(self, node: ast.AST) -> None:
        what = _REFUSED.get(type(node))
        if what is not None:
            raise _refused(f"the predicate {self._label!r} {what}", "a predicate only looks at the facts it is given")
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            raise _refused(f"the predicate {self._label!r} uses {node.attr!r}, which is not for others", "take it out")
        if isinstance(node, ast.Attribute) and node.attr in _CLOCKS:
            hint = "look at facts with a time, such as of=[deal.created_at]; what time it is now is no fact"
            raise _refused(f"the predicate {self._label!r} asks for the time with {node.attr}()", hint)

        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                self._check_used(name, attribute)
            case ast.Attribute(attr=attribute) if attribute in _HIDDEN:
                self._check_used("", attribute)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            hint = "what it changes would be changed for the next deal too: return the answer"
            raise _refused(f"the predicate {self._label!r} sets {node.attr!r} of something", hint)
        if isinstance(node, ast.arguments):
            for default in (*node.defaults, *(each for each in node.kw_defaults if each is not None)):
                self._check_default(default)

    def _check_used(self, name: str, attribute: str) -> None:
        """Refuse what a module of Python's has for itself: what it imports, and what changes its next answer."""
        module = self._globals.get(name)
        known = names_of(module) if isinstance(module, ModuleType) and module.__name__ in MODULES else {attribute}
        if attribute in _HIDDEN or attribute not in known:
            of = f" of {module.__name__}" if isinstance(module, ModuleType) else ""
            hint = "a predicate says the same of the same facts, every time and for every deal"
            raise _refused(f"the predicate {self._label!r} uses {attribute!r}{of}, which it may not", hint)

    def _check_default(self, node: ast.expr) -> None:
        """Refuse a default that is made once and could be changed: it would remember the deals before."""
        parts = [node]
        while parts:
            part = parts.pop()
            match part:
                case ast.Constant() | ast.Name() | ast.Attribute():
                    pass
                case ast.UnaryOp(operand=operand):
                    parts.append(operand)
                case ast.Tuple(elts=each):
                    parts += each
                case _:
                    hint = "write None, a text, a number, or a constant of the file"
                    raise _refused(f"the predicate {self._label!r} uses a default that is made by code", hint)

    def _take(self, name: str) -> None:
        if name in self._lines or name in self.trees:
            return
        if name not in self._globals:
            if name in BUILTINS:
                return
            what = "may not be used in a predicate" if hasattr(builtins, name) else "is not defined in its file"
            raise _refused(f"{name!r}, which the predicate {self._label!r} uses, {what}", "take it out")
        value = self._globals[name]
        match value:
            case ModuleType(__name__=module) if module in MODULES:
                self._lines[name] = f"import {module}" + ("" if module == name else f" as {name}")
            case FunctionType(__name__=own) if value.__globals__ is self._globals and own == name:
                self._take_function(value)
            case _ if _is_of_library(value):
                self._lines[name] = f"from {value.__module__} import {value.__name__}" + (
                    "" if value.__name__ == name else f" as {name}"
                )
            case Field():
                hint = f'list it in of=[...], and write facts["{value._path}"]'
                raise _refused(f"the predicate {self._label!r} uses the field {name}, which has no value there", hint)
            case _:
                self._lines[name] = f"{name} = {self._constant(name, value)}"

    def _constant(self, name: str, value: object) -> str:
        match value:
            case bool() | int() | float() | str() | None:
                return repr(value)
            case Decimal():
                self._lines.setdefault("_Decimal", "from decimal import Decimal as _Decimal")
                return f"_Decimal({str(value)!r})"
            case datetime():
                self._lines.setdefault("_datetime", "import datetime as _datetime")
                return f"_datetime.datetime.fromisoformat({value.isoformat()!r})"
            case date() | timedelta():
                self._lines.setdefault("_datetime", "import datetime as _datetime")
                return f"_{value!r}"
            case tuple():
                inner = "".join(f"{self._constant(name, each)}, " for each in value)
                return f"({inner})"
            case frozenset():
                inner = ", ".join(sorted(self._constant(name, each) for each in value))
                return f"frozenset([{inner}])"
        kind = type(value).__name__
        hint = "use a text, a number, a Decimal, a date, or a tuple or frozenset of them: what never changes"
        raise _refused(f"{name!r}, which the predicate {self._label!r} uses, is a {kind}", hint)


def _is_of_library(value: object) -> bool:
    module, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if module not in MODULES or not isinstance(name, str) or not callable(value):
        return False
    return name in names_of(found := __import__(module)) and getattr(found, name) is value


def _free_names(tree: ast.FunctionDef) -> set[str]:
    """Return the names that the function uses and does not itself give."""
    given = {each.arg for node in ast.walk(tree) if isinstance(node, ast.arguments) for each in _arguments(node)}
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else given).add(node.id)
        else:
            given |= _names_given(node, tree)
    return used - given


def _names_given(node: ast.AST, tree: ast.FunctionDef) -> set[str]:
    """Return the names that a part of the function gives to something."""
    match node:
        case ast.FunctionDef(name=name) if node is not tree:
            return {name}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return {name}
    return set()


def _arguments(node: ast.arguments) -> Iterator[ast.arg]:
    yield from (*node.posonlyargs, *node.args, *node.kwonlyargs)
    yield from (each for each in (node.vararg, node.kwarg) if each is not None)


def _check_facts(tree: ast.FunctionDef, known: Sequence[str], label: str) -> None:
    """Refuse a fact that is asked for by a name that `of` does not list."""
    facts = tree.args.args[0].arg if tree.args.args else tree.args.posonlyargs[0].arg
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(path))):
                pass
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[ast.Constant(value=str(path)), *_]
            ):
                pass
            case _:
                continue
        if name == facts and path not in known:
            hint = f"add it to of=[...], which has {', '.join(known)}"
            raise _refused(f"the predicate {label!r} looks at {path!r}, which it does not list", hint)


def _refused(message: str, hint: str) -> Exception:
    return refused(message, hint=hint, code=_CODE)
