"""Rehearsals with answers: 'and she presses yes after ten minutes'."""

from __future__ import annotations

import pytest
from engine_world import Sales
from test_conversations import GREETING

from dealwright import (
    Account,
    Automation,
    Button,
    DealFields,
    Template,
    add_note,
    branch,
    case,
    days,
    deal_created,
    every_event,
    hours,
    message_received,
    minutes,
    replied,
    send_message,
    wait_until,
)
from dealwright.cli.try_given import replies
from dealwright.errors import DefinitionError, InputError
from dealwright.language.example_replies import Reply
from dealwright.testing import Told, a_contact, a_deal, a_reply, compiled_account, rehearse

deal = DealFields()
GREET = Automation(key="greet", on=deal_created(in_=Sales), again=every_event(), do=list(GREETING))
HEARD = Automation(
    key="heard",
    on=message_received(),
    again=every_event(),
    do=[add_note("note", text="{{ event.contact.name }}: {{ event.message.text }}")],
)
CLINIC = Account("clinic", zone="UTC", country="MX", currency="MXN", pipelines=[Sales], automations=[GREET, HEARD])
LEAD = a_deal(Sales.incoming, contact=a_contact("Maria Silva"))


def told(**replies: object) -> Told:
    return rehearse(CLINIC, "greet", LEAD, replies=replies)  # type: ignore[arg-type]


def test_she_presses_yes_after_ten_minutes() -> None:
    yes = told(answer=a_reply(button="yes", after=minutes(10)))
    assert [each.text for each in yes.messages] == ["Hola Maria, ¿te busco una cita?", "Tengo mañana a las 10."]
    assert yes.moves == ["sales.quoted"]
    assert (yes.when("hola"), yes.when("slots")) == ("Mon 11 May 10:00", "Mon 11 May 10:10")


def test_a_button_answers_the_template_that_it_stands_under_and_no_other() -> None:
    """Two templates had a button of one id, and one press counted as the answer to both."""
    consent, confirm = (
        Template(name, body="?", buttons=[Button("yes", "Sí"), Button("no", "No")]) for name in ("consent", "confirm")
    )
    steps = [
        send_message("a", via="crm", template=consent, to=deal.main_contact),
        wait_until("v", replied(to="a"), timeout=days(2)),
        send_message("b", via="crm", template=confirm, to=deal.main_contact),
        wait_until("w", replied(to="b"), timeout=days(2)),
        branch(
            "k",
            case(consent.pressed("yes"), add_note("n", text="consented")),
            case(consent.pressed("no"), add_note("r", text="refused")),
            unset=[add_note("u", text="said nothing")],
        ),
    ]
    rule = Automation(key="two", on=deal_created(in_=Sales), again=every_event(), do=steps)
    clinic = Account("clinic", zone="UTC", country="MX", currency="MXN", pipelines=[Sales], automations=[rule])
    yes, no = a_reply(button="yes"), a_reply(button="no")
    for replies_, said in (
        ({"v": yes, "w": no}, "consented"),
        ({"v": no, "w": yes}, "refused"),
        ({"w": yes}, "said nothing"),
    ):
        assert rehearse(clinic, "two", LEAD, replies=replies_).notes == [said]


def test_she_writes_or_says_nothing_or_answers_too_late() -> None:
    words = told(answer=a_reply("¿Cuánto cuesta?"))
    assert words.notes == ["They said: ¿Cuánto cuesta?"] and words.tasks == ["Read and answer"]
    for silent in (told(), told(answer=a_reply(button="yes", after=hours(5)))):
        assert silent.tasks == ["Nobody answered: call"]
        assert silent.when("silence") == "Mon 11 May 14:00"


def test_what_sets_it_off_may_be_what_she_wrote() -> None:
    heard = rehearse(CLINIC, "heard", LEAD, message="Good morning")
    assert heard.notes == ["Maria Silva: Good morning"]


def test_an_answer_that_nobody_waits_for_or_nobody_can_press_is_a_mistake_of_the_test() -> None:
    with pytest.raises(DefinitionError, match="'said' of 'greet' waits for no answer; those that do: answer"):
        told(said=a_reply("x"))
    with pytest.raises(DefinitionError, match="no message of 'greet' has the button 'no'; it has 'yes', 'later'"):
        told(answer=a_reply(button="no"))
    with pytest.raises(DefinitionError, match="an answer says something"):
        a_reply()


def test_what_is_answered_is_typed_for_a_trial() -> None:
    greet = compiled_account(CLINIC).automations[0]
    assert replies(greet, [], ["answer=yes"]) == {"answer": Reply(text="Sí, por favor", button="yes")}
    assert replies(greet, ["answer=a=b"], []) == {"answer": Reply(text="a=b")}
    for said, pressed, why in [
        (["answer"], [], "--reply 'answer' is not STEP=TEXT"),
        (["hola=Hi"], [], "'hola' waits for no answer in greet; answer does"),
        ([], ["answer=no"], "has the button 'no'; there are yes, later"),
        (["answer=Hi"], ["answer=yes"], "is answered once"),
    ]:
        with pytest.raises(InputError, match=why):
            replies(greet, said, pressed)
