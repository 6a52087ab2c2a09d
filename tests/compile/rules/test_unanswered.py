"""DW409: buttons of a template that nothing hears, however it is sent, and the answers that are heard somewhere."""

from __future__ import annotations

from pathlib import Path

from examples import FIRST, check_files, codes, example_file

HELLO = """
hello = Template("hello", body="When?", buttons=[Button("today", "Today"), Button("later", "Later")])
other = Template("other", body="And when?", buttons=[Button("noon", "At noon")])
plain = Template("plain", body="Hello")


"""
SEND = "send_message({!r}, via='crm', template={}, to=deal.main_contact)".format
WAIT = 'wait_until("{}", replied({}), timeout=days(1), on_timeout=[stop()])'.format
NOTE = 'add_note("n", text="Look")'
CASE = f'branch("b", case(hello.pressed("today"), {NOTE}))'


def rule(*do: str, on: str = "entered(Sales.quoted)", name: str = "r", more: str = "") -> str:
    again = ", again=once(per=person)" if "send_" in " ".join(do) else ""
    when = "deal.main_contact.id.is_set()"
    return f"{name} = Automation(key={name!r}, on={on}, when={when}, do=[{', '.join(do)}]{again}{more})\n"


HI = SEND("hi", "hello")
UNHEARD = {
    "sent": HELLO + rule(HI),
    "on_a_way": HELLO + rule(f'branch("w", case(deal.amount > 5, {HI}))'),
    "in_place_of_a_text": HELLO + rule(SEND("hi", 'Message("Hi", outside_window=hello)')),
    "one_button": HELLO + rule(SEND("hi", "other")),
    "another_is_heard": HELLO + rule(SEND("hi", "hello"), SEND("and", "other"), WAIT("w", "to='and'"), NOTE),
    "a_text_is_heard": HELLO + rule(HI, SEND("and", "plain"), WAIT("w", "to='and'"), NOTE),
    "waits_for_time": HELLO + rule(HI, 'wait("w", days(1))', NOTE),
}
HEARD = {
    "no_buttons": HELLO + rule(SEND("hi", "plain")),
    "awaited": HELLO + rule(HI, WAIT("w", "to='hi'"), CASE),
    "any_answer_awaited": HELLO + rule(HI, WAIT("w", ""), NOTE),
    "ends_it": HELLO + rule(HI, 'wait("w", days(1))', NOTE, more=", exit_on=replied()"),
    "by_another": HELLO + rule(HI) + rule(NOTE, on="message_received()", name="s"),
    "begins_with_it": HELLO + rule(HI) + rule(NOTE, on="replied()", name="s"),
    "by_one_that_waits": HELLO + rule(HI) + rule(WAIT("w", ""), NOTE, name="s"),
    "reminded": HELLO
    + rule(HI, WAIT("w", "to='hi'"), CASE)
    + rule(SEND("hi-2", "hello"), on="task_completed()", name="s"),
}


def found(folder: Path, files: dict[str, str]) -> dict[str, set[str]]:
    told = check_files(folder / "company", {name: example_file(text) for name, text in files.items()})
    return {name: codes(each) - {"DW236"} for name, each in told.items()}


def test_buttons_that_nothing_hears_are_told(tmp_path: Path) -> None:
    assert found(tmp_path, UNHEARD) == {name: {"DW409"} for name in UNHEARD}


def test_buttons_that_are_heard_anywhere_are_not_told(tmp_path: Path) -> None:
    assert found(tmp_path, HEARD) == {name: set() for name in HEARD}


def test_they_are_told_where_the_template_is_written_with_what_to_write(tmp_path: Path) -> None:
    (told,) = [
        each
        for each in check_files(tmp_path / "company", {"one": example_file(HELLO + rule(HI))})["one"]
        if each.code == "DW409"
    ]
    assert told.line == FIRST
    assert told.message == "nothing hears the buttons 'today', 'later' of 'hello': no automation waits for an answer"
    assert told.hint.startswith("write wait_until(\"answer\", replied(to=\"hi\"), ...) behind 'hi' in 'r'")


LISTENS = rule(NOTE, on="message_received()", name="s")
LOST = 'move_deal("m", to=Sales.lost, reason="Price")'
CLOSED = {
    "won": HELLO + rule(HI, on="entered(Sales.won)") + LISTENS,
    "lost": HELLO + rule('wait("w", days(1))', HI, on="entered(Sales.lost)") + LISTENS,
    "moved": HELLO + rule(LOST, HI) + LISTENS,
    "in_place_of_a_text": HELLO
    + rule(SEND("hi", 'Message("Hi", outside_window=hello)'), on="entered(Sales.won)")
    + LISTENS,
}
OPEN = {
    "before_the_move": HELLO + rule(HI, LOST) + LISTENS,
    "no_buttons_won": HELLO + rule(SEND("hi", "plain"), on="entered(Sales.won)") + LISTENS,
    "one_of_two_stages": HELLO + rule(HI, on="entered(Sales.quoted, Sales.won)") + LISTENS,
    "opened_again": HELLO
    + rule(HI, 'move_deal("m", to=Sales.quoted, only_forward=False)', on="entered(Sales.won)")
    + LISTENS,
    "another_deal": HELLO
    + rule('create_deal("c", in_=Sales.met, title="Again")', HI, on="entered(Sales.won)")
    + LISTENS,
}


def test_buttons_that_a_closed_deal_sends_are_told_though_answers_are_heard_elsewhere(tmp_path: Path) -> None:
    told = check_files(tmp_path / "company", {name: example_file(text) for name, text in (CLOSED | OPEN).items()})
    messages = {name: [each.message for each in of if each.code == "DW409"] for name, of in told.items()}
    said = "'hi' sends it where the deal is won or lost, and such a deal never hears an answer"
    assert messages == {
        **{name: [f"nothing hears the buttons of 'hello': {said}"] for name in CLOSED},
        **{name: [] for name in OPEN},
    }
