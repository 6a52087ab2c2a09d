"""An `{% if %}` of a text all of whose ways say the same: nobody asks for that (DW245)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jinja2 import nodes

from dealwright.compile import ir
from dealwright.compile.rules.rule import Spot, Subject, all_steps
from dealwright.compile.rules.texts import bodies_of, texts_of
from dealwright.language import templates

_At = tuple[str, int]


def alike_ways(subject: Subject) -> Iterator[Spot]:
    """Yield what is said whatever an `if` of a text asks."""
    told: set[tuple[str, int, str]] = set()
    for _, automation in subject.automations:
        for step in all_steps(automation.do):
            for source, (path, line) in _texts(step, subject.step_at(automation, step.name)):
                for said in _said_each_way(source):
                    if (path, line, said) in told:
                        continue
                    told.add((path, line, said))
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"every way of an {{% if %}} in a text of {step.name!r} says {said!r}",
                        hint="change one of the ways, or take the {% if %} out",
                    )


def _texts(step: ir.Step, at: _At) -> Iterator[tuple[str, _At]]:
    """Yield the texts of a step with where they stand; styled e-mails say what their text says."""
    match step:
        case ir.SendMessageStep():
            for body in bodies_of(step):
                yield _source(body.text), at if body.where is None else (body.where.file, body.where.line)
        case ir.SendEmailStep():
            for mail in step.by_language or (step,):
                yield from ((_source(each), at) for each in (mail.subject, mail.text))
        case _:
            yield from ((source, at) for source in texts_of(step))


def _source(text: ir.Expression | None) -> str:
    return text.source if isinstance(text, ir.TemplateText) else ""


def _said_each_way(source: str) -> Iterator[str]:
    tree = templates.parsed(source) if "{%" in source else None
    for asked in tree.find_all(nodes.If) if tree is not None else ():
        if not asked.else_:
            continue
        ways = [_written(way) for way in (asked.body, *(each.body for each in asked.elif_), asked.else_)]
        if ways[0] and len(set(ways)) == 1:
            yield _short(" ".join(_words(asked.body).split()) or ways[0])


def _written(way: Sequence[nodes.Node]) -> str:
    """Return all that a way says and names, without its line breaks."""
    parts = [
        each.data if isinstance(each, nodes.TemplateData) else repr(each)
        for node in way
        for each in (node.nodes if isinstance(node, nodes.Output) else [node])
    ]
    return " ".join("".join(parts).split())


def _words(way: Sequence[nodes.Node]) -> str:
    """Return what a way says, with three dots for what is filled in."""
    shown = [node.nodes if isinstance(node, nodes.Output) else [node] for node in way]
    return "".join(each.data if isinstance(each, nodes.TemplateData) else "…" for of_one in shown for each in of_one)


def _short(said: str) -> str:
    return said if len(said) <= 60 else f"{said[:59].rstrip()}…"
