"""Conditions that do not go with what is done behind them are told (DW245, DW246, DW273, DW278, DW294)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

RULE = """
class Own(DealFields):
    engineer, checker = Person("Engineer"), Person("Checker")
    permit_granted, permit_needed = Flag("Granted by the office"), Flag("Needs a permit")
    not_granted, listed = Flag("Was not granted"), Flag("In the list")
    begins_on, ends_on = Day("Begins on"), Day("Ends on")


class Decided(OutsideEvent):
    key = "decided"
    reference = Text("Reference")
    granted = Flag("Granted")
    payer = Text("Who pays")
    begins_on = Day("Begins on")
    match = Match(by=[(reference, deal.reference)], in_=[Sales], if_none="hold")


own = Own()
r = Automation(key="r", on={on}, when=[{when}], again=every_event(), {more}do=[{do}])
{also}"""
TASK = 'set_task("t", text="Call", due=days(1))'
EVENT = "event_received(Decided, in_=Sales)"


def rule(do: str, *, on: str = "entered(Sales.met)", when: str = "", more: str = "", also: str = "") -> str:
    return example_file(RULE.format(do=do, on=on, when=when, more=more, also=also)).replace(
        "pipelines=", "deal_fields=own, pipelines="
    )


# --- yes and no -------------------------------------------------------------------------------------------------------


def found_out(asked: str, there: str, otherwise: str, **more: str) -> str:
    do = f'branch("b", case({asked}, update_deal("y", {there})), otherwise=[update_deal("n", {otherwise}), {TASK}])'
    return rule(do, on=EVENT, **more)


YES, NO = "Decided.granted.is_true()", "Decided.granted.is_false()"
WRITTEN = 'other = Automation(key="o", on=entered(Sales.quoted), do=[update_deal("u", permit_granted=True)])\n'
FLAGS = {
    "turned": (
        found_out(NO, "permit_granted=True", "permit_granted=False"),
        "'b' writes deal.permit_granted = yes where event.data.granted is no, and the other way round",
    ),
    "turned_back": (
        found_out(YES, "permit_granted=False", "permit_granted=True"),
        "'b' writes deal.permit_granted = no where event.data.granted is yes, and the other way round",
    ),
    "apart": (
        found_out(YES, "permit_needed=True", "permit_granted=False"),
        "'b' writes deal.permit_needed = yes and deal.permit_granted = no, each in one of its ways: neither is written"
        " in the other one",
    ),
    "right": (found_out(YES, "permit_granted=True", "permit_granted=False"), ""),
    "asked_for_no": (found_out(NO, "permit_granted=False", "permit_granted=True"), ""),
    "denied": (found_out(YES, "not_granted=False", "not_granted=True"), ""),
    "another": (found_out(NO, "permit_needed=True", "permit_needed=False"), ""),
    "apart_of_another_matter": (found_out(YES, "listed=True", "permit_granted=False"), ""),
    "apart_and_written_elsewhere": (
        found_out(YES, "permit_needed=True", "permit_granted=False", also=WRITTEN),
        "",
    ),
    "apart_and_both": (found_out(YES, "permit_granted=True, permit_needed=True", "permit_granted=False"), ""),
}

# --- what is guarded --------------------------------------------------------------------------------------------------

NOBODY = 'deal.contact_as("payer").id.is_unset()'
ADDED = 'create_contact("c", name="Ann", role="{}")'
ENGINEER = 'update_deal("u", engineer=deal.owner)'
OVER = "'r' asks that deal.{} is set, and 'u' writes it over unread"
GUARDED = {
    "another_role": (
        rule(ADDED.format("customer"), when=NOBODY),
        "'c' adds somebody as 'customer' where nobody is 'payer': then nobody is 'payer' still, and the next event adds"
        " one more",
    ),
    "another_role_in_a_case": (
        rule(f'branch("b", case({NOBODY} & (Decided.payer != "x"), {ADDED.format("customer")}))', on=EVENT),
        "'c' adds somebody as 'customer' where nobody is 'payer': then nobody is 'payer' still, and the next event adds"
        " one more",
    ),
    "filled": (rule(ENGINEER, when="own.engineer.is_set()"), OVER.format("engineer")),
    "filled_with_a_day": (
        rule('update_deal("u", ends_on=own.begins_on + days(9))', when="own.begins_on.is_set(), own.ends_on.is_set()"),
        OVER.format("ends_on"),
    ),
    "the_role": (rule(ADDED.format("payer"), when=NOBODY), ""),
    "both_roles": (
        rule(f"{ADDED.format('customer')}, create_contact('d', name='Bob', role='payer')", when=NOBODY),
        "",
    ),
    "that_role_too": (
        rule(ADDED.format("customer"), when=f"{NOBODY}, {NOBODY.replace('payer', 'customer')}"),
        "",
    ),
    "a_gap": (rule(ENGINEER, when="own.engineer.is_unset()"), ""),
    "kept": (
        rule(f'update_deal("k", checker=own.engineer), {ENGINEER}', when="own.engineer.is_set()"),
        "",
    ),
    "told": (
        rule('notify("k", who=own.engineer, text="Not you any more"), ' + ENGINEER, when="own.engineer.is_set()"),
        "",
    ),
    "at_its_change": (
        rule(ENGINEER, on="deal_updated(fields=[own.engineer])", when="own.engineer.is_set()"),
        "",
    ),
    "put_off": (rule('update_deal("u", begins_on=Decided.begins_on)', on=EVENT, when="own.begins_on.is_set()"), ""),
    "cleared": (rule('update_deal("u", engineer=None)', when="own.engineer.is_set()"), ""),
}

# --- time that is over ------------------------------------------------------------------------------------------------

WAIT = 'w := wait_until("w", activity_logged(kind="call"), timeout=days(4), on_timeout=[{}])'
NOTE = 'add_note("n", text="Called")'
OVER_TWICE = (
    "'b' is for those alone for whom the time of 'w' is over, and so is its on_timeout=: nothing is done where it has"
    " come"
)


def waited(late: str, case: str, do: str = NOTE, more: str = "") -> str:
    return rule(f'{WAIT.format(late)}, branch("b", case({case}, {do}){more})')


TIMES = {
    "over": (waited(TASK, "w.timed_out.is_true()"), OVER_TWICE),
    "in_time": (waited(TASK, "w.timed_out.is_false()"), ""),
    "nothing_late": (waited("", "w.timed_out.is_true()"), ""),
    "ends": (waited(TASK, "w.timed_out.is_true()", f'{NOTE}, stop("s")'), ""),
    "both": (waited(TASK, "w.timed_out.is_true()", more=', otherwise=[add_note("o", text="In time")]'), ""),
    "asks_more": (waited(TASK, "w.timed_out.is_true() & (deal.amount > 5)"), ""),
}

# --- newest open deals, and tasks of later stages ---------------------------------------------------------------------

KEEP = 'assign_owner("k", to=deal.company.newest_open_deal.owner)'
UNSET = "'k' works with deal.company.newest_open_deal.owner, which is unset wherever it is reached"
NEWEST = {
    "none": (rule(f'branch("b", case(deal.company.open_deals == 0, {KEEP}))'), UNSET),
    "below_one": (rule(f'branch("b", case(deal.company.open_deals < 1, {KEEP}))'), UNSET),
    "unknown": (rule(KEEP, when="deal.company.open_deals.is_unset()"), UNSET),
    "some": (rule(f'branch("b", case(deal.company.open_deals >= 1, {KEEP}))'), ""),
    "few": (rule(f'branch("b", case(deal.company.open_deals < 2, {KEEP}))'), ""),
}
QUOTE = 'complete_tasks("c", with_text="the quote")'
CALLED = "activity_logged(in_=Sales)"
EARLY = (
    "'the quote' is in the task of sales.met, and 'c' completes it for deals in sales.incoming, where it is not set yet"
)
TASKS = {
    "early": (rule(QUOTE, on=CALLED, when="deal.stage == Sales.incoming"), EARLY),
    "there": (rule(QUOTE, on=CALLED, when="deal.stage == Sales.met"), ""),
    "later": (rule(QUOTE, on=CALLED, when="deal.stage == Sales.quoted"), ""),
    "gone_back": (rule(QUOTE, on="stage_changed(from_=Sales.met, to=Sales.incoming)"), ""),
    "set_elsewhere": (
        rule(
            f'{QUOTE}, set_task("t", text="Send the quote", due=days(1))',
            on=CALLED,
            when="deal.stage == Sales.incoming",
        ),
        "",
    ),
}
ALL = {
    f"{code}-{name}": (code, *each)
    for code, several in (
        ("DW294", FLAGS),
        ("DW273", GUARDED),
        ("DW245", TIMES),
        ("DW246", NEWEST),
        ("DW278", TASKS),
    )
    for name, each in several.items()
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {name.replace("-", "_"): text for name, (_, text, _) in ALL.items()}
    listed = check_files(tmp_path_factory.mktemp("guarded") / "company", files)
    own = {name: (ALL[name][0], "DW9", "DW20") for name in ALL}
    return {
        name: [each.message for each in listed[name.replace("-", "_")] if each.code.startswith(own[name])]
        for name in ALL
    }


@pytest.mark.parametrize("name", ALL)
def test_a_condition_that_does_not_go_with_what_is_done_is_told(found: dict[str, list[str]], name: str) -> None:
    told = ALL[name][2]
    assert found[name] == ([told] if told else [])
