"""What all ways or answers write is told (DW245), and what an answer leaves as it was before it was asked (DW237)."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

OWN = """
class Own(DealFields):
    checked = Flag("Checked")
    kind = Choice("Kind", ["a", "b"])
    note = Text("Note")


own = Own()
r = Automation(key="r", on=entered(Sales.quoted), do=[{do}])"""
TASK = 'set_task("t{}", text="Call", due=days(1))'
YES, OTHER_YES = 'update_deal("y", checked=True)', 'update_deal("z", checked=True)'
NO, OTHER_NO = 'update_deal("n", checked=False)', 'update_deal("m", checked=False)'
A_KIND, OTHER_KIND = 'update_deal("k", kind="a")', 'update_deal("l", kind="a")'


def rule(do: str) -> str:
    return example_file(OWN.format(do=do)).replace("pipelines=", "deal_fields=own, pipelines=")


def branch(case: str, otherwise: str, *, more: str = "") -> str:
    return rule(f'branch("b", case(deal.amount > 5, {case}), otherwise=[{otherwise}]{more})')


def ask(yes: str, no: str, *, before: str = "", behind: str = "", more: str = "", late: str = TASK) -> str:
    return rule(
        f'{before}ask("q", who=Role("head"), question="{{{{ deal.title }}}}?", yes=[{yes}], no=[{no}]{more},'
        f" within=hours(8), late=[{late}]){behind}"
    )


FILES = {
    "flag": (branch(YES, f"{OTHER_YES}, {TASK}"), "DW245 every way of 'b' writes deal.checked = yes"),
    "choice": (branch(f"{TASK}, {A_KIND}", OTHER_KIND), "DW245 every way of 'b' writes deal.kind = 'a'"),
    "answers": (ask(YES, OTHER_YES), "DW245 every answer to 'q' writes deal.checked = yes"),
    "answered_with_more": (ask(YES, f"{OTHER_YES}, {TASK}"), "DW245 every answer to 'q' writes deal.checked = yes"),
    "unset_too": (
        branch(YES, f"{OTHER_YES}, {TASK}", more=', unset=[update_deal("x", checked=True)]'),
        "DW245 every way of 'b' writes deal.checked = yes",
    ),
    "asked_over": (
        ask(OTHER_NO, TASK, before=f"{NO}, "),
        "DW237 'm' writes what 'n' has written before 'q' asked: deal.checked = no, whatever is answered",
    ),
    # --- near ones
    "another_value": (branch(YES, f"{NO}, {TASK}"), ""),
    "another_value_later": (branch(YES, f'{OTHER_YES}, wait("w", days(1)), {NO}'), ""),
    "unset_is_another": (branch(YES, f"{OTHER_YES}, {TASK}", more=f", unset=[{NO}]"), ""),
    "each_does_more": (branch(f"{YES}, add_tags('g', 'called')", f"{OTHER_YES}, {TASK}"), ""),
    "with_more": (branch('update_deal("y", checked=True, note="x")', f"{OTHER_YES}, {TASK}"), ""),
    "free_text": (branch('update_deal("y", note="x")', f'update_deal("z", note="x"), {TASK}'), ""),
    "not_otherwise": (
        rule(f'branch("b", case(deal.amount > 9, {YES}), case(deal.amount < 5, {OTHER_YES}, {TASK}))'),
        "",
    ),
    "looked_at_later": (
        rule(
            f'q := ask("q", who=Role("head"), question="Well?", yes=[{YES}], no=[{OTHER_YES}, {TASK}], within=hours(8),'
            ' late=[add_note("l", text="late")]), branch("b", case(q.choice == "yes", add_tags("g", "fine")))'
        ),
        "",
    ),
    "reset_by_no": (ask(YES, OTHER_NO, before=f"{NO}, "), ""),
    "set_behind": (ask(f"{OTHER_NO}, stop()", TASK, before=f"{NO}, ", behind=f", {YES}"), ""),
    "a_wait_between": (ask(OTHER_NO, TASK, before=f'{NO}, wait("w", days(1)), '), ""),
    "not_before": (ask(OTHER_NO, TASK), ""),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    texts = {name: _numbered(text) for name, (text, _) in FILES.items()}
    listed = check_files(tmp_path_factory.mktemp("each_way") / "company", texts)
    judged = ("DW245", "DW237", "DW20", "DW9")
    return {
        name: [f"{each.code} {each.message}" for each in of if each.code.startswith(judged)]
        for name, of in listed.items()
    }


def _numbered(text: str) -> str:
    """Give the tasks names of their own, as steps have."""
    for number in range(text.count("t{}")):
        text = text.replace("t{}", f"t{number}", 1)
    return text


@pytest.mark.parametrize("name", FILES)
def test_what_all_ways_write_is_told(found: dict[str, list[str]], name: str) -> None:
    told = FILES[name][1]
    assert found[name] == ([told] if told else [])


SAID = {
    "alike": ("{% if deal.amount %}Call them.{% else %}Call them.{% endif %}", "Call them."),
    "three": ("{% if deal.amount %}A{% elif deal.close_date %}A{% else %} A {% endif %}", "A"),
    "with_a_fact": ("{% if deal.amount %}A {{ deal.title }}{% else %}A {{ deal.title }}{% endif %}", "A …"),
    # --- near ones
    "differ": ("{% if deal.amount %}Call them.{% else %}Write to them.{% endif %}", ""),
    "other_fact": ("{% if deal.amount %}A {{ deal.title }}{% else %}A {{ deal.stage }}{% endif %}", ""),
    "other_filter": ("{% if deal.amount %}{{ deal.title }}{% else %}{{ deal.title | upper }}{% endif %}", ""),
    "two_of_three": ("{% if deal.amount %}A{% elif deal.close_date %}A{% else %}B{% endif %}", ""),
    "no_else": ("{% if deal.amount %}A{% elif deal.close_date %}A{% endif %}", ""),
    "nothing": ("{% if deal.amount %}{% else %}{% endif %}x", ""),
}


def test_an_if_of_a_text_that_says_the_same_either_way_is_told(tmp_path: Path) -> None:
    sends = {name: rule(f'add_note("n", text={text!r})') for name, (text, _) in SAID.items()}
    mail = SAID["alike"][0]
    sends["mail"] = rule(
        f'send_email("n", to=deal.main_contact, subject={mail!r}, text={mail!r}), wait("w", days(1)),'
        f'\nsend_message("m", via="crm", template=Template("t", body={mail!r}), to=deal.main_contact)'
    )
    listed = check_files(tmp_path / "company", sends)
    found = {name: [each.message for each in of if each.code in ("DW245", "DW900")] for name, of in listed.items()}
    of = "every way of an {% if %} in a text of"
    assert found == {
        **{name: [f"{of} 'n' says {said!r}"] if said else [] for name, (_, said) in SAID.items()},
        "mail": [f"{of} 'n' says 'Call them.'", f"{of} 'm' says 'Call them.'"],
    }
