"""Portuguese past forms: regular ones by their endings, irregular ones and look-alikes as closed lists."""

from __future__ import annotations

import re
from typing import Final

from dealwright.compile.naming.romance import Grammar, is_regular
from dealwright.compile.naming.romance_nouns import is_noun
from dealwright.compile.naming.words import word_set

_IRREGULAR: Final = re.compile(
    r"(?:propostos?|postos?)|(?:(?:des|re)?feit|dit|(?:de|ins|subs|trans|re)?(?:escrit|crit)|vist|revist|repost|expost"
    r"|(?:re)?abert|(?:des)?cobert|aceit|eleit|impress|express|suspens|mort|ganh|vind)[oa]s?|entregues?"
)
_PAID: Final = re.compile(r"pag[oa]s?")
_NOT_PAID: Final = word_set(
    """
    primeiro primer primera primeira segunda segundo terceiro tercer último ultimo última ultima novo nuevo otro outro
    próximo proximo anticipo link botón método metodo primero solicitud solicitar enviar confirmar espera pendiente
    """
)
_PRETERITES: Final = word_set(
    """
    dei demos deram deu disse disseram dissemos estive estiveram esteve fez fiz fizemos fizeram foi fomos foram fui leu
    pude pudemos pus pusemos puseram pôde pôs soube souberam teve tive tiveram tivemos trouxe trouxeram veio vieram vim
    viemos vimos viram viu
    """
)
_LIKE_PRETERITES: Final = word_set(
    """
    adeus ateu aguardamos bijou camafeu caribou céu deus esperamos europeu farei judeu lei liceu lieu meu milieu museu
    negociamos pneu precisamos queremos rei romeu sei seu temos teu thou troféu vamos you param hiram
    programam contam ligam somos ramos extremos mesmos serei irei terei
    """
)
_ENDS: Final = re.compile(r"\w{2,}(?:ou|eu|iu)|\w{2,}(?:aram|eram|iram)|[^áéíóúâêô]{3,}(?:amos|[ei]mos)|\w{3,}ei")
_NOT_ENGLISH: Final = re.compile(r"\w*(?:th|sh|wh)\w*")


def _participle(word: str, before: str) -> bool:
    if _PAID.fullmatch(word):  # in Spanish it is a payment: `Pago`, `Primer pago`
        return bool(before) and before not in _NOT_PAID
    # A visa is as often asked for as somebody is seen.
    if word in {"aceite", "aceites", "visto", "vistos"}:
        return bool(before)
    return not is_noun(word, before) and (bool(_IRREGULAR.fullmatch(word)) or is_regular(word))


def _preterite(word: str) -> bool:
    if word in _PRETERITES:
        return True
    return word not in _LIKE_PRETERITES and bool(_ENDS.fullmatch(word)) and not _NOT_ENGLISH.fullmatch(word)


GRAMMAR: Final = Grammar(participle=_participle, preterite=_preterite, reflexive=_preterite)
