"""Spanish and Portuguese names: one grammar, two sets of forms (spanish.py, portuguese.py).

A participle tells what was done when it ends a noun phrase or stands first (`Cita agendada`, `Contactado`); a
preterite does wherever it stands (`Visitó la propiedad`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from dealwright.compile.naming.words import Words, word_set

Test = Callable[[str], bool]


class Grammar(msgspec.Struct, frozen=True, kw_only=True):
    """The forms of one language."""

    participle: Callable[[str, str], bool]
    """Whether the word is a participle, given the word before it (empty: it stands first)."""

    preterite: Test
    reflexive: Test
    """A past form as it stands after `se`, without its accent if need be."""


_OPEN: Final = word_set(
    """
    aguarda aguardamos aguardan aguardando aguardo ainda aun aún casi esperamos esperando espero falta faltam faltan
    jamais jamás nunca não nao pendente pendentes pendiente pendientes quase tampoco todavia todavía
    """
)
"""Words that say, wherever they stand, that it has not happened, or not yet."""

_OPEN_FIRST: Final = word_set(
    """
    debe deve em en espera esperar falta hacia necesita necesitan no para pode por precisa precisam puede quer querem
    quiere quieren requer requiere sem sin sob tras va vai
    """
)
_DESCRIBED: Final = word_set(
    """
    a al ao aos as às com como con da das de del do dos el em en entre la las los na nas nos o os para pela pelo por
    sem sin su sus um uma un una
    """
)
_ADJECTIVES: Final = frozenset({"abierta", "abierto", "abiertos", "aberta", "aberto", "abertos"})
_PREPOSITIONS: Final = frozenset(
    {"com", "con", "da", "das", "de", "del", "do", "dos", "em", "en", "para", "por", "sem", "sin"}
)
_HAS: Final = word_set(
    """
    está estão están estoy foi foram fora fue fueron ha haber habiendo han has he hemos hubo são ser sido son tem
    temos ter teve tiene tienen tenho têm
    """
)
_STATES: Final = re.compile(
    r"(?:(?:des)?interes(?:s)?ad|decidid|indecis|motivad|preparad|ocupad|parad|pausad|bloquead|travad|congelad|estancad"
    r"|estagnad|esfriad|enfriad|aquecid|comprometid|limitad|avan[zç]ad|adecuad|adequad|esperad|previst|desead|desejad"
    r"|relacionad|engajad|necesitad|animad|convencid|complicad|atrasad|demorad|priorizad|determinad|privad|cansad"
    r"|dedicad|delicad|equivocad|errad|apropiad|apropriad|satisfech|satisfeit|dispuest|dispost"
    r"|preocupad|enfadad|enojad|ubicad|situad|sobrecargad|esquecid|perdid?[oa]s? de vista)[oa]s?"
)
_GERUND: Final = re.compile(r"\w{2,}(?:ando|[ieyê]ndo|iéndo|ándo)(?:l[oae]s?|se|me|nos)*")
_NO_GERUND: Final = word_set(
    """
    agendo arriendo atuendo bando blando cuando comando comprendo contrabando cuándo dividendo estupendo estruendo
    fernando horrendo lindo mando mandos mendo quando refiendo remiendo segundo stupendo tremendo
    """
)
_MASCULINE: Final = re.compile(r"\w+(?:o|os|or|ores|aje|ajes|agem)")
_FEMININE: Final = re.compile(r"\w+(?:a|as|ción|ciones|cion|sión|siones|ção|ções|são|sões|dad|dades|dade|tud)")


def says_state(words: Words) -> bool:
    """Say whether the words tell outright that something is awaited, going on, or not done."""
    if len(words) == 1 and words[0] in _ADJECTIVES:
        return True
    if words[0] in _OPEN_FIRST or any(word in _OPEN for word in words):
        return True
    if words[0] in {"a", "á", "à"} and len(words) > 1 and (words[1].endswith(("ar", "er", "ir")) or words[1] == "la"):
        return True
    if _GERUND.fullmatch(words[0]) and words[0] not in _NO_GERUND:
        return True
    if any(word == "no" and _any_past(words[place + 1]) for place, word in enumerate(words[:-1])):
        return True
    return bool(_STATES.fullmatch(words[-1])) or (bool(_STATES.fullmatch(words[0])) and not _noun_after(words))


def says_done(words: Words, grammar: Grammar) -> bool:
    """Say whether a form among the words tells what was done, in the language of the grammar."""
    return any(_tells(words, place, grammar) for place in range(len(words)))


def _tells(words: Words, place: int, grammar: Grammar) -> bool:
    before = words[place - 1] if place else ""
    if before == "se" and grammar.reflexive(words[place]):
        return True
    return any(_form(words, place, part, before, grammar) for part in words[place].split("-"))


def _form(words: Words, place: int, word: str, before: str, grammar: Grammar) -> bool:
    if _STATES.fullmatch(word):
        return False
    if before in _HAS and is_regular(word):
        return True
    if grammar.preterite(word) and before not in _PREPOSITIONS:  # `nos respondió`, `los contactó`
        return True
    return before not in _DESCRIBED and grammar.participle(word, before) and not _of_another(words, place)


def _of_another(words: Words, place: int) -> bool:
    """Say whether the participle describes what the noun at the beginning is *of*: `Revisión de contrato firmado`."""
    if place < 3 or words[place - 2] not in {"de", "del", "do", "da", "dos", "das"}:
        return False
    word, near, head = words[place], words[place - 1], words[place - 3]
    return _gender(word) == _gender(near) != _gender(head) != ""


def _gender(word: str) -> str:
    if _FEMININE.fullmatch(word):
        return "f"
    return "m" if _MASCULINE.fullmatch(word) else ""


def is_regular(word: str) -> bool:
    """Say whether the word has the ending of a regular participle."""
    return len(word) > 4 and word.endswith(
        ("ado", "ada", "ados", "adas", "ido", "ida", "idos", "idas", "ído", "ída", "ídos", "ídas")
    )


def _any_past(word: str) -> bool:
    return is_regular(word) or word.endswith(("ó", "ieron", "aron"))


def _noun_after(words: Words) -> bool:
    """Say whether somebody who is interested is what the rest tells of: `Interesado contactado`."""
    return any(_any_past(word) for word in words[1:])
