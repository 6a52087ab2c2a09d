"""Texts with facts in them: Jinja2 with an allow-listed syntax, over plain mappings of texts.

What a template may say: `{{ deal.title }}`, `{{ deal.main_contact.first_name or 'there' }}`, the filters in `FILTERS`,
`{% if %}` with `and`, `or`, `not`, `==` and `!=`, and `{% for tag in deal.tags %}`. Nothing is called, subscripted,
computed, assigned or included, so a template cannot reach Python, and its work is bounded by its size.

Values are data: they are never rendered again, and what they hold of control characters and line breaks becomes a
space (a value is one line; the template's own line breaks stay). In a template of HTML, values are escaped and the
template's own markup stays; nothing is escaped for mail headers or a terminal: each channel encodes what it sends.
An unset value is an empty text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from html import escape
from typing import Any, Final

import msgspec
from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError, UndefinedError, nodes
from jinja2.runtime import LoopContext

from dealwright.errors import DefinitionError
from dealwright.language.characters import one_line
from dealwright.language.schema import ALWAYS, FieldType, did_you_mean, is_group, unknown_hint, with_roles
from dealwright.language.shown import ShownMoney, ShownTime
from dealwright.language.values import MAX_TEXT
from dealwright.model.crm import role_key

MAX_OUTPUT: Final = 65_536
"""The longest text a template may make, in bytes."""

_MAX_DEPTH: Final = 20
_LOOP: Final = frozenset({"first", "last", "index"})
_MARKS: Final = ("{{", "{%", "{#")


class TemplateError(DefinitionError):
    """A template that may not be used, or a text that cannot be made of it."""


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a template, on which of its lines; `path` is the fact that it is about, if there is one."""

    code: str
    message: str
    hint: str = ""
    line: int = 1
    path: str = ""


def is_template(text: str) -> bool:
    """Say whether the text has anything to fill in."""
    return any(mark in text for mark in _MARKS)


# --- filters --------------------------------------------------------------------------------------------------------


def _shorter(value: object, length: int = 80) -> str:
    text = _shown(value)
    return text if len(text) <= length else text[: max(length - 1, 0)].rstrip() + "…"


def _replaced(value: object, old: str, new: str) -> str:
    text = _shown(value)
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_OUTPUT:
        raise _too_long()
    return text.replace(old, new) if old else text


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "upper": lambda value: _shown(value).upper(),
    "lower": lambda value: _shown(value).lower(),
    "title": lambda value: _shown(value).title(),
    "trim": lambda value: _shown(value).strip(),
    "truncate": _shorter,
    "replace": _replaced,
    "date": lambda value: value.day if isinstance(value, ShownTime) else _shown(value).partition(", ")[0],
    "time": lambda value: value.clock if isinstance(value, ShownTime) else _shown(value).partition(", ")[2],
    "money": lambda value: value.local if isinstance(value, ShownMoney) else _shown(value),
}
"""The filters there are: `truncate(40)` shortens, `replace('a', 'b')` replaces, `date` and `time` part a moment, and
`money` shows an amount as people write it who speak the text's language."""

_ARGUMENTS: Final[Mapping[str, tuple[type, ...]]] = {"truncate": (int,), "replace": (str, str)}
_ONLY_FOR: Final[Mapping[str, tuple[FieldType, ...]]] = {
    "date": ("moment", "day"),
    "time": ("moment",),
    "money": ("money",),
}


def _shown(value: object) -> str:
    """A fact as text: unset is empty, flags are yes and no, lists are joined."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)


# --- the environment ------------------------------------------------------------------------------------------------


class _PlainEnvironment(Environment):
    """Looks names up in mappings only: no attribute of any Python object is ever read."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return the mapping's value, or an undefined that raises when it is used."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.undefined(name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return the mapping's value: subscripts do not pass the allow-list, and would find no more than names do."""
        return self.getattr(obj, str(argument))


def _made(encode: Callable[[str], str]) -> Environment:
    """An environment whose values pass through `encode` last, after every filter."""
    made = _PlainEnvironment(
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, StrictUndefined) else encode(one_line(_shown(value))),
        autoescape=False,
        optimized=False,
        keep_trailing_newline=True,
        cache_size=0,
    )
    made.filters = dict(FILTERS)
    made.tests = {}
    made.globals = {}
    return made


_environment = _made(lambda value: value)
_html_environment = _made(escape)


class _Compiled(msgspec.Struct, frozen=True):
    """A template that passed the allow-list, with what it names.

    `paths` are all facts; of them `receipts` are (step, field) and `data` what an event from outside tells. `plain` is
    the whole template if it holds nothing but words and facts: texts, and paths as tuples. `of_deal`: all of them are
    facts of the deal or account, which are always there.
    """

    template: Template
    paths: frozenset[str]
    plain: tuple[str | tuple[str, ...], ...] | None
    of_deal: bool
    receipts: tuple[tuple[str, str], ...]
    data: tuple[str, ...]


def render(source: str, facts: Mapping[str, object], *, calendar_zone: str = "UTC", html: bool = False) -> str:
    """Return the text of the template with these facts (`facts.text_facts`) in it; values escaped if it is HTML.

    Moments among the facts are texts already, in the account's zone; `calendar_zone` names it in error messages.

    Raises:
        TemplateError: the template is not allowed, names a fact that is not there, or makes more than 64 kB.
    """
    compiled = _compile(source, html)
    if compiled.receipts:
        receipts = {name: _group(receipt) for name, receipt in _group(facts.get("steps")).items()}
        for name, field in compiled.receipts:
            # A step that was passed by left no receipt: its fields are unset, not unknown names.
            receipts.setdefault(name, {}).setdefault(field, None)
        facts = {**facts, "steps": receipts}
    if compiled.data:
        # So is what an event from outside may tell and did not.
        event = _group(facts.get("event"))
        event["data"] = dict.fromkeys(compiled.data) | _group(event.get("data"))
        facts = {**facts, "event": event}
    if compiled.plain is not None:
        text = _plainly(compiled.plain, facts, escape if html else _as_it_is)
        if text is not None:
            return text
    parts: list[str] = []
    size = 0
    try:
        for part in compiled.template.generate(facts):
            size += len(part.encode("utf-8", "replace"))
            if size > MAX_OUTPUT:
                raise _too_long()
            parts.append(part)
    except UndefinedError as error:
        raise TemplateError(f"a text names something that is not there: {error}", code="DW302") from error
    return "".join(parts)


def filled(source: str, read: Callable[[str], object]) -> str | None:
    """Fill in a template that holds nothing but words and facts of the deal, each read by its path as texts show it.

    None if it holds anything else, or is too long: `render` then does it, or says what is wrong.
    """
    compiled = _compile(source, False)
    if compiled.plain is None or not compiled.of_deal:
        return None
    shown = (part if isinstance(part, str) else one_line(_shown(read(".".join(part)))) for part in compiled.plain)
    text = "".join(shown)
    return text if len(text) * 4 <= MAX_OUTPUT else None


def _plainly(
    parts: tuple[str | tuple[str, ...], ...], facts: Mapping[str, object], encode: Callable[[str], str]
) -> str | None:
    """Fill in a template of words and facts without Jinja, which takes five times as long; None if Jinja shall say why.

    A fact that is not there, or a text that may be too long, is no matter for a short cut.
    """
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        found: object = facts
        for name in part:
            if not isinstance(found, dict) or name not in found:
                return None
            found = found[name]
        texts.append(encode(one_line(_shown(found))))
    text = "".join(texts)
    return text if len(text) * 4 <= MAX_OUTPUT else None


def _as_it_is(text: str) -> str:
    return text


def _plain(tree: nodes.Template) -> tuple[str | tuple[str, ...], ...] | None:
    """Return the template's words and facts in order; None if there is anything else in it."""
    parts: list[str | tuple[str, ...]] = []
    for output in tree.body:
        for node in output.nodes if isinstance(output, nodes.Output) else [output]:
            if isinstance(node, nodes.TemplateData):
                parts.append(node.data)
            elif (path := _path_of(node)) is not None:
                parts.append(tuple(path.split(".")))
            else:
                return None
    return tuple(parts)


def paths(source: str) -> frozenset[str]:
    """Return the facts that the template names, as it spells them.

    Raises:
        TemplateError: the template is not allowed.
    """
    return _compile(source, False).paths


def parsed(source: str) -> nodes.Template | None:
    """Return the template as a tree of Jinja's nodes, for those who tell what it says; None if it is not allowed."""
    tree, problems = _parse(source)
    return None if problems else tree


def _group(given: object) -> dict[str, Any]:
    return dict(given) if isinstance(given, Mapping) else {}


def _too_long() -> TemplateError:
    return TemplateError(
        f"a text would be longer than {MAX_OUTPUT // 1024} kB", code="DW303", hint="shorten values with | truncate(200)"
    )


@lru_cache(maxsize=2048)
def _compile(source: str, html: bool) -> _Compiled:
    tree, problems = _parse(source)
    if tree is None or problems:
        raise TemplateError(problems[0].message, code=problems[0].code, hint=problems[0].hint)
    named = [path.split(".") for path, _, _ in _paths(tree)]
    return _Compiled(
        (_html_environment if html else _environment).from_string(source),
        frozenset(".".join(path) for path in named),
        _plain(tree),
        all(_is_plain(".".join(path)) for path in named),
        tuple({(path[1], path[2]) for path in named if len(path) == 3 and path[0] == "steps"}),
        tuple({path[2] for path in named if len(path) == 3 and path[:2] == ["event", "data"]}),
    )


def _is_plain(path: str) -> bool:
    """Say whether this is a fact of the deal or account that has a text of its own."""
    return path in ALWAYS and (ALWAYS[path] == "text" or not is_group(path, ALWAYS))


# --- checking -------------------------------------------------------------------------------------------------------


def check_template(source: str, facts: Mapping[str, FieldType]) -> list[Problem]:
    """Return what is wrong with the template, given the facts (`schema.known`) it may name."""
    tree, problems = _parse(source)
    if tree is None or problems:
        return problems
    facts = with_roles(facts, (path for path, _, _ in _paths(tree)))
    for path, listed, line in _paths(tree):
        problem = _path_problem(path, listed, facts)
        if problem is not None and problem.message not in [each.message for each in problems]:
            problems.append(msgspec.structs.replace(problem, line=line, path=path))
    for node in tree.find_all(nodes.Filter):
        wanted = _ONLY_FOR.get(node.name)
        filtered = _path_of(node.node) if node.node is not None else None
        if wanted and _held(filtered or "", facts) not in wanted:
            kinds = " or ".join("an amount" if kind == "money" else f"a {kind}" for kind in wanted)
            what = f"{kinds}, not on {filtered or 'this'}"
            problems.append(Problem("DW301", f"the filter {node.name!r} works on {what}", line=node.lineno))
    return problems


def _spelled(path: str) -> str:
    """The path as templates spell it: step names have underscores there."""
    return path.replace("-", "_")


def _held(path: str, facts: Mapping[str, FieldType]) -> FieldType | None:
    """The type of the fact that a template spells so."""
    if path.startswith("steps."):
        return next((held for other, held in facts.items() if _spelled(other) == path), None)
    return facts.get(path)


def _path_problem(path: str, listed: bool, facts: Mapping[str, FieldType]) -> Problem | None:
    held = _held(path, facts)
    grouped = held in (None, "pipeline", "stage", "user") and is_group(path, map(_spelled, facts))
    if held is None and not grouped:
        return Problem("DW302", f"there is no fact {path!r} here", unknown_hint(path, list(map(_spelled, facts))))
    if listed and held not in ("tags", "choices"):
        return Problem("DW301", f"{path} is not a list", "{% for %} goes over deal.tags")
    if not listed and grouped:
        parts = sorted(other for other in map(_spelled, facts) if other.startswith(f"{path}."))
        return Problem("DW302", f"{path} has parts, and no text of its own", f"say {', '.join(parts)}")
    return None


def _parse(source: str) -> tuple[nodes.Template | None, list[Problem]]:
    """Parse without compiling: compiling folds constants, which runs what the template says."""
    if len(source) > MAX_TEXT:
        return None, [Problem("DW303", f"the text is longer than {MAX_TEXT:,} characters", "shorten it")]
    try:
        tree = _environment.parse(source)
        problems = list(_refused(tree, 0, frozenset()))
    except TemplateSyntaxError as error:
        what = f"the text cannot be read: {error.message} (its line {error.lineno})"
        return None, [Problem("DW300", what, line=error.lineno)]
    except (RecursionError, ValueError, OverflowError):
        return None, [Problem("DW301", "the text is nested too deeply or holds a number out of all proportion")]
    return tree, problems


def _path_of(node: nodes.Node) -> str | None:
    """`a.b.c` for names and constant attributes, else None."""
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getattr):
        owner = _path_of(node.node)
        return None if owner is None else f"{owner}.{node.attr}"
    return None


def _paths(tree: nodes.Node, loops: frozenset[str] = frozenset()) -> Iterator[tuple[str, bool, int]]:
    """Every fact the template names, whether `for` goes over it, and on which line; loop variables are left out."""
    if isinstance(tree, nodes.For):
        path = _path_of(tree.iter)
        if path is not None:
            yield path, True, tree.lineno
        inner = loops | {str(getattr(tree.target, "name", "")), "loop"}
        for child in tree.body:
            yield from _paths(child, inner)
        return
    path = _path_of(tree)
    if path is not None:
        if path.partition(".")[0] not in loops:
            yield path, False, tree.lineno
        return
    for child in tree.iter_child_nodes():
        yield from _paths(child, loops)


_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.Filter,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
)

_CALLED: Final = {
    nodes.Call: "calls something",
    nodes.Getitem: "uses [ ]",
    nodes.Test: "uses `is`",
    nodes.Assign: "sets a variable",
    nodes.Macro: "defines a macro",
    nodes.Include: "includes another text",
    nodes.Import: "imports another text",
    nodes.FromImport: "imports another text",
    nodes.Extends: "extends another text",
    nodes.Block: "defines a block",
}


def _refused(node: nodes.Node, depth: int, loops: frozenset[str]) -> Iterator[Problem]:
    """What of the tree is not on the allow-list."""
    if depth > _MAX_DEPTH:
        yield Problem("DW301", "the text is nested too deeply")
        return
    if not isinstance(node, _ALLOWED):
        hint = _meant(node)
        what = _CALLED.get(type(node), "computes something" if isinstance(node, nodes.Expr) else "does more")
        yield Problem(
            "DW301", f"the text {what}, which texts may not", hint or "name facts, or-else values and filters"
        )
        return
    for problem in _refused_here(node, loops):
        yield msgspec.structs.replace(problem, line=node.lineno)
    inner = loops
    if isinstance(node, nodes.For):
        inner = loops | {str(getattr(node.target, "name", ""))}
    for child in node.iter_child_nodes():
        # Only what nests counts: a path is one thing however long it is.
        yield from _refused(child, depth + (not isinstance(child, nodes.Getattr | nodes.Output)), inner)


def _refused_here(node: nodes.Node, loops: frozenset[str]) -> Iterator[Problem]:
    match node:
        case nodes.Filter():
            yield from _refused_filter(node)
        case nodes.For():
            if loops:
                yield Problem("DW301", "the text has a loop in a loop, which texts may not")
            if node.recursive or node.test is not None or node.else_ or not isinstance(node.target, nodes.Name):
                yield Problem("DW301", "a loop in a text reads {% for tag in deal.tags %} and no more")
            elif _path_of(node.iter) is None:
                yield Problem("DW301", "a loop in a text goes over a given list such as deal.tags")
        case nodes.Getattr():
            path = _path_of(node)
            if path is None:
                yield Problem("DW301", "the text reads a part of something that is no fact", _meant(node.node))
            elif path.startswith("loop.") and path.removeprefix("loop.") not in _LOOP:
                yield Problem("DW302", f"there is no {path!r}", "a loop knows loop.first, loop.last and loop.index")
            elif path.partition(".")[0] in loops:
                yield Problem("DW302", f"{path!r} is part of a text, which has no parts")
        case nodes.Compare():
            if any(operand.op not in ("eq", "ne") for operand in node.ops):
                yield Problem("DW301", "texts compare with == and != only", "put other conditions into a branch")
        case nodes.CondExpr():
            if node.expr2 is None:
                yield Problem(
                    "DW301", "the text has an `if` without `else` inside {{ }}", "say what else, or use {% if %}"
                )
        case nodes.Const():
            if not isinstance(node.value, str | bool | int | None):
                yield Problem("DW301", "texts hold words and whole numbers only")


def _refused_filter(node: nodes.Filter) -> Iterator[Problem]:
    if node.name not in FILTERS:
        hint = did_you_mean(node.name, FILTERS) or f"there are {', '.join(sorted(FILTERS))}"
        yield Problem("DW301", f"there is no filter {node.name!r}", hint)
        return
    wanted = _ARGUMENTS.get(node.name, ())
    given = [argument.value if isinstance(argument, nodes.Const) else None for argument in node.args]
    fits = len(given) == len(wanted) and all(type(value) is kind for value, kind in zip(given, wanted, strict=True))
    if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs or not fits:
        words = {int: "a whole number", str: "a text"}
        needs = " and ".join(words[kind] for kind in wanted) or "nothing"
        yield Problem("DW301", f"the filter {node.name!r} takes {needs}")


def _meant(node: nodes.Node) -> str:
    """What was probably meant by what texts may not say."""
    if isinstance(node, nodes.Sub) and (_path_of(node.left) or "").startswith("steps."):
        return "a step's name is spelled with underscores in texts: steps.next_deal.deal_id"
    path = _path_of(node.node) if isinstance(node, nodes.Call) else None
    if path is not None and path.endswith(".or_"):
        return f"in a text write {{{{ {path.removesuffix('.or_')} or 'none' }}}}"
    if isinstance(node, nodes.Call) and path is not None and path.endswith(".contact_as"):
        given = node.args[0].value if len(node.args) == 1 and isinstance(node.args[0], nodes.Const) else None
        return f"in a text write {path}.{role_key(str(given)) or 'buyer'}.name"
    return ""
