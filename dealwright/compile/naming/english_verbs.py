"""English past forms: the irregular ones as the closed list they are, the regular ones by their ending."""

from __future__ import annotations

from typing import Final

from dealwright.compile.naming.words import word_set

PRETERITES: Final = word_set(
    """
    arose ate became began bit blew broke came chose did drank drew drove fell flew forgave forgot froze gave got grew
    hid met overcame overtook ran rang rode rose said sang saw shook spoke swore told took undertook went withdrew woke
    wrote
    """
)
"""Forms that are only ever a verb: no noun can follow them as what they describe."""

PARTICIPLES: Final = word_set(
    """
    arisen begun bitten blown bought bound broken brought built burnt caught chosen dealt done drawn driven drunk dug
    eaten fallen fed flown forgiven forgotten fought found frozen given gone gotten grown heard held hidden hung kept
    known laid learnt left lent lit lost made misled mown overseen paid proven ridden risen rung seen sent sewn shaken
    shot shown shrunk sold spent spoken spun stolen struck stuck sung sworn swept swum taken taught torn thrown
    undertaken understood unwound withdrawn woken won worn wound written
    """
)

UNCHANGED: Final = frozenset({"cast", "cut", "hit", "let", "put", "quit", "read", "set", "shut", "split"})
"""Verbs whose past form is also their base: done only behind what was done (`Meeting set`)."""

SHORT: Final = frozenset({"appvd", "canx", "ok'd", "recd", "rec'd", "rcvd", "sched", "w/d"})
"""Past forms as they are shortened on a board."""

_AGREED: Final = frozenset({"agreed", "decreed", "emceed", "freed", "guaranteed", "refereed", "disagreed"})
_NO_PAST: Final = word_set(
    """
    aged bed biped bred bred-in coed embed fled gifted hatred hundred hybrid infrared kindred led naked newlywed red
    sacred shed shred sled sped sobed talented ted wed wicked wretched crooked rugged jagged ragged zed ahmed alfred
    alleged beloved biased inbound mohamed mohammed outbound rebound watershed
    """
)
_PREFIXES: Final = ("counter", "over", "out", "pre", "re", "mis", "un")
_REVERSED: Final = word_set(
    """
    unarchived unblocked unboxed uncovered undone unfrozen unified united unloaded unlocked unpacked unplugged
    unsubscribed unveiled unwound
    """
)

_QUALITIES: Final = word_set(
    """
    big broken cash fast first fixed full half hard high large long low mid multi one part self short-term single small
    so three two web well
    """
)

STATIVE: Final = word_set(
    """
    abandoned absorbed advanced amazed annoyed anticipated assumed based believed belonged blocked bored committed
    complicated concerned confused convinced dedicated delayed delighted depended desired detailed determined
    disappointed disinterested dissatisfied doubted engaged excited exhausted existed expected experienced fascinated
    frustrated frozen hesitated hoped impressed inclined intended interested involved knew known liked limited loved
    mixed motivated needed overwhelmed parked paused pleased pre-disposed preferred prioritised prioritized puzzled
    qualified-out related relaxed relied remained required satisfied seemed skilled sophisticated stalled stuck
    supposed surprised targeted tempted thrilled tired trusted undecided urged valued varied wanted warmed wished worn
    worried
    """
)
"""Past forms that tell how somebody feels or how things stand, not what was done."""


def is_past(word: str) -> bool:
    """Say whether the word, or a part of a hyphenated one, is a past form of a verb that does something."""
    return any(_past(part) for part in word.split("-"))


def is_stative(word: str) -> bool:
    """Say whether the word, or a part of a hyphenated one, tells how things stand: `Interested`, `web-based`."""
    parts = word.split("-")
    return any(part in STATIVE for part in parts) or (len(parts) > 1 and parts[0] in _QUALITIES)


def is_undone(word: str) -> bool:
    """Say whether the word tells what has not been done: `unpaid`, `non-confirmed`."""
    if word in _REVERSED:
        return False
    return (word.startswith("un") and not word.startswith("under") and _past(word[2:])) or (
        word.startswith("non") and _past(word[3:].lstrip("-"))
    )


def _past(word: str) -> bool:
    if word in PRETERITES or word in PARTICIPLES or word in SHORT or word in _REVERSED:
        return True
    if word in _NO_PAST or len(word) < 4:
        return False
    if word.endswith("eed"):
        return word in _AGREED
    if word.endswith(("ed", "'d")):
        return any(letter in "aeiouy" for letter in word[:-2])
    return any(word.startswith(prefix) and word[len(prefix) :] in PARTICIPLES for prefix in _PREFIXES)
