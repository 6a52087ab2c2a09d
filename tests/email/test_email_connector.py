"""The connector against a real mail server over real sockets, with a fault in every phase."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from email_world import OFFER, WHEN, arrived, authority, mail, play, sent, settings, world

from dealwright.clock import PlayedClock, SystemClock
from dealwright.errors import Rejected, Unauthorized
from dealwright.model.delivery import AtMostOnce
from dealwright.model.requests import AddNote, Call, Outcome, Refused, Sent, TryAgain, Unknown
from dealwright.ports import Connector
from dealwright_email import EmailConnector
from dealwright_email.client import QUIT_SECONDS
from dealwright_email.connector import AT_ONCE, CONNECTIONS
from dealwright_email.mailbox import Fault, Mailbox
from dealwright_email.message import LARGEST_MESSAGE
from dealwright_email.sansio import BUSY_SECONDS, GREYLISTED_SECONDS

BEFORE_THE_DOT: tuple[Any, ...] = ("greeting", "EHLO", "MAIL", "RCPT", "DATA")
NOBODY = 1


def ok(key: str, refused: int = 0) -> Sent:
    return Sent(receipt={"message_id": f"<{key}@acme.example>", "refused": refused})


def idle() -> EmailConnector:
    return EmailConnector(settings(NOBODY), SystemClock())


def test_it_is_a_connector_for_send_email_that_never_repeats() -> None:
    connector = idle()
    assert isinstance(connector, Connector)
    assert (connector.name, connector.actions(), connector.destinations()) == (
        "email",
        {"notify", "send_email"},
        frozenset(),
    )
    assert connector.delivery(OFFER) == AtMostOnce()
    assert connector.at_once == AT_ONCE <= 20
    with pytest.raises(Rejected, match="cannot be asked"):
        asyncio.run(connector.look([mail("k")]))


def test_what_the_server_has_is_what_was_sent(tmp_path: Path) -> None:
    log = tmp_path / "m.jsonl"
    copies = ("archive@acme.example", "Nora@example.com", "nora@example.com", "archive@acme.example")
    text = "Hello\n.\n..\n.a dot\nFrom the hall\n" + "x" * 5000 + "\nüö\n"
    assert sent(log, mail("dw-1", bcc=copies, text=text)) == [ok("dw-1")]
    (message,) = arrived(log)
    assert message.sender == "hello@acme.example"
    assert message.to == ["nora@example.com", "archive@acme.example", "Nora@example.com"]
    assert (message.message_id, message.key, message.subject) == ("<dw-1@acme.example>", "dw-1", "Your offer")
    assert message.raw is not None and message.size == len(message.raw)
    assert b"\r\n.\r\n..\r\n.a dot\r\nFrom the hall\r\n" in message.raw


def test_many_messages_share_a_few_connections_and_each_has_its_outcome_in_order(tmp_path: Path) -> None:
    async def act(connector: EmailConnector, mailbox: Mailbox) -> tuple[list[Outcome], int, list[str]]:
        mailbox.fail(Fault(phase="RCPT", to="no@example.com", reply="550 5.1.1 no@example.com is unknown"))
        return list(await connector.perform(calls)), mailbox.connections, mailbox.heard

    calls = [mail(f"k{n}", to="no@example.com" if n == 7 else "nora@example.com") for n in range(AT_ONCE)]
    calls[3] = mail("k3", subject="a\r\nBcc: x@evil.example")
    outcomes, connections, heard = play(tmp_path / "m", act)
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Refused" if n in (3, 7) else "Sent" for n in range(AT_ONCE)
    ]
    assert outcomes[3] == Refused(
        code="forged_header", message="a header or an address may hold no line break and no control character"
    )
    assert outcomes[7] == Refused(code="smtp_550", message="127.0.0.1: RCPT was answered 550 5.1.1")
    assert connections <= CONNECTIONS
    assert heard.count("RSET") == heard.count("MAIL") - connections
    assert sorted(each.key for each in arrived(tmp_path / "m")) == sorted(f"k{n}" for n in range(20) if n not in (3, 7))


def test_a_refused_message_leaves_its_connection_to_the_next(tmp_path: Path) -> None:
    async def act(connector: EmailConnector, mailbox: Mailbox) -> tuple[list[Outcome], int]:
        mailbox.fail(*(Fault(phase=phase, reply="554 5.7.1 no") for phase in phases))
        return list(await connector.perform([mail(f"k{n}") for n in range(AT_ONCE)])), mailbox.connections

    phases: tuple[Any, ...] = ("MAIL", "RCPT", "DATA", "message")
    outcomes, connections = play(tmp_path / "m", act)
    assert [isinstance(outcome, Refused) for outcome in outcomes].count(True) == len(phases)
    assert [isinstance(outcome, Sent) for outcome in outcomes].count(True) == AT_ONCE - len(phases)
    assert connections <= CONNECTIONS
    assert len(arrived(tmp_path / "m")) == AT_ONCE - len(phases)


def test_when_the_server_wants_no_more_connections_the_first_does_the_work(tmp_path: Path) -> None:
    async def act(connector: EmailConnector, mailbox: Mailbox) -> list[Outcome]:
        mailbox.fail(Fault(phase="greeting", nth=2, times=99, reply="421 4.7.0 too many connections", drop=True))
        return list(await connector.perform([mail(f"k{n}") for n in range(AT_ONCE)]))

    assert play(tmp_path / "m", act) == [ok(f"k{n}") for n in range(AT_ONCE)]


@pytest.mark.parametrize("phase", BEFORE_THE_DOT)
@pytest.mark.parametrize(
    "how",
    [{"drop": True}, {"reply": "garbage"}, {"reply": "421 4.3.2 bye", "drop": True}, {"reply": "450 4.2.0 later"},
     {"reply": "199 odd"}, {"reply": "-1 odd"}, {"reply": "250-a\r\n250-b\r\nc"}, {"reply": "x" * 40_000}],
    ids=["drop", "garbage", "421", "450", "wrong code", "negative", "broken lines", "endless line"],
)  # fmt: skip
def test_whatever_goes_wrong_before_the_final_dot_nothing_was_sent(
    tmp_path: Path, phase: Any, how: dict[str, Any]
) -> None:
    log = tmp_path / "m"
    first, then = [sent(log, mail("k"), faults=faults)[0] for faults in ((Fault(phase=phase, **how),), ())]
    assert isinstance(first, TryAgain), first
    assert "example.com" not in first.reason
    assert then == ok("k")
    assert len(arrived(log)) == 1


@pytest.mark.parametrize("phase", [*BEFORE_THE_DOT, "RSET"])
def test_a_server_that_falls_silent_before_the_final_dot_was_sent_nothing(tmp_path: Path, phase: Any) -> None:
    log = tmp_path / "m"
    calls = [mail(f"k{n}") for n in range(1 if phase != "RSET" else CONNECTIONS + 1)]
    outcomes = sent(log, *calls, faults=(Fault(phase=phase, hang=True, times=9),), timeout=0.2)
    assert isinstance(outcomes[-1], TryAgain)
    assert "k0" in {each.key for each in arrived(log)} or phase != "RSET"
    assert len(arrived(log)) == sum(isinstance(outcome, Sent) for outcome in outcomes)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(phase="MAIL", reply="553 5.7.1 no"),
         Refused(code="smtp_553", message="127.0.0.1: MAIL was answered 553 5.7.1")),
        (Fault(phase="RCPT", reply="550 nora@example.com?"),
         Refused(code="smtp_550", message="127.0.0.1: RCPT was answered 550")),
        (Fault(phase="DATA", reply="554 no"), Refused(code="smtp_554", message="127.0.0.1: DATA was answered 554")),
        (Fault(phase="message", reply="554 5.7.1 spam"),
         Refused(code="smtp_554", message="127.0.0.1: the message was answered 554 5.7.1")),
        (Fault(phase="RCPT", reply="450 4.2.0 greylisted"),
         TryAgain(reason="127.0.0.1: RCPT was answered 450 4.2.0", after=GREYLISTED_SECONDS)),
        (Fault(phase="RCPT", reply="421 bye"), TryAgain(reason="127.0.0.1: RCPT was answered 421", after=BUSY_SECONDS)),
        (Fault(phase="message", reply="451 4.3.0 busy"),
         TryAgain(reason="127.0.0.1: the message was answered 451 4.3.0", after=BUSY_SECONDS)),
        (Fault(phase="message", reply="421 bye", drop=True),
         TryAgain(reason="127.0.0.1: the message was answered 421", after=BUSY_SECONDS)),
        (Fault(phase="MAIL", reply="530 5.7.0 log in"),
         TryAgain(
             reason="127.0.0.1: MAIL was answered 530 5.7.0: check username, password and tls", after=BUSY_SECONDS)),
        (Fault(phase="message", reply="250-one\r\n250 two"), None),
        (Fault(phase="message", reply="299 fine"), None),
    ],
)  # fmt: skip
def test_an_answer_is_believed(tmp_path: Path, fault: Fault, outcome: Outcome | None) -> None:
    log = tmp_path / "m"
    assert sent(log, mail("k"), faults=(fault,)) == [outcome or ok("k")]
    assert arrived(log) == []


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize(
    "how",
    [{"drop": True}, {"hang": True}, {"reply": "garbage"}, {"reply": "354 go on"}, {"reply": "199 odd"},
     {"reply": "999 odd"}],
)  # fmt: skip
def test_silence_or_nonsense_after_the_final_dot_is_unknown(tmp_path: Path, how: dict[str, Any], commit: bool) -> None:
    log = tmp_path / "m"
    outcomes = sent(log, mail("k"), faults=(Fault(phase="message", commit=commit, **how),), timeout=0.3)
    assert isinstance(outcomes[0], Unknown), outcomes
    assert len(arrived(log)) == int(commit)


def test_a_refused_copy_costs_the_customer_nothing_and_is_told(tmp_path: Path) -> None:
    copies = ("archive@acme.example", "boss@acme.example")
    fault = Fault(phase="RCPT", to="boss@acme.example", reply="550 no")
    assert sent(tmp_path / "m", mail("k", bcc=copies), faults=(fault,)) == [ok("k", refused=1)]
    (message,) = arrived(tmp_path / "m")
    assert message.to == ["nora@example.com", "archive@acme.example"]


@pytest.mark.parametrize("how", [{"drop": True}, {"reply": "421 4.3.2 enough", "drop": True}, {"reply": "garbage"}])
@pytest.mark.parametrize("phase", ["RSET", "MAIL", "RCPT"])
def test_a_connection_that_is_closed_after_some_messages_is_opened_again(
    tmp_path: Path, phase: Any, how: dict[str, Any]
) -> None:
    """Its first message went well: whoever fails with the next one is asked once more, over a new connection."""
    calls = [mail(f"k{n}") for n in range(AT_ONCE)]
    nth = 1 if phase == "RSET" else CONNECTIONS + 1
    log = tmp_path / "m"
    assert sent(log, *calls, faults=(Fault(phase=phase, nth=nth, **how),)) == [ok(call.key) for call in calls]
    assert sorted(each.key for each in arrived(log)) == sorted(call.key for call in calls)


@pytest.mark.parametrize("how", [{"drop": True}, {"reply": "garbage"}, {"reply": "421 4.3.2 bye", "drop": True}])
def test_a_connection_that_breaks_after_a_later_final_dot_sends_nothing_again(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    log = tmp_path / "m"
    fault = Fault(phase="message", nth=CONNECTIONS + 1, commit=True, **how)
    outcomes = sent(log, *[mail(f"k{n}") for n in range(AT_ONCE)], faults=(fault,))
    assert [type(outcome) for outcome in outcomes].count(Sent) == AT_ONCE - 1
    assert [isinstance(outcome, Unknown) for outcome in outcomes].count(True) == ("421" not in how.get("reply", ""))
    assert sorted(each.key for each in arrived(log)) == sorted(f"k{n}" for n in range(AT_ONCE))


def test_who_answered_nonsense_to_a_message_is_not_talked_to_any_further(tmp_path: Path) -> None:
    async def act(connector: EmailConnector, mailbox: Mailbox) -> int:
        mailbox.fail(Fault(phase="message", reply="199 odd"))
        await connector.perform([mail(f"k{n}") for n in range(AT_ONCE)])
        return mailbox.connections

    assert play(tmp_path / "m", act) == CONNECTIONS + 1


# --- time -----------------------------------------------------------------------------------------------------------


class Hurried(PlayedClock):
    """A clock by which every look takes two seconds."""

    seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 2.0
        return self.seconds


def test_what_cannot_start_in_time_was_surely_not_sent(tmp_path: Path) -> None:
    outcomes = sent(tmp_path / "m", *[mail(f"k{n}") for n in range(6)], clock=Hurried(WHEN))
    late = [outcome for outcome in outcomes if isinstance(outcome, TryAgain)]
    assert late and {each.reason for each in late} == {"127.0.0.1 is slow: no time was left to send this one"}
    assert len(arrived(tmp_path / "m")) == len(outcomes) - len(late) >= 1


def test_a_bulk_call_never_takes_longer_than_it_says(tmp_path: Path) -> None:
    async def act(connector: EmailConnector, mailbox: Mailbox) -> tuple[float, list[Outcome]]:
        mailbox.fail(Fault(phase="message", hang=True, times=99))
        started = clock.monotonic()
        outcomes = list(await connector.perform([mail(f"k{n}") for n in range(AT_ONCE)]))
        return clock.monotonic() - started, outcomes

    clock = SystemClock()
    took, outcomes = play(tmp_path / "m", act, timeout=0.3, clock=clock)
    assert took < 2 * 0.3 + QUIT_SECONDS
    counted = [type(outcome).__name__ for outcome in outcomes]
    assert counted.count("Unknown") == CONNECTIONS and counted.count("TryAgain") == AT_ONCE - CONNECTIONS


def test_a_server_that_is_not_there_was_sent_nothing() -> None:
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        connector = EmailConnector(settings(port, timeout=0.2), SystemClock())
        (refused,) = asyncio.run(connector.perform([mail("k")]))
        deaf.listen(0)
        for _ in range(4):  # its queue is full: whoever comes now hears nothing, as from a black hole
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(deaf.getsockname())
        outcomes = asyncio.run(connector.perform([mail("k"), mail("l")]))
    assert refused == TryAgain(reason="127.0.0.1 cannot be connected to; nothing was sent")
    assert outcomes == [TryAgain(reason="127.0.0.1 did not answer in time; nothing was sent")] * 2


def test_a_cancelled_call_leaves_no_connection_behind(tmp_path: Path) -> None:
    async def go() -> None:
        async with world(tmp_path / "m") as (connector, mailbox):
            mailbox.fail(Fault(phase="DATA", hang=True))
            sending = asyncio.create_task(connector.perform([mail("k")]))
            while "DATA" not in mailbox.heard:
                await asyncio.sleep(0.01)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            for _ in range(100):
                if not mailbox.open:
                    break
                await asyncio.sleep(0.01)
            assert not mailbox.open

    asyncio.run(go())


# --- what the server can --------------------------------------------------------------------------------------------


def test_an_address_in_any_script_needs_a_server_that_reads_it(tmp_path: Path) -> None:
    call = mail("k", to="jürg@bücher.example", to_name="Jürg")
    assert sent(tmp_path / "able", call) == [ok("k")]
    (message,) = arrived(tmp_path / "able")
    assert message.to == ["jürg@xn--bcher-kva.example"]
    (refused,) = sent(tmp_path / "unable", call, smtputf8=False)
    assert isinstance(refused, Refused) and refused.code == "needs_smtputf8"
    assert sent(tmp_path / "unable", mail("l", to="jurg@bücher.example"), smtputf8=False) == [ok("l")]


@pytest.mark.slow
def test_a_message_larger_than_the_server_takes_does_not_travel(tmp_path: Path) -> None:
    (refused,) = sent(tmp_path / "m", mail("k", text="x" * 20_000), largest=10_000)
    assert refused == Refused(code="too_large", message="127.0.0.1 takes messages up to 10000 bytes")
    assert sent(tmp_path / "m", mail("l", text="x" * (LARGEST_MESSAGE * 3 // 4))) == [ok("l")]


def test_another_kind_of_request_is_refused(tmp_path: Path) -> None:
    call = Call(key="k", actor="a", request=AddNote(deal_id="1", text="x"))
    (outcome,) = asyncio.run(idle().perform([call]))
    assert isinstance(outcome, Refused) and outcome.code == "unknown_action"


# --- secrets and certificates ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return authority(tmp_path_factory.mktemp("ca"))


LOGIN = {"username": "acme", "password_env": "PW"}


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_with_a_trusted_certificate_and_the_right_password_it_is_sent(
    tmp_path: Path, trusted: tuple[Path, ssl.SSLContext], tls: str
) -> None:
    ca, context = trusted
    table = {"tls": tls, "ca_file": str(ca), **LOGIN}
    calls = [mail(f"k{n}") for n in range(CONNECTIONS + 1)]
    outcomes = sent(tmp_path / "m", *calls, table=table, login=("acme", "hunter2"), **{tls: context})
    assert outcomes == [ok(call.key) for call in calls]


def test_a_wrong_password_concerns_the_whole_call_and_is_tried_once(
    tmp_path: Path, trusted: tuple[Path, ssl.SSLContext]
) -> None:
    async def act(connector: EmailConnector, mailbox: Mailbox) -> int:
        with pytest.raises(Unauthorized, match=r"AUTH was answered 535.*check username and password") as error:
            await connector.perform([mail("a"), mail("b"), mail("c")])
        assert "hunter2" not in str(error.value)
        return mailbox.connections

    ca, context = trusted
    table = {"tls": "starttls", "ca_file": str(ca), **LOGIN}
    assert play(tmp_path / "m", act, table=table, login=("acme", "other"), starttls=context) == 1
    assert arrived(tmp_path / "m") == []


def test_without_starttls_no_password_and_no_message_is_sent(tmp_path: Path, trusted: tuple[Path, Any]) -> None:
    async def act(connector: EmailConnector, mailbox: Mailbox) -> tuple[list[Outcome], list[str]]:
        return list(await connector.perform([mail("k")])), mailbox.heard

    table = {"tls": "starttls", "ca_file": str(trusted[0]), **LOGIN}
    (outcome,), heard = play(tmp_path / "m", act, table=table)
    assert isinstance(outcome, TryAgain) and "offers no STARTTLS" in outcome.reason
    assert set(heard) == {"greeting", "EHLO"}


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_of_a_stranger_is_not_trusted(
    tmp_path: Path, trusted: tuple[Path, ssl.SSLContext], tls: str
) -> None:
    stranger = tmp_path / "other"
    stranger.mkdir()
    ca, _ = authority(stranger)
    for table in ({"tls": tls}, {"tls": tls, "ca_file": str(ca)}):
        (outcome,) = sent(tmp_path / "m", mail("k"), table={**table, **LOGIN}, **{tls: trusted[1]})
        assert isinstance(outcome, TryAgain) and "the certificate of 127.0.0.1 is not trusted" in outcome.reason
    assert arrived(tmp_path / "m") == []


def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path, trusted: tuple[Path, ssl.SSLContext]) -> None:
    table = {"host": "localhost", "tls": "starttls", "ca_file": str(trusted[0])}
    (outcome,) = sent(tmp_path / "m", mail("k"), table=table, starttls=trusted[1])
    assert isinstance(outcome, TryAgain) and "not trusted: Hostname mismatch" in outcome.reason


@pytest.mark.parametrize("phase", ["STARTTLS", "AUTH"])
@pytest.mark.parametrize(
    "how", [{"drop": True}, {"hang": True}, {"reply": "garbage"}, {"reply": "454 4.7.0 later"}, {"reply": "501 what"}]
)
def test_a_fault_while_the_connection_is_secured_leaves_everything_unsent(
    tmp_path: Path, trusted: tuple[Path, ssl.SSLContext], phase: Any, how: dict[str, Any]
) -> None:
    ca, context = trusted
    table = {"tls": "starttls", "ca_file": str(ca), **LOGIN}
    options: dict[str, Any] = {"table": table, "login": ("acme", "hunter2"), "starttls": context, "timeout": 0.5}
    faults = (Fault(phase=phase, times=3, **how),)
    if (phase, how) == ("AUTH", {"reply": "501 what"}):
        with pytest.raises(Unauthorized):
            sent(tmp_path / "m", mail("k"), faults=faults, **options)
    else:
        (outcome,) = sent(tmp_path / "m", mail("k"), faults=faults, **options)
        assert isinstance(outcome, TryAgain), outcome
    assert arrived(tmp_path / "m") == []


def test_a_password_file_that_is_not_there_yet_is_told_and_tried_later(
    tmp_path: Path, trusted: tuple[Path, ssl.SSLContext]
) -> None:
    file = tmp_path / "password"
    ca, context = trusted
    table = {"tls": "starttls", "ca_file": str(ca), "username": "acme", "password_file": str(file)}
    options: dict[str, Any] = {"table": table, "login": ("acme", "hunter2"), "starttls": context}
    (outcome,) = sent(tmp_path / "m", mail("k"), **options)
    assert isinstance(outcome, TryAgain) and "password_file" in outcome.reason and outcome.after == BUSY_SECONDS
    file.write_text("hunter2\n", encoding="utf-8")
    assert sent(tmp_path / "m", mail("k"), **options) == [ok("k")]
