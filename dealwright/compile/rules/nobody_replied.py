"""What somebody answered to a message, named behind a wait that goes on when the time to answer is over."""

from __future__ import annotations

from collections.abc import Iterator

from dealwright.compile import ir
from dealwright.compile.atoms import Atom
from dealwright.compile.possible import Alternatives, possible
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Spot, Subject, all_steps
from dealwright.compile.rules.texts import bare_paths
from dealwright.compile.rules.ways import Place, ends
from dealwright.language.records import segment


def nobody_replied(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Spot]:
    """Tell of steps that name an answer where none need have come; DW405 tells where none can have."""
    waits = [step for step in all_steps(automation.do) if isinstance(step, ir.WaitUntilStep) and _for_answer(step)]
    if len(waits) != 1 or ends(waits[0].on_timeout) or isinstance(automation.on, ir.OnReplied):
        return  # where there are several, what came to another one may be meant
    (wait,) = waits
    about = ("pressed.", "reply.", f"steps.{wait.name}.", f"steps.{segment(wait.name)}.")
    if ended_by_a_branch(automation, about):
        return
    for place in subject.places(account, automation):
        for path in dict.fromkeys(bare_paths(place.step)):
            if path.startswith("reply.") and _may_be_over(place, wait, about):
                file, line = subject.step_at(automation, place.step.name)
                yield Spot(
                    path=file,
                    line=line,
                    message=f"{place.step.name!r} names {path}, and nobody need have answered: it is gone on, too, when"
                    f" the time of {wait.name!r} is over",
                    hint=f"end it there with on_timeout=[..., stop()], or write {{{{ {path} or '...' }}}}",
                )


def _for_answer(step: ir.WaitUntilStep) -> bool:
    return any(isinstance(each, ir.OnReplied) for each in step.on)


def _may_be_over(place: Place, wait: ir.WaitUntilStep, about: tuple[str, ...]) -> bool:
    """Say whether nothing on the way to a step has asked whether somebody has answered."""
    asked = any(ways and all(any(atom.path.startswith(about) for atom in way) for way in ways) for ways in place.known)
    over: Alternatives = [(Atom(f"steps.{wait.name}.timed_out", "==", value=True),)]
    return not asked and possible(*place.known, over)


def ended_by_a_branch(automation: ir.Automation, about: tuple[str, ...]) -> bool:
    """Say whether a branch asks whether somebody has answered, and ends a way of its own."""
    return any(
        isinstance(step, ir.BranchStep)
        and any(map(ends, ir.ways_of(step)))
        and any(path.startswith(about) for case in step.cases for path in facts_in(case.when))
        for step in all_steps(automation.do)
    )
