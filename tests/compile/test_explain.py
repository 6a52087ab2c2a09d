"""`dealwright explain`: the page for the owner, in three languages, with a sentence for every word of the language."""

from __future__ import annotations

import re
import string
import typing
from datetime import date
from pathlib import Path
from typing import Any, Final

import company_files
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from msgspec import structs
from strategies_ir import accounts

from dealwright.cli.main import cli
from dealwright.compile import explain as explained
from dealwright.compile import ir
from dealwright.compile.explain.names import Names
from dealwright.compile.explain.page import page
from dealwright.compile.explain.texts import filled
from dealwright.compile.explain.tongue import TONGUES, Tongue
from dealwright.compile.loader import load
from dealwright.language import schema
from dealwright.language.outcomes import OUTCOMES
from dealwright.model.calendar import Calendar, Span, Unit
from dealwright.model.crm import ActivityKind, PipelineShape, StageKind, StageShape

ROOT = Path(__file__).parents[2]
LANGUAGES: Final = tuple(TONGUES.values())
UNIONS: Final = (ir.Trigger, ir.Step, ir.Again, ir.Condition, ir.Expression)
CLASSES: Final = sorted({kind for union in UNIONS for kind in typing.get_args(union)}, key=lambda kind: kind.__name__)
WHOLE: Final = (
    ir.Case,
    ir.Automation,
    ir.Account,
    ir.OutsideEvent,
    ir.Segment,
    ir.Match,
    ir.MatchPair,
    PipelineShape,
    StageShape,
    Calendar,
)


def explain(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["explain", *map(str, arguments)])


@pytest.fixture(scope="module")
def acme() -> ir.Account:
    """The reference company."""
    (account,) = load(ROOT / "pipeline_defs").accounts
    return account


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("tongue", LANGUAGES, ids=lambda tongue: tongue.code)
def test_every_class_of_the_ir_has_a_sentence(kind: Any, tongue: Tongue) -> None:
    config = kind.__struct_config__
    assert f"{config.tag_field}.{config.tag}" in tongue.texts


UNTOLD: Final = frozenset(
    {
        "SendEmailStep.html",  # the same letter as its text
        "Predicate.code",  # told by its label
        "OnEventReceived.data",  # told where it is used
        "Account.deal_fields",  # told where they are used
        "Account.contact_fields",
        "Account.company_fields",
        "Account.records",
        "Account.country",  # how telephone numbers are read
        "Automation.where",
        "Account.where",
        "OutsideEvent.where",
    }
)


def test_every_field_of_the_ir_is_looked_at() -> None:
    sources = "".join(each.read_text(encoding="utf-8") for each in Path(explained.__file__).parent.glob("*.py"))
    told = set(re.findall(r"\.(\w+)", sources)) | set(re.findall(r'"(\w+)"', sources))
    fields = {f"{kind.__name__}.{name}" for kind in (*CLASSES, *WHOLE) for name in kind.__struct_fields__}
    left_out = {each for each in fields if each.partition(".")[2] not in told} - UNTOLD
    assert left_out == set(), "say it in dealwright/compile/explain, with a text in each of its three languages"


@pytest.mark.parametrize("tongue", LANGUAGES, ids=lambda tongue: tongue.code)
def test_every_choice_has_its_words(tongue: Tongue) -> None:
    per = typing.get_args(typing.get_type_hints(ir.Once)["per"])
    wanted = [
        *(f"unit.{each}{one}" for each in typing.get_args(Unit) for one in ("", ".one")),
        *(f"per.{each}" for each in per),
        *(f"kind.{each}" for each in typing.get_args(ActivityKind)),
        *(f"stage.{each}" for each in typing.get_args(StageKind)),
        *(f"if.compare.{each}" for each in typing.get_args(ir.Operator)),
        *(f"field.{each}" for each in typing.get_args(ir.ContactPath)),
        *(f"outcome.{each}" for each in OUTCOMES),
        "receipt.outcome",
        *(f"receipt.{field}" for fields in schema.RECEIPTS.values() for field in fields),
    ]
    assert [key for key in wanted if key not in tongue.texts] == []
    assert len(tongue.texts["months"].split()) == 12
    assert len(tongue.texts["weekdays"].split()) == 7


@pytest.mark.parametrize("tongue", LANGUAGES, ids=lambda tongue: tongue.code)
def test_every_fact_has_a_name(tongue: Tongue, acme: ir.Account) -> None:
    names = Names(acme, tongue)
    other = tongue.texts["field.other"].partition("{")[0]
    for path in {**schema.ALWAYS, **schema.EVENT, **schema.RECIPIENT}:
        assert not names.field(path).startswith(other), path
        assert not re.search(r"\w\.\w", names.field(path)), path


def _blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("tongue", LANGUAGES[1:], ids=lambda tongue: tongue.code)
def test_languages_say_the_same_with_the_same_blanks(tongue: Tongue) -> None:
    english = TONGUES["en"].texts
    assert list(tongue.texts) == list(english)
    assert {key for key in english if _blanks(english[key]) != _blanks(tongue.texts[key])} == set()


@pytest.mark.slow
@given(account=accounts)
@settings(max_examples=25, deadline=None)
def test_whatever_an_account_says_is_explained_in_every_language(account: ir.Account) -> None:
    for tongue in LANGUAGES:
        assert page(account, tongue).startswith("# ")


# --- the reference company ------------------------------------------------------------------------------------------

QUOTES: Final = {
    "en": """\
### Quote follow up

> Half of the quotes die unanswered.

**When** a deal comes into “Sent the quote” (New business).

**Then**

- (1) Waits 2 days, then looks at the deal again.
- (2) Takes the first way that fits:
  - If the amount is at least 10,000 USD:
    - (3) Sets a task for the deal's owner: “Call the sponsor of ‹the deal's title› (‹the amount›)”, \
due within 2 working hours.
""",
    "es": """\
### Quote follow up

> Half of the quotes die unanswered.

**Cuando** un negocio entra en «Sent the quote» (New business).

**Entonces**

- (1) Espera 2 días y vuelve a mirar el negocio.
- (2) Toma el primer camino que corresponda:
  - Si el importe es como mínimo 10,000 USD:
    - (3) Pone una tarea para el responsable del negocio: \
«Call the sponsor of ‹el título del negocio› (‹el importe›)», con un plazo de 2 horas laborales.
""",
    "pt": """\
### Quote follow up

> Half of the quotes die unanswered.

**Quando** um negócio entra em “Sent the quote” (New business).

**Então**

- (1) Espera 2 dias e olha o negócio de novo.
- (2) Segue o primeiro caminho que servir:
  - Se o valor é no mínimo 10.000 USD:
    - (3) Cria uma tarefa para o responsável pelo negócio: \
“Call the sponsor of ‹o título do negócio› (‹o valor›)”, com prazo de 2 horas úteis.
""",
}


@pytest.mark.parametrize("tongue", LANGUAGES, ids=lambda tongue: tongue.code)
def test_the_reference_company_is_explained(tongue: Tongue, acme: ir.Account) -> None:
    text = page(acme, tongue)
    assert QUOTES[tongue.code] in text
    for path in {**schema.ALWAYS, **schema.EVENT, **schema.RECIPIENT}:
        assert path not in text
    assert not re.search(r"\{|\}|steps\.|new-business|renewals\.", text)
    for pipeline in acme.pipelines:
        assert all(f". **{stage.name}" in text for stage in pipeline.stages)
    for automation in (each for each in acme.automations if each.origin == "authored"):
        assert f"> {automation.why}" in text


def test_what_it_never_does_is_what_it_has_no_step_for(acme: ir.Account) -> None:
    text = page(acme, TONGUES["en"])
    part = text.partition("### Reached by phone")[2].partition("###")[0]
    assert "moves the deal backwards" in part
    assert "moves the deal," not in part
    assert "writes to the customer" in part
    assert "writes to the customer" not in text.partition("### Thank by mail")[2].partition("###")[0]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Call {{ deal.title | upper }}", "Call ‹the deal's title in capitals›"),
        ("{% if deal.amount %}{{ deal.amount }}{% else %}nothing{% endif %}",
         "‹if the amount is known: ‹the amount›; else: nothing›"),
        ("{% for tag in deal.tags %}{{ tag }} {% endfor %}", "‹for each of the tags: ‹tag› ›"),
        ("{{ 'a' if not deal.amount else 'b' }}", "‹“a” if the amount is not known, else “b”›"),
        ("{{ steps.next_deal.deal_id }}", "‹the number of the deal of step 4›"),
        ("{{ 'x' if deal.title == 'y' and deal.amount else deal.id }}",
         "‹“x” if the deal's title is “y” and the amount is known, else the deal's number›"),
    ],
)  # fmt: skip
def test_texts_name_their_blanks(source: str, text: str, acme: ir.Account) -> None:
    assert filled(source, Names(acme, TONGUES["en"], {"next-deal": 4})) == text


WAITING: Final = """
from dealwright import *
deal = DealFields()
class Sales(Pipeline, key="sales", name="Sales"):
    quoted = Stage("Sent the quote", task=Task("Call", due=days(1)))
    won = Won("Won")
rule = Automation(
    key="ask",
    on=entered(Sales.quoted),
    again=once(per=deal),
    exit_on=[entered(Sales.won)],
    do=[
        called := wait_until(
            "called", activity_logged(kind="call"), timeout=working_days(2), on_timeout=[add_tags("mark", "late")]
        ),
        branch("told", case(called.timed_out.is_false() & (outcome("mark") == "sent"), stop())),
    ],
)
acme = Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[rule])
"""


def test_what_is_waited_for_and_what_ends_it_is_told(write: Any) -> None:
    (account,) = load(write(a=WAITING)).accounts
    assert """\
- (1) Espera hasta que ocurra esto: se anota una llamada en un negocio, como máximo 2 días laborables.
  - Si eso no ocurre a tiempo:
    - (2) Cambia las etiquetas del negocio: pone «late».
- (3) Toma el primer camino que corresponda:
  - Si el paso 1 no esperó en vano y el paso 2 se hizo:
    - (4) Termina aquí.

**Con qué frecuencia:** una sola vez por negocio.

**Termina antes** si entretanto ocurre esto: un negocio entra en «Won».
""" in page(account, TONGUES["es"])


LOOKING = f"""{company_files.GOOD}
look = Automation(
    key="look",
    on=entered(Sales.won),
    again=once(per=deal),
    do=[
        bank := lookup("bank", at="bank:/eligible", ask={{"income": deal.amount}}, gives={{"valid": bool, "name": str}},
                       on_error=[stop()]),
        branch("good", case(bank.valid.is_true() & bank["name"].is_set(), add_tags("t", "known"))),
    ],
)
a = Account("a", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[look])
"""


@pytest.mark.parametrize(
    ("language", "never", "values"),
    [
        ("en", "tells other systems", ("“valid” of the result of step 1", "“name” of the result of step 1")),
        ("es", "comunica nada a otros", ("«valid» del resultado del paso 1", "«name» del resultado del paso 1")),
        ("pt", "comunica nada a outros", ("“valid” do resultado do passo 1", "“name” do resultado do passo 1")),
    ],
)
def test_a_lookup_tells_other_systems_and_its_values_have_names(
    language: str, never: str, values: tuple[str, ...], write: Any
) -> None:
    (account,) = load(write(a=LOOKING)).accounts
    text = page(account, TONGUES[language]).partition("## ")[2]
    assert never not in text
    assert all(value in text for value in values)


def test_days_without_work_are_told(acme: ir.Account) -> None:
    calendar = structs.replace(
        acme.calendar,
        holidays=("US", "DE-BY"),
        closed=(
            Span(first=date(2026, 12, 24), last=date(2026, 12, 24)),
            Span(first=date(2027, 1, 2), last=date(2027, 1, 4)),
        ),
        open_on=(date(2026, 10, 12),),
    )
    assert """\
No se trabaja en los festivos de US y DE-BY.
No se trabaja en estos días: 24 de diciembre de 2026 y del 2 de enero de 2027 al 4 de enero de 2027.
Se trabaja, aunque sea festivo, en estos días: 12 de octubre de 2026.
""" in page(structs.replace(acme, calendar=calendar), TONGUES["es"])


# --- the command ----------------------------------------------------------------------------------------------------

SEEN = "# *x* <b> {0} {name} `a`"
"""What names and texts may hold; nothing that is not seen (DW310)."""


def test_hostile_names_stay_inert_in_the_page(write: Any) -> None:
    folder = write(
        a=f"""
        from dealwright import *
        class Odd(Pipeline, key="odd", name="P {SEEN}"):
            won = Won("W {SEEN}", task=Task("T {SEEN}", due=days(1)))
        a = Account("a", name="A {SEEN}", zone="UTC", country="US", pipelines=[Odd])
        """,
    )
    (account,) = load(folder).accounts
    for tongue in LANGUAGES:
        text = page(account, tongue)
        assert all(line.isprintable() for line in text.split("\n"))
        assert "{0} {name}" in text
        assert r"\# \*x\* \<b\>" in text


def test_one_account_is_told_and_what_cannot_be_is_said(write: Any, tmp_path: Path) -> None:
    folder = write(
        a="""
        from dealwright import *
        class Sales(Pipeline, key="sales", name="Sales"):
            won = Won("Won")
        a = Account("a", zone="UTC", country="US", pipelines=[Sales])
        b = Account("b", zone="UTC", country="US")
        """,
    )
    assert "name it with --account" in explain(folder).output
    shown = explain(folder, "--account", "b", "--lang", "es").output
    assert shown.startswith("# B: lo que ocurre")
    file = tmp_path / "page.md"
    assert explain(folder, "--account", "b", "--lang", "es", "--output", file).exit_code == 0
    assert file.read_text(encoding="utf-8") == shown
    assert explain(folder, "--account", "a", "--lang", "fr").exit_code == 2
    missing = explain(folder, "--account", "a", "--output", tmp_path / "no" / "page.md")
    assert missing.exit_code == 2
    assert "cannot be written" in missing.output


SPREAD: Final = """
class Prices(OutsideEvent):
    key = "prices"
    code = Text()
spread = Automation(
    key="spread",
    on=event_received(Prices, from_="erp"),
    for_each=Segment(in_=[Sales], where=[deal.amount > 5], at_most=20),
    again=every_event(),
    do=[set_task("t", text="New prices: {{ event.data.code }}", due=hours(1))],
)
rules = [spread]
"""
WORDS: Final = {
    "en": ("tells of \u201cprices\u201d.", "If there are more than 20, nothing is done until a person lets it go on.",
           "if it names none, the rules that answer it say for which deals."),
    "es": ("avisa de \u00abprices\u00bb.", "Si son m\u00e1s de 20, no se hace nada hasta que una persona lo permita.",
           "si no nombra ninguno, las reglas que responden dicen para qu\u00e9 negocios."),
    "pt": ("avisa de \u201cprices\u201d.", "Se forem mais de 20, nada \u00e9 feito at\u00e9 que uma pessoa o permita.",
           "se n\u00e3o nomear nenhum, as regras que respondem dizem para quais neg\u00f3cios."),
}  # fmt: skip


@pytest.mark.parametrize("code", WORDS)
def test_an_event_without_a_deal_is_told_as_one(code: str) -> None:
    (account,) = company_files.account_of(SPREAD).accounts
    told = page(account, TONGUES[code])
    assert all(words in told for words in WORDS[code]), told
