"""DW316: texts that stand under another language than the one in which they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

FILE = """
hello = Template("hello", body={{{one!r}: {a!r}, {two!r}: {b!r}}})
asked = Template("asked", body="{{{{ deal.title }}}}?", buttons=[Button("today", {{{one!r}: {c!r}, {two!r}: {d!r}}})])
mail = EmailText({{{one!r}: {e!r}, {two!r}: {f!r}}}, "{{{{ deal.title }}}}")
rule = Automation(
    key="rule", on=entered(Sales.met), again=once(per=deal), when=[deal.main_contact.email.is_set()],
    do=[send_message("hello", via="crm", template=hello, to=deal.main_contact), wait("w", days(1)),
        send_message("asked", via="crm", template=asked, to=deal.main_contact), wait("x", days(1)),
        send_email("mail", template=mail, to=deal.main_contact)],
)
acme = Account(
    "acme", zone="UTC", country="US", currency="USD", languages=[{one!r}, {two!r}], pipelines=[Sales],
    automations=[rule],
)
"""
X = "{{ deal.title }}"
BODY = {
    "swapped": ("en", f"Le llamamos hoy por {X}.", "es", f"We call about {X} today."),
    "es_is_english": ("en", f"We call you about {X}.", "es", f"This is what you have asked us for: {X}."),
    "with_a_name": ("en", "The Blue House will call you.", "de", "The Red House: we will call you and your friends."),
    "a_borrowed_word": ("en", "Hallo, wir haben für Sie und Ihre Familie noch ein Angebot, please!", "de", X),
    "cyrillic": ("en", "Мы вам сегодня позвоним", "ru", X),
    "latin": ("en", X, "ru", "We call you about this today"),
    "swapped_scripts": ("en", "Ждём вас завтра", "ru", "See you tomorrow"),
    # --- near ones
    "right": ("en", f"We call you about {X} today.", "es", f"Le llamamos hoy por {X}."),
    "right_scripts": ("en", "See you tomorrow", "ru", "Ждём вас завтра"),
    "copied": ("en", "We will call you about this today.", "es", "We will call you about this today."),
    "mixed": ("en", "We call you today. Le llamamos hoy, con gusto, para su oferta.", "es", "Le llamamos hoy."),
    "a_title": ("en", "Le Monde and La Vie", "fr", "The Times et The Post"),
    "few_words": ("en", "Casa del Mar", "es", X),
    "related": ("es", "Le llamamos hoy para su oferta.", "pt", "Ligamos hoje para a sua oferta."),
    "kinds_of_one": ("en", "We call you about this today.", "en-GB", "We shall call you about that today."),
    "not_known": ("en", "Vi ringer til deg om dette", "nb", "We call you about this today, and you know that."),
    "filled_in": ("en", "{{ contact.name or 'el cliente de la casa, por favor' }}: OK", "es", "OK, hola"),
    "addresses": ("en", "https://acme.example/para/usted/con/la/casa", "es", "https://acme.example/you/and/the/house"),
}
TOLD = {
    "swapped": "the message of 'hello' is 'Le llamamos hoy por {{ deal.title }}.' under 'en' and 'We call about"
    " {{ deal.title }} today.' under 'es': each seems to be in the other's language",
    "es_is_english": "the message of 'hello' under 'es' seems to be written in 'en':"
    " 'This is what you have asked us for: {{…'",
    "with_a_name": "the message of 'hello' under 'de' seems to be written in 'en':"
    " 'The Red House: we will call you and you…'",
    "a_borrowed_word": "the message of 'hello' under 'en' seems to be written in 'de':"
    " 'Hallo, wir haben für Sie und Ihre Famil…'",
    "cyrillic": "the message of 'hello' under 'en' seems to be written in 'ru': 'Мы вам сегодня позвоним'",
    "latin": "the message of 'hello' under 'ru' seems to be written in 'en': 'We call you about this today'",
    "swapped_scripts": "the message of 'hello' is 'Ждём вас завтра' under 'en' and 'See you tomorrow' under 'ru':"
    " each seems to be in the other's language",
}
SHORT = {
    "swapped": ("en", "Heute", "de", "Today", True),
    "two_words": ("en", "Diese Woche", "de", "This week", True),
    "right": ("en", "Today", "de", "Heute", False),
    "brands": ("en", "OK", "de", "OK", False),
    "one_is_a_name": ("en", "Casa", "es", "Today", False),
    "one_only": ("en", "Today", "de", "Today", False),
    "both": ("en", "Hotel Heute", "de", "Hotel Today", False),
}


def told(folder: Path, files: dict[str, str]) -> dict[str, list[str]]:
    found = check_files(folder / "company", {name: example_file(text) for name, text in files.items()})
    return {name: [each.message for each in of if each.code.startswith(("DW316", "DW9"))] for name, of in found.items()}


def file(one: str, two: str, *, body: tuple[str, str], button: tuple[str, str], subject: tuple[str, str]) -> str:
    texts = dict(zip("abcdef", (*body, *button, *subject), strict=True))
    return FILE.format(one=one, two=two, **texts)


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {
        name: file(one, two, body=(a, b), button=("1", "2"), subject=("1", "2"))
        for name, (one, a, two, b) in BODY.items()
    }
    return told(tmp_path_factory.mktemp("bodies"), files)


@pytest.mark.parametrize("name", BODY)
def test_a_text_in_another_language_is_told(bodies: dict[str, list[str]], name: str) -> None:
    assert bodies[name] == ([TOLD[name]] if name in TOLD else [])


def test_what_is_short_is_told_where_it_is_swapped(tmp_path: Path) -> None:
    files = {
        name: file(one, two, body=("1", "2"), button=(a, b), subject=(a, b))
        for name, (one, a, two, b, _) in SHORT.items()
    }
    assert told(tmp_path, files) == {
        name: [
            f"the {what} is {a!r} under {one!r} and {b!r} under {two!r}: each seems to be in the other's language"
            for what in ("button 'today' of 'asked'", "subject of 'mail'")
            if swapped
        ]
        for name, (one, a, two, b, swapped) in SHORT.items()
    }
