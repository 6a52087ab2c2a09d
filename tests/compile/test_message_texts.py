"""Texts of messages: in the definition or beside it, by language, each body checked where it stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dealwright.compile.check import check
from dealwright.compile.digest import behaviour_digest
from dealwright.compile.findings import Finding
from dealwright.compile.later import later
from dealwright.compile.loader import load

HEAD = """\
from dealwright import *

deal = DealFields()


class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", task=None, because="tests")
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


"""
TAIL = """

greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=deal.main_contact.id.is_set(),
    again=once(per=deal),
    do=[send_message("hi", via="crm", template=hello, to=deal.main_contact)],
)
acme = Account("acme", zone="UTC", country="MX", pipelines=[Sales], automations=[greet], languages=["es", "en"])
"""
FROM_FILES = 'hello = Template("hello", body=texts("hello"))'


class Company:
    """One company's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "acme"
        (self.folder / "texts").mkdir(parents=True)

    def define(self, hello: str, tail: str = TAIL) -> None:
        (self.folder / "account.py").write_text(HEAD + hello + tail, encoding="utf-8")

    def text(self, name: str, said: str | bytes) -> Path:
        path = self.folder / "texts" / name
        path.write_bytes(said if isinstance(said, bytes) else said.encode())
        return path

    def found(self) -> list[Finding]:
        return [each for each in check(self.folder).findings if each.severity == "error"]

    def told(self) -> list[tuple[str, int, str]]:
        """What is found, as file, line and code."""
        return [(Path(each.path).name, each.line, each.code) for each in self.found()]

    def digest(self) -> str:
        (account,) = load(self.folder).accounts
        return behaviour_digest(account)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_texts_beside_the_rules_are_bodies_by_language_and_part_of_the_digest(company: Company) -> None:
    company.define(FROM_FILES)
    company.text("hello.es.md", "Hola {{ contact.first_name }}\n\n¿cuándo?\n")
    company.text("hello.en.md", "\ufeffHi\r\nthere\r\n")
    company.text("other.en.md", "another one")
    assert company.told() == []
    (account,) = load(company.folder).accounts
    (step,) = account.automations[0].do
    bodies = step.message.bodies  # type: ignore[union-attr]
    assert [(body.language, getattr(body.text, "source", None) or body.text.value) for body in bodies] == [  # type: ignore[union-attr]
        ("es", "Hola {{ contact.first_name }}\n\n¿cuándo?"),
        ("en", "Hi\nthere"),
    ]
    assert [body.where.file for body in bodies if body.where] == ["texts/hello.es.md", "texts/hello.en.md"]
    before = company.digest()
    company.text("other.en.md", "still another one")
    assert company.digest() == before
    company.text("hello.en.md", "Hi you")
    assert company.digest() != before


def test_what_is_wrong_in_a_text_is_told_on_its_own_line(company: Company) -> None:
    company.define(FROM_FILES)
    company.text("hello.es.md", "Hola\n\n{{ contact.frist_name }}\n{{ deal.x }}\n")
    company.text("hello.en.md", "Hi {{ contact.first_name\n")
    assert sorted(company.told()) == [
        ("hello.en.md", 1, "DW300"),
        ("hello.es.md", 3, "DW302"),
        ("hello.es.md", 4, "DW302"),
    ]
    (typo,) = (each for each in company.found() if "frist_name" in each.message)
    assert "sent by 'hi'" in typo.message and "contact.first_name" in typo.hint


def test_a_body_in_the_definition_is_told_on_the_line_of_its_language(company: Company) -> None:
    lines = ["hello = Template(", '    "hello",', "    body={"]
    lines += ['        "es": "Hola {{ deal.titel }}",', '        "en": "Hi TODO",', "    },", ")"]
    company.define("\n".join(lines))
    first = HEAD.count("\n") + 1
    assert company.told() == [("account.py", first + 3, "DW302"), ("account.py", first + 4, "DW304")]


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("hello.en.md", b"\xff\xfe", "it is no UTF-8"),
        ("hello.en.md", b" \n ", "it says nothing"),
        ("hello.en.md", b"x" * 16_385, "it is longer than 16,384 characters"),
        ("hello.english.md", b"Hi", "'english' is not a language"),
    ],
)
def test_a_file_that_is_no_text_is_refused(company: Company, name: str, said: bytes, why: str) -> None:
    company.define(FROM_FILES)
    company.text("hello.es.md", "Hola")
    company.text(name, said)
    (found,) = company.found()
    assert found.code == "DW308" and name in found.message and why in found.message


@pytest.mark.parametrize("name", ["../secret", "a/b", "/etc/passwd", "Hello", "hello.en", "", "x" * 101])
def test_a_name_that_could_lead_elsewhere_is_none(company: Company, name: str) -> None:
    company.define(f'hello = Template("hello", body=texts({name!r}))')
    (found,) = company.found()
    assert found.code == "DW308" and found.line == HEAD.count("\n") + 1


def test_a_link_that_leads_out_of_the_folder_and_a_pipe_are_refused(company: Company, tmp_path: Path) -> None:
    company.define(FROM_FILES)
    (tmp_path / "secret").write_text("the secret")
    link = company.folder / "texts" / "hello.md"
    link.symlink_to(tmp_path / "secret")
    (found,) = company.found()
    assert found.code == "DW308" and "leads out of the folder" in found.message
    assert "the secret" not in f"{found.message}{found.hint}"
    link.unlink()
    os.mkfifo(link)
    (found,) = company.found()
    assert found.code == "DW308" and "no regular file" in found.message
    link.unlink()
    link.symlink_to(link.name)  # to itself
    (found,) = company.found()
    assert found.code == "DW308" and "cannot be read" in found.message


def test_one_text_for_all_stands_alone(company: Company) -> None:
    company.define(FROM_FILES)
    company.text("hello.md", "Hi")
    assert company.told() == []
    company.text("hello.es.md", "Hola")
    assert [code for _, _, code in company.told()] == ["DW308"]


@pytest.mark.parametrize(
    ("body", "languages", "message"),
    [
        ('{"es": "Hola"}', '["es", "en"]', "has no text in 'en'"),
        ('{"es": "Hola", "en": "Hi", "pt": "Olá"}', '["es", "en"]', "has a text in 'pt', which the account does not"),
        ('{"es": "Hola", "en": "Hi"}', "[]", "is written in en and es, and the account says no languages"),
    ],
)
def test_every_language_of_the_account_has_a_text(company: Company, body: str, languages: str, message: str) -> None:
    company.define(f'hello = Template("hello", body={body})', TAIL.replace('["es", "en"]', languages))
    (found,) = company.found()
    assert found.code == "DW305" and message in found.message


def test_a_language_of_a_country_is_served_by_its_language(company: Company) -> None:
    company.define('hello = Template("hello", body={"es": "Hola", "pt": "Olá"})', TAIL.replace('"en"', '"pt-BR"'))
    assert company.told() == []


def test_a_message_that_is_too_long_is_told_where_it_stands(company: Company) -> None:
    company.define('hello = Template("hello", body="x" * 1_025)')
    assert [code for _, _, code in company.told()] == ["DW306"]
    company.define('hello = Message("x" * 4_096)')
    assert company.told() == []


SLIPS = {
    "an answer that nobody waited for, in a text": (
        "DW405",
        'add_note("n", text="{{ reply.text }}")',
    ),
    "an answer that nobody waited for, in a condition": (
        "DW405",
        'branch("b", case(reply.button.is_set(), stop()))',
    ),
    "an answer where its time is over": (
        "DW405",
        'wait_until("w", replied(), timeout=hours(1), on_timeout=[add_note("n", text="{{ reply.text }}")])',
    ),
    "an answer to a step that comes later": (
        "DW406",
        'wait_until("w", replied(to="hi"), timeout=hours(1)), SEND',
    ),
    "an answer to a step that sends nothing": (
        "DW406",
        'set_task("call", text="Call", due=hours(1)), wait_until("w", replied(to="call"), timeout=hours(1))',
    ),
    "a button before its template": (
        "DW404",
        'wait_until("w", replied(), timeout=hours(1)), branch("b", case(hello.pressed("yes"), stop())), SEND',
    ),
    "a button on another way through a branch": (
        "DW404",
        'branch("b", case(deal.company.is_set(), wait_until("w", replied(), timeout=hours(1)),'
        ' branch("c", case(hello.pressed("yes"), stop()))), otherwise=[SEND])',
    ),
    "the message of an event that is none": (
        "DW302",
        'add_note("n", text="{{ event.message.text }}")',
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_conversation_is_told(company: Company, slip: str) -> None:
    code, steps = SLIPS[slip]
    send = 'send_message("hi", via="crm", template=hello, to=deal.main_contact)'
    tail = TAIL.replace(f"do=[{send}]", f"do=[{steps.replace('SEND', send)}]")
    company.define('hello = Template("hello", body="Hi", buttons=[Button("yes", "Yes")])', tail)
    assert [found for _, _, found in company.told()] == [code]


BUTTONS = {
    "a language of the account is missing": ("DW305", '[Button("yes", {"en": "Yes"})]', "no text in 'es'"),
    "a language that the account does not list": (
        "DW305",
        '[Button("yes", {"en": "Yes", "es": "Sí", "fr": "Oui"})]',
        "which the account does not list",
    ),
    "two look the same in one language": (
        "DW307",
        '[Button("yes", {"en": "Yes", "es": "Sí"}), Button("ok", {"en": "OK", "es": "Sí"})]',
        "two buttons of 'hello' have the text in 'es' 'Sí'",
    ),
    "one for everybody looks as another in one language": (
        "DW307",
        '[Button("yes", {"en": "OK", "es": "Sí"}), Button("ok", "OK")]',
        "two buttons of 'hello' have the text in 'en' 'OK'",
    ),
    "too long in one language": (
        "DW307",
        '[Button("later", {"en": "Later", "es": "En otro momento, gracias"})]',
        "the text of the button 'later' in 'es' has 24 characters, and 20 can be shown",
    ),
    "nothing in one language": ("DW307", '[Button("yes", {"en": "Yes", "es": " "})]', "one line that can be seen"),
    "no text at all": ("DW307", '[Button("yes", {})]', "the button 'yes' has no text"),
    "no language": ("DW910", '[Button("yes", {"english": "Yes"})]', "'english' is not a language"),
}


@pytest.mark.parametrize("slip", BUTTONS)
def test_a_slip_in_a_buttons_texts_is_told(company: Company, slip: str) -> None:
    code, buttons, message = BUTTONS[slip]
    company.define(f'hello = Template("hello", body={{"en": "Hi", "es": "Hola"}}, buttons={buttons})')
    (found,) = company.found()
    assert found.code == code
    assert message in found.message
    assert found.line == len(HEAD.splitlines()) + 1


def test_buttons_by_language_and_for_everybody_stand_side_by_side(company: Company) -> None:
    buttons = '[Button("yes", {"en": "Yes", "es": "Sí"}), Button("ok", "OK")]'
    company.define(f'hello = Template("hello", body={{"en": "Hi", "es": "Hola"}}, buttons={buttons})')
    assert company.found() == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('["spanish", "english"]', "no contact can be said to speak 'es' or 'en': the options of the field 'language'"),
        ('["es", "pt"]', "no contact can be said to speak 'en'"),
        ('["es", "en", "fr"]', ""),
        ('["es-MX", "en"]', ""),
    ],
)
def test_the_field_that_says_a_contacts_language_has_the_accounts_languages(
    company: Company, options: str, said: str
) -> None:
    """With options that are no codes, whoever speaks one language was written to in another."""
    own = f'class Own(ContactFields):\n    language = Choice("Language", {options})\n\n\n'
    own += "class Deals(DealFields):\n    contact: Own = Own()\n\n\ndeal = Deals()\n"
    rule = 'hello = Template("hello", body="Hi")'
    company.define(own + rule, TAIL.replace('languages=["es", "en"]', 'languages=["es", "en"], deal_fields=Deals'))
    found = company.found()
    assert [each.code for each in found] == (["DW305"] if said else [])
    assert said in "".join(each.message for each in found)


def test_an_answer_sets_nothing_off_as_an_answer_to_a_step(company: Company) -> None:
    hello = 'hello = Template("hello", body="Hi")'
    company.define(hello, TAIL.replace("on=deal_created(in_=Sales)", 'on=replied(to="hi")'))
    assert [code for _, _, code in company.told()] == ["DW406"]
    company.define(hello, TAIL.replace("on=deal_created(in_=Sales)", "on=replied()"))
    assert company.told() == []


def test_a_channel_that_is_not_there_yet_is_refused_by_up_with_its_word(company: Company) -> None:
    company.define('hello = Template("hello", body="Hi")', TAIL.replace('via="crm"', 'via=Channel("kommo_chat")'))
    (account,) = load(company.folder).accounts
    assert [each.word for each in later(account.automations[0], account)] == ['Channel("kommo_chat")']
