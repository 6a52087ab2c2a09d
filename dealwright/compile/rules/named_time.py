"""DW248: the name of a wait says another time than it waits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps

_NUMBERS: Final = tuple(
    words.split()
    for words in (
        "one un una uno um uma", "two dos dois duas", "three tres", "four cuatro quatro", "five cinco", "six seis",
        "seven siete sete", "eight ocho oito", "nine nueve nove", "ten diez dez", "eleven once onze",
        "twelve doce doze", "thirteen trece treze", "fourteen catorce quatorze", "fifteen quince quinze",
        "sixteen dieciseis dezesseis", "seventeen diecisiete dezessete", "eighteen dieciocho dezoito",
        "nineteen diecinueve dezenove", "twenty veinte vinte", "twenty-one veintiuno veintiun vinte-e-um",
        "twenty-two veintidos vinte-e-dois", "twenty-three veintitres vinte-e-tres",
        "twenty-four veinticuatro vinte-e-quatro", "twenty-five veinticinco vinte-e-cinco",
        "twenty-six veintiseis vinte-e-seis", "twenty-seven veintisiete vinte-e-sete",
        "twenty-eight veintiocho vinte-e-oito", "twenty-nine veintinueve vinte-e-nove", "thirty treinta trinta",
        "thirty-one treinta-y-uno treinta-y-un trinta-e-um",
    )
)  # fmt: skip
_VALUES: Final = {word: value for value, words in enumerate(_NUMBERS, 1) for word in words}
_UNITS: Final = {
    word: unit
    for unit, words in (
        ("minutes", "minute minutes minuto minutos"),
        ("hours", "hour hours hora horas"),
        ("days", "day days dia dias"),
        ("weeks", "week weeks semana semanas"),
        ("months", "month months mes meses"),
    )
    for word in words.split()
}
_WORDS: Final = "|".join(sorted(_VALUES, key=len, reverse=True))
_NAMED: Final = re.compile(
    rf"(?:(?:wait|after|for|in|espera|tras|en|apos|em|por)-)?({_WORDS}|[1-9]\d?)-({'|'.join(_UNITS)})"
)
_DAY: Final = 24 * 60
_CALENDAR: Final = {
    "minutes": (1, 1),
    "hours": (60, 60),
    "days": (_DAY, _DAY),
    "weeks": (7 * _DAY, 7 * _DAY),
    "months": (28 * _DAY, 31 * _DAY),
}
"""How many minutes each is, at least and at most."""

_WORKED: Final = {
    "minutes": (1, 1),
    "hours": (60, 60),
    "days": (6 * 60, 10 * 60),
    "weeks": (5 * 6 * 60, 6 * 10 * 60),
    "months": (20 * 6 * 60, 27 * 10 * 60),
}
"""How many minutes are worked in each."""

_OPEN_DAYS: Final = {"weeks": (5, 7), "months": (20, 27)}
"""How many days are worked in each; a company that is open every day says so with its hours."""


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        passed: dict[str, int] = {}
        for step in all_steps(automation.do):
            if not isinstance(step, ir.WaitStep | ir.WaitUntilStep):
                continue
            length = step.duration if isinstance(step, ir.WaitStep) else step.timeout
            passed[length.unit] = passed.get(length.unit, 0) + length.amount
            named = _NAMED.fullmatch(step.name)
            if named is None:
                continue
            number = _VALUES.get(named[1]) or int(named[1])
            # A name may count from the beginning: "three-days" two days after "one-day".
            if any(_is(number, _UNITS[named[2]], each, length.unit) for each in (length.amount, passed[length.unit])):
                continue
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} waits {length.unit}({length.amount}), and its name says another time",
                hint=f"write {_UNITS[named[2]]}({number}) if the name is right, else call it otherwise"
                if _UNITS[named[2]] in ("minutes", "hours", "days")
                else "correct the time if the name is right, else call it otherwise",
            )


def _is(number: int, named: str, amount: int, unit: str) -> bool:
    """Say whether so many of a unit are what a name says, by the calendar or in days that are worked."""
    if unit != "working_days":
        worked = unit.startswith("working_")
        minutes = amount * _CALENDAR[unit.removeprefix("working_")][0]
        least, most = (_WORKED if worked else _CALENDAR)[named]
        # Five days are a week where days are those that are worked.
        return number * least <= minutes <= number * most or (named == "days" and minutes * 5 == number * _DAY * 7)
    if named in _OPEN_DAYS:
        least, most = _OPEN_DAYS[named]
        return number * least <= amount <= number * most
    if named == "hours":
        return number == 24 * amount or 6 * amount <= number <= 10 * amount
    return named == "days" and (number == amount or number * 5 == amount * 7)


RULE: Final = Rule(
    code="DW248",
    severity="warning",
    title="the name of a wait says another time",
    reason=(
        "Whoever reads a journal reads the names of steps: a wait that is called two-weeks and lasts fourteen hours is "
        "a unit that was not meant, or a name that was not changed with the time. A name may say it in English, "
        "Spanish or Portuguese, and ten working days are two weeks."
    ),
    bad="""
again = Automation(
    key="again",
    on=entered(Sales.quoted),
    again=once(per=stage_visit),
    do=[wait("two-weeks", hours(14)), set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
again = Automation(
    key="again",
    on=entered(Sales.quoted),
    again=once(per=stage_visit),
    do=[wait("two-weeks", days(14)), set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
