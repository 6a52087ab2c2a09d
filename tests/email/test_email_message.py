"""Messages as bytes: what a parser that is not ours reads in them, whatever strangers typed into a CRM."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import msgspec
import pytest
from email_world import OFFER, WHEN
from hypothesis import given
from hypothesis import strategies as st

from dealwright.errors import Rejected
from dealwright_email.addresses import LONGEST_NAME, address, tidy
from dealwright_email.message import LARGEST_MESSAGE, LONGEST_SUBJECT, Letter, Sender, compose

SENDER = Sender(name="Acme Tools", address=address("hello@acme.example", code="from"))
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Dealwright-Key", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding", "Reply-To",
}  # fmt: skip


def letter(**changes: Any) -> Letter:
    return compose("dw-1", msgspec.structs.replace(OFFER, **changes), SENDER, WHEN)


def read(made: Letter) -> EmailMessage:
    message = message_from_bytes(made.data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def said(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def solid(name: str) -> str:
    """Return a name without spaces: the standard library's parser puts one between two encoded words."""
    return "".join(name.split())


def refusal(**changes: Any) -> str:
    with pytest.raises(Rejected) as refused:
        letter(**changes)
    assert "@" not in str(refused.value).replace("name@domain", ""), "an address is personal data"
    return refused.value.code


def test_a_message_says_who_when_and_by_which_effect() -> None:
    message = read(letter(reply_to="ada@acme.example", bcc=("archive@acme.example",)))
    assert dict(message.items()) == {
        "From": "Acme Tools <hello@acme.example>",
        "To": "Nora Lindqvist <nora@example.com>",
        "Reply-To": "ada@acme.example",
        "Subject": "Your offer",
        "Date": "Mon, 04 May 2026 14:30:00 +0000",
        "Message-ID": "<dw-1@acme.example>",
        "Auto-Submitted": "auto-generated",
        "X-Dealwright-Key": "dw-1",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
    }
    assert said(message) == OFFER.text
    assert b"archive" not in letter(bcc=("archive@acme.example",)).data


def test_who_else_is_told_stands_in_the_message() -> None:
    told = ("bo@example.com", "nora@example.com", "cy@example.com", "bo@example.com")
    sent = letter(cc=told, bcc=("cy@example.com", "archive@acme.example"))
    assert read(sent)["Cc"] == "bo@example.com, cy@example.com"
    assert [each.text for each in sent.copies] == ["bo@example.com", "cy@example.com", "archive@acme.example"]
    assert max(map(len, letter(cc=tuple(f"{'a' * 60}{n}@example.com" for n in range(10))).data.split(b"\r\n"))) < 998
    assert refusal(cc=("a@b\nBcc: c@d.example",)) == "bad_cc"


def test_the_same_effect_makes_the_same_bytes() -> None:
    assert letter(html="<p>Hé</p>").data == letter(html="<p>Hé</p>").data


def test_html_comes_beside_the_text() -> None:
    message = read(letter(text="plain é", html="<p>rich é</p>\n--=_dw-1--\nnot the end"))
    assert message.get_content_type() == "multipart/alternative"
    plain, rich = message.iter_parts()
    assert (plain.get_content_type(), said(plain)) == ("text/plain", "plain é\n")
    assert rich.get_content_type() == "text/html" and said(rich).endswith("not the end\n")


anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)
hostile = anything | st.lists(
    st.sampled_from(["\r\n", "\n", "\r", "\x00", "\u2028", "Bcc: x@evil.example", ": ", "=?utf-8?q?",
                     "?=", '"', "\\", ",", "<", ">", "@", " ", "\t", "Ü", "\u202e", "\ud800", "a" * 80, "(", ";",
                     "=0D=0A", "=?utf-8?b?DQpCY2M6?="])
).map("".join)  # fmt: skip


@given(name=hostile, subject=hostile, reply_to=st.none() | hostile, to=hostile | st.just(OFFER.to), text=hostile)
def test_nobody_can_forge_a_header(name: str, subject: str, reply_to: str | None, to: str, text: str) -> None:
    try:
        made = letter(to_name=name, subject=subject, reply_to=reply_to, to=to, text=text)
    except Rejected:
        return
    message = read(made)
    assert len(message.keys()) == len(set(message.keys()))
    assert set(message.keys()) == HEADERS - ({"Reply-To"} if reply_to is None else set())
    assert message.defects == []
    assert all(len(line) <= 998 for line in made.data.split(b"\r\n"))
    assert b"\n" not in made.data.replace(b"\r\n", b"") and b"\r" not in made.data.replace(b"\r\n", b"")
    assert message["Subject"] == tidy(subject)
    (recipient,) = message["To"].addresses
    assert recipient.addr_spec == made.to.text
    assert solid(recipient.display_name) == solid(tidy(name)[:LONGEST_NAME])
    assert message["Message-ID"] == "<dw-1@acme.example>"


@pytest.mark.parametrize("bad", ["\r\nBcc: x@evil.example", "a\nb", "a\rb", "a\x00b", "a\x1bb", "a\x85b", "a\u2028b"])
def test_line_breaks_and_control_characters_are_refused_wherever_a_header_is_made_of_them(bad: str) -> None:
    assert refusal(subject=bad) == "forged_header"
    assert refusal(to_name=bad) == "forged_header"
    assert refusal(to=f"nora@example.com{bad}") == "bad_address"
    assert refusal(reply_to=f"ada{bad}@acme.example") == "bad_reply_to"
    assert refusal(bcc=(f"a{bad}@acme.example",)) == "bad_bcc"


def test_half_a_character_is_refused_everywhere() -> None:
    for field in ("subject", "to_name", "text", "html", "to"):
        assert refusal(**{field: "a\ud800b"}) == "not_text"


@pytest.mark.parametrize(
    "text",
    ["", "nora", "nora@", "@example.com", "a b@example.com", "a@b@example.com", "a@exa mple.com", "<a@example.com>",
     "a@-x-", "a,b@example.com", '"a b"@example.com', "a..b@example.com", ".a@example.com", "a@example..com",
     "a" * 65 + "@example.com", "a@" + "b" * 64 + ".com", "a@" + ".".join(["b" * 60] * 5), "a\u00a0b@example.com",
     "a\u202eb@example.com", "a@exa\u202emple.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    assert refusal(to=text) == "bad_address"


def test_a_domain_in_any_script_is_written_in_ascii() -> None:
    assert letter(to="nora@straße.example").to.text == "nora@xn--strae-oqa.example"
    assert letter(to="nora@BÜCHER.example").to.text == "nora@xn--bcher-kva.example"
    assert not letter(to="nora@bücher.example").utf8
    assert letter(to="jürg@bücher.example").utf8


def test_names_that_turn_the_screen_around_are_tidied_and_long_ones_cut() -> None:
    (to,) = read(letter(to_name="\u202emoc.live\u202c  ")).get("To").addresses
    assert to.display_name == "moc.live"
    (to,) = read(letter(to_name="Ü" * 1_000_000)).get("To").addresses
    assert solid(to.display_name) == "Ü" * LONGEST_NAME
    (to,) = read(letter(to_name=None)).get("To").addresses
    assert (to.display_name, to.addr_spec) == ("", "nora@example.com")


def test_what_is_too_long_or_empty_is_refused_before_it_costs_anything() -> None:
    assert refusal(subject="x" * 100_000) == "subject_too_long"
    assert refusal(subject="x" * (LONGEST_SUBJECT + 1)) == "subject_too_long"
    assert letter(subject="x" * LONGEST_SUBJECT)
    assert refusal(subject=" \u202e ") == "empty_subject"
    assert refusal(text=" \x0b\n") == "empty_text"
    assert refusal(text="x" * (LARGEST_MESSAGE + 1)) == "too_large"
    assert refusal(text="é" * (LARGEST_MESSAGE // 2)) == "too_large"


@given(text=anything)
def test_a_text_arrives_as_it_was_written_but_for_control_characters(text: str) -> None:
    try:
        message = read(letter(text=text))
    except Rejected:
        return
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    wanted = "".join(each for each in lines if each in "\t\n" or not (each < " " or each == "\x7f"))
    assert said(message).rstrip("\n") == wanted.rstrip("\n")
