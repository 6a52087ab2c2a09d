"""Moves and messages that only time has led to are told (DW415), and what only those get who have left (DW416)."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

RULE = """
hello = send_email("mail", to=deal.main_contact, subject="Hello", text="Do you still want it?")
lose = move_deal("lose", to=Sales.lost, reason="Price")
quiet = wait_until("quiet", activity_logged(), timeout=days(9), on_timeout=[lose])
r = Automation(key="r", on={on}, {more}when=[deal.main_contact.email.is_set()], again=every_event(), do=[{do}])
"""
LEAVES = "exit_on=[stage_changed(from_=Sales.quoted)], "
LONG, DAY = 'wait("w", days(14))', 'wait("w", working_hours(8))'
TASK = 'set_task("t", text="Call", due=days(1))'


def rule(do: str, *, on: str = "entered(Sales.quoted)", more: str = "") -> str:
    return example_file(RULE.format(on=on, do=do, more=more))


def told(folder: Path, files: dict[str, str]) -> dict[str, list[str]]:
    listed = ("DW415", "DW416", "DW9")
    found = check_files(folder / "company", files)
    return {name: [each.message for each in found[name] if each.code.startswith(listed)] for name in files}


MOVED = {
    "entered": rule(f"{LONG}, lose"),
    "created": rule(f"{LONG}, lose", on="deal_created(in_=Sales.incoming)"),
    "created_anywhere": rule(f"{LONG}, lose", on="deal_created(in_=Sales)"),
    "moved": rule(f"{LONG}, lose", on="stage_changed(to=Sales.met)"),
    "hours": rule('wait("w", hours(4)), lose'),
    "two_waits": rule(f'wait("w", hours(3)), {TASK}, wait("v", hours(3)), lose'),
    "in_a_way": rule(f'{LONG}, branch("b", case(deal.main_contact.phone.is_set(), lose), otherwise=[{TASK}])'),
    "behind_a_look_at_the_contact": rule(f'{LONG}, branch("b", case(deal.owner.is_set(), {TASK})), lose'),
    "awaited": rule("quiet"),
    "awaited_a_field": rule('wait_until("u", deal.amount.is_set(), timeout=days(9), on_timeout=[lose])'),
    "behind_what_is_awaited": rule('wait_until("u", replied(), timeout=days(9)), lose'),
    "long_after_an_answer": rule(f'wait_until("u", replied(), timeout=days(2), on_timeout=[stop()]), {LONG}, lose'),
    "behind_what_came_of_it": rule(
        'u := wait_until("u", activity_logged(), timeout=days(9)),'
        f' branch("b", case(u.timed_out.is_true(), {TASK})), lose'
    ),
    "looked_at_before": rule(f'branch("b", case(deal.main_contact.phone.is_set(), {TASK})), {LONG}, lose'),
}
WRITTEN = {
    "entered": rule(f"{LONG}, hello"),
    "a_day": rule(f"{DAY}, hello"),
    "moved": rule(f"{LONG}, hello", on="stage_changed(to=[Sales.met, Sales.quoted])"),
    "reminded": rule('wait_until("u", activity_logged(kind="call"), timeout=days(4), on_timeout=[hello])'),
}
FINE = {
    "ended": rule(f"{LONG}, lose", more=LEAVES),
    "written_and_ended": rule(f"{LONG}, hello", more=LEAVES),
    "soon": rule('wait("w", hours(3)), lose'),
    "written_soon": rule('wait("w", hours(3)), hello'),
    "at_once": rule(f"hello, {LONG}, {TASK}"),
    "looked_at": rule(f'{LONG}, branch("b", case(deal.stage != Sales.quoted, stop())), lose'),
    "looked_at_in_a_case": rule(f'{LONG}, branch("b", case(deal.stage == Sales.quoted, hello))'),
    "looked_at_otherwise": rule(f'{LONG}, branch("b", case(deal.tags.has("paid"), stop())), hello'),
    "awaited_a_move": rule(
        'wait_until("u", stage_changed(from_=Sales.quoted), timeout=days(9), on_timeout=[hello]), lose'
    ),
    "awaited_a_stage": rule('wait_until("u", deal.stage == Sales.won, timeout=days(9), on_timeout=[lose]), hello'),
    "awaited_a_tag": rule('wait_until("u", deal.tags.has("paid"), timeout=days(9), on_timeout=[lose])'),
    "awaited_and_ended": rule("quiet", more=LEAVES),
    "awaited_and_looked_at": rule(
        'wait_until("u", replied(), timeout=days(9), on_timeout=[branch("b", case(deal.stage == Sales.quoted, lose))])'
    ),
    "at_once_after_an_answer": rule('wait_until("u", replied(), timeout=days(2), on_timeout=[stop()]), hello'),
    "awaited_for_minutes": rule('wait_until("u", replied(), timeout=minutes(9), on_timeout=[hello])'),
    "after_a_call_alone": rule(
        'u := wait_until("u", activity_logged(), timeout=days(2), on_timeout=[stop()]),'
        ' branch("b", case(u.timed_out.is_false(), hello))'
    ),
    "a_task_when_it_is_over": rule(f'wait_until("u", replied(), timeout=days(2), on_timeout=[{TASK}])'),
    "won": rule(f"{LONG}, hello", on="entered(Sales.won)"),
    "lost": rule(f"{LONG}, hello", on="entered(Sales.lost, Sales.quoted)"),
    "of_an_event": rule(f"{LONG}, lose", on="contact_removed(in_=Sales)"),
    "a_task": rule(f"{LONG}, {TASK}"),
}


def test_a_deal_is_moved_though_nobody_has_looked_at_it_since(tmp_path: Path) -> None:
    assert told(tmp_path, MOVED) == {
        name: [
            "'lose' moves every deal to sales.lost when the time is over, those too that have gone on meanwhile:"
            " nothing ends it, and nothing behind the wait asks how the deal stands"
        ]
        for name in MOVED
    }


def test_a_customer_is_written_to_though_nobody_has_looked_at_the_deal_since(tmp_path: Path) -> None:
    found = told(tmp_path, WRITTEN)
    assert found["entered"] == [
        "'mail' writes to everybody whose deal came to sales.quoted before the wait, to those too who have bought or"
        " said no meanwhile: nothing ends it, and nothing behind the wait asks how the deal stands"
    ]
    assert "came to sales.met or sales.quoted before" in found["moved"][0]
    assert {name: len(each) for name, each in found.items()} == dict.fromkeys(WRITTEN, 1)


def test_a_deal_is_won_because_it_was_created_a_while_ago(tmp_path: Path) -> None:
    new, win = "deal_created(in_=Sales.incoming)", f'{LONG}, move_deal("win", to=Sales.won)'
    leaves = "exit_on=[stage_changed(from_=Sales.incoming)], "
    files = {
        "won": rule(win, on=new, more=leaves),
        "lost": rule(f"{LONG}, lose", on=new, more=leaves),
        "awaited": rule(
            'wait_until("paid", activity_logged(), timeout=days(9), on_timeout=[stop()]),'
            ' move_deal("win", to=Sales.won)',
            on=new,
            more=leaves,
        ),
        "from_a_stage": rule(win, more=LEAVES),
    }
    assert told(tmp_path, files) == {name: [] for name in files} | {
        "won": [
            "'win' wins a deal that was created and then left alone: nothing happens between a deal is created in"
            " sales.incoming and sales.won but that time passes"
        ]
    }


def test_what_looks_again_or_says_what_ends_it_is_left_alone(tmp_path: Path) -> None:
    assert told(tmp_path, FINE) == {name: [] for name in FINE}


def test_a_branch_that_goes_on_for_those_which_have_left_is_told(tmp_path: Path) -> None:
    still, short = 'branch("still", case({}, stop()))', 'wait("w", minutes(10))'
    files = {
        "same": rule(f"{short}, {still.format('deal.stage == Sales.quoted')}, hello"),
        "one_of": rule(
            f"{short}, {still.format('deal.stage.is_in(Sales.met, Sales.quoted)')}, hello",
            on="entered(Sales.quoted, Sales.met)",
        ),
    }
    fine = {
        "other": rule(f"{short}, {still.format('deal.stage != Sales.quoted')}, hello"),
        "another": rule(f"{short}, {still.format('deal.stage == Sales.met')}, hello"),
        "one_of_two": rule(
            f"{short}, {still.format('deal.stage == Sales.quoted')}, hello", on="entered(Sales.quoted, Sales.met)"
        ),
        "does_something": rule(f'{short}, branch("still", case(deal.stage == Sales.quoted, hello, stop())), {TASK}'),
        "nothing_behind": rule(
            f'{short}, branch("still", case(deal.stage == Sales.quoted, stop()), otherwise=[hello])'
        ),
        "after_something_awaited": rule(
            f"{short}, wait_until('u', deal.stage != Sales.quoted, timeout=days(9), on_timeout=[{TASK}]),"
            f" {still.format('deal.stage == Sales.quoted')}, hello"
        ),
        "at_another_event": rule(
            f"{short}, {still.format('deal.stage == Sales.quoted')}, hello", on="contact_added(in_=Sales)"
        ),
    }
    found = told(tmp_path, files | fine)
    assert found["same"] == [
        "'still' ends it for the deals that still stand in sales.quoted, where 'r' begins: 'mail' is done only for"
        " those which have left"
    ]
    assert len(found["one_of"]) == 1
    assert {name: found[name] for name in fine} == {name: [] for name in fine}
