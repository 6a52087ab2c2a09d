"""Codes of loading: what a file does instead of describing, and what is wrong with a silence."""

from __future__ import annotations

from typing import Final

from dealwright.compile.codes import Code

CODES: Final = (
    Code(
        code="DW290",
        title="an example does not come out",
        reason=(
            "An example says what an automation does for one deal, and `check` runs it. One that does not come out says"
            " that the automation does something else than its author thinks: the hint says what it does."
        ),
    ),
    Code(
        code="DW900",
        title="a file cannot be loaded",
        reason="The file raised an error of Python's own.",
        bad="""
total = 1 / 0
""",
        good="""
total = 1
""",
    ),
    Code(
        code="DW901",
        title="a file is not Python",
        reason=("The file cannot be read as Python: a parenthesis is open, an indent is off, or it is not UTF-8."),
        bad="""
call = Automation(
""",
    ),
    Code(
        code="DW902",
        title="a file is too large, or cannot be read",
        reason=(
            "Definitions are written by people. A file of more than a megabyte is stored data, and a link to "
            "nowhere is nothing."
        ),
    ),
    Code(
        code="DW903",
        title="a file imports something that is not there",
        reason="A name is misspelled, or a file beside this one is imported without the dot.",
        bad="""
from dealwright import Pipelne
""",
        good="""
from dealwright import Pipeline
""",
    ),
    Code(
        code="DW904",
        title="a file ended the process it was loaded in",
        reason="A definition describes. One that ends the process takes every other file with it.",
        bad="""
import sys

sys.exit()
""",
        good="""
import sys
""",
    ),
    Code(
        code="DW905",
        title="a file took too much time or memory",
        reason=(
            "What computes, waits or reads much has no place in a definition: every check and every start would "
            "wait for it."
        ),
        bad="""
numbers = bytearray(1 << 40)
""",
        good="""
numbers = bytearray(1 << 4)
""",
    ),
    Code(
        code="DW906",
        title="a file tried to start a process, use the network, or change files",
        reason=(
            "What a rule does depends on nothing but its text, or the same commit would mean two things on two "
            "machines."
        ),
        bad="""
import os

os.system('date')
""",
        good="""
import os
""",
    ),
    Code(
        code="DW907",
        title="a file printed something while it was loaded",
        reason="A forgotten print() would stand in the output of every command.",
        severity="warning",
        bad="""
print('loading')
""",
    ),
    Code(
        code="DW908",
        title="no account was found",
        reason="Without an account nothing is on.",
    ),
    Code(
        code="DW909",
        title="a folder or file cannot be loaded under its name",
        reason=(
            "The folder of a company is a Python package: its name has letters, digits and underscores, and is "
            "not that of an installed module or of a file beside it."
        ),
    ),
    Code(
        code="DW910",
        title="a definition cannot be built as written",
        reason="A value is of the wrong kind, a keyword is misspelled, or something is left out.",
        bad="""
call = Automation(key="Call me", on=deal_created(in_=Sales), do=[stop()])
""",
        good="""
call = Automation(key="call-me", on=deal_created(in_=Sales), do=[stop()])
""",
    ),
    Code(
        code="DW911",
        title="a time zone or working hours cannot be understood",
        reason="Quiet hours and working days hang on them.",
        bad="""
acme = Account("acme", zone="New York", country="US", pipelines=[Sales])
""",
        good="""
acme = Account("acme", zone="America/New_York", country="US", pipelines=[Sales])
""",
    ),
    Code(
        code="DW272",
        title="a predicate that would not mean the same every time",
        reason=(
            "A predicate is a part of the definition: its source, with what it uses, is kept with the release, and is "
            "run for each deal. It looks at the facts that of= lists and at what never changes; a clock, a file, a "
            "lambda, or a fact that it does not list, it may not use. It returns True, False, or None."
        ),
        bad="""
def is_large(facts):
    return facts["deal.amount"]["amount"] > 1000


call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[predicate("a large deal", is_large, of=[deal.title])],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
def is_large(facts):
    return facts["deal.amount"]["amount"] > 1000


call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[predicate("a large deal", is_large, of=[deal.amount])],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW912",
        title="there is no such field",
        reason="A misspelled field would be a condition that never fires.",
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[deal.amuont > 10],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[deal.amount > 10],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW913",
        title="a file wrote to the channel of the check",
        reason=(
            "The check hears over a descriptor what the files define. Something that writes to it could make a "
            "bad file look clean, so it is told, and the file is not trusted."
        ),
        bad="""
import os

for descriptor in range(3, 30):
    try:
        os.write(descriptor, b'x')
    except OSError:
        pass
""",
        good="""
import os
""",
    ),
    Code(
        code="DW920",
        title="a silence without a reason, or one that cannot be read",
        reason="Who comes after must be able to tell whether a silence still holds.",
        bad="""
# dealwright: ignore[DW214]
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[deal.amount > 10, deal.amount < 5],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
# dealwright: ignore[DW214] because the rule sleeps until the new price list
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[deal.amount > 10, deal.amount < 5],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW921",
        title="a silence that silences nothing",
        reason=("What was silenced was put right, or stands elsewhere. A silence left behind would hide the next one."),
        severity="warning",
        bad="""
# dealwright: ignore[DW214] because the rule sleeps
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW922",
        title="a silence names a code that there is not",
        reason="A misspelled code silences nothing.",
        severity="warning",
        bad="""
# dealwright: ignore[DW998] because it must
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW923",
        title="a silence of what cannot be silenced",
        reason="What keeps a file from being used stays so when nobody says it: the account would be missing.",
        bad="""
# dealwright: ignore[DW201] because it must
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW999",
        title="Dealwright itself failed over the definitions",
        reason=(
            "Nothing need be wrong with the files: what reads them has a defect, and says where. Please report it. "
            "Nothing was released."
        ),
    ),
)
"""What loading finds: a file with one of these is not used."""
