"""Conversations: what is written to contacts by automations and by people, and what contacts answer."""

from __future__ import annotations

from typing import Any

import pytest
from crm_world import call, drain, perform

from dealwright.errors import NotFound, Rejected
from dealwright.model.events import MessageReceived
from dealwright.model.messages import MessageButton
from dealwright.model.requests import Refused, SendMessage, Sent
from dealwright_embedded_crm import EmbeddedCrm

BUTTONS = (MessageButton("yes", "Yes please"), MessageButton("later", "Later"))


def greeting(contact: str, deal: str = "1", **more: Any) -> SendMessage:
    wanted = {"text": "Hi", "template": "hello", "language": "en", "buttons": BUTTONS, "via": "crm", **more}
    return SendMessage(deal_id=deal, contact_id=contact, **wanted)


@pytest.fixture
def maria(crm: EmbeddedCrm) -> str:
    """A contact on an open and on a closed deal."""
    crm.add_user("Ann")
    contact = crm.create_contact(name="Maria").id
    for stage in ("incoming", "won"):
        crm.create_deal(pipeline="sales", stage=stage, title=stage, contacts=[contact])
    drain(crm)
    return contact


def refused(code: str, act: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        act()
    assert refusal.value.code == code


def test_a_message_is_written_once_for_its_key_and_tells_nobody(crm: EmbeddedCrm, maria: str) -> None:
    for _ in range(2):
        (sent,) = perform(crm, call("k", greeting(maria)))
        assert isinstance(sent, Sent) and sent.receipt == {"message_id": "1", "contact_id": maria}
    (message,) = crm.messages(maria)
    assert (message.direction, message.text, message.template, message.language) == ("out", "Hi", "hello", "en")
    assert (message.deal_id, message.buttons, message.author) == ("1", BUTTONS, "automation:acme.greet")
    assert drain(crm) == []


def test_an_answer_tells_of_the_open_deals_of_the_contact(crm: EmbeddedCrm, maria: str) -> None:
    perform(crm, call("k", greeting(maria)))
    crm.receive_message(maria, button="yes", actor="user:cli")
    crm.receive_message(maria, "When?")
    pressed, asked = drain(crm)
    assert isinstance(pressed, MessageReceived) and isinstance(asked, MessageReceived)
    assert (pressed.message.text, pressed.message.button, pressed.message.reply_to) == ("Yes please", "yes", "1")
    assert (asked.message.text, asked.message.button, asked.message.reply_to) == ("When?", None, None)
    assert [deal.title for deal in asked.about] == ["incoming"]
    assert (pressed.subject, pressed.contact.name, pressed.actor) == (f"contact:{maria}", "Maria", "user:cli")


def test_a_button_is_that_of_the_newest_message_that_has_it_unless_one_is_named(crm: EmbeddedCrm, maria: str) -> None:
    perform(crm, call("one", greeting(maria)))
    perform(crm, call("two", greeting(maria)))
    crm.write_message(maria, "And?")
    assert crm.receive_message(maria, button="yes").reply_to == "2"
    assert crm.receive_message(maria, "Sure", button="later", to="1").reply_to == "1"


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("unknown_button", {"button": "no"}),
        ("unknown_button", {"button": "yes", "to": "2"}),
        ("bad_text", {}),
        ("bad_text", {"text": " \n "}),
        ("bad_text", {"text": "x" * 4_097}),
        ("bad_text", {"text": "\ud800"}),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_tells_nobody(
    crm: EmbeddedCrm, maria: str, code: str, answer: dict[str, str]
) -> None:
    perform(crm, call("k", greeting(maria)))
    crm.write_message(maria, "Without buttons")
    refused(code, lambda: crm.receive_message(maria, **answer))
    assert drain(crm) == [] and len(crm.messages(maria)) == 2


def test_only_what_was_written_to_the_contact_is_answered(crm: EmbeddedCrm, maria: str) -> None:
    other = crm.create_contact(name="Bo").id
    crm.write_message(other, "Hi Bo")
    own = crm.receive_message(maria, "Hello").id
    for message in ("1", own, "999", "x" * 100):
        with pytest.raises(NotFound):
            crm.receive_message(maria, "Me?", to=message)
    with pytest.raises(NotFound):
        crm.receive_message("999", "Hello")
    with pytest.raises(NotFound):
        crm.write_message(maria, "About that deal", deal_id="999")


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("unknown_channel", {"via": "whatsapp"}),
        ("bad_text", {"text": ""}),
        ("bad_text", {"text": "x" * 4_097}),
        ("bad_buttons", {"buttons": (*BUTTONS, BUTTONS[0])}),
        ("bad_buttons", {"buttons": tuple(MessageButton(str(n), "x") for n in range(4))}),
        ("bad_buttons", {"buttons": (MessageButton("a", ""),)}),
    ],
)
def test_a_message_that_cannot_be_kept_costs_the_others_nothing(
    crm: EmbeddedCrm, maria: str, code: str, wrong: dict[str, Any]
) -> None:
    bad, good = perform(crm, call("bad", greeting(maria, **wrong)), call("good", greeting(maria)))
    assert isinstance(bad, Refused) and bad.code == code
    assert isinstance(good, Sent)
    (nobody,) = perform(crm, call("nobody", greeting("999")))
    assert isinstance(nobody, Refused) and nobody.code == "unknown_contact"


def test_conversations_move_with_a_merge_and_go_with_their_contact(crm: EmbeddedCrm, maria: str) -> None:
    twin = crm.create_contact(name="Maria too").id
    crm.write_message(twin, "To the twin")
    crm.write_message(maria, "To Maria")
    crm.merge_contacts(maria, twin)
    assert [each.text for each in crm.messages(maria)] == ["To the twin", "To Maria"]
    assert [each.text for each in crm.messages(twin)] == ["To the twin", "To Maria"]
    alone = crm.create_contact(name="Alone").id
    crm.write_message(alone, "Hi")
    crm.delete_contact(alone)
    assert [each.contact.name for each in crm.page_conversations().items] == ["Maria"]


def test_conversations_are_listed_by_their_last_message_page_by_page(crm: EmbeddedCrm, maria: str) -> None:
    others = [crm.create_contact(name=f"Contact {n}").id for n in range(3)]
    for contact in (maria, *others, maria):
        crm.write_message(contact, "Hi")
    first = crm.page_conversations(limit=3)
    rest = crm.page_conversations(after=first.next, limit=3)
    names = [each.contact.name for each in (*first.items, *rest.items)]
    assert names == ["Maria", "Contact 2", "Contact 1", "Contact 0"]
    assert (first.items[0].messages, first.items[0].last.id, rest.next) == (2, "5", None)
    page = crm.page_messages(maria, limit=1)
    assert [each.id for each in (*page.items, *crm.page_messages(maria, after=page.next).items)] == ["1", "5"]
    refused("bad_cursor", lambda: crm.page_messages(maria, after=first.next))
