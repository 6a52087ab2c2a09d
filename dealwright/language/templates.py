"""Texts with facts in them: Jinja2 with an allow-listed syntax, over plain mappings of texts.

What a template may say: `{{ deal.title }}`, `{{ deal.main_contact.first_name or 'there' }}`, the filters in `FILTERS`,
`{% if %}` with `and`, `or`, `not`, `==` and `!=`, and loops: `{% for tag in deal.tags %}`, and over a deal's records,
`{% for line in deal.records.quote_line %}{{ line.sku }}{% endfor %}`. Nothing is called, subscripted, computed,
assigned or included, so a template cannot reach Python, and its work is bounded by its size.

Values are data: they are never rendered again, and what they hold of control characters and line breaks becomes a
space (a value is one line; the template's own line breaks stay). In a template of HTML, values are escaped and the
template's own markup stays; nothing is escaped for mail headers or a terminal: each channel encodes what it sends.
An unset value is an empty text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any, Final

import msgspec
from jinja2 import Template, UndefinedError, nodes

from dealwright.language.characters import one_line
from dealwright.language.schema import ALWAYS, FieldType, did_you_mean, is_group, unknown_hint, with_roles
from dealwright.language.template_compared import impossible_comparisons
from dealwright.language.template_environment import HTML, MAX_OUTPUT, PLAIN, TemplateError, as_text, too_long
from dealwright.language.template_syntax import Problem, filtered, named, parse, path_of

__all__ = [
    "MAX_OUTPUT",
    "Problem",
    "TemplateError",
    "check_template",
    "filled",
    "is_template",
    "parsed",
    "paths",
    "render",
]

_MARKS: Final = ("{{", "{%", "{#")
_ONLY_FOR: Final[Mapping[str, tuple[FieldType, ...]]] = {
    "date": ("moment", "day"),
    "time": ("moment",),
    "money": ("money",),
}


def is_template(text: str) -> bool:
    """Say whether the text has anything to fill in."""
    return any(mark in text for mark in _MARKS)


class _Compiled(msgspec.Struct, frozen=True):
    """A template that passed the allow-list, with what it names.

    `paths` are all facts; of them `receipts` are (step, field) and `data` what an event from outside tells. `plain` is
    the whole template if it holds nothing but words and facts: texts, and paths as tuples. `of_deal`: all of them are
    facts of the deal or account, which are always there.
    """

    template: Template
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
                raise too_long()
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
    shown = (part if isinstance(part, str) else one_line(as_text(read(".".join(part)))) for part in compiled.plain)
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
        texts.append(encode(one_line(as_text(found))))
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
            elif (path := path_of(node)) is not None:
                parts.append(tuple(path.split(".")))
            else:
                return None
    return tuple(parts)


@lru_cache(maxsize=8192)
def paths(source: str) -> frozenset[str]:
    """Return the facts that the template names, as it spells them; nothing is compiled for that.

    Raises:
        TemplateError: the template is not allowed.
    """
    return _named(_allowed(source))


def parsed(source: str) -> nodes.Template | None:
    """Return the template as a tree of Jinja's nodes, for those who tell what it says; None if it is not allowed."""
    tree, problems = parse(source)
    return None if problems else tree


def _group(given: object) -> dict[str, Any]:
    return dict(given) if isinstance(given, Mapping) else {}


@lru_cache(maxsize=2048)
def _compile(source: str, html: bool) -> _Compiled:
    tree = _allowed(source)
    named_there = _named(tree)
    facts = [path.split(".") for path in named_there]
    return _Compiled(
        (HTML if html else PLAIN).from_string(source),
        _plain(tree),
        all(map(_is_plain, named_there)),
        tuple({(path[1], path[2]) for path in facts if len(path) == 3 and path[0] == "steps"}),
        tuple({path[2] for path in facts if len(path) == 3 and path[:2] == ["event", "data"]}),
    )


def _allowed(source: str) -> nodes.Template:
    tree, problems = parse(source)
    if tree is None or problems:
        raise TemplateError(problems[0].message, code=problems[0].code, hint=problems[0].hint)
    return tree


def _named(tree: nodes.Template) -> frozenset[str]:
    """The facts that a template names; what stands for each of a list is none."""
    return frozenset(path for path, _, _ in named(tree) if not path.endswith(".*"))


def _is_plain(path: str) -> bool:
    """Say whether this is a fact of the deal or account that has a text of its own."""
    return path in ALWAYS and (ALWAYS[path] == "text" or not is_group(path, ALWAYS))


def check_template(
    source: str, facts: Mapping[str, FieldType], options: Callable[[str], Sequence[str]] = lambda _: ()
) -> list[Problem]:
    """Return what is wrong with the template, given the facts (`schema.known`) it may name.

    `options` gives all that the fact at a path can be; none if that is not known.
    """
    tree, problems = parse(source)
    if tree is None or problems:
        return problems
    there = list(named(tree))
    facts = with_roles(facts, (path for path, _, _ in there))
    loops = sorted({loop.target.name for loop in tree.find_all(nodes.For) if isinstance(loop.target, nodes.Name)})
    for path, listed, line in there:
        problem = _path_problem(path, listed, facts, loops)
        if problem is not None and problem.message not in [each.message for each in problems]:
            problems.append(msgspec.structs.replace(problem, line=line, path=path))
    # What a filter works on is told of names that there are: one with a slip in it is the cause.
    unknown = [problem.path for problem in problems]
    for name, path, line in filtered(tree):
        wanted = _ONLY_FOR.get(name)
        if any(path == each or path.startswith(f"{each}.") for each in unknown if each):
            continue
        if wanted and _held(path, facts) not in wanted:
            kinds = " or ".join("an amount" if kind == "money" else f"a {kind}" for kind in wanted)
            what = f"{kinds}, not on {path or 'this'}"
            problems.append(Problem("DW301", f"the filter {name!r} works on {what}", line=line))
    problems += impossible_comparisons(tree, {_spelled(path): held for path, held in facts.items()}, options)
    return problems


def _spelled(path: str) -> str:
    """The path as templates spell it: step names have underscores there."""
    return path.replace("-", "_")


def _held(path: str, facts: Mapping[str, FieldType]) -> FieldType | None:
    """The type of the fact that a template spells so."""
    if path.startswith("steps."):
        return next((held for other, held in facts.items() if _spelled(other) == path), None)
    return facts.get(path)


def _each_problem(path: str, facts: Mapping[str, FieldType]) -> Problem | None:
    """What is wrong with what is named of the variable of a loop."""
    over, _, part = path.partition(".*")
    fields = sorted(other.removeprefix(f"{over}.*.") for other in facts if other.startswith(f"{over}.*."))
    if not fields:  # it goes over texts, or over what is no list, which is told
        texts = _held(over, facts) in ("tags", "choices")
        return Problem("DW302", f"one of {over} is a text, which has no parts") if part and texts else None
    key = part.removeprefix(".")
    if not key:
        hint = f"name one of its fields, such as .{fields[0]}"
        return Problem("DW302", f"one of {over} is a record, and has no text of its own", hint)
    if key in fields:
        return None
    hint = did_you_mean(key, fields) or f"it has {', '.join(fields)}"[:300]
    return Problem("DW302", f"one of {over} has no field {key!r}", hint)


def _what_texts_name(path: str, facts: Mapping[str, FieldType]) -> str:
    if path.partition(".")[0] in ("setting", "settings"):
        return "a setting stands in conditions and values, not in texts: write it into a field, and name that here"
    roots = sorted({f"{other.partition('.')[0]}." for other in facts if "." in other})
    return f"a text names facts, which begin here with {', '.join(roots)}" if roots else ""


def _path_problem(path: str, listed: bool, facts: Mapping[str, FieldType], loops: Sequence[str]) -> Problem | None:
    if ".*" in path and not listed:
        return _each_problem(path, facts)
    if listed and is_group(f"{path}.*", facts):
        return None
    held = _held(path, facts)
    grouped = held in (None, "pipeline", "stage", "user") and is_group(path, map(_spelled, facts))
    if held is None and not grouped:
        lists = sorted({other.partition(".*")[0] for other in map(_spelled, facts) if ".*" in other})
        hint = (did_you_mean(path, lists) if listed else "") or unknown_hint(path, list(map(_spelled, facts)))
        root, dot, _ = path.partition(".")
        hint = hint or (did_you_mean(root, loops) if dot else "") or _what_texts_name(path, facts)
        return Problem("DW302", f"there is no fact {path!r} here", hint)
    if listed and held not in ("tags", "choices"):
        return Problem("DW301", f"{path} is not a list", "{% for %} goes over deal.tags, or deal.records.instalment")
    if not listed and grouped:
        parts = sorted(other for other in map(_spelled, facts) if other.startswith(f"{path}."))
        return Problem("DW302", f"{path} has parts, and no text of its own", f"say {', '.join(parts)}")
    return None
