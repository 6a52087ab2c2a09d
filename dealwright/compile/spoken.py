"""In which language a text is: told by the commonest words of some languages, and by the scripts of others.

A list of words does here, and no library: those that tell languages apart carry models of a hundred megabytes, or are
not kept up, and they guess where a text is short. This says nothing where it does not know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_WORDS: Final[Mapping[str, frozenset[str]]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": (
            "the and you your yours for with we our ours us is are was were this that these those have has been"
            " will would please thank thanks before after from when what how it its not be can could of to on at"
            " by if or as an my me here there hello hi dear today tomorrow yes no week next other call let know"
            " do does did any all still about which who why where see soon welcome more"
        ),
        "es": (
            "el la los las y usted ustedes su sus para con nuestro nuestra nos es son está están este esta"
            " estos que de del al en un una por favor gracias antes después cuando cómo qué no sí se le les lo"
            " si o como mi me hola estimado estimada hoy mañana semana otra otras otro otros llamar tiene hay ya"
            " más muy pero sobre quiere puede ha han nosotros aquí sin desde hasta pronto"
        ),
        "pt": (
            "o a os as e você vocês seu sua seus suas para com nosso nossa nos é são está estão este esta que"
            " de do da dos das em no na um uma por favor obrigado obrigada antes depois quando como não sim se"
            " lhe ou meu minha me olá prezado prezada hoje amanhã semana outra outras outro outros ligar tem já"
            " mais muito mas sobre quer pode nós aqui sem desde até breve"
        ),
        "de": (
            "der die das und sie ihr ihre ihren ihrem ihrer für mit wir unser unsere uns ist sind war dieser"
            " diese dieses haben hat wird werden bitte danke vor nach von wann was wie es nicht sein kann können"
            " zu zum zur auf an am im in bei wenn oder als ein eine einen einem einer mein mir mich hier hallo"
            " guten liebe lieber geehrte geehrter heute morgen ja nein woche nächste andere anderer anrufen noch"
            " dem den des auch über dass sich ich du dein deine gern"
        ),
        "fr": (
            "le la les et vous votre vos pour avec nous notre nos est sont était ce cette ces que qui de du des"
            " au aux en un une par merci avant après quand comment quoi ne pas oui non se il elle si ou comme"
            " mon ma me bonjour cher chère aujourd'hui demain semaine autre autres appeler avez avons plus très"
            " mais sur voulez pouvez ici sans depuis bientôt je tu dans"
        ),
        "it": (
            "il lo la i gli le e lei suo sua suoi sue per con noi nostro nostra ci è sono era questo questa"
            " questi che chi di del della dei delle al alla in un una uno da grazie prima dopo quando come cosa"
            " non sì no si se o mio mia mi ciao gentile buongiorno oggi domani settimana altra altre altro altri"
            " chiamare ha hanno più molto ma su vuole può qui senza fino presto nel nella"
        ),
        "nl": (
            "de het een en u uw jij je jouw voor met wij we ons onze is zijn was dit dat deze die hebben heeft"
            " wordt worden alstublieft bedankt dank na van wanneer wat hoe niet kan kunnen te op aan in bij als"
            " of mijn mij hier hallo beste geachte vandaag morgen ja nee week volgende andere bellen nog ook"
            " over ik om naar er graag"
        ),
        "pl": (
            "i oraz pan pani pana państwa państwo dla z ze my nasz nasza nas jest są był to ten ta te który"
            " która w na do od po przed za o co jak nie tak się że czy lub jeśli mój moja mnie tu dzień dobry"
            " witaj witamy szanowny szanowna dziś dzisiaj jutro tydzień inny inne zadzwonić dziękujemy dziękuję"
            " proszę prosimy już jeszcze bardzo ale kiedy może będzie"
        ),
    }.items()
}
"""The commonest words, and those that greet, thank and stand on buttons. A word that several of the languages have
stands in the lists of all of them: it tells none of the two from the other."""

_SCRIPTS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk", "kk"), ("CYRILLIC",)),
    **dict.fromkeys(("ar", "fa", "ur"), ("ARABIC",)),
    **dict.fromkeys(("zh", "ja", "ko"), ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")),
    "el": ("GREEK",),
    "he": ("HEBREW",),
    "hi": ("DEVANAGARI",),
    "th": ("THAI",),
    "ka": ("GEORGIAN",),
    "hy": ("ARMENIAN",),
}
"""How the names of the letters begin with which a language is written that has a script of its own, or shares it."""

_ALIKE: Final = frozenset(("no", "a", "in", "me", "as", "de", "an", "am", "was", "die", "on", "do"))
"""Words that may be a slip of the tongue, a name or a word of most of these languages: they tell nothing."""

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_FILLED: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|https?://\S+|\S+@\S+|\S+\.\w{2,}\b", re.DOTALL)


def words_of(source: str) -> list[str]:
    """Return the words that a text writes, in small letters."""
    return [word.casefold().replace("’", "'") for word in _WORD.findall(_FILLED.sub(" ", source))]


def is_known(language: str) -> bool:
    """Say whether the language can be told at all."""
    return language in _WORDS or language in _SCRIPTS


def tells(words: list[str], language: str, other: str) -> frozenset[str]:
    """Return those of the words that the one language has and the other has not."""
    return frozenset(word for word in words if word not in _ALIKE and _has(word, language) and not _has(word, other))


@lru_cache(maxsize=4096)
def _has(word: str, language: str) -> bool:
    if language in _WORDS:
        return word in _WORDS[language]
    return any(unicodedata.name(letter, "").startswith(_SCRIPTS[language]) for letter in word)
