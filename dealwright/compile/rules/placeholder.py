"""DW304: a text that was never finished, and would be read by somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.texts import bodies_of, texts_of
from dealwright.language import schema

_FILLED: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_AS_TEXT: Final = re.compile(r"""(['"])(?:deal|contact|event|steps)(?:\.[a-z_]\w*)+\1""")
"""A fact in quotes where facts are named: `{{ deal.main_contact.name or 'deal.title' }}`."""
_FACT: Final = re.compile(r"\b(?:deal|contact|event|steps)(?:\.[a-z_]\w*)+")
_WORD: Final = (
    r"(?:your |the |insert |customer'?s? |client'?s? |contact'?s? )*"
    r"(?:first|last|full|company|product|sales|deal)?[ _-]?"
    r"(?:name|company|customer|client|e-?mail|phone|number|date|amount|price|link|url|title|owner|here|product|text)"
)
_BLANK: Final = (
    # What stands for a name or an amount in the languages that our users write.
    r"nombre|apellidos?|empresa|cliente|fecha|importe|precio|tel[eé]fono|correo|producto|enlace|"
    r"nome|sobrenome|cognome|data|valor|pre[çz]zo|preço|telefone|telefono|produto|prodotto|azienda|importo|"
    r"vorname|nachname|firma|kunde|datum|betrag|preis|telefon|produkt|"
    r"nom|pr[ée]nom|cognoms?|entreprise|soci[ée]t[ée]|client|montant|prix|preu|t[ée]l[ée]phone|tel[èe]fon|produit|lien"
)
_PATTERNS: Final = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"\b(?:TODO|FIXME|TBD|tbd|XXX+)\b", 0),
        # In Spanish and Portuguese it is a word.
        (r"\A\W*todo\W*\Z|\btodo:", re.IGNORECASE),
        (r"(?<!\S)\?{3,}", 0),
        (r"<<[^<>\n]{1,60}>>|\[\[[^\[\]\n]{1,60}\]\]", 0),
        (r"(?<![\w%])%(?:\(\w+\))?[sd]\b", 0),
        (r"\b(?:deal|contact|event|steps|account)\.[a-z_][^{}\n]*\}\}|\b(?:if|else|endif|for|endfor)\b[^{}\n]*%\}", 0),
        (r"\blorem ipsum\b", re.IGNORECASE),
        (rf"\[{_WORD}\]|<{_WORD}>|(?<!\{{)\{{{_WORD}\}}(?!\}})", re.IGNORECASE),
        (rf"(?<!!)\[(?:{_BLANK})\](?![(\[:])|<(?:{_BLANK})>", re.IGNORECASE),
        (r"(?<![\w.])XX ?(?:[€$£%]|EUR|USD|GBP|BRL|MXN)|(?:[€$£]|EUR|USD|GBP|R\$) ?XX\b|\bXX([:./-])XX\b", 0),
        (r"(?<!\{)\{\s*(?:deal|contact|event|steps|account)\.[a-z_.]+\s*\}(?!\})", 0),
    )
)
_DATE: Final = re.compile(
    r"\b(?:(?:DD|TT|JJ|GG|MM)([./-])(?:MM|DD)\1(?:YY(?:YY)?|JJJJ|AA(?:AA)?)|(?:YYYY|JJJJ|AAAA)-MM-(?:DD|TT|JJ|GG))\b"
)
_AS_A_FORMAT: Final = re.compile(r"format|\([^()]*\Z|\b(?:as|like|als|wie|como|com|comme|come)\s*\Z", re.IGNORECASE)
"""Before a date's letters: a customer is told how to write one."""
_NOTHING_SAID: Final = re.compile(
    r"\A\s*(?:test(?:ing)?|asdf\w*|qwerty|foo|bar|blah|placeholder|(?:test )?(?:text|message)|hello world)\W*\Z",
    re.IGNORECASE,
)
_ENDS_BEFORE: Final = re.compile(r"(?:[:#]|\s[-–—/]|\s)\s*\Z")
_SPELLED: Final = re.compile(r"[\w./:@-]+")
_FACTS: Final = frozenset({*schema.ALWAYS, *schema.EVENT, *schema.RECIPIENT})


def _look(subject: Subject) -> Iterator[Spot]:
    told: set[tuple[str, int, str]] = set()
    for _, automation in subject.automations:
        for step in all_steps(automation.do):
            if begun := _begun(step):
                path, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"the title that {step.name!r} gives is {begun!r}, and nothing follows",
                    hint='name what it is about: title="Renew: {{ deal.title }}"',
                )
            for text, where in (*_bodies(step), *((each, None) for each in (*texts_of(step), *_sent(step)))):
                found = _placeholder(text, whole=not isinstance(step, ir.SendEventStep | ir.SendConversionStep))
                if not found or (where is None and isinstance(step, ir.SendMessageStep)):
                    continue
                path, line = subject.step_at(automation, step.name) if where is None else (where.file, where.line)
                if path not in subject.sources:  # the text is a file of its own
                    line += text.count("\n", 0, max(0, text.find(found)))
                if where is not None and (path, line, found) in told:
                    continue  # a message is told once, however often it is sent
                told.add((path, line, found))
                yield Spot(
                    path=path,
                    line=line,
                    message=f"the text of {step.name!r} holds {found!r}, which somebody would read",
                    hint=_hint(found),
                )


def _hint(found: str) -> str:
    if fact := _FACT.search(found):
        return f"write the fact in two braces on each side, without quotes: {{{{ {fact.group()} }}}}"
    return "write the words, or a fact: {{ deal.main_contact.first_name or 'there' }}"


def _begun(step: ir.Step) -> str:
    """Return a deal's title that ends where a fact was to follow."""
    match step:
        case ir.CreateDealStep(title=ir.TextValue(value=title)):
            pass
        case ir.UpdateDealStep(changes={"title": ir.TextValue(value=title)}):
            pass
        case _:
            return ""
    return title if _ENDS_BEFORE.search(title) else ""


def _bodies(step: ir.Step) -> Iterator[tuple[str, ir.Where | None]]:
    """The texts of a message, each with where it was written, which is not where it is sent."""
    for body in bodies_of(step) if isinstance(step, ir.SendMessageStep) else ():
        yield body.text.source if isinstance(body.text, ir.TemplateText) else body.text.value, body.where


def _sent(step: ir.Step) -> Iterator[str]:
    """The texts that an event to another system carries."""
    for value in step.with_.values() if isinstance(step, ir.SendEventStep | ir.SendConversionStep) else ():
        match value:
            case ir.TemplateText(source=text) | ir.TextValue(value=text):
                yield text


def _placeholder(text: str, *, whole: bool) -> str:
    """What of the text was never filled in; `whole`: it is written for people, who read more than one word."""
    bare = _FILLED.sub("\0", text)
    patterns = (*_PATTERNS, _NOTHING_SAID) if whole else _PATTERNS
    found = next((found.group().strip() for each in patterns if (found := each.search(bare))), "")
    date = _DATE.search(bare)
    if date and not found and not _AS_A_FORMAT.search(bare[: date.start()]):
        found = date.group()
    shown = (each.group() for each in _FILLED.finditer(text) if each.group().startswith("{{"))
    found = found or next((said.group() for each in shown if (said := _AS_TEXT.search(each))), "")
    if found or "{{" in bare:
        # One that is open is no text at all, which is told already.
        return found
    if "}}" in bare and bare.count("}") > bare.count("{"):
        # Style sheets end in two braces, which two others opened.
        return "}}"
    return next((word for each in _SPELLED.findall(bare) if (word := each.rstrip(".:-")) in _FACTS), "")


RULE: Final = Rule(
    code="DW304",
    severity="error",
    title="a text holds a placeholder",
    reason=(
        "TODO, XXX, lorem ipsum, [name], [nombre], <<name>>, {name}, DD.MM.YYYY, %s or deal.title in a text, also in "
        "quotes between the braces, is what a customer or a rep reads. A fact is written {{ "
        "deal.main_contact.first_name }}, with two braces on each side."
    ),
    bad="""
ask = Automation(
    key="ask",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call {name} about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
ask = Automation(
    key="ask",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call {{ deal.main_contact.name or 'them' }} about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
