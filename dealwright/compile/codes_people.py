"""Codes of roles, and of what stages ask of whoever moves deals."""

from __future__ import annotations

from typing import Final

from dealwright.compile.codes import Code

CODES: Final = (
    Code(
        code="DW250",
        title="two roles have one name but for capitals and accents",
        reason=(
            "People are put behind a role by its name. Of two that look alike one would stay empty, and everything "
            "that is for somebody of it would be held."
        ),
        bad="""
hand_over = Automation(
    key="hand-over",
    on=entered(Sales.met),
    do=[assign_owner("owner", to=Role("closers"))],
)


remind = Automation(
    key="remind",
    on=entered(Sales.quoted),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1), owner=Role("Closers"))],
)
""",
        good="""
closers = Role("closers")

hand_over = Automation(
    key="hand-over",
    on=entered(Sales.met),
    do=[assign_owner("owner", to=closers)],
)


remind = Automation(
    key="remind",
    on=entered(Sales.quoted),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1), owner=closers)],
)
""",
    ),
)
