"""Codes of what is wrong with a company's own fields."""

from __future__ import annotations

from typing import Final

from dealwright.compile.codes import Code

CODES: Final = (
    Code(
        code="DW230",
        title="an account uses the fields of two classes",
        reason=(
            "A deal has one set of own fields, and so has a contact and a company. Of two classes, neither of which "
            "extends the other, nobody could say which fields the CRM is to have."
        ),
        bad="""
class Ours(DealFields):
    dentist = Text("Doctor")


class Theirs(DealFields):
    doctor = Text("Doctor")


call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[Ours().dentist.is_set() | Theirs().doctor.is_set()],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
class Ours(DealFields):
    dentist = Text("Doctor")


call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[Ours().dentist.is_set()],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW232",
        title="a field or an option that could be taken for another one",
        reason=(
            "Names of fields and options are compared letter by letter. Two that look the same, a letter of another "
            "script, an accent that is a character of its own, or a character that nobody sees would never match, and "
            "nobody could see why."
        ),
        bad="""
class Ours(DealFields):
    dentist = Text("Doctor")
    dentist = Text("Second doctor")
""",
        good="""
class Ours(DealFields):
    dentist = Text("Doctor")
    second_dentist = Text("Second doctor")
""",
    ),
    Code(
        code="DW233",
        title="a field is renamed from a name that is not free",
        reason=(
            "renamed_from says under which names a field has been before. What deals hold under an old name is held "
            "under the new one, so an old name belongs to one field, and to none that is still there."
        ),
        bad="""
class Ours(DealFields):
    doctor = Text("Doctor")
    dentist = Text("Dentist", renamed_from="doctor")
""",
        good="""
class Ours(DealFields):
    dentist = Text("Dentist", renamed_from="doctor")
""",
    ),
)
"""What lowering and classes of fields find."""
