"""Files imported whole, or refused with file, line and reason."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from crm_world import SALES, START, drain
from msgspec.structs import replace

from dealwright.errors import InputError
from dealwright.model.crm import Money
from dealwright_embedded_crm import EmbeddedCrm, importer
from dealwright_embedded_crm.csv_file import CsvFile
from dealwright_embedded_crm.importer import Imported, Importer, Judged, write_rejects
from dealwright_embedded_crm.mapping import Source, parse
from dealwright_embedded_crm.rows import RowReader

HEADER = "id,agent,product,account,stage,opened,closed,value"
MAPS = [
    "reference=id", "owner=agent", "title={product}[ for {account}]", "company=account", "stage=stage",
    "created=opened", "close_date=closed", "amount=value", "tags=product",
]  # fmt: skip
GOOD = "A1,Ann Lee,Desk,Acme,Closed won,2016-10-20,2017-03-01,1054"


def quiet(_: int) -> None:
    """Show no progress."""


@contextmanager
def importing(crm: EmbeddedCrm, path: Path, maps: list[str] = MAPS, **options: str) -> Iterator[Importer]:
    """Open a file and return what imports it."""
    with contextlib.closing(CsvFile(path)) as file:
        answer = options.pop("answer", "on")
        fields = parse(maps, [], file.header)
        reader = RowReader(
            fields, SALES, currency=options.get("currency", "USD"), date_format=options.get("date_format")
        )
        yield crm.importer(file, reader, answer=answer)  # type: ignore[arg-type]


def judge(crm: EmbeddedCrm, path: Path, maps: list[str] = MAPS, **options: str) -> Judged:
    with importing(crm, path, maps, **options) as importer:
        return importer.judge(quiet)


def run(crm: EmbeddedCrm, path: Path, maps: list[str] = MAPS, **options: str) -> Imported:
    with importing(crm, path, maps, **options) as importer:
        return importer.run(importer.judge(quiet), quiet)


def written(path: Path, *rows: str, header: str = HEADER) -> Path:
    file = path / "deals.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def test_a_row_becomes_a_deal_with_everything_in_it(crm: EmbeddedCrm, tmp_path: Path) -> None:
    done = run(crm, written(tmp_path, GOOD, "A2,Ann Lee,Lamp,,Prospecting,,,"), answer="tasks")
    assert (done.rows, done.created, done.rejected, done.users_created) == (2, 2, 0, 1)
    assert done.stages == {"won": 1, "prospecting": 1}
    first, second = crm.deals()
    assert (first.title, second.title) == ("Desk for Acme", "Lamp")
    assert (first.company, second.company) == ("Acme", None)
    assert first.amount == Money(Decimal("1054.00"), "USD") and second.amount is None
    assert first.reference == "A1" and first.tags == ("Desk",)
    assert first.owner is not None and first.owner.name == "Ann Lee"
    assert first.close_date == date(2017, 3, 1)
    assert first.created_at == datetime(2016, 10, 20, tzinfo=UTC)
    assert first.stage_since == datetime(2017, 3, 1, tzinfo=UTC)
    assert (second.created_at, second.stage_since) == (START, START)
    events = drain(crm)
    assert [event.after for event in events] == [first, second]
    assert {(event.kind, event.actor, event.answer, event.occurred_at) for event in events} == {
        ("deal_created", "import:deals", "tasks", START)
    }


def test_the_same_import_again_adds_nothing(crm: EmbeddedCrm, tmp_path: Path) -> None:
    file = written(tmp_path, GOOD, GOOD.replace("A1", "A2"))
    run(crm, file)
    renamed = file.rename(tmp_path / "other.csv")
    again = run(crm, renamed)
    assert (again.created, again.already_there) == (0, 2)
    assert len(crm.deals()) == len(drain(crm)) == 2


def test_a_mended_file_adds_only_the_references_that_are_not_there(crm: EmbeddedCrm, tmp_path: Path) -> None:
    run(crm, written(tmp_path, GOOD))
    done = run(crm, written(tmp_path, GOOD.replace("1054", "99"), GOOD.replace("A1", "A2")))
    assert (done.created, done.already_there) == (1, 1)
    assert [deal.reference for deal in crm.deals()] == ["A1", "A2"]


def test_an_import_that_was_killed_goes_on_where_it_was(
    crm: EmbeddedCrm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm.add_user("Ann")
    monkeypatch.setattr(importer, "CHUNK", 10)
    maps = ["title=product", "stage=stage"]
    file = written(tmp_path, *[f"A{n},,Desk,,won,,," for n in range(35)])

    def dies(_: int) -> None:
        raise KeyboardInterrupt

    with importing(crm, file, maps) as first, pytest.raises(KeyboardInterrupt):
        first.run(first.judge(quiet), dies)
    assert len(crm.deals()) == 10
    done = run(crm, file, maps)
    assert (done.created, done.already_there) == (25, 10)
    assert len(crm.deals()) == len(drain(crm)) == 35


def test_a_dry_run_counts_and_writes_nothing(crm: EmbeddedCrm, tmp_path: Path) -> None:
    file = written(tmp_path, GOOD, GOOD.replace("A1", "A2"))
    with importing(crm, file) as dry:
        done = dry.run(dry.judge(quiet), quiet, dry=True)
    assert (done.created, done.users_created) == (2, 1)
    assert crm.deals() == crm.users() == drain(crm) == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A1,Ann,Desk,Acme,Closed won,2016-10-20", "the row has 6 cells, the header has 8"),
        ("A1,Ann,Desk,Acme,Closed won,2016-10-20,,1,9", "the row has 9 cells, the header has 8"),
        ("A1,Ann,Desk,Acme,Closed wonn,,,", "pipeline sales has no stage 'Closed wonn'; did you mean 'Closed won'?"),
        ("A1,Ann,Desk,Acme,,,,", "the stage is blank"),
        ("A1,Ann,,,won,,,", "the title is blank"),
        ("A1,Ann,Desk,Acme,won,2016-13-20,,", "'2016-13-20' is no day written as 2026-01-31"),
        ("A1,Ann,Desk,Acme,won,20.10.2016,,", "'20.10.2016' is no day written as 2026-01-31"),
        ("A1,Ann,Desk,Acme,won,0016-10-20,,", "'0016-10-20' is not between the years 1900 and 2199"),
        ("A1,Ann,Desk,Acme,won,,,NaN", "the amount is no finite number"),
        ("A1,Ann,Desk,Acme,won,,,-Infinity", "the amount is no finite number"),
        ("A1,Ann,Desk,Acme,won,,,-5", "the amount is negative"),
        ("A1,Ann,Desk,Acme,won,,,1e3", "'1e3' is no amount written as 1054 or 1054.50"),
        ('A1,Ann,Desk,Acme,won,,,"1,054"', "'1,054' is no amount written as 1054 or 1054.50"),
        ("A1,Ann,Desk,Acme,won,,,1.005", "the amount has more decimals than USD has (2)"),
        ("A1,Ann,Desk,Acme,won,,,99999999999999999999", "the amount is greater than any deal"),
        ("A1,Ann," + "x" * 1_000_000 + ",,won,,,", "the title is 1,000,000 bytes long; at most 10,000 are kept"),
        ("A1,Ann,De\x1b[31msk,Acme,won,,,", "the title holds the control character U+001B"),
        ("A1,An\x07n,Desk,Acme,won,,,", "the owner holds the control character U+0007"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_reason(
    small: EmbeddedCrm, tmp_path: Path, row: str, reason: str
) -> None:
    judged = judge(small, written(tmp_path, GOOD.replace("A1", "A0"), "", row))
    assert (judged.rows, judged.good, judged.rejected) == (2, 1, 1)
    (reject,) = judged.rejects
    assert reject.line == 4
    assert reason in reject.reasons
    assert small.deals() == []


def test_every_reason_against_a_row_is_named_at_once(small: EmbeddedCrm, tmp_path: Path) -> None:
    judged = judge(small, written(tmp_path, "A1,Ann,Desk,Acme,nowhere,yesterday,,-1"))
    assert len(judged.rejects[0].reasons) == 3


def test_a_reference_twice_in_the_file_is_rejected(small: EmbeddedCrm, tmp_path: Path) -> None:
    file = written(tmp_path, GOOD, GOOD)
    assert judge(small, file).rejects[0].reasons == ("the reference is that of line 2 already",)
    assert run(small, file).created == 1


def test_an_unknown_currency_in_a_column_is_rejected(small: EmbeddedCrm, tmp_path: Path) -> None:
    maps = ["title=t", "amount=a", "currency=c"]
    file = written(tmp_path, "x,1,XYZ", "x,1,eur", "x,1,", header="t,a,c")
    judged = judge(small, file, maps, currency="USD")
    assert judged.rejects[0].reasons[0] == "'XYZ' is no currency of ISO 4217, such as USD"
    run(small, file, maps, currency="USD")
    assert [deal.amount.currency for deal in small.deals() if deal.amount] == ["EUR", "USD"]


def test_a_lost_reason_is_kept_for_lost_deals_and_must_be_one_of_the_stages(small: EmbeddedCrm, tmp_path: Path) -> None:
    small.add_user("Ann")
    maps = ["title=t", "stage=s", "lost_reason=r"]
    file = written(tmp_path, "a,lost,Price", "b,won,Price", "c,lost,", "d,lost,Prices", header="t,s,r")
    (reject,) = judge(small, file, maps).rejects
    assert reject.reasons == ("stage lost has no lost reason 'Prices'; did you mean 'Price'?",)
    run(small, file, maps)
    assert [deal.lost_reason for deal in small.deals()] == ["Price", None, None]


def test_an_owner_whose_name_several_users_have_is_rejected(small: EmbeddedCrm, tmp_path: Path) -> None:
    small.add_user("Ann")
    small.add_user("Ann", "ann@example.com")
    file = written(tmp_path, "a,Ann", "b,ann@example.com", "c,1", header="t,o")
    (reject,) = judge(small, file, ["title=t", "owner=o"]).rejects
    assert reject.line == 2 and "several users have the owner's name" in reject.reasons[0]
    assert run(small, file, ["title=t", "owner=o"]).users_created == 0


def test_rejects_are_written_with_line_and_reason_and_no_cell_is_a_formula(small: EmbeddedCrm, tmp_path: Path) -> None:
    file = written(tmp_path, "=cmd(),@x,Desk,Acme,nowhere,,,-5")
    judged = judge(small, file)
    target = tmp_path / "rejects.csv"
    write_rejects(target, HEADER.split(","), judged)
    with target.open(newline="", encoding="utf-8") as opened:
        (row,) = csv.DictReader(opened)
    assert row["reject_line"] == "2"
    assert "the amount is negative" in row["reject_reason"]
    assert (row["id"], row["agent"], row["product"], row["value"]) == ("'=cmd()", "'@x", "Desk", "'-5")
    with pytest.raises(InputError, match="cannot be written"):
        write_rejects(tmp_path / "no" / "folder.csv", [], judged)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "deals.csv: the file is empty"),
        (b"\n\n", "deals.csv: the file is empty"),
        (b"id,product,id\n", "deals.csv:1: two columns are called 'id'"),
        (b"id;product;stage\n1;x;won\n", "deals.csv:1: there is one column; is --delimiter ';' meant?"),
        (b'id,product,stage\n1,"x,won\n2,y,won\n', "deals.csv:2: a quote is opened here and never closed"),
        (b'id,product,stage\n1,x,won\n2,"y"z,won\n', "deals.csv:3: a closing quote is followed by text"),
        (b"id,product,stage\n1,x\0y,won\n", "deals.csv:2: there is a NUL byte"),
        (b"id,product,stage\n1,x\xe9,won\n", "deals.csv:2: byte 4 is not UTF-8"),
        ("id,product,stage\n1,x,won\n".encode("utf-16"), "deals.csv:1: there is a NUL byte"),
        (b"id,product,stage\n1,x\ry,won\n", "deals.csv:2: there is a lone carriage return"),
    ],
)
def test_a_malformed_file_is_refused_with_file_and_line(
    small: EmbeddedCrm, tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "deals.csv"
    file.write_bytes(content)
    with pytest.raises(InputError) as error:
        run(small, file, ["title=product", "stage=stage"])
    assert says in str(error.value)
    assert small.deals() == []


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: cannot be opened"):
        CsvFile(tmp_path / "none.csv")


def test_quoted_line_ends_become_spaces_and_line_numbers_stay_right(small: EmbeddedCrm, tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_bytes(b'\xef\xbb\xbfproduct,stage\r\n"De\r\nsk",won\r\n"a ""b"" \xc3\xa9",won\r\nx,nowhere\r\n')
    small.add_user("Ann")
    maps = ["title=product", "stage=stage"]
    assert [reject.line for reject in judge(small, file, maps).rejects] == [5]
    run(small, file, maps)
    assert [deal.title for deal in small.deals()] == ["De sk", 'a "b" é']


def test_other_ways_to_write_days_can_be_named(small: EmbeddedCrm, tmp_path: Path) -> None:
    file = written(tmp_path, "x,12/31/2025", "x,31/12/2025", header="t,d")
    judged = judge(small, file, ["title=t", "close_date=d"], date_format="%m/%d/%Y")
    assert [reject.line for reject in judged.rejects] == [3]


@pytest.mark.parametrize(
    ("maps", "says"),
    [
        ([], "--map title=... is missing"),
        (["titel=product"], "there is no field 'titel'; did you mean 'title'?"),
        (["title=Produkt"], "the file has no column 'Produkt'; did you mean 'product'?"),
        (["title={product} {acount}"], "the file has no column 'acount'; did you mean 'account'?"),
        (["title=product", "title=id"], "--map title=... is given twice"),
        (["title"], "--map 'title' is not of the form field=column"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_with_advice(maps: list[str], says: str) -> None:
    with pytest.raises(InputError) as error:
        parse(maps, [], HEADER.split(","))
    assert says in str(error.value)


def test_text_in_brackets_is_left_out_when_a_column_in_it_is_blank() -> None:
    source = Source("{a}[ for {b}][ ({c}, {d})]")
    assert source.text({"a": "x", "b": "y", "c": "1", "d": "2"}) == "x for y (1, 2)"
    assert source.text({"a": "x", "b": " ", "c": "1", "d": ""}) == "x"
    assert source.text({"a": "[{b}]", "b": "", "c": "", "d": ""}) == "[{b}]"


def test_a_file_that_changes_while_it_is_imported_is_not_imported(small: EmbeddedCrm, tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    with importing(small, file) as started:
        judged = started.judge(quiet)
        file.write_text(f"{HEADER}\n", encoding="utf-8")
        with pytest.raises(InputError, match="was changed while it was read"):
            started.run(judged, quiet)
    assert small.deals() == []


def test_a_person_in_the_file_is_one_contact_also_when_it_is_imported_again(crm: EmbeddedCrm, tmp_path: Path) -> None:
    maps = ["title=t", "contact_name=n", "contact_phone=p", "contact_email=e"]
    rows = [
        "a,Bo,(212) 555-0100,",
        "b,Bo Li,+1 212-555-0100,bo@example.com",
        "c,B,,BO@example.com",
        "d,Cy,,",
        "e,Di,555 not a number,",
        "f,,,",
    ]
    file = written(tmp_path, *rows, header="t,n,p,e")

    def imported(path: Path) -> Imported:
        with contextlib.closing(CsvFile(path)) as opened:
            reader = RowReader(parse(maps, [], opened.header), SALES, currency=None)
            importing_ = crm.importer(opened, reader, country="US")
            judged = importing_.judge(quiet)
            dry = importing_.run(judged, quiet, dry=True)
            done = importing_.run(judged, quiet)
            assert dry.contacts_created == done.contacts_created
            return done

    assert imported(file).contacts_created == 3
    assert [contact.name for contact in crm.contacts()] == ["Bo", "Cy", "Di"]
    assert [deal.main_contact and deal.main_contact.name for deal in crm.deals()] == [
        "Bo",
        "Bo",
        "Bo",
        "Cy",
        "Di",
        None,
    ]
    assert imported(file).contacts_created == 0
    mended = imported(written(tmp_path, *rows, "g,New,212 555 0100,", header="t,n,p,e"))
    assert mended.contacts_created == 1, "only Cy, of whom no phone and no address is known"
    assert crm.deals()[-1].main_contact == crm.contacts()[0]


@pytest.mark.parametrize(
    ("first", "second", "country", "contacts"),
    [
        ("212 555 0100 x1", "212 555 0100 x2", "US", 2),
        ("212 555 0100 x1", "(212) 555-0100 ext. 1", "US", 1),
        ("0", "0", "US", 2),
        ("call after 5", "only after 5", None, 2),
        ("555 0100 12", "5550 10012", None, 1),
        ("00000000", "00000000", "US", 2),
        ("+1 000 000 0000", "000-000-0000", "US", 2),
    ],
)
def test_two_extensions_and_what_is_no_phone_are_not_one_person(
    crm: EmbeddedCrm, tmp_path: Path, first: str, second: str, country: str | None, contacts: int
) -> None:
    """The second one's name and address were lost without a word, and their deal stood under the first one."""
    maps = ["title=t", "contact_name=n", "contact_phone=p"]
    file = written(tmp_path, f"A,Ann Lee,{first}", f"B,Bo Reyes,{second}", header="t,n,p")
    for again in (contacts, 0):
        with contextlib.closing(CsvFile(file)) as opened:
            reader = RowReader(parse(maps, [], opened.header), SALES, currency=None)
            importing_ = crm.importer(opened, reader, country=country)
            assert importing_.run(importing_.judge(quiet), quiet).contacts_created == again
        file.write_text(f"{file.read_text(encoding='utf-8')}C,,\n", encoding="utf-8")


def test_one_name_without_a_phone_is_not_one_person_if_the_addresses_are_two(crm: EmbeddedCrm, tmp_path: Path) -> None:
    maps = ["title=t", "contact_name=n", "contact_phone=p", "contact_email=e"]
    rows = ("A,Ann Lee,0,ann@a.example", "B,Ann Lee,0,ann@b.example", "C,Ann Lee,0,", "D,Ann Lee,0,", "E,,0,", "F,,0,")
    with contextlib.closing(CsvFile(written(tmp_path, *rows, header="t,n,p,e"))) as opened:
        reader = RowReader(parse(maps, [], opened.header), SALES, currency=None)
        importing_ = crm.importer(opened, reader, country="US")
        assert importing_.run(importing_.judge(quiet), quiet).contacts_created == 5


def test_rows_without_an_owner_go_to_the_default_owner_and_are_counted(small: EmbeddedCrm, tmp_path: Path) -> None:
    maps = ["title=t", "stage=s", "owner=o"]
    file = written(tmp_path, "a,won,", "b,incoming,", "c,won,Ben", header="t,s,o")
    (reject,) = judge(small, file, maps).rejects
    assert reject.line == 2 and "the CRM has no user yet" in reject.reasons[0]
    ann = small.add_user("Ann")
    assert run(small, file, maps).given_to == {ann.id: 1}
    assert [deal.owner and deal.owner.name for deal in small.deals()] == ["Ann", None, "Ben"]


def test_rows_that_lack_what_their_stage_requires_are_rejected(small: EmbeddedCrm, tmp_path: Path) -> None:
    strict = [replace(stage, required=("amount", "contacts"), reason_required=True) for stage in SALES.stages]
    shape = replace(SALES, stages=tuple(strict))
    reader = RowReader(parse(["title=t", "stage=s"], [], ["t", "s"]), shape, currency=None)
    assert reader.read(2, {"t": "x", "s": "won"})[1] == ["stage won requires amount", "stage won requires contacts"]
    assert reader.read(2, {"t": "x", "s": "lost"})[1][-1] == "stage lost requires a lost reason"


def test_first_and_last_names_are_imported_and_make_the_whole_one(crm: EmbeddedCrm, tmp_path: Path) -> None:
    """A newcomer's imported customers were greeted with no name: the import could not tell one."""
    file = written(tmp_path, "a,Luis,Perez,", "b,Ana,,Doctor Ana", header="t,f,l,n")
    with contextlib.closing(CsvFile(file)) as opened:
        maps = ["title=t", "contact_first_name=f", "contact_last_name=l", "contact_name=n"]
        importing_ = crm.importer(opened, RowReader(parse(maps, [], opened.header), SALES, currency=None), country="US")
        importing_.run(importing_.judge(quiet), quiet)
    told = [(each.name, each.first_name, each.last_name) for each in crm.contacts()]
    assert told == [("Luis Perez", "Luis", "Perez"), ("Doctor Ana", "Ana", None)]
