"""Texts that ask for an e-mail address where the condition is about a phone number, and the other way round (DW293)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.explained import Explained
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.reach import Reach, called, reach_of
from dealwright.compile.rules.rule import Subject, all_parts, all_steps
from dealwright.compile.rules.texts import texts_of
from dealwright.compile.rules.twice import rows

_NAMED: Final[Mapping[Reach, re.Pattern[str]]] = {
    "phone": re.compile(
        r"phone|mobile|cell|number|\bcall|\btel\b|tel[eé]fono|telefone|celular|m[oó]vil|n[uú]mero|\bllama|\blig(?:ar|ue)"
        r"|telefon|handy|nummer|anruf|whats ?app|\bsms\b",
        re.I,
    ),
    "email": re.compile(r"mail|correo|@", re.I),
}
"""What a text says that is about one of them, however it does."""

_ADDRESS: Final = (
    r"(?:e-?mail[ -]?(?:address|adresse)(?:es|n)?|mail address|mailadresse|correo electr[oó]nico"
    r"|direcci[oó]n de (?:e-?mail|correo)|endere[cç]o de e-?mail)"
)
_PHONE: Final = (
    r"(?:(?:tele|mobile |cell )?phone(?: numbers?)?|mobile number|telefonnummer|handynummer|rufnummer"
    r"|(?:n[uú]mero (?:de|do) )?(?:tel[eé]fono|telefone|celular|m[oó]vil))"
)
_EITHER: Final[Mapping[Reach, str]] = {"email": rf"(?:{_ADDRESS}|e-?mail)", "phone": _PHONE}
_SURELY: Final[Mapping[Reach, str]] = {"email": _ADDRESS, "phone": _PHONE}
_WHOSE: Final = (
    r"(?:(?:the|their|his|her|an?|your|its|missing|correct|right|valid|el|la|su|un|una|o|a|seu|sua|um|uma|die|der|ihre"
    r"|deine|eine|nach|contact's|customer's|client's)\s+){0,3}"
)
_ASKS: Final = (
    r"(?:\bask\b[^.!?]{0,30}\bfor|\bwhat(?: i|['’])s|write down|note down|fill in|\benter|\bmissing:?|\bpide(?:le)?"
    r"|\bpedir|\banotar?|\bfalta|\bpe[cç]a|\banote|\bcu[aá]l es|\bqual [eé]|\bfrag\w*|\bnotier\w*|\bwie lautet)"
)
_WANTS: Final = (
    r"(?:\bget|\bfind(?: out)?|\badd|\bneed|\brequest|\bwithout|\bhas no|\bno|\btell us|\bsend us|\bgive us|\bsin"
    r"|\bconsig\w+|\ba[nñ]ad\w+|\bagreg\w+|\bdinos|\bsem|\badicion\w+|\binforme|\bohne|\bteilen sie uns"
    r"|\bnennen sie uns)"
)
_IS_MISSING: Final = r"\s*(?:is|are|est[aá])?\s*(?:missing|unknown|falta|fehlt|erfragen|nachtragen|eintragen)"
_ASKED: Final[Mapping[Reach, re.Pattern[str]]] = {
    kind: re.compile(
        rf"{_ASKS}\s+{_WHOSE}{_EITHER[kind]}\b|{_WANTS}\s+{_WHOSE}{_SURELY[kind]}\b|\b{_SURELY[kind]}{_IS_MISSING}\b",
        re.I,
    )
    for kind in _EITHER
}
_NEW: Final[Mapping[Reach, re.Pattern[str]]] = {
    kind: re.compile(
        rf"\b(?:new|nuev[oa]|nov[oa]|neue)\s+{_SURELY[kind]}|\b{_SURELY[kind]}\s+(?:has |have |was |ha |hat sich )?"
        rf"(?:changed|cambi\w+|mudou|alterad[oa]|ge[aä]ndert)",
        re.I,
    )
    for kind in _EITHER
}
_OTHER: Final[Mapping[Reach, Reach]] = {"phone": "email", "email": "phone"}
_SPOKEN: Final[Mapping[Reach, str]] = {"phone": "a phone number", "email": "an e-mail address"}
_FACT: Final = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)


def asks_for_the_other(told: Explained) -> tuple[str, str] | None:
    """Return what the text asks for and which fact the condition is about, where that is the other one of both."""
    about = _about(told.parts)
    if len({kind for kind, _ in about}) != 1:
        return None
    kind, path = about[0]
    other = _OTHER[kind]
    if told.kind == "says":
        plain = _FACT.sub(" ", told.text)
        wrong = bool(re.search(_SURELY[other], plain, re.I)) or bool(_ASKED[other].search(plain))
        return (_SPOKEN[other], path) if wrong and not _NAMED[kind].search(plain) else None
    if told.kind == "why" or not any(_asks_unset(part) for part in told.parts):
        return None
    return (_SPOKEN[other], path) if _asks(told.text, other) else None


def waits_for_the_other(subject: Subject, automation: ir.Automation) -> Iterator[tuple[tuple[str, int], str, str, str]]:
    """Yield the waits for one of both right behind a step that asks for the other one."""
    for row in rows(automation.do):
        for before, step in pairwise(row):
            about = _about(_awaited(step))
            if len({kind for kind, _ in about}) == 1 and _asks_only(before, _OTHER[about[0][0]]):
                kind, path = about[0]
                yield subject.step_at(automation, step.name), step.name, _SPOKEN[_OTHER[kind]], path


def watches_the_other(subject: Subject, automation: ir.Automation) -> Iterator[tuple[tuple[str, int], str, str, str]]:
    """Yield the steps that tell of a new one of both, where the other one is watched."""
    if not isinstance(automation.on, ir.OnContactUpdated) or _about(all_parts(automation.when)):
        return
    kinds = {called(name) for name in automation.on.fields}
    kind = kinds.pop() if len(kinds) == 1 else ""
    for step in all_steps(automation.do) if kind else ():
        for text in texts_of(step):
            plain = _FACT.sub(" ", text)
            if _NEW[_OTHER[kind]].search(plain) and not _NAMED[kind].search(plain):
                yield subject.step_at(automation, step.name), step.name, _SPOKEN[_OTHER[kind]], f"contact.{kind}"


def _asks(text: str, wanted: Reach) -> bool:
    """Say whether a text asks for the one, and says nothing of the other one, nor shows either."""
    plain = _FACT.sub(" ", text)
    shown = any(reach_of(path) for path in facts_in(ir.TemplateText(source=text)))
    return not shown and _ASKED[wanted].search(plain) is not None and not _NAMED[_OTHER[wanted]].search(plain)


def _asks_only(step: ir.Step, wanted: Reach) -> bool:
    return any(_asks(text, wanted) for text in texts_of(step))


def _awaited(step: ir.Step) -> tuple[ir.Condition, ...]:
    """Return the conditions for which a step waits."""
    if isinstance(step, ir.WaitUntilStep) and step.until is not None and not step.on:
        return all_parts(step.until)
    return ()


def _about(parts: Sequence[ir.Condition]) -> list[tuple[Reach, str]]:
    """Return the phone numbers and addresses that conditions are about."""
    return [(kind, ref.path) for ref in _refs(parts) if (kind := reach_of(ref.path, ref.type))]


def _refs(node: object) -> Iterator[ir.Ref]:
    if isinstance(node, ir.Ref):
        yield node
    elif isinstance(node, msgspec.Struct):
        for name in node.__struct_fields__:
            yield from _refs(getattr(node, name))
    elif isinstance(node, tuple | list):
        for each in node:
            yield from _refs(each)


def _asks_unset(part: ir.Condition) -> bool:
    match part:
        case ir.Not(of=ir.IsSet(field=field)):
            return bool(reach_of(field.path, field.type))
    return False
