"""What steps about contacts, tags, tasks, notes and messages ask for, and what they do when nobody is there."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from engine_world import MONDAY, Sales, account, created, deal, some_deal
from hypothesis import given
from hypothesis import strategies as st

from dealwright import (
    Automation,
    add_note,
    add_tags,
    assign_owner,
    branch,
    case,
    complete_tasks,
    contact_added,
    contact_updated,
    create_contact,
    days,
    deal_created,
    event,
    event_received,
    every_event,
    move_deal,
    remove_tags,
    send_email,
    set_task,
    stop,
    update_contact,
    update_deal,
    wait,
)
from dealwright.engine.advance import Act, Decision, End, advance
from dealwright.engine.facts import Facts
from dealwright.engine.records import Progress, StepOutcome
from dealwright.engine.render import changes_more_than_told, written
from dealwright.language.characters import UNSAFE
from dealwright.model.crm import Contact, Deal, User
from dealwright.model.events import ContactUpdated, Event, EventReceived
from dealwright.model.requests import (
    AddNote,
    ChangeTags,
    CompleteTasks,
    ContactChanges,
    CreateContact,
    DealChanges,
    MoveDeal,
    SendEmail,
    Sent,
    UpdateContact,
    UpdateDeal,
)

MARIA = Contact(id="9", name="Maria <Rossi>", first_name="Maria", email="maria@example.com")
ANA = User(id="u1", name="Ana Lima", email="ana@acme.example")
OFFER = send_email(
    "offer",
    to=deal.main_contact,
    subject="Your offer, {{ contact.first_name or 'there' }}",
    text="Dear {{ contact.name }},\nhere is {{ deal.title }}.",
    html='<p>Dear {{ contact.name }},</p><a title="{{ deal.title }}">offer</a>',
    reply_to=deal.owner.email,
    bcc=["archive@acme.example"],
)


def step(
    *steps: Any, progress: Progress | None = None, on: Any = None, about: Event | None = None, **changes: Any
) -> Decision:
    """Advance an automation of these steps once."""
    trigger = deal_created() if on is None else on
    company = account(Automation(key="one", on=trigger, again=every_event(), do=list(steps)))
    facts = Facts(deal=some_deal(**changes), event=about or created(**changes), as_of=MONDAY, since_turn=1)
    return advance(company, company.automations[0], progress or Progress(), facts, MONDAY)


def act(decision: Decision) -> Any:
    """Return the request that a decision asks for."""
    assert isinstance(decision.next, Act), decision
    return decision.next.intent.request


def after(**outcomes: StepOutcome) -> Progress:
    return Progress(passed=True, outcomes=outcomes)


def sent(**receipt: Any) -> StepOutcome:
    return StepOutcome(status="sent", turn=1, receipt=receipt)


def updated(contact: Contact, *deals: Deal) -> ContactUpdated:
    return ContactUpdated(source_id="e", occurred_at=MONDAY, actor="user:ana", contact=contact, deals=deals)


def received(**data: str) -> EventReceived:
    return EventReceived(
        source_id="e", occurred_at=MONDAY, actor="hook:billing", source="billing", name="paid", data=data,
        deal=some_deal(), observed=True,
    )  # fmt: skip


# --- messages ---------------------------------------------------------------------------------------------------------


def test_an_e_mail_is_filled_in_for_its_recipient_and_escaped_in_html_only() -> None:
    assert act(step(OFFER, contacts=(MARIA,), owner=ANA, title='Forty "chairs" & more')) == SendEmail(
        deal_id="1",
        contact_id="9",
        to="maria@example.com",
        to_name="Maria <Rossi>",
        subject="Your offer, Maria",
        text='Dear Maria <Rossi>,\nhere is Forty "chairs" & more.',
        html='<p>Dear Maria &lt;Rossi&gt;,</p><a title="Forty &quot;chairs&quot; &amp; more">offer</a>',
        reply_to="ana@acme.example",
        bcc=("archive@acme.example",),
    )


def test_the_recipient_is_who_it_goes_to_and_not_the_main_contact() -> None:
    to_the_other = send_email("hi", to=event.contact, subject="{{ contact.first_name }}", text="{{ contact.email }}")
    other = Contact(id="10", first_name="Bo", email="bo@example.com")
    about = updated(other, some_deal(contacts=(MARIA, other)))
    request = act(step(to_the_other, on=contact_updated(), about=about, contacts=(MARIA, other)))
    assert (request.contact_id, request.to, request.subject, request.text) == (
        "10", "bo@example.com", "Bo", "bo@example.com",
    )  # fmt: skip


NO_ADDRESS = "offer: what the deal's main contact has for an e-mail address is none"
TEXTS = st.text(max_size=60) | st.sampled_from(
    ["x\r\nBcc: all@example.com", "x\n\n<html>", "\x00\x1b[2J", "\u2028Bcc: a@example.com", "\x85Bcc: b", "\ud800"]
)


@given(TEXTS, TEXTS)
def test_no_value_begins_a_header_or_a_tag_of_its_own(title: str, name: str) -> None:
    """Header and HTML injection: whatever a deal or a contact is called."""
    whoever = Contact(id="9", name=name, email="maria@example.com")
    mail = send_email(
        "m", to=deal.main_contact, subject="Re {{ deal.title }} {{ contact.name }}", text="T",
        html="<p>{{ deal.title }}|{{ contact.name }}</p>",
    )  # fmt: skip
    request = act(step(mail, contacts=(whoever,), title=title))
    assert UNSAFE.search(request.subject) is None
    assert len(request.subject.splitlines()) == 1
    assert request.to_name is None or UNSAFE.search(request.to_name) is None
    inside = request.html.removeprefix("<p>").removesuffix("</p>")
    assert re.search("[<>\"']", inside) is None
    assert UNSAFE.sub("", html.unescape(inside).replace(" ", "")) == UNSAFE.sub(
        "", f"{title if title.strip() else ''}|{name if name.strip() else ''}".replace(" ", "")
    )


def test_a_long_subject_is_cut() -> None:
    mail = send_email("m", to=deal.main_contact, subject="{{ deal.title }}", text="T")
    request = act(step(mail, contacts=(MARIA,), title="x" * 5000))
    assert len(request.subject) == 250
    assert request.subject.endswith("…")


@pytest.mark.parametrize(
    ("contacts", "reason"),
    [
        ((), "offer: the deal has no contact"),
        ((Contact(id="9", name="Bo"),), "offer: the deal's main contact has no e-mail address"),
        ((Contact(id="9", email=" "),), "offer: the deal's main contact has no e-mail address"),
        ((Contact(id="9", email="none"),), NO_ADDRESS),
        ((Contact(id="9", email="a@b.c, d@e.f"),), NO_ADDRESS),
        ((Contact(id="9", email="a@b.c\r\nBcc: d@e.f"),), NO_ADDRESS),
        ((Contact(id="9", email="Bo <a@b.c>"),), NO_ADDRESS),
    ],
)
def test_who_cannot_be_written_to_is_skipped_with_the_step_and_the_reason(
    contacts: tuple[Contact, ...], reason: str
) -> None:
    """It is no failure of the automation; and no address is told, since reasons are shown to everybody."""
    decision = step(OFFER, set_task("call", text="Did it arrive?", due=days(1)), contacts=contacts)
    assert decision.next == End(state="skipped", reason=reason)
    assert [(line.at, line.result) for line in decision.trace[-1:]] == [("offer", "stopped")]


def test_an_execution_that_did_something_before_is_done_and_says_where_it_ended() -> None:
    tag = add_tags("mark", "vip")
    decision = step(tag, OFFER, progress=after(mark=sent(changed=True)))
    assert decision.next == End(state="done", reason="offer: the deal has no contact")


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (
            send_email("m", to=deal.main_contact, subject="{{ deal.company }}", text="T"),
            "step 'm': the subject of the e-mail is empty",
        ),
        (
            send_email("m", to=deal.main_contact, subject="S", text=" {{ deal.company }}"),
            "step 'm': the text of the e-mail is empty",
        ),
        (
            send_email("m", to=deal.main_contact, subject="S", text="T", reply_to=deal.reference),
            "step 'm': reply_to is not an e-mail address",
        ),
    ],
)
def test_a_message_that_says_nothing_or_is_answered_nowhere_fails(mail: Any, reason: str) -> None:
    assert step(mail, contacts=(MARIA,), reference="A-7").next == End(state="failed", reason=reason)


def test_an_owner_without_an_address_leaves_the_answer_to_the_sender() -> None:
    assert act(step(OFFER, contacts=(MARIA,), owner=User(id="u2", name="Bo"))).reply_to is None
    assert act(step(OFFER, contacts=(MARIA,))).reply_to is None


# --- contacts ---------------------------------------------------------------------------------------------------------


def test_a_contact_is_made_of_what_is_known() -> None:
    payer = create_contact("payer", name=event.data("name"), email="{{ event.data.email }}", phone=event.data("phone"))
    on = event_received("paid", data=["name", "email", "phone"])
    request = act(step(payer, on=on, about=received(name="Bo\nLi", email="bo@example.com")))
    assert request == CreateContact(deal_id="1", name="Bo Li", email="bo@example.com")
    assert step(payer, on=on, about=received()).next == End(
        state="skipped", reason="payer: nothing is known of the contact: name, phone, email unset"
    )


def test_what_is_unset_wipes_nothing_out_and_none_clears() -> None:
    fix = update_contact("fix", deal.main_contact, phone=event.data("phone"), email=None)
    on = event_received("paid", data=["phone"])
    request = act(step(fix, on=on, about=received(), contacts=(MARIA,)))
    assert request == UpdateContact(contact_id="9", deal_id="1", changes=ContactChanges(email=None))
    assert request.changes.given() == {"email": None}
    request = act(step(fix, on=on, about=received(phone="+1 555"), contacts=(MARIA,)))
    assert request.changes.given() == {"phone": "+1 555", "email": None}


def test_a_contact_with_nothing_to_change_is_passed_and_the_next_step_follows() -> None:
    fix = update_contact("fix", deal.main_contact, phone=event.data("phone"))
    on = event_received("paid", data=["phone"])
    decision = step(fix, add_tags("mark", "paid"), on=on, about=received(), contacts=(MARIA,))
    assert isinstance(act(decision), ChangeTags)
    assert decision.progress.outcomes["fix"].status == "dropped"
    assert ("fix", "passed") in decision.passed
    assert [line.what for line in decision.trace if line.at == "fix"] == [
        "fix: phone unset, which changes nothing of the deal's main contact"
    ]


def test_nobody_to_change_ends_the_execution() -> None:
    fix = update_contact("fix", deal.main_contact, phone="+1 555")
    assert step(fix).next == End(state="skipped", reason="fix: the deal has no contact")


def test_the_contact_of_the_event_is_changed_also_when_it_was_just_added() -> None:
    fix = update_contact("fix", event.contact, last_name="Rossi")
    about = updated(MARIA, some_deal())
    assert act(step(fix, on=contact_updated(), about=about)).contact_id == "9"
    with pytest.raises(AssertionError, match=r"event\.contact is not known here"):
        step(fix, on=deal_created())
    assert account(Automation(key="ok", on=contact_added(), do=[fix]))


# --- tasks, notes, tags, owners ---------------------------------------------------------------------------------------

CALL = set_task("call", text="Call", due=days(1))


def test_the_task_of_the_step_is_completed_and_no_other() -> None:
    done = complete_tasks("done", only=CALL)
    assert act(step(CALL, done, progress=after(call=sent(task_id="t7")))) == CompleteTasks(deal_id="1", task_id="t7")
    assert act(step(complete_tasks("all"))) == CompleteTasks(deal_id="1", task_id=None)


@pytest.mark.parametrize("passed_by", [True, False])
def test_a_task_that_was_never_set_completes_nothing_rather_than_everything(passed_by: bool) -> None:
    """The step may lie in a way not taken, or have been dropped (shadow)."""
    way = branch("way", case(deal.amount > 1, CALL), otherwise=[stop()], unset=[add_tags("x", "x")])
    progress = after(x=sent()) if passed_by else after(call=StepOutcome(status="dropped", turn=1))
    first = way if passed_by else CALL
    decision = step(first, complete_tasks("done", only=CALL), add_tags("mark", "seen"), progress=progress)
    assert isinstance(act(decision), ChangeTags)
    assert [(line.what, line.result) for line in decision.trace if line.at == "done"] == [
        ("done: call has set no task", "passed")
    ]
    again = step(first, complete_tasks("done", only=CALL), add_tags("mark", "seen"), progress=decision.progress)
    assert not [line for line in again.trace if line.at == "done"], "what was passed is told once"


def test_a_note_is_written_and_an_empty_one_is_not() -> None:
    note = add_note("log", text="{{ deal.company }}")
    assert act(step(note, company="Acme")) == AddNote(deal_id="1", text="Acme")
    assert step(note).next == End(state="done")


def test_owners_and_tags_are_asked_for_as_written() -> None:
    assert act(step(assign_owner("give", to="Ana Lima"))).changes.given() == {"owner": "Ana Lima"}
    assert act(step(assign_owner("give", to=deal.owner), owner=ANA)).changes.given() == {"owner": "u1"}
    assert act(step(add_tags("mark", "vip", "partner"))) == ChangeTags(deal_id="1", add=("vip", "partner"))
    assert act(step(remove_tags("unmark", "cold"))) == ChangeTags(deal_id="1", remove=("cold",))


def test_later_conditions_see_the_tags_that_we_changed() -> None:
    """Without reading again: what a step wrote is laid over the deal, tags beside those that others gave it."""
    way = branch("way", case(deal.tags.has("vip"), move_deal("yes", to=Sales.quoted)), otherwise=[stop("no")])
    request = act(step(add_tags("mark", "vip"), tags=("cold",)))
    wrote = StepOutcome(status="sent", turn=1, wrote=written(request, Sent(receipt={"changed": True})))
    steps = (add_tags("mark", "vip"), remove_tags("unmark", "cold"), way)
    request = act(step(*steps, progress=after(mark=wrote), tags=("cold",)))
    off = StepOutcome(status="sent", turn=1, wrote=written(request, Sent()))
    decision = step(*steps, progress=after(mark=wrote, unmark=off), tags=("cold",))
    assert decision.next.intent.step == "yes"  # type: ignore[union-attr]
    copy = update_deal("copy", reference="{{ deal.tags }}")
    assert act(step(*steps[:2], copy, progress=after(mark=wrote, unmark=off), tags=("cold", "b"))).changes.given() == {
        "reference": "b, vip"
    }
    read_again = Facts(deal=some_deal(tags=("b",)), event=created(), as_of=MONDAY + timedelta(1), since_turn=2)
    company = account(Automation(key="one", on=deal_created(), do=[*steps[:2], copy]))
    decision = advance(company, company.automations[0], after(mark=wrote, unmark=off), read_again, MONDAY)
    assert act(decision).changes.given() == {"reference": "b"}, "a deal that was read since knows better"


def test_what_a_request_does_not_tell_is_read_again() -> None:
    sent, move = Sent(), MoveDeal(deal_id="1", pipeline="sales", stage="won")
    assert changes_more_than_told(CreateContact(deal_id="1", name="Bo"), sent)
    assert changes_more_than_told(UpdateContact(contact_id="9", deal_id="1", changes=ContactChanges(name="Bo")), sent)
    assert changes_more_than_told(UpdateDeal(deal_id="1", changes=DealChanges(owner="Ana")), sent)
    assert changes_more_than_told(move, Sent(receipt={"moved": True}))
    assert not changes_more_than_told(move, Sent(receipt={"moved": False}))
    assert not changes_more_than_told(UpdateDeal(deal_id="1", changes=DealChanges(title="T")), sent)
    assert not changes_more_than_told(ChangeTags(deal_id="1", add=("a",)), sent)
    assert not changes_more_than_told(AddNote(deal_id="1", text="T"), sent)


def test_progress_with_tags_survives_the_journal() -> None:
    progress = after(
        mark=StepOutcome(status="sent", turn=1, wrote=written(ChangeTags(deal_id="1", add=("a",)), Sent()))
    )
    assert msgspec.json.decode(msgspec.json.encode(progress), type=Progress) == progress


def test_a_message_after_a_wait_is_asked_for_on_what_was_read_then() -> None:
    moved_on = Contact(id="9", first_name="Maria", email="maria@new.example")
    progress = Progress(passed=True, waits={"pause": MONDAY})
    assert act(step(wait("pause", days(1)), OFFER, progress=progress, contacts=(moved_on,))).to == "maria@new.example"
