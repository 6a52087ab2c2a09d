"""How an import says which column goes where: `--map title="{product}[ for {account}]"`.

A source is a column's name, or a text with columns in braces; what stands in square brackets is left out when a column
in it is blank.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from dealwright.errors import InputError

FIELDS: Final = {
    "title": "the deal's title (needed)",
    "stage": "a stage's key or name (default: the pipeline's first stage)",
    "reference": "your own id of the deal; a reference that is there already is not created again",
    "owner": "a user's name or e-mail; who is not there is created",
    "company": "the company's name",
    "amount": "a number such as 1054 or 1054.50",
    "currency": "a code such as USD (default: --currency)",
    "close_date": "a day",
    "created": "the day the deal was created (default: now)",
    "tags": "tags, separated by semicolons; may be mapped more than once",
    "lost_reason": "why a lost deal was lost",
    "contact_name": "the contact's whole name (default: first and last name)",
    "contact_first_name": "what texts greet the contact by",
    "contact_last_name": "the contact's last name",
    "contact_phone": "the contact's phone; one contact for all rows with one phone or e-mail",
    "contact_email": "the contact's e-mail",
}
"""What a column can be mapped to."""

DEAL: Final = "deal"
"""What a file of records maps the column to that names the deal, also where a field of the kind is called so."""

MOST_NAMED: Final = 60
"""How many names a message lists; a file may have a hundred thousand columns."""

_BRACED = re.compile(r"\{([^{}]*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


class Source(msgspec.Struct, frozen=True):
    """Where a field's text comes from: a template over columns (a plain column is `{column}`)."""

    template: str

    def columns(self) -> list[str]:
        """Return the columns that it reads."""
        return _BRACED.findall(self.template)

    def text(self, row: Mapping[str, str]) -> str:
        """Return the text for one row."""

        def optional(part: re.Match[str]) -> str:
            return part[1] if all(row[name].strip() for name in _BRACED.findall(part[1])) else ""

        chosen = _OPTIONAL.sub(optional, self.template)
        return _BRACED.sub(lambda part: row[part[1]].strip(), chosen).strip()


class FieldMap(msgspec.Struct, frozen=True, kw_only=True):
    """The sources of an import, by field; `tags` may have several. `own` are fields such as `deal.treatment`."""

    sources: dict[str, Source]
    tags: tuple[Source, ...] = ()
    stages: dict[str, str] = {}
    own: dict[str, Source] = {}

    def text(self, field: str, row: Mapping[str, str]) -> str:
        """Return the text of a field, empty when it is not mapped."""
        source = self.sources.get(field)
        return "" if source is None else source.text(row)


def parse(maps: Iterable[str], stages: Iterable[str], header: Sequence[str], own: Collection[str] = ()) -> FieldMap:
    """Read `field=source` and `value=stage` options against the file's columns; `own` are the company's own fields.

    Raises:
        InputError: a field or a column is not known, or the title is not mapped.
    """
    sources: dict[str, Source] = {}
    own_sources: dict[str, Source] = {}
    tags: list[Source] = []
    for each in maps:
        field, source = _split(each, "--map", "field=column")
        if field not in FIELDS and field not in own:
            raise InputError(f"--map {field}=...: there is no field {field!r}{_near(field, [*FIELDS, *own])}")
        found = _source(field, source, header)
        if field == "tags":
            tags.append(found)
        elif field in sources or field in own_sources:
            raise InputError(f"--map {field}=... is given twice; join columns in one text: --map {field}='{{a}} {{b}}'")
        elif field in FIELDS:
            sources[field] = found
        else:
            own_sources[field] = found
    if "title" not in sources:
        raise InputError(
            "--map title=... is missing; name a column, or write a text such as '{product}[ for {account}]'"
        )
    named = dict(_split(each, "--stage", "value=stage") for each in stages)
    return FieldMap(sources=sources, tags=tuple(tags), stages=named, own=own_sources)


def parse_records(
    maps: Iterable[str], header: Sequence[str], keys: Collection[str]
) -> tuple[Source, dict[str, Source]]:
    """Read the `field=source` options of an import of records; return what names the deal, and the fields by key.

    Raises:
        InputError: a field or a column is not known, or no column names the deal.
    """
    found: dict[str, Source] = {}
    for each in maps:
        field, source = _split(each, "--map", "field=column")
        if field != DEAL and field not in keys:
            raise InputError(f"--map {field}=...: there is no field {field!r}{_near(field, [DEAL, *keys])}")
        if field in found:
            raise InputError(f"--map {field}=... is given twice; join columns in one text: --map {field}='{{a}} {{b}}'")
        found[field] = _source(field, source, header)
    if DEAL not in found:
        raise InputError("--map deal=... is missing; name the column that says which deal a record is under")
    return found.pop(DEAL), found


def near(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" for a word that is close to a known one, else what is known."""
    return _near(word, known)


def _split(option: str, name: str, form: str) -> tuple[str, str]:
    left, sign, right = option.partition("=")
    if not sign or not left.strip() or not right.strip():
        raise InputError(f"{name} {option!r} is not of the form {form}")
    return left.strip(), right.strip()


def _source(field: str, text: str, header: Sequence[str]) -> Source:
    if text in header:
        return Source(template=f"{{{text}}}")
    source = Source(template=text)
    if not source.columns():
        raise InputError(f"--map {field}={text}: the file has no column {text!r}{_near(text, header)}")
    for column in source.columns():
        if column not in header:
            raise InputError(f"--map {field}={text}: the file has no column {column!r}{_near(column, header)}")
    return source


def _near(word: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(word.casefold(), [name.casefold() for name in names], n=1)
    if close:
        return f"; did you mean {next(name for name in names if name.casefold() == close[0])!r}?"
    if not names:
        return "; there is none"
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"; known: {', '.join(names[:MOST_NAMED])}{more}"
