"""The words about contacts, messages, tasks and events from outside: what they refuse, with which advice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright import (
    Account,
    DealFields,
    Lost,
    Pipeline,
    Stage,
    Won,
    activity_logged,
    add_note,
    add_tags,
    assign_owner,
    complete_tasks,
    contact_updated,
    create_contact,
    days,
    deal_updated,
    event,
    event_received,
    owner_changed,
    remove_tags,
    send_email,
    set_task,
    stop,
    task_completed,
    update_contact,
)
from dealwright.errors import DefinitionError
from dealwright.language.characters import UNSAFE
from dealwright.language.conditions import Reference
from dealwright.language.fields import UnknownField
from dealwright.model.address import is_address

deal = DealFields()


class Sales(Pipeline, key="sales"):
    won = Won()


TO = {"to": deal.main_contact, "subject": "S", "text": "T"}
MISTAKES = [
    (lambda: activity_logged(kind="cal"), "'cal' is not a kind of activity", "did you mean call?"),
    (lambda: activity_logged(kind=["call", "letter"]), "'letter' is not a kind", "there are call, meeting, email"),
    (lambda: activity_logged(kind=5), "a int is not a kind of activity", "there are call, meeting, email"),
    (lambda: activity_logged(in_=Sales.won), "in_ of activity_logged() names a pipeline", "write NewBusiness"),
    (lambda: task_completed(in_="sales"), "in_ of task_completed() names a pipeline", "write NewBusiness"),
    (lambda: owner_changed(in_=Sales.won), "in_ of owner_changed() names a pipeline", "write NewBusiness"),
    (lambda: contact_updated(fields=[deal.amount]), "cannot watch deal.amount", "deal.main_contact.email"),
    (lambda: contact_updated(fields=[deal.main_contact.id]), "cannot watch", "deal.main_contact.email"),
    (lambda: contact_updated(fields=["email"]), "are fields of a contact, not str", "fields=[deal.main_contact.email]"),
    (lambda: deal_updated(fields=[deal.main_contact.email]), "cannot watch", "contact_updated()"),
    (lambda: event_received("Invoice paid"), "is not the name of an event", "invoice-paid"),
    (lambda: event_received(5), "5 is not the name of an event", "invoice-paid"),
    (lambda: event_received("paid", from_="Bill ing"), "'Bill ing'", ""),
    (lambda: event_received("paid", data="number"), "is a list of names", 'data=["number", "amount"]'),
    (lambda: event_received("paid", data=["a.b"]), "'a.b' cannot be a name", "letters, digits and underscores"),
    (lambda: event_received("paid", data=["_x"]), "'_x' cannot be a name", "begin with a letter"),
    (lambda: event.data("a b"), "'a b' is not a name in the data", 'event.data("number")'),
    (lambda: event.data(deal.title), "a TextField is not a name in the data", 'event.data("number")'),
    (lambda: event.data("number") > "5", "has no order", "=="),
    (lambda: event.activity.result, "no 'result'", "it has"),
    (lambda: event.task.txt, "no 'txt'", "did you mean text?"),
    (lambda: event.task.owner.email, "no 'email'", "it has name"),
    (lambda: assign_owner("give", to=None), "to of 'give' is a user, not None", "deal.owner"),
    (lambda: assign_owner("give", to=deal.owner.name), "is a user, and deal.owner.name a text", "give it a user"),
    (lambda: assign_owner("give", to="{{ deal.owner.name }}"), "not a text to fill in", "deal.owner"),
    (lambda: add_tags("mark", deal.tags), "is a text, not <tags field deal.tags>", '("mark", "vip", "partner")'),
    (lambda: add_tags("mark", ["vip"]), "is a text, not a list", '("mark", "vip", "partner")'),
    (lambda: add_tags("mark", " "), "is a text, not ' '", '("mark", "vip", "partner")'),
    (lambda: remove_tags("mark", "{{ deal.title }}"), "is not filled in", "write the tag itself"),
    (lambda: complete_tasks("tidy", only="call"), "is a step that sets a task, not 'call'", "only=call"),
    (lambda: complete_tasks("tidy", with_text=""), "is words of the task, not ''", "1 to 200"),
    (lambda: complete_tasks("tidy", with_text=5), "is words of the task, not a int", "1 to 200"),
    (lambda: complete_tasks("tidy", with_text="Call {{ deal.title }}"), "without fields in it", "stay the same"),
    (
        lambda: complete_tasks("tidy", only=set_task("a", text="b", due=days(1)), with_text="c"),
        "says only= and",
        "one of",
    ),
    (lambda: complete_tasks("tidy", only=stop()), "is a step that sets a task, not a Stop", "only=call"),
    (lambda: add_note("log", text=" "), "the note 'log' says nothing", "text="),
    (lambda: add_note("log", text=deal.amount), "is a text, and deal.amount an amount", "give it a text"),
    (lambda: create_contact("payer"), "'payer' says nothing of the contact", "name=..., email=..."),
    (lambda: create_contact("payer", phone=555), "phone of 'payer' is a text, not 555", "deal.title"),
    (lambda: update_contact("fix", deal.main_contact), "'fix' changes nothing", "phone=..."),
    (lambda: update_contact("fix", deal, name="Bo"), "is a contact, not a DealFields", "deal.main_contact"),
    (lambda: update_contact("fix", deal.main_contact.name, name="Bo"), "is a contact, not <text field", "main_contact"),
    (lambda: update_contact("fix", event.before.main_contact, name="Bo"), "cannot be event.before", "event.contact"),
    (lambda: send_email("m", **TO | {"to": "bo@example.com"}), "to of 'm' is a contact, not 'bo@", "deal.main_contact"),
    (lambda: send_email("m", **TO | {"to": deal.main_contact.email}), "is a contact, not <text", "deal.main_contact"),
    (lambda: send_email("m", **TO | {"to": deal.owner}), "is a contact, not <user field", "deal.main_contact"),
    (lambda: send_email("m", **TO | {"subject": " "}), "subject of 'm' says nothing", "subject="),
    (lambda: send_email("m", **TO | {"subject": "a\nBcc: b"}), "is one line of visible characters", "line break"),
    (lambda: send_email("m", **TO | {"text": ""}), "text of 'm' says nothing", "text="),
    (lambda: send_email("m", **TO, html=deal.title), "html of 'm' is a text, not <text field", "<p>"),
    (lambda: send_email("m", **TO, html=""), "html of 'm' says nothing", "html="),
    (lambda: send_email("m", **TO, reply_to="ana"), "is an e-mail address, not 'ana'", "deal.owner.email"),
    (lambda: send_email("m", **TO, reply_to="{{ deal.owner.email }}"), "is an e-mail address", "deal.owner.email"),
    (
        lambda: send_email("m", **TO, reply_to=deal.owner),
        "is an e-mail address, not <user field deal.owner>",
        "owner.email",
    ),
    (lambda: send_email("m", **TO, bcc="a@b.example"), "is a list of addresses, not 'a@b.example'", "bcc=["),
    (lambda: send_email("m", **TO, bcc=[deal.owner.email]), "lists e-mail addresses, and <text field", "bcc=["),
    (lambda: send_email("m", **TO, bcc=["a@b.example, c@d.example"]), "lists e-mail addresses", "bcc=["),
    (lambda: send_email("m", **TO, bcc=[f"{n}@b.example" for n in range(11)]), "more than 10", "one address"),
    (lambda: send_email("m", **TO | {"text": f"Dear {deal.main_contact.name}"}), "has no text yet", "plain string"),
    (
        lambda: send_email("m", **TO | {"text": f"Dear {deal.main_contact.name!r}"}),
        "by an f-string",
        "{{ deal.title }}",
    ),
    (lambda: Stage(required=["amount"]), "lists fields of a deal, and str is none", "required=[deal.amount]"),
    (lambda: Stage(required=deal.amount), "is a list of fields", "required=[deal.amount"),
    (lambda: Stage(required=[deal.title]), "cannot require deal.title", "it can require deal.amount"),
    (lambda: Stage(required=[deal.main_contact.email]), "cannot require", "deal.main_contact"),
    (lambda: Stage(required=[Sales]), "lists fields of a deal, and PipelineMeta is none", "required=[deal.amount]"),
    (lambda: Lost(require_reason="yes"), "is True or False, not str", ""),
]


@pytest.mark.parametrize(("write", "says", "hint"), MISTAKES)
def test_what_makes_no_sense_is_refused_with_advice(write, says, hint):
    with pytest.raises(DefinitionError) as caught:
        write()
    assert says in str(caught.value)
    assert hint in caught.value.hint
    if not isinstance(caught.value, UnknownField):
        assert any("test_contacts_and_messages.py" in note for note in caught.value.__notes__)


def test_relations_are_written_by_name():
    for write in (
        lambda: contact_updated(Sales),
        lambda: owner_changed(Sales),
        lambda: task_completed(Sales),
        lambda: activity_logged("call"),
        lambda: event_received("paid", "billing"),
        lambda: assign_owner("give", "Ana"),
        lambda: complete_tasks("done", set_task("call", text="Call", due=days(1))),
        lambda: send_email("m", deal.main_contact, "S", "T"),
        lambda: add_tags("mark"),
    ):
        with pytest.raises(TypeError):
            write()


def test_receipts_are_typed_fields_of_their_step():
    assert (complete_tasks("tidy").completed > 0).field == Reference("steps.tidy.completed", "number")
    assert add_tags("mark", "vip").changed.is_true().field == Reference("steps.mark.changed", "flag")
    assert add_note("log", text="T").note_id.is_set().field == Reference("steps.log.note_id", "id")
    assert create_contact("payer", name="Bo").contact_id.is_set().field == Reference("steps.payer.contact_id", "id")
    fix = update_contact("fix", deal.main_contact, name="Bo")
    assert fix.changed.is_true().field == Reference("steps.fix.changed", "flag")
    assert send_email("m", **TO).message_id.is_set().field == Reference("steps.m.message_id", "id")


def test_new_definitions_are_frozen_too():
    fix = update_contact("fix", deal.main_contact, name="Bo")
    with pytest.raises(TypeError):
        fix.changes["name"] = "x"
    with pytest.raises(AttributeError):
        fix.contact = "event.contact"
    assert Account("a", zone="UTC", country="US", pipelines=[Sales])


@pytest.mark.parametrize(
    "address", ["a@b.example", "ana.lima+x@mail.acme.example", "O'Neil@b.example", "jürgen@bücher.example"]
)
def test_what_is_an_address(address):
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "a@b", "@b.example", "a@", "a b@c.example", "a@b.example\n", "a@b.example\r\nBcc: x@y.example",
        "Bo <a@b.example>", "a@b.example,c@d.example", "a@b.example;c@d.example", '"a b"@c.example', "a@b@c.example",
        "a@b..example", ".a@b.example", "a.@b.example", "a@.b.example", "a@b.example.", "a@b.example\u2028",
        "a\u200b@b.example",
        "a@b.example\x00", "(x)a@b.example", "a@[127.0.0.1]", f"{'a' * 250}@b.example", "\ud800@b.example",
    ],
)  # fmt: skip
def test_what_is_none(address):
    assert not is_address(address)


@given(st.text(max_size=40), st.text(max_size=20))
def test_an_address_is_one_line_and_one_address(local, domain):
    text = f"{local}@{domain}.example"
    if is_address(text):
        assert UNSAFE.search(text) is None
        assert not set(text) & set(' ,;<>()[]"\\:\r\n\t')
        assert text.count("@") == 1
