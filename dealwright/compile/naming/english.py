"""English names: where a past form tells what was done, and where it only describes a thing or somebody."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from dealwright.compile.naming.english_verbs import (
    PARTICIPLES,
    PRETERITES,
    UNCHANGED,
    is_past,
    is_stative,
    is_undone,
)
from dealwright.compile.naming.words import Words, word_set

_OPEN: Final = word_set(
    """
    almost await awaiting awaits expecting expects hasn't haven't isn't aren't wasn't weren't didn't doesn't don't
    can't cannot couldn't won't never nearly neither nobody not nothing pending soon wait waiting waits yet
    """
)
"""Words that say, wherever they stand, that it has not happened, or not yet."""

_OPEN_FIRST: Final = word_set(
    """
    being chasing collecting considering could deciding discussing due evaluating expected finalising finalizing
    following getting going having hoping if may might must need needing needs negotiating no looking preparing ready
    require requires reviewing shall should thinking to trying unless until want wanting wants when will without
    working would
    """
)
_AUXILIARY: Final = frozenset(
    {"are", "been", "had", "has", "have", "he", "is", "it", "she", "they", "was", "we", "were"}
)
_DESCRIBED: Final = word_set(
    """
    a an any each every for from her his its my of our per some that the their these this those via with without your
    """
)
"""Behind these a past form describes the noun that follows: `for signed contract`."""

_SOFTLY: Final = frozenset({"about", "as", "at", "by", "in", "into", "on", "than"})
"""The same, unless they end a compound that the past form tells of: `buy in obtained`."""

_GOES_ON: Final = word_set(
    """
    a about above after again ago already an and as at away back because before behind below but by down during ever
    for from further her here him his if in into it me my off on once onto or our out over per so than that the their
    them then there this through till to today together tomorrow towards twice under until up upon us via when while
    with within without yes yesterday you your
    """
)
"""What may follow a verb, and does not follow a participle that describes a noun."""

_PEOPLE: Final = word_set(
    """
    account accounts bank board boss candidate candidates client clients committee company contact contacts couple
    customer customers deal family finance guest guests he i lead leads legal opp opportunities opportunity parent
    parents partner patient patients person people prospect prospects rep she student students team tenant tenants they
    we who applicant applicants participant consultant agent agents
    """
)
_KINDS: Final = word_set(
    """
    account accounts buyer buyers candidate candidates client clients contacts customer customers lead leads
    opp opportunities opportunity opps party patient patients prospect prospects
    """
)
_REACHED: Final = word_set(
    """
    approached called contacted emailed informed interviewed invited messaged met notified phoned pinged reached
    recontacted reminded texted visited assessed examined onboarded
    """
)
_PLANNED: Final = frozenset({"bound", "prepared", "qualified", "scheduled"})
_LISTED: Final = word_set(
    """
    archived automated cancelled canceled closed combined completed escalated estimated failed integrated lost managed
    missed outsourced planned scheduled shared
    """
)
"""With a plural behind them and nothing else they are a list of things: `Lost deals`."""

_FIXED: Final = word_set(
    """
    appointment appointments appt appts budget call consult consultation date deadline demo expectations goals
    interview meeting meetings price prices target targets terms time tour viewing visit
    """
)
_OVER: Final = frozenset({"complete", "over"})
_ADVERB: Final = re.compile(r"[a-z]+ly")


def says_state(words: Words) -> bool:
    """Say whether the words tell outright that something is awaited, going on, or not done."""
    # `Needs defined` tells of the customer's needs, `Needs a call` of a to-do.
    needs = words[0] in {"need", "needs"} and len(words) > 1 and is_past(words[1])
    if (words[0].split("-")[0] in _OPEN_FIRST and not needs) or any(word in _OPEN or is_undone(word) for word in words):
        return True
    if any(first == "to" and second == "be" for first, second in pairwise(words)):
        return True
    if words[-1] in {"expected", "needed", "required"}:
        return True
    if words[0] in {"in", "under"} and not is_past(words[-1]):
        return True
    stative = any(is_stative(word) for word in words)
    return stative and not any(_tells(words, place) for place in range(len(words)))


def says_done(words: Words) -> bool:
    """Say whether a past form among the words tells what was done."""
    if "no" in words:
        return False
    return any(_tells(words, place) for place in range(len(words)))


def _tells(words: Words, place: int) -> bool:
    word, before = words[place], words[place - 1] if place else ""
    after = words[place + 1] if place + 1 < len(words) else ""
    if word in _OVER:
        return bool(before) and not after and before not in _SOFTLY | _DESCRIBED
    if word in UNCHANGED:
        return (before in _FIXED and _ends_or_goes_on(after)) or before in _AUXILIARY
    if word == "had":
        return bool(after) and not is_past(after) and (not before or before in _PEOPLE)
    if not is_past(word) or (is_stative(word) and not _does_it_to(before, after)):
        return False
    if before in _DESCRIBED or (before in _SOFTLY and after):
        return False
    if word in PRETERITES and word not in PARTICIPLES:
        return True
    if after == "to" and word in _PLANNED and place + 3 >= len(words):
        return False
    if not place or all(_skipped(each) for each in words[:place]):
        return len(words) != place + 2 or not _sort_of(word, after)
    return _ends_or_goes_on(after) or _acts(before)


def _does_it_to(before: str, after: str) -> bool:
    """Say whether a verb of feeling is used for something that was done: `Engaged the architect`."""
    return not before and after in {"a", "an", "her", "his", "our", "the", "their"}


def _sort_of(word: str, noun: str) -> bool:
    """Say whether participle and noun name a sort of things or people: `Qualified lead`, `Missed calls`."""
    if noun in _KINDS:
        return word not in _REACHED
    return word in _LISTED and noun.endswith("s") and not noun.endswith("ss")


def _ends_or_goes_on(after: str) -> bool:
    return not after or after in _GOES_ON or bool(_ADVERB.fullmatch(after)) or is_past(after)


def _acts(word: str) -> bool:
    return word in _PEOPLE or (len(word) > 4 and word.endswith(("er", "or", "ers", "ors")))


def _skipped(word: str) -> bool:
    return word in _AUXILIARY or bool(_ADVERB.fullmatch(word)) or word in {"already", "and", "i", "just", "pre"}
