"""Where values may stand in the HTML of a message: in its text and in quoted attributes, where escaping keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from dealwright.language.templates import Problem

_VALUE: Final = "\ue000"
"""Stands for a value, a character that nobody writes."""

_VALUES: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_BLOCKS: Final = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_OPEN: Final = re.compile(rf"<[a-zA-Z/!?][^>]*{_VALUE}")
_LINKS: Final = frozenset({"href", "src", "action", "formaction", "background", "cite", "poster", "srcset", "data"})
_LEADS: Final = re.compile(r"\s*(https?://[^/\s]+[/?#]|mailto:|tel:)", re.IGNORECASE)
_RAW: Final = frozenset({"script", "style", "title", "textarea", "xmp", "noscript", "template"})


def check_html(source: str) -> list[Problem]:
    """Return what is wrong with the places of values in a template of HTML."""
    places = _Places()
    places.feed(_VALUES.sub(_VALUE, _BLOCKS.sub("", source)))
    if _OPEN.match(places.rawdata):
        # What is left over is a tag without an end: a reader of the mail may take anything behind it for the tag.
        places.found.append(("a value stands in an HTML tag that is not closed", "close the tag with >"))
    places.close()
    return [Problem("DW301", message, hint) for message, hint in dict.fromkeys(places.found)]


class _Places(HTMLParser):
    """Walks over the markup and notes values where escaping them would not be enough."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[str, str]] = []
        self._raw = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes of a tag."""
        if tag in _RAW:
            self._raw = tag
        if _VALUE in _QUOTED.sub("", self.get_starttag_text() or ""):
            self._note("a value in an HTML tag stands outside quotes", 'write title="{{ deal.title }}"')
        for name, value in attrs:
            if value is not None and _VALUE in value:
                self.found.extend(_attribute(name, value))

    def handle_endtag(self, tag: str) -> None:
        """Leave what is not read as markup."""
        if tag == self._raw:
            self._raw = ""

    def handle_data(self, data: str) -> None:
        """Look at what stands between tags; a tag that is never closed is told as such text."""
        if self._raw and _VALUE in data:
            self._note(
                f"a value stands inside <{self._raw}>, where escaping does not keep it", "write it into the text"
            )
        elif _OPEN.search(data):
            self._note("a value stands in an HTML tag that is not closed", "close the tag with >")

    def handle_comment(self, data: str) -> None:
        """Look into a comment."""
        if _VALUE in data:
            self._note("a value stands in an HTML comment", "take it out")

    def handle_decl(self, decl: str) -> None:
        """Look into a declaration, which readers of mail take for a comment."""
        self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        """Look into a processing instruction, which readers of mail take for a comment."""
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        """Look into a marked section, which readers of mail take for a comment."""
        self.handle_comment(data)

    def _note(self, message: str, hint: str) -> None:
        self.found.append((message, hint))


def _attribute(name: str, value: str) -> Iterator[tuple[str, str]]:
    if name.startswith("on") or name == "style":
        yield f"a value stands in the attribute {name}, where escaping does not keep it", "write it into the text"
    elif name in _LINKS and _LEADS.match(value.partition(_VALUE)[0]) is None:
        hint = f'write where it leads: {name}="https://acme.example/offers/{{{{ deal.id }}}}"'
        yield f"a value decides where {name} leads", hint
