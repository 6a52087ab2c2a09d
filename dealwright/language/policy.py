"""What an account allows itself: how often a person is written to, when, and how much is done at once.

Nothing of it is kept yet. So that nobody trusts in a cap that is not there, `up` runs no automation that sends messages
while one of these is declared, unless the declaration itself says `until_enforced="send"`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, TypeAlias, get_args

from dealwright.language.clock_times import checked_clock
from dealwright.language.durations import Length, RunningTime, WorkingTime
from dealwright.language.origin import Origin, here, refused
from dealwright.language.schema import did_you_mean

KnownBy: TypeAlias = Literal["phone", "email", "company"]
"""By what two contacts are one person, for the caps of a message policy."""

UntilEnforced: TypeAlias = Literal["refuse", "send"]
"""What is done with messages as long as a policy is declared and not kept: none is sent, or all are."""

_MINUTES: Final = {"minutes": 1, "hours": 60, "days": 1440}
_MOST: Final = 1_000_000


@dataclass(frozen=True, init=False)
class MessagePolicy:
    """How customers may be written to, whichever automation does it. Not yet: `up` refuses what sends messages.

    `max_per_person={days(1): 3}` caps messages in a time; `quiet=("20:00", "09:00")` are hours without messages on the
    person's clock; `same_template_again_after` keeps one text from coming twice; who writes one of `opt_out_words` gets
    no more; `silent_while_human_talks` holds messages for so long after a colleague wrote; `person` says by what
    contacts are one person. `until_enforced="send"` sends without all of that until it is there.
    """

    max_per_person: tuple[tuple[RunningTime, int], ...]
    quiet: tuple[str, str] | None
    same_template_again_after: Length | None
    opt_out_words: tuple[str, ...]
    silent_while_human_talks: Length | None
    person: tuple[KnownBy, ...]
    until_enforced: UntilEnforced
    origin: Origin = field(compare=False, repr=False)

    def __init__(
        self,
        *,
        max_per_person: Mapping[RunningTime, int] | None = None,
        quiet: tuple[str, str] | None = None,
        same_template_again_after: Length | None = None,
        opt_out_words: Sequence[str] = (),
        silent_while_human_talks: Length | None = None,
        person: Sequence[KnownBy] = ("phone", "email"),
        until_enforced: UntilEnforced = "refuse",
    ) -> None:
        values: dict[str, object] = {
            "max_per_person": _caps(max_per_person),
            "quiet": _quiet(quiet),
            "same_template_again_after": _length(same_template_again_after, "same_template_again_after"),
            "opt_out_words": _words(opt_out_words),
            "silent_while_human_talks": _length(silent_while_human_talks, "silent_while_human_talks"),
        }
        if not any(values.values()):
            raise refused("the message policy says nothing", hint="MessagePolicy(max_per_person={days(1): 3})")
        values |= {
            "person": _choices(person, get_args(KnownBy), "person of a message policy"),
            "until_enforced": checked_until_enforced(until_enforced),
            "origin": here(),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, init=False)
class Limits:
    """How much one automation may do before somebody looks: in an hour, in a day, after an import. Not yet.

    As long as it is not kept, `up` refuses what sends messages; `until_enforced="send"` sends all the same.
    """

    per_hour: int | None
    per_day: int | None
    import_burst: int | None
    until_enforced: UntilEnforced
    origin: Origin = field(compare=False, repr=False)

    def __init__(
        self,
        *,
        per_hour: int | None = None,
        per_day: int | None = None,
        import_burst: int | None = None,
        until_enforced: UntilEnforced = "refuse",
    ) -> None:
        given = {"per_hour": per_hour, "per_day": per_day, "import_burst": import_burst}
        for name, value in given.items():
            if value is not None:
                _count(value, f"{name} of the limits")
        if not any(given.values()):
            raise refused("the limits limit nothing", hint="Limits(per_hour=40, per_day=200)")
        if per_hour is not None and per_day is not None and per_hour > per_day:
            raise refused(f"{per_hour} in an hour are never reached: {per_day} a day are fewer", hint="lower per_hour")
        values: dict[str, object] = {
            **given,
            "until_enforced": checked_until_enforced(until_enforced),
            "origin": here(),
        }
        for name, kept in values.items():
            object.__setattr__(self, name, kept)


def checked_until_enforced(given: object) -> str:
    """Return what is done until a policy is kept; refuse anything else."""
    (chosen,) = _choices((given,), get_args(UntilEnforced), "until_enforced")
    return chosen


def _caps(given: object) -> tuple[tuple[RunningTime, int], ...]:
    if given is None:
        return ()
    hint = "max_per_person={days(1): 3, days(7): 6}"
    if not isinstance(given, Mapping):
        raise refused("max_per_person says how many messages in which time", hint=hint)
    caps: list[tuple[RunningTime, int]] = []
    for within, most in given.items():
        if not isinstance(within, RunningTime) or within.amount == 0:
            shown = repr(within)[:40] if isinstance(within, int | str) else f"a {type(within).__name__}"
            raise refused(f"max_per_person counts in hours() or days(), not in {shown}", hint=hint)
        caps.append((within, _count(most, "max_per_person")))
    caps.sort(key=lambda cap: cap[0].amount * _MINUTES[cap[0].unit])
    for (short, few), (long, many) in pairwise(caps):
        if many <= few:
            message = f"{few} in {short.amount} {short.unit} are never reached: {many} in {long.amount} {long.unit}"
            raise refused(f"{message} are no more", hint="leave the shorter time out, or raise the longer one")
    return tuple(caps)


def _quiet(given: object) -> tuple[str, str] | None:
    if given is None:
        return None
    hint = 'quiet=("20:00", "09:00")'
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise refused("quiet is when it begins and when it ends", hint=hint)
    begin, end = (checked_clock(each, "quiet", hint) for each in given)
    if begin == end:
        raise refused("quiet begins and ends at one time: nothing would ever be sent", hint=hint)
    return begin, end


def _words(given: object) -> tuple[str, ...]:
    hint = 'opt_out_words=["stop", "unsubscribe"]'
    if not isinstance(given, list | tuple):
        raise refused("opt_out_words is a list of words", hint=hint)
    for word in given:
        if not isinstance(word, str) or not word.strip():
            raise refused("opt_out_words lists words that a customer may write", hint=hint)
    return tuple(dict.fromkeys(word.strip().casefold() for word in given))


def _length(given: object, what: str) -> Length | None:
    if given is None:
        return None
    if not isinstance(given, RunningTime | WorkingTime) or given.amount == 0:
        shown = repr(given)[:40] if isinstance(given, int | float | str) else f"a {type(given).__name__}"
        raise refused(f"{what} is a length of time, not {shown}", hint=f"{what}=hours(12)")
    return given


def _count(given: object, what: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= _MOST:
        shown = repr(given)[:40] if isinstance(given, int | float | str) else f"a {type(given).__name__}"
        raise refused(f"{what} is a whole number from 1, not {shown}", hint="write 3")
    return given


def _choices(given: object, options: tuple[str, ...], what: str) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not given:
        raise refused(f"{what} lists some of {', '.join(options)}", hint=f'write ("{options[0]}",)')
    for each in given:
        if not isinstance(each, str) or each not in options:
            shown = repr(each)[:40] if isinstance(each, str) else f"a {type(each).__name__}"
            hint = (did_you_mean(each, options) if isinstance(each, str) else "") or f"there are {', '.join(options)}"
            raise refused(f"{what} cannot be {shown}", hint=hint)
    return tuple(dict.fromkeys(given))
