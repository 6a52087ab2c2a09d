"""DW314: a text of one language is written in another one, or names other facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import combinations
from typing import Final, NamedTuple

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.shown_facts import differing
from dealwright.compile.rules.texts import bodies_of
from dealwright.language import schema, templates

_FILLED: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|https?://\S+|\S+@\S+", re.DOTALL)
_WORD: Final = re.compile(r"[^\W\d_]+")
_FEWEST: Final = 4
"""As many words that are no names stand in one line only in one language; fewer may be the same in two."""
_NAME: Final = re.compile(r"\.(?:first_name|last_name|name)$")


class Text(NamedTuple):
    """A text of a message in one language; `part` is which one of its texts."""

    language: str
    part: str
    source: str
    at: tuple[str, int]


def _look(subject: Subject) -> Iterator[Spot]:
    told: set[tuple[str, int, str]] = set()
    for account, automation in subject.automations:
        for step in all_steps(automation.do):
            for one, other in combinations(texts_by_language(subject, automation, step), 2):
                if one.part != other.part or base(one.language) == base(other.language):
                    continue
                for message, hint in (
                    *_copied(step, one, other),
                    *_named(step, one, other, account),
                    *_shown(step, one, other, account),
                ):
                    spot = (*other.at, message.partition(" of ")[0])
                    if spot not in told:
                        told.add(spot)
                        path, line = other.at
                        yield Spot(path=path, line=line, message=message, hint=hint)


def texts_by_language(subject: Subject, automation: ir.Automation, step: ir.Step) -> Iterator[Text]:
    """Yield what the step says, text by text and language by language; styled e-mails say what their text says."""
    at = subject.step_at(automation, step.name)
    match step:
        case ir.SendMessageStep(message=message):
            names = {id(body): "" for body in message.bodies}
            for body in bodies_of(step):
                where = at if body.where is None else (body.where.file, body.where.line)
                if body.language:
                    yield Text(body.language, names.get(id(body), "outside_window"), _source(body.text), where)
        case ir.SendEmailStep(by_language=mails):
            for mail in mails:
                yield Text(mail.language, "subject", _source(mail.subject), at)
                yield Text(mail.language, "text", _source(mail.text), at)


def _copied(step: ir.Step, one: Text, other: Text) -> Iterator[tuple[str, str]]:
    """Tell of a line that both languages have."""
    lines = lines_of(one.source)
    for words, line in lines_of(other.source).items():
        if words in lines:
            yield (
                f"{line!r} of {step.name!r} stands under {one.language!r} and under {other.language!r}:"
                " one of them reads another language than their own",
                f"write it in {other.language!r} too, or without a language if all may read it",
            )
            return


def lines_of(source: str) -> Mapping[str, str]:
    """The lines that say something, by their words; names and numbers are the same in every language."""
    found = {}
    for line in source.splitlines():
        words = _WORD.findall(_FILLED.sub(" ", line))
        if sum(word.islower() and len(word) > 1 for word in words) >= _FEWEST:
            found[" ".join(words).casefold()] = _short(line.strip())
    return found


def _named(step: ir.Step, one: Text, other: Text, account: ir.Account) -> Iterator[tuple[str, str]]:
    """Tell of two languages each of which names a fact that the other one lacks."""
    first, second = _facts(one.source, account), _facts(other.source, account)
    only, others = sorted(first - second), sorted(second - first)
    if only and others:
        yield (
            f"{_what(one, step)} names {{{{ {only[0]} }}}} under {one.language!r}"
            f" and {{{{ {others[0]} }}}} under {other.language!r}",
            "name the same facts in both: whoever speaks the one would read something else than the other",
        )
        return
    for lacks, has, facts in ((other, one, only), (one, other, others)):
        path, instead = next(_replaced(has.source, lacks.source, facts, account), ("", ""))
        if path:
            yield (
                f"{_what(one, step)} names {{{{ {path} }}}} under {has.language!r}, and in that line"
                f" {{{{ {instead} }}}} under {lacks.language!r}",
                "name the same fact in both: whoever speaks the one would read something else than the other",
            )


def _replaced(has: str, lacks: str, facts: list[str], account: ir.Account) -> Iterator[tuple[str, str]]:
    """Yield a fact that one text lacks, and the one that stands once more in its line: both have the same lines."""
    lines, others = ([line for line in each.splitlines() if line.strip()] for each in (has, lacks))
    if len(lines) != len(others):
        return
    for line, other in zip(lines, others, strict=True):
        here, there = _facts(line, account), _facts(other, account)
        for path in facts:
            more = sorted(
                each
                for each in there - here
                if sum(each in _facts(one, account) for one in others)
                > sum(each in _facts(one, account) for one in lines)
            )
            if path in here and more:
                yield path, more[0]


def _shown(step: ir.Step, one: Text, other: Text, account: ir.Account) -> Iterator[tuple[str, str]]:
    """Tell of a fact of which one language shows the time and the other does not, or that the other writes itself."""
    for path, lacks, part, written in differing(one.source, other.source, account):
        shows, lacking = (other, one) if lacks == 0 else (one, other)
        if written:
            yield (
                f"{_what(one, step)} names {{{{ {path} }}}} under {shows.language!r}"
                f" and says {written!r} under {lacking.language!r}",
                "name the fact there, too: what is written is the same for every deal",
            )
        elif one.part != "subject":  # which may leave the rest to the text below it
            yield (
                f"{_what(one, step)} shows the {part} of {{{{ {path} }}}} under {shows.language!r}"
                f" and not under {lacking.language!r}",
                f"write {{{{ {path} | {part} }}}} there, too: whoever speaks that language needs to know it as well",
            )


def _what(text: Text, step: ir.Step) -> str:
    return f"the {text.part} of {step.name!r}" if text.part in ("subject", "text") else f"the message of {step.name!r}"


def _is_fact(path: str, account: ir.Account) -> bool:
    root, _, name = path.partition(".")
    if root == "deal":
        return path in schema.ALWAYS or name in {shape.key for shape in account.deal_fields}
    return root in ("contact", "event", "record", "steps")


def _facts(source: str, account: ir.Account) -> frozenset[str]:
    """The facts that a text names; how somebody is addressed differs from language to language."""
    with suppress(templates.TemplateError):
        # What is no fact is told as that; what records hold is named by whatever the loop calls one.
        return frozenset(_NAME.sub(".name", path) for path in templates.paths(source) if _is_fact(path, account))
    return frozenset()


def _source(text: ir.Expression) -> str:
    return text.source if isinstance(text, ir.TemplateText) else getattr(text, "value", "")


def base(language: str) -> str:
    return language.partition("-")[0].lower()


def _short(line: str) -> str:
    return line if len(line) <= 60 else f"{line[:59].rstrip()}…"


RULE: Final = Rule(
    code="DW314",
    severity="warning",
    title="two languages of a text do not say the same",
    reason=(
        "A text that was copied to be translated later is read by people who do not know its language, and a fact that"
        " was changed in one language only says something else in the other one. Short lines, names, numbers and the"
        " ways to address somebody may be the same or differ."
    ),
    bad="""
hello = Template(
    "hello",
    body={"en": "Your meeting is on {{ deal.close_date }}.", "de": "Ihr Termin ist am {{ deal.created_at | date }}."},
)
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.id.is_set(), deal.close_date.is_set()],
    again=once(per=deal),
    do=[send_message("hello", via="crm", template=hello, to=deal.main_contact)],
)
acme = Account(
    "acme", zone="UTC", country="US", currency="USD", languages=["en", "de"], pipelines=[Sales], automations=[greet]
)
""",
    good="""
hello = Template(
    "hello",
    body={"en": "Your meeting is on {{ deal.close_date }}.", "de": "Ihr Termin ist am {{ deal.close_date }}."},
)
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.id.is_set(), deal.close_date.is_set()],
    again=once(per=deal),
    do=[send_message("hello", via="crm", template=hello, to=deal.main_contact)],
)
acme = Account(
    "acme", zone="UTC", country="US", currency="USD", languages=["en", "de"], pipelines=[Sales], automations=[greet]
)
""",
    look=_look,
)
