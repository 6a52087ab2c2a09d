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
        code="DW231",
        title="a sensitive field would be told outside of the company",
        reason=(
            "A field that is sensitive=True stays in the company: rules ask it, people and the customer read it. "
            "An advertising platform is never told one, another system only if reveals= says so, and it is not "
            "written to a field that is not sensitive, from where it would go anywhere."
        ),
        bad="""
class Ours(DealFields):
    treatment = Text("Treatment", sensitive=True)


ours = Ours()

tell = Automation(
    key="tell",
    on=entered(Sales.won),
    when=[ours.treatment.is_set(), deal.main_contact.email.is_set()],
    do=[send_conversion("bought", event="Lead", with_={"what": "{{ deal.treatment }}"})],
)
""",
        good="""
class Ours(DealFields):
    treatment = Text("Treatment", sensitive=True)


ours = Ours()

tell = Automation(
    key="tell",
    on=entered(Sales.won),
    when=[ours.treatment.is_set(), deal.main_contact.email.is_set()],
    do=[send_conversion("bought", event="Lead")],
)
""",
    ),
    Code(
        code="DW232",
        title="a field, an option or a reason that could be taken for another one",
        reason=(
            "Names of fields, options and lost reasons are compared letter by letter. Two that look the same, a letter "
            "of another script, an accent that is a character of its own, or a character that nobody sees would never "
            "match, and nobody could see why."
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
    Code(
        code="DW234",
        title="arithmetic that comes to nothing",
        reason=(
            "Numbers, amounts, and days and moments with lengths of time are computed with, in conditions and in what "
            "steps write. An amount and a number of something else do not add up, two days have no sum, and a day has "
            "no hours."
        ),
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[deal.close_date + 14 < deal.close_date],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[update_deal("later", close_date=deal.close_date + days(14))],
)
""",
    ),
    Code(
        code="DW285",
        title="a setting has another currency than the account",
        reason=(
            "Amounts of two currencies are not compared: a condition with such a setting is unknown for every deal in "
            "the account's own currency, and what depends on it is never done."
        ),
        bad="""
large = setting("large-deal", Money, default=Money(10_000, "EUR"))

visit = Automation(
    key="visit",
    on=deal_created(in_=Sales),
    when=[deal.amount > large],
    do=[set_task("visit", text="Visit {{ deal.title }}", due=hours(4))],
)
""",
        good="""
large = setting("large-deal", Money, default=Money(10_000, "USD"))

visit = Automation(
    key="visit",
    on=deal_created(in_=Sales),
    when=[deal.amount > large],
    do=[set_task("visit", text="Visit {{ deal.title }}", due=hours(4))],
)
""",
    ),
)
"""What lowering and classes of fields find."""
