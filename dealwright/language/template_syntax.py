"""What a template may say: an allow-list over the tree that Jinja2 makes of it, and the facts that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from jinja2 import TemplateSyntaxError, nodes

from dealwright.language.schema import did_you_mean
from dealwright.language.template_environment import FILTERS, LOOP, PLAIN
from dealwright.language.values import MAX_TEXT
from dealwright.model.crm import role_key

_MAX_DEPTH: Final = 20
_TAG: Final = re.compile(r"\{%[-+]?\s*(if|for|endif|endfor)\b")
_ARGUMENTS: Final[Mapping[str, tuple[type, ...]]] = {"truncate": (int,), "replace": (str, str)}


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a template, on which of its lines; `path` is the fact that it is about, if there is one."""

    code: str
    message: str
    hint: str = ""
    line: int = 1
    path: str = ""


def parse(source: str) -> tuple[nodes.Template | None, list[Problem]]:
    """Parse without compiling: compiling folds constants, which runs what the template says."""
    if len(source) > MAX_TEXT:
        return None, [Problem("DW303", f"the text is longer than {MAX_TEXT:,} characters", "shorten it")]
    try:
        tree = PLAIN.parse(source)
        problems = list(_refused(tree, 0, frozenset()))
    except TemplateSyntaxError as error:
        opened = _left_open(source) if "end of template" in (error.message or "") else None
        if opened is not None:
            word, line = opened
            what = f"the text cannot be read: {{% {word} %}} of its line {line} is not closed"
            return None, [Problem("DW300", what, f"write {{% end{word} %}} where it ends", line=line)]
        what = f"the text cannot be read: {error.message} (its line {error.lineno})"
        brace = "unexpected '}'" in (error.message or "")
        return None, [Problem("DW300", what, "a name ends with }}: {{ deal.title }}" if brace else "", error.lineno)]
    except (RecursionError, ValueError, OverflowError):
        return None, [Problem("DW301", "the text is nested too deeply or holds a number out of all proportion")]
    return tree, problems


def _left_open(source: str) -> tuple[str, int] | None:
    """Return the innermost `if` or `for` that nothing closes, and its line."""
    opened: list[tuple[str, int]] = []
    for tag in _TAG.finditer(source):
        word = tag[1]
        if word in ("if", "for"):
            opened.append((word, source.count("\n", 0, tag.start()) + 1))
        elif opened and word == f"end{opened[-1][0]}":
            opened.pop()
    return opened[-1] if opened else None


def path_of(node: nodes.Node) -> str | None:
    """`a.b.c` for names and constant attributes, else None."""
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getattr):
        owner = path_of(node.node)
        return None if owner is None else f"{owner}.{node.attr}"
    return None


_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def named(tree: nodes.Node, loops: Mapping[str, str] = _NOTHING) -> Iterator[tuple[str, bool, int]]:
    """Every fact the template names, whether `for` goes over it, and on which line.

    What is named of the variable of a loop is `.*` of what it goes over, which no text can spell:
    `deal.records.instalment.*.amount`.
    """
    if isinstance(tree, nodes.For):
        path = path_of(tree.iter)
        if path is not None:
            yield path, True, tree.lineno
        inner = _inside(tree, loops)
        for child in tree.body:
            yield from named(child, inner)
        return
    path = path_of(tree)
    if path is not None:
        meant = _meant_by(path, loops)
        if meant:
            yield meant, False, tree.lineno
        return
    for child in tree.iter_child_nodes():
        yield from named(child, loops)


def filtered(tree: nodes.Node) -> Iterator[tuple[str, str, int]]:
    """Every filter in the template, the fact that it is on (empty: something else), and on which line."""
    for node, loops in each_node(tree):
        if isinstance(node, nodes.Filter):
            yield node.name, "" if node.node is None else fact_at(node.node, loops), node.lineno


def each_node(tree: nodes.Node, loops: Mapping[str, str] = _NOTHING) -> Iterator[tuple[nodes.Node, Mapping[str, str]]]:
    """Every node of the template, each with what the variables of the loops around it stand for."""
    yield tree, loops
    inner = _inside(tree, loops) if isinstance(tree, nodes.For) else loops
    for child in tree.iter_child_nodes():
        yield from each_node(child, inner)


def fact_at(node: nodes.Node, loops: Mapping[str, str]) -> str:
    """Return the path of the fact that a node names inside of these loops; empty if it names none."""
    path = path_of(node)
    return "" if path is None else _meant_by(path, loops)


def _inside(loop: nodes.For, loops: Mapping[str, str]) -> Mapping[str, str]:
    """The variables that are known inside of a loop, with what each stands for; `loop` stands for no fact."""
    path = path_of(loop.iter) or ""
    return {**loops, str(getattr(loop.target, "name", "")): f"{path}.*", "loop": ""}


def _meant_by(path: str, loops: Mapping[str, str]) -> str:
    head, dot, rest = path.partition(".")
    if head not in loops:
        return path
    return f"{loops[head]}{dot}{rest}" if loops[head] else ""


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
            elif path_of(node.iter) is None:
                yield Problem("DW301", "a loop in a text goes over a given list such as deal.tags")
        case nodes.Getattr():
            path = path_of(node)
            if path is None:
                yield Problem("DW301", "the text reads a part of something that is no fact", _meant(node.node))
            elif path.startswith("loop.") and path.removeprefix("loop.") not in LOOP:
                yield Problem("DW302", f"there is no {path!r}", "a loop knows loop.first, loop.last and loop.index")
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
    if isinstance(node, nodes.Sub) and (path_of(node.left) or "").startswith("steps."):
        return "a step's name is spelled with underscores in texts: steps.next_deal.deal_id"
    path = path_of(node.node) if isinstance(node, nodes.Call) else None
    if path is not None and path.endswith(".or_"):
        return f"in a text write {{{{ {path.removesuffix('.or_')} or 'none' }}}}"
    if isinstance(node, nodes.Call) and path is not None and path.endswith(".contact_as"):
        given = node.args[0].value if len(node.args) == 1 and isinstance(node.args[0], nodes.Const) else None
        return f"in a text write {path}.{role_key(str(given)) or 'buyer'}.name"
    return ""
