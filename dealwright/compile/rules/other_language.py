"""DW316: a text stands under another language than the one in which it is written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.languages import Text, base, lines_of, texts_by_language
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.spoken import is_known, tells, words_of

_PLAIN: Final = 4
"""As many words of another language, and none of its own, are no names and no borrowed words."""
_SWAPPED: Final = 3
"""As many tell of two texts that each is in the other's language: that is no chance."""
_BORROWED: Final = 6
"""One word of the other language among so many may be borrowed."""


def _look(subject: Subject) -> Iterator[Spot]:
    told: set[tuple[str, int, str]] = set()
    for _, automation in subject.automations:
        for step in all_steps(automation.do):
            parts: dict[str, list[Text]] = {}
            for text in (*texts_by_language(subject, automation, step), *_buttons(subject, automation, step)):
                if is_known(base(text.language)):
                    parts.setdefault(text.part, []).append(text)
            for part, texts in parts.items():
                for spot in _of(f"the {part or 'message'} of {step.name!r}", texts):
                    # A template that several steps send is told once.
                    seen = (spot.path, spot.line, spot.message.partition(" of ")[0])
                    if seen not in told:
                        told.add(seen)
                        yield spot


def _buttons(subject: Subject, automation: ir.Automation, step: ir.Step) -> Iterator[Text]:
    """Yield what stands on the buttons of a message, language by language."""
    message = step.message if isinstance(step, ir.SendMessageStep) else None
    if isinstance(message, ir.FreeMessage):
        message = message.outside_window
    if message is not None:
        at = subject.step_at(automation, step.name)
        where = next((body.where for body in message.bodies if body.where is not None), None)
        for button in message.buttons:
            for label in button.by_language:
                at = at if where is None else (where.file, where.line)
                yield Text(label.language, f"button {button.id!r}", label.text, at)


def _of(what: str, texts: list[Text]) -> Iterator[Spot]:
    """Tell of what one text says in its languages: two that are swapped, else one that is in another language."""
    swapped: list[Text] = []
    for one, other in combinations(texts, 2):
        if _are_swapped(one, other):
            swapped += (one, other)
            yield Spot(
                path=one.at[0],
                line=one.at[1],
                message=f"{what} is {_quoted(one)} under {one.language!r} and {_quoted(other)} under"
                f" {other.language!r}: each seems to be in the other's language",
                hint="swap the two",
            )
    for text in texts:
        found = [each for one, each in permutations(texts, 2) if one is text and _is_in(text, each.language, each)]
        if text in swapped or not found:
            continue
        language = max(found, key=lambda each: len(_foreign(text, each.language))).language
        yield Spot(
            path=text.at[0],
            line=text.at[1],
            message=f"{what} under {text.language!r} seems to be written in {language!r}: {_quoted(text)}",
            hint=f"write it in {text.language!r}",
        )


def _are_swapped(one: Text, other: Text) -> bool:
    first, second = _foreign(one, other.language), _foreign(other, one.language)
    if not first or not second:
        return False
    whole = first == set(words_of(one.source)) and second == set(words_of(other.source))
    return whole or len(first) + len(second) >= _SWAPPED


def _is_in(text: Text, language: str, other: Text) -> bool:
    # What was copied word for word is told as that (DW314).
    copied = lines_of(text.source).keys() & lines_of(other.source).keys()
    return len(_foreign(text, language)) >= _PLAIN and not copied


def _foreign(text: Text, language: str) -> frozenset[str]:
    """Return the words by which a text is in another language than its own; none if it may be in its own."""
    words, own = words_of(text.source), base(text.language)
    foreign, its_own = tells(words, base(language), own), tells(words, own, base(language))
    return foreign if len(its_own) * _BORROWED <= len(foreign) else frozenset()


def _quoted(text: Text) -> str:
    said = " ".join(text.source.split())
    return repr(said if len(said) <= 40 else f"{said[:39].rstrip()}…")


RULE: Final = Rule(
    code="DW316",
    severity="warning",
    title="a text stands under another language than its own",
    reason=(
        "Texts that are swapped between two languages look right to whoever writes them, and reach each reader in the "
        "language of the other one. It is told where the commonest words of a text, or its script, are those of "
        "another of its languages and none is of its own; names, brands and mixed texts are left alone."
    ),
    bad="""
thanks = EmailText(
    {"en": "Gracias por su visita", "es": "Thank you for your visit"},
    {"en": "We hope to see you soon.", "es": "Esperamos verle pronto."},
)
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[send_email("thanks", template=thanks, to=deal.main_contact)],
)
acme = Account(
    "acme", zone="UTC", country="US", currency="USD", languages=["en", "es"], pipelines=[Sales], automations=[greet]
)
""",
    good="""
thanks = EmailText(
    {"en": "Thank you for your visit", "es": "Gracias por su visita"},
    {"en": "We hope to see you soon.", "es": "Esperamos verle pronto."},
)
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[send_email("thanks", template=thanks, to=deal.main_contact)],
)
acme = Account(
    "acme", zone="UTC", country="US", currency="USD", languages=["en", "es"], pipelines=[Sales], automations=[greet]
)
""",
    look=_look,
)
