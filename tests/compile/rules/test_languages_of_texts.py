"""DW314: languages of one text that do not say the same; DW304: what stands in place of words, in any language."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import example_file, snippet

from dealwright.compile.check import check
from dealwright.compile.rules.placeholder import RULE as PLACEHOLDER

FILE = """
hello = Template("hello", body={{"en": {en!r}, "es": {es!r}}})
rule = Automation(
    key="rule", on=entered(Sales.met), again=once(per=deal),
    when=[deal.main_contact.email.is_set(), deal.amount > 0, deal.close_date.is_set()], do=[{do}],
)
acme = Account(
    "acme", zone="UTC", country="US", currency="USD", languages=["en", {second!r}], pipelines=[Sales],
    automations=[rule],
)
"""
SEND = 'send_message("hello", via="crm", template=hello, to=deal.main_contact)'
BOTH = '{{"en": {!r}, "es": {!r}}}'
MAIL = f'send_email("mail", to=deal.main_contact, template=EmailText({BOTH}, {BOTH}))'
EN, ES = "Your glasses are ready, do come and see us.", "Sus gafas están listas, venga a vernos."


def told(folder: Path, en: str = EN, es: str = ES, do: str = SEND, second: str = "es") -> list[str]:
    """Return what DW314 says of a text in two languages."""
    text = FILE.format(en=en, es=es, do=do, second=second)
    if second != "es":
        text = text.replace('"es": ', f'"{second}": ')
    return [each.message for each in snippet(folder, text) if each.code == "DW314"]


def test_a_text_that_was_copied_and_not_translated_is_told(tmp_path: Path) -> None:
    assert told(tmp_path) == []
    assert told(tmp_path, es=EN) == [
        f"{EN!r} of 'hello' stands under 'en' and under 'es': one of them reads another language than their own"
    ]
    assert len(told(tmp_path, en=f"Hello.\n{EN}", es=f"Hola {{{{ contact.first_name or 'y gracias' }}}}.\n{EN}")) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Optica Lumen, Calle de Mallorca 12, Barcelona",
        "iPhone 15 Pro Max, 256 GB",
        "Hola, +34 931 234 567",
        "mail us at x@y.z",
    ],
)
def test_names_numbers_and_short_lines_may_be_the_same(tmp_path: Path, line: str) -> None:
    assert told(tmp_path, en=f"{EN}\n{line}", es=f"{ES}\n{line}") == []


def test_two_kinds_of_one_language_may_be_alike(tmp_path: Path) -> None:
    assert told(tmp_path, es=EN, second="en-GB") == []


def test_facts_of_which_each_language_lacks_one_are_told(tmp_path: Path) -> None:
    amount, date = "{{ deal.amount }}", "{{ deal.close_date }}"
    assert told(tmp_path, en=f"It is {amount}.", es=f"Es {date}.") == [
        "the message of 'hello' names {{ deal.amount }} under 'en' and {{ deal.close_date }} under 'es'"
    ]
    assert told(tmp_path, en=f"It is {amount}.", es="Es mucho.") == []
    addressed = "{{ contact.first_name or 'there' }}", "{{ contact.name or 'cliente' }}"
    assert told(tmp_path, en=f"Hi {addressed[0]}", es=f"Estimado {addressed[1]}") == []
    # a name that there is not is told as that, and once
    assert told(tmp_path, en=f"It is {amount}.", es="Es {{ deal.amuont }}.") == []
    mail = MAIL.format(f"It is {amount}", f"Es {date}", EN, ES)
    assert told(tmp_path, do=mail) == [
        "the subject of 'mail' names {{ deal.amount }} under 'en' and {{ deal.close_date }} under 'es'"
    ]


def test_a_fact_in_whose_line_another_one_stands_once_more_is_told(tmp_path: Path) -> None:
    hello, hola = "Hi {{ contact.first_name or 'there' }},", "Hola {{ contact.first_name or 'cliente' }},"
    owner, person = "{{ deal.owner.name or 'We' }}", "{{ contact.name or 'We' }}"
    en, es = f"{hello}\n\n{owner} will call soon.", f"{hola}\n\n{person} llama pronto."
    assert told(tmp_path, en=en, es=es) == [
        "the message of 'hello' names {{ deal.owner.name }} under 'en', and in that line {{ contact.name }} under 'es'"
    ]
    assert len(told(tmp_path, en=en.replace(owner, person), es=es.replace(person, owner))) == 1
    quiet = {
        "left out": f"{hola}\n\nLlamamos pronto.",
        "in another line": f"{hola}\n{owner} llama pronto.\n\n{person}, gracias.",
        "other lines": f"{hola}\n\n{person} llama pronto.\nGracias.",
        "addressed later": f"Hola,\n\nllamamos pronto, {person}.",
    }
    assert {name: told(tmp_path / name, en=en, es=text) for name, text in quiet.items()} == {each: [] for each in quiet}


WHEN, DAY = "deal.stage_since", "deal.close_date"
SHOWN = [
    (f"On {{{{ {WHEN} | date }}}} at {{{{ {WHEN} | time }}}}.", f"El {{{{ {WHEN} | date }}}}.", "time"),
    (f"On {{{{ {WHEN} }}}}.", f"El {{{{ {WHEN} | date }}}}.", "time"),
    (f"On {{{{ {WHEN} or 'soon' }}}}.", f"A las {{{{ {WHEN} | time }}}}.", "date"),
    (f"On {{{{ {WHEN} | date }}}} at {{{{ {WHEN} | time }}}}.", f"El {{{{ {WHEN} }}}}.", ""),
    (f"On {{{{ {WHEN} | date | upper }}}}.", f"El {{{{ {WHEN} | date }}}}, sí, el {{{{ {WHEN} | date }}}}.", ""),
    (f"On {{{{ {DAY} | date }}}}.", f"El {{{{ {DAY} }}}}.", ""),
    (f"{{% if {WHEN} %}}On {{{{ {WHEN} | date }}}}{{% endif %}}.", f"El {{{{ {WHEN} | date }}}}.", ""),
]


@pytest.mark.parametrize(("en", "es", "part"), SHOWN)
def test_the_time_that_one_language_lacks_is_told(tmp_path: Path, en: str, es: str, part: str) -> None:
    said = f"the message of 'hello' shows the {part} of {{{{ {WHEN} }}}} under"
    assert told(tmp_path, en=en, es=es) == ([f"{said} 'en' and not under 'es'"] if part else [])
    assert told(tmp_path, en=es, es=en) == ([f"{said} 'es' and not under 'en'"] if part else [])


def test_a_subject_may_leave_the_time_to_its_text(tmp_path: Path) -> None:
    en, es, _ = SHOWN[0]
    assert told(tmp_path, do=MAIL.format(en, es, EN, ES)) == []
    assert told(tmp_path, do=MAIL.format(EN, ES, en, es)) == [
        f"the text of 'mail' shows the time of {{{{ {WHEN} }}}} under 'en' and not under 'es'"
    ]


MONEY = "{{ deal.amount | money }}"
WRITTEN = [
    (f"It is {MONEY}.", "Son 1,200 USD.", "deal.amount", "1,200 USD"),
    ("It is {{ deal.amount }}.", "Son € 1.200,50.", "deal.amount", "€ 1.200,50"),
    ("By {{ deal.close_date }}.", "Hasta el 12/3/2026.", "deal.close_date", "12/3/2026"),
    (f"By {{{{ {WHEN} | date }}}}.", "Hasta el 2026-03-12.", WHEN, "2026-03-12"),
    (f"It is {MONEY}, and 1,200 USD more.", "Y 1.200 USD más.", "", ""),
    (f"It is {MONEY}.", f"Son {MONEY}, y 20 USD más.", "", ""),
    (f"It is {MONEY}.", "Es para 12 personas.", "", ""),
    (f"It is {MONEY}.", "Es lo TOP 10, o 24 ALL.", "", ""),
    (f"It is {MONEY}.", "Es https://acme.example/12/3/2026.", "", ""),
    ("It is {{ contact.first_name }}.", "Es 12/3/2026.", "", ""),
]


@pytest.mark.parametrize(("en", "es", "path", "written"), WRITTEN)
def test_what_is_written_in_place_of_a_fact_is_told(tmp_path: Path, en: str, es: str, path: str, written: str) -> None:
    names = f"the message of 'hello' names {{{{ {path} }}}} under 'en' and says {written!r} under 'es'"
    assert told(tmp_path, en=en, es=es) == ([names] if written else [])


def test_a_placeholder_in_a_file_of_texts_is_told_there_and_once(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    (folder / "texts").mkdir(parents=True)
    (folder / "texts" / "hello.en.md").write_text("Hello,\nhere is {deal.title}.\n", encoding="utf-8")
    (folder / "texts" / "hello.es.md").write_text("Hola,\naquí está.\n", encoding="utf-8")
    text = FILE.format(
        en="", es="", do=f'{SEND}, wait("day", days(1)), {SEND.replace("hello", "again", 1)}', second="es"
    )
    text = text.replace("body={\"en\": '', \"es\": ''}", 'body=texts("hello")')
    assert "texts(" in text
    (folder / "rules.py").write_text(example_file(text), encoding="utf-8")
    found = [(Path(each.path).name, each.line) for each in check(folder).findings if each.code == PLACEHOLDER.code]
    assert found == [("hello.en.md", 2)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("El presupuesto de [nombre]", "[nombre]"),
        ("Sehr geehrte Frau [Nachname],", "[Nachname]"),
        ("Your trial ends on DD.MM.YYYY", "DD.MM.YYYY"),
        ("Ihr Test endet am TT.MM.JJJJ", "TT.MM.JJJJ"),
        ("In total XX EUR", "XX EUR"),
        ("We come at XX:XX", "XX:XX"),
        ("[URGENTE] Llamar", ""),
        ("See [cliente](https://example.com/x)", ""),
        ("When were you born (DD/MM/YYYY)?", ""),
        ("Write the date in the format DD.MM.YYYY", ""),
        ("Responda como DD/MM/AAAA", ""),
        ("A song of the siglo XX", ""),
    ],
)
def test_what_stands_for_words_is_told_in_any_language(tmp_path: Path, text: str, found: str) -> None:
    rule = f'rule = Automation(key="rule", on=entered(Sales.met), do=[add_note("n", text={text!r})])\n'
    told = [each.message for each in snippet(tmp_path, rule) if each.code == "DW304"]
    assert told == ([f"the text of 'n' holds {found!r}, which somebody would read"] if found else [])
