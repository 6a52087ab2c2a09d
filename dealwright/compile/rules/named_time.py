"""DW248: the name of a wait says another time than it waits, or a task says today and is due some days later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.said_span import another_side, over_beforehand, said_spans

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
        ("quarters", "quarter quarters trimestre trimestres quartal quartale"),
        ("years", "year years ano anos jahr jahre"),
    )
    for word in words.split()
}
_WORDS: Final = "|".join(sorted(_VALUES, key=len, reverse=True))
_NAMED: Final = re.compile(
    rf"(?:(?:wait|after|for|in|espera|tras|en|apos|em|por)-)?({_WORDS}|[1-9]\d?)-({'|'.join(_UNITS)})"
)
_BEFOREHAND: Final = re.compile(
    rf"(?:[a-z-]*?-)?({_WORDS}|[1-9]\d?)-({'|'.join(_UNITS)})-(?:before|antes)"
    rf"|(?:an?-)?({'|'.join(_UNITS)})-(?:before|antes)"
)
"""How an automation is called that begins some time before a day: `two-days-before`, `semana-antes`."""
_ONE: Final = re.compile(r"a-(week|month|year)")
"""What may be called so when it is some days: hours are none of them."""
_ALONE: Final = {
    "quarter": "quarters",
    "trimestre": "quarters",
    "quartal": "quarters",
    "year": "years",
    "half-year": "half-years",
    "half-a-year": "half-years",
    "half-a-month": "fortnights",
    "half-month": "fortnights",
    "medio-mes": "fortnights",
    "meio-mes": "fortnights",
    "half-a-day": "half-days",
    "half-day": "half-days",
    "half-an-hour": "half-hours",
    "halbjahr": "half-years",
    "medio-ano": "half-years",
    "meio-ano": "half-years",
    "half-hour": "half-hours",
    "media-hora": "half-hours",
    "meia-hora": "half-hours",
    "fortnight": "fortnights",
    "quincena": "fortnights",
    "quinzena": "fortnights",
}
"""What says a time without a number, as a day or a week does not: that may be any."""
_NAMED_ALONE: Final = re.compile(
    rf"(?:(?:wait|after|for|in|espera|tras|en|apos|em|por)-)?(?:(?:a|one|un|uma?|una)-)?({'|'.join(_ALONE)})"
)
_DAY: Final = 24 * 60
_CALENDAR: Final = {
    "minutes": (1, 1),
    "hours": (60, 60),
    "days": (_DAY, _DAY),
    "weeks": (7 * _DAY, 7 * _DAY),
    "months": (28 * _DAY, 31 * _DAY),
    "half-hours": (30, 30),
    "half-days": (4 * 60, 12 * 60),
    "fortnights": (14 * _DAY, 16 * _DAY),
    "quarters": (84 * _DAY, 95 * _DAY),
    "half-years": (120 * _DAY, 190 * _DAY),
    "years": (330 * _DAY, 400 * _DAY),
}
"""How many minutes each is, at least and at most."""

_WORKED: Final = {
    "minutes": (1, 1),
    "hours": (60, 60),
    "days": (6 * 60, 10 * 60),
    "weeks": (5 * 6 * 60, 6 * 10 * 60),
    "months": (20 * 6 * 60, 27 * 10 * 60),
    "half-hours": (30, 30),
    "half-days": (3 * 60, 5 * 60),
    "fortnights": (10 * 6 * 60, 14 * 10 * 60),
    "quarters": (56 * 6 * 60, 80 * 10 * 60),
    "half-years": (80 * 6 * 60, 165 * 10 * 60),
    "years": (220 * 6 * 60, 320 * 10 * 60),
}
"""How many minutes are worked in each."""

_OPEN_DAYS: Final = {
    "weeks": (5, 7),
    "months": (20, 27),
    "fortnights": (10, 14),
    "quarters": (56, 92),
    "half-years": (80, 190),
    "years": (220, 366),
}
"""How many days are worked in each; a company that is open every day says so with its hours."""

_TODAY: Final = re.compile(r"today|heute|hoy|hoje|oggi|vandaag|aujourd['’]hui|dzisiaj|dziś", re.IGNORECASE)
_FACT: Final = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_A_DAY: Final = {
    "minutes": _DAY,
    "hours": 24,
    "days": 1,
    "working_minutes": 10 * 60,
    "working_hours": 10,
    "working_days": 1,
}
"""How much of a unit may pass until a time that somebody still calls today, with a night in between."""


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        yield from _due_later(subject, automation)
        if automation.origin == "authored":
            yield from over_beforehand(subject, automation)
            yield from _called_before(subject, automation)
            yield from another_side(subject, automation, said_spans(automation.why, _VALUES, _UNITS))
        passed: dict[str, int] = {}
        for step in all_steps(automation.do):
            if not isinstance(step, ir.WaitStep | ir.WaitUntilStep):
                continue
            length = step.duration if isinstance(step, ir.WaitStep) else step.timeout
            passed[length.unit] = passed.get(length.unit, 0) + length.amount
            named = _named(step)
            if named is None:
                continue
            number, named_unit = named
            # A name may count from the beginning: "three-days" two days after "one-day".
            if any(_is(number, named_unit, each, length.unit) for each in (length.amount, passed[length.unit])):
                continue
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} waits {length.unit}({length.amount}), and its name says another time",
                hint=f"write {named_unit}({number}) if the name is right, else call it otherwise"
                if named_unit in ("minutes", "hours", "days")
                else "correct the time if the name is right, else call it otherwise",
            )


def _named(step: ir.WaitStep | ir.WaitUntilStep) -> tuple[int, str] | None:
    """Return how many of which unit the name says."""
    named = _NAMED.fullmatch(step.name)
    if named is not None:
        return _VALUES.get(named[1]) or int(named[1]), _UNITS[named[2]]
    if isinstance(step, ir.WaitStep) and not step.duration.unit.endswith("days"):
        one = _ONE.fullmatch(step.name)
        if one is not None:
            return 1, _UNITS[one[1]]
    # What is waited for until then may be called so, too.
    alone = _NAMED_ALONE.fullmatch(step.name) if isinstance(step, ir.WaitStep) else None
    return (1, _ALONE[alone[1]]) if alone is not None else None


def _called_before(subject: Subject, automation: ir.Automation) -> Iterator[Spot]:
    """Yield an automation that begins another time before a day than it is called."""
    named = _BEFOREHAND.fullmatch(automation.key)
    if named is None or not isinstance(automation.on, ir.OnDateReached) or automation.on.before is None:
        return
    word, unit, alone = named.groups()
    number = 1 if alone else _VALUES.get(word) or int(word)
    before = automation.on.before
    if not _is(number, _UNITS[alone or unit], before.amount, before.unit):
        path, line = subject.automation_at(automation, "on")
        yield Spot(
            path=path,
            line=line,
            message=f"{automation.key!r} begins {before.unit}({before.amount}) before {automation.on.field.path}",
            hint="correct the time, or the key",
        )


def _due_later(subject: Subject, automation: ir.Automation) -> Iterator[Spot]:
    """Yield the tasks that say today and are due when today is over."""
    for step in all_steps(automation.do):
        match step:
            case ir.SetTaskStep(text=ir.TextValue(value=text) | ir.TemplateText(source=text), due=due):
                if due.amount > _A_DAY.get(due.unit, due.amount) and (word := _today(step.name, text)):
                    path, line = subject.step_at(automation, step.name)
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"the task {step.name!r} says {word!r}, and is due in {due.unit}({due.amount})",
                        hint="correct the time if the text is right; else leave the word out, or write when it is due",
                    )


def _today(name: str, text: str) -> str | None:
    """Return the word by which a task is one of today; within a text it may be about something else that was today."""
    words = _WORD.findall(_FACT.sub(" x ", text))
    told = next((word for word in words if _TODAY.fullmatch(word)), None)
    ends = bool(words) and any(_TODAY.fullmatch(word) for word in (words[0], words[-1]))
    return told if ends or any(_TODAY.fullmatch(word) for word in name.split("-")) else None


def _is(number: int, named: str, amount: int, unit: str) -> bool:
    """Say whether so many of a unit are what a name says, by the calendar or in days that are worked."""
    if named == "quarters" and number == 1 and (amount, unit.removeprefix("working_")) == (15, "minutes"):
        return True  # one of an hour
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
    title="the name of a wait or the text of a task says another time",
    reason=(
        "Whoever reads a journal reads the names of steps: a wait that is called two-weeks and lasts fourteen hours is "
        "a unit that was not meant, or a name that was not changed with the time. A name may say it in English, "
        "Spanish or Portuguese, and ten working days are two weeks. A task that says today is one of today: whoever "
        "has it on the list some days later reads what is no longer so. The same goes for a day of which why= says "
        "before where after= stands, or days where hours do, and for an automation that is called week-before."
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
