"""Spanish past forms: regular ones by their endings, irregular ones and look-alikes as closed lists."""

from __future__ import annotations

import re
from typing import Final

from dealwright.compile.naming.romance import Grammar, is_regular
from dealwright.compile.naming.romance_nouns import is_noun
from dealwright.compile.naming.words import word_set

_IRREGULAR: Final = re.compile(
    r"(?:(?:des|re)?hech|dad|dich|predich|(?:des|in|su|trans|pre|ad)?(?:escrit|scrit)|vist|revist|puest|repuest|expuest"
    r"|impuest|abiert|reabiert|cubiert|descubiert|rot|muert|vuelt|devuelt|resuelt|impres|elect|provist)[oa]s?"
)
_PRETERITES: Final = word_set(
    """
    di dije dijeron dijo dimos dio dieron estuvimos estuvo fueron fuimos fui fue hice hicieron hicimos hizo hubo
    pudo puse pusieron pusimos puso supo trajeron trajo tuve tuvieron tuvimos tuvo vi vieron vimos vine vinieron vinimos
    vino vio vió dió fué
    """
)
_LIKE_PRETERITES: Final = word_set(
    """
    aaron ahí allí aquí así baron bebé bufé café casi chalé comité porqué puré qué sharon sé sí té
    esperamos estamos necesitamos negociamos podemos queremos tenemos vamos somos ramos tramos extremos mismos
    reclamos josé maní paletó avó vovó dominó rubí
    colibrí esquí jabalí bisturí israelí macaron
    """
)
_ENDS: Final = re.compile(r"\w{2,}ó|\w{2,}(?:aron|ieron|yeron|jeron)|[^áéíóúâêô]{3,}(?:amos|imos)|\w{3,}[éí]")


def _participle(word: str, before: str) -> bool:
    return not is_noun(word, before) and (bool(_IRREGULAR.fullmatch(word)) or is_regular(word))


def _preterite(word: str) -> bool:
    return word in _PRETERITES or (word not in _LIKE_PRETERITES and bool(_ENDS.fullmatch(word)))


def _reflexive(word: str) -> bool:
    # Boards in capitals leave accents out; after `se` no present form ends like that.
    return _preterite(word) or (len(word) > 3 and word.endswith("o"))


GRAMMAR: Final = Grammar(participle=_participle, preterite=_preterite, reflexive=_reflexive)
