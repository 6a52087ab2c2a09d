"""Days and moments that come in pairs: which of two fields is the start of something and which is its end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from dealwright.compile import ir

_PAIRS: Final = (
    "start end", "starts ends", "started ended", "begin end", "begins ends", "began ended", "beginning end",
    "from until", "from till", "from to", "pickup return", "collection return", "outbound return", "handover return",
    "delivery return", "checkin checkout", "movein moveout", "opens closes", "opening closing", "first last",
    "inicio fin", "inicio fim", "inicio final", "comienzo fin", "comienza termina", "empieza termina", "comeca termina",
    "desde hasta", "recogida devolucion", "retiro devolucion", "retirada devolucao", "entrega devolucion",
    "entrega devolucao", "ida vuelta", "ida volta", "entrada salida", "entrada saida", "beginn ende", "start ende",
    "von bis", "abholung ruckgabe", "abholung rueckgabe", "anreise abreise", "einzug auszug",
)  # fmt: skip
_OF_A_STAY: Final = (
    "arrival departure", "arrive depart", "arrives departs", "llegada salida", "llegada partida", "chegada saida",
    "chegada partida", "ankunft abfahrt",
)  # fmt: skip
"""Whoever stays arrives first; whoever travels departs first."""

_SURE: Final = frozenset((first, last) for first, last in (each.split() for each in _PAIRS))
_EITHER: Final = frozenset((first, last) for first, last in (each.split() for each in _OF_A_STAY))
_ONE_WORD: Final = re.compile(r"(check|move)[ _-](in|out)|(pick)[ _-](up)")
_FILLING: Final = "day date at on time moment the dia fecha data hora tag datum am um de da do la el a o"
_NO_NAME: Final = frozenset(_FILLING.split(" "))


class Days:
    """The days and moments of an account, by what they are called: their keys, and what people read."""

    def __init__(self, account: ir.Account) -> None:
        holders = (
            ("deal", account.deal_fields),
            ("deal.company", account.company_fields),
            ("deal.main_contact", account.contact_fields),
            *(("record", kind.fields) for kind in account.records),
        )
        self._labels: Mapping[str, str] = {
            f"{holder}.{shape.key}": shape.label for holder, shapes in holders for shape in shapes
        }

    def starts(self, first: str, last: str) -> bool:
        """Say whether the first one is the start of what the last one is the end of."""
        return self._are(first, last, _SURE | _EITHER)

    def sure(self, first: str, last: str) -> bool:
        """Say whether nothing else can be meant by the two names."""
        return self._are(first, last, _SURE)

    def _are(self, first: str, last: str, pairs: frozenset[tuple[str, str]]) -> bool:
        holder, other = first.rpartition(".")[0], last.rpartition(".")[0]
        if holder != other:
            return False
        keys = _words(first.rpartition(".")[2]), _words(last.rpartition(".")[2])
        labels = _words(self._labels.get(first, "")), _words(self._labels.get(last, ""))
        return _pair(*keys, pairs) or (_pair(*labels, pairs) and not _pair(keys[1], keys[0], pairs))


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    plain = _ONE_WORD.sub(lambda found: "".join(part for part in found.groups() if part), plain)
    return [word for word in re.split(r"[^a-z0-9]+", plain) if word and word not in _NO_NAME]


def _pair(first: list[str], last: list[str], pairs: frozenset[tuple[str, str]]) -> bool:
    if len(first) != len(last):
        return False
    differ = [(one, other) for one, other in zip(first, last, strict=True) if one != other]
    return len(differ) == 1 and differ[0] in pairs
