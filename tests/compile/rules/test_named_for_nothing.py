"""DW236, DW254, DW405 and DW408: what is defined and not used, roles named as texts, buttons that there are not."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, codes, example_file

from dealwright.compile.check import check

NOTE = 'add_note("n", text="Look")'
OWN = """
class Own(DealFields):
    hygienist = Person("Hygienist")


own = Own()
"""
HELLO = """
hello = Template("hello", body="When?", buttons=[Button("today", "Today"), Button("later", "Later")])
other = Template("other", body="And when?", buttons=[Button("noon", "At noon")])
"""


def rule(do: str = NOTE, *, on: str = "entered(Sales.quoted)", when: str = "[]", name: str = "r") -> str:
    again = ", again=once(per=person)" if "send_" in do else ""
    return f"{name} = Automation(key={name!r}, on={on}, when={when}, do=[{do}]{again})\n"


SEND = "send_message({!r}, via='crm', template={}, to=deal.main_contact)".format
WAIT = 'wait_until("{}", replied({}), timeout=days(1), on_timeout=[stop()])'.format
CASE = f'branch("b", case({{}}, {NOTE}))'.format

THERE = "[deal.main_contact.id.is_set()]"
EVENT = """
class Told(OutsideEvent):
    key = "erp.told"
    number = Text("No.")
    match = Match(by=[(number, deal.reference)], in_=[Sales])


"""
UNUSED = {
    "a_setting": ("large = setting('large', Money, default=Money(5, 'USD'))\n" + rule(), {"DW236"}),
    "a_setting_that_is_read": (
        "large = setting('large', Money, default=Money(5, 'USD'))\n" + rule(when="[deal.amount > large]"),
        set(),
    ),
    "a_role": ('closers = Role("closers")\n' + rule(), {"DW236"}),
    "a_template": ('hello = Template("hello", body="Hi")\n' + rule(), {"DW236"}),
    "a_message": ('hi = Message("Hi")\n' + rule(), {"DW236"}),
    "a_message_that_is_sent": ('hi = Message("Hi")\n' + rule(SEND("hi", "hi"), when=THERE), set()),
    "an_email": ('mail = EmailText("Hi", "Hello")\n' + rule(), {"DW236"}),
    "an_email_that_is_sent": (
        'mail = EmailText("Hi", "Hello")\n'
        + rule('send_email("e", to=deal.main_contact, template=mail)', when="[deal.main_contact.email.is_set()]"),
        set(),
    ),
    "an_event": (EVENT + rule(), {"DW236"}),
    "an_event_that_is_answered": (EVENT + rule(on="event_received(Told)", when="[Told.number == '1']"), set()),
    "fields_that_are_used": (OWN + rule(when="[own.hygienist.is_set()]"), set()),
}
PEOPLE = {
    "a_task": (f'set_task("t", text="Call", due=hours(1), owner="Closers"), {NOTE}', {"DW254"}),
    "an_owner": ('assign_owner("t", to="closers")', {"DW254"}),
    "a_new_deal": ('create_deal("t", in_=Sales.met, title="x", owner="closers")', {"DW254"}),
    "a_field": ('update_deal("t", hygienist="closers")', {"DW254"}),
    "the_role": ('assign_owner("t", to=closers)', set()),
    "somebody": ('assign_owner("t", to="Ana Lima")', set()),
    "a_title": ('update_deal("t", title="closers")', set()),
}
LISTENS = rule(on="message_received()", name="listens")
BUTTONS = {
    "asked": (rule(", ".join((SEND("hi", "hello"), WAIT("w", ""), CASE('reply.button == "today"')))), set()),
    "none": (rule(", ".join((SEND("hi", "hello"), WAIT("w", ""), CASE('reply.button == "todday"')))), {"DW408"}),
    "of_a_message": (
        rule(SEND("hi", "hello")) + rule(on="message_received()", when='[event.message.button == "x"]', name="s"),
        {"DW408"},
    ),
    "one_of_them": (
        rule(SEND("hi", "hello")) + rule(on="message_received()", when='[event.message.button == "later"]', name="s"),
        set(),
    ),
}
PRESSED = {
    "awaited": ((SEND("hi", "hello"), WAIT("w", "to='hi'"), CASE('hello.pressed("today")')), set()),
    "by_any_wait": ((SEND("hi", "hello"), WAIT("w", ""), CASE('hello.pressed("today")')), set()),
    "by_another_wait": (
        (SEND("hi", "hello"), SEND("and", "other"), WAIT("w", "to='and'"), CASE('hello.pressed("today")')),
        {"DW405"},
    ),
    "by_both": (
        (
            SEND("hi", "hello"),
            SEND("and", "other"),
            WAIT("w", "to='and'"),
            WAIT("v", "to='hi'"),
            CASE('hello.pressed("today")'),
        ),
        set(),
    ),
}


def test_what_is_defined_or_named_for_nothing_is_told(tmp_path: Path) -> None:
    # It sends what is asked of, so that both templates are used wherever they stand.
    both = HELLO + "\n"
    spare = rule(SEND("spare", "other"), on="entered(Sales.met)", name="spare") + LISTENS
    roles = OWN + 'closers = Role("closers")\n' + rule('assign_owner("o", to=closers)', name="picks")
    used = "[own.hygienist.is_set()]"
    wanted = {
        **{f"unused_{name}": given for name, given in UNUSED.items()},
        **{f"people_{name}": (roles + rule(do, when=used), found) for name, (do, found) in PEOPLE.items()},
        **{f"buttons_{name}": (HELLO.splitlines()[1] + "\n" + text, found) for name, (text, found) in BUTTONS.items()},
        **{f"pressed_{name}": (both + rule(", ".join(do)) + spare, found) for name, (do, found) in PRESSED.items()},
    }
    told = check_files(tmp_path / "company", {name: example_file(text) for name, (text, _) in wanted.items()})
    ours = {"DW236", "DW254", "DW405", "DW408"}
    found = {name: codes(each) & ours | (codes(each) - {"DW217", "DW218"}) for name, each in told.items()}
    assert found == {name: found for name, (_, found) in wanted.items()}


def test_what_another_file_takes_under_another_name_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "roles.py").write_text('from dealwright import *\n\nclosers = Role("closers")\n', encoding="utf-8")
    text = example_file(rule('assign_owner("o", to=ours)'))
    text = text.replace("from dealwright import *\n", "from dealwright import *\nfrom .roles import closers as ours\n")
    (folder / "rules.py").write_text(text, encoding="utf-8")
    assert [finding.code for finding in check(folder).findings] == []
