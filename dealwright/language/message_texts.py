"""What is sent, as objects of their own: templates with buttons, free texts of a conversation, and e-mails."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from dealwright.language.characters import UNSAFE
from dealwright.language.conditions import Comparison, Condition, Reference
from dealwright.language.origin import Origin, here, refused
from dealwright.language.schema import did_you_mean
from dealwright.language.texts import ANY, Body, ByLanguage, bodies_of, checked_language
from dealwright.model.messages import MOST_BUTTON_TEXT, MOST_BUTTONS

Category = Literal["utility", "marketing", "authentication"]
"""What a template is for, as platforms of messages ask it."""

_CATEGORIES: Final = get_args(Category)
_NAME: Final = re.compile(r"[a-z0-9_]{1,100}")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


@dataclass(frozen=True, slots=True, init=False)
class Button:
    """A button under a message: `id` is what an answer says was pressed, `text` what stands on it.

    The text is one for everybody, or one for each language.
    """

    id: str
    text: tuple[tuple[str, str], ...]

    def __init__(self, id: str, text: str | Mapping[str, str], /) -> None:
        if not isinstance(id, str) or not _ID.fullmatch(id):
            raise refused(
                f"{_shown(id)} cannot be the id of a button: ids are lower-case letters, digits, - and _",
                hint='Button("yes", "Yes please")',
                code="DW307",
            )
        if isinstance(text, Mapping):
            said = tuple((checked_language(each), text[each]) for each in sorted(text, key=str))
        else:
            said = ((ANY, text),)
        if not said:
            raise refused(f"the button {id!r} has no text", hint=f'Button("{id}", "...")', code="DW307")
        for language, one in said:
            _check_on_button(one, f"the text of the button {id!r}{f' in {language!r}' if language else ''}", id)
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "text", said)


@dataclass(frozen=True, init=False)
class Template:
    """A message with a name, the same for whoever gets it, filled in for each: a body per language, and buttons."""

    name: str
    body: tuple[Body, ...]
    buttons: tuple[Button, ...]
    category: Category | None
    origin: Origin = field(compare=False, repr=False)

    def __init__(
        self,
        name: str,
        *,
        body: ByLanguage,
        buttons: Sequence[Button] = (),
        category: Category | None = None,
    ) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise refused(
                f"{_shown(name)} cannot be the name of a template: names are lower-case letters, digits and _",
                hint='Template("hello_v2", body={"en": "..."})',
            )
        if category is not None and category not in _CATEGORIES:
            near = did_you_mean(category, _CATEGORIES) if isinstance(category, str) else ""
            raise refused(
                f"{_shown(category)} is no category of a template", hint=near or f"there are {', '.join(_CATEGORIES)}"
            )
        values = {
            "name": name,
            "body": bodies_of(body, f"the body of {name!r}"),
            "buttons": _buttons(buttons, name),
            "category": category,
            "origin": here(),
        }
        for each, value in values.items():
            object.__setattr__(self, each, value)

    def pressed(self, button: str, /) -> Condition:
        """The newest answer to this template, in this execution, was this button; an answer in words is none of them.

        It is unset while nobody has answered.
        """
        ids = [each.id for each in self.buttons]
        if not isinstance(button, str) or button not in ids:
            near = did_you_mean(button, ids) if isinstance(button, str) else ""
            has = f"it has {', '.join(map(repr, ids))}" if ids else 'give it buttons=[Button("yes", "Yes")]'
            raise refused(f"the template {self.name!r} has no button {_shown(button)}", hint=near or has, code="DW407")
        return Comparison(Reference(f"pressed.{self.name}", "text"), "==", button)


@dataclass(frozen=True, init=False)
class WhatsAppTemplate(Template):
    """A template as WhatsApp approves it: with a category."""

    def __init__(
        self,
        name: str,
        *,
        category: Category,
        body: ByLanguage,
        buttons: Sequence[Button] = (),
    ) -> None:
        if category is None:
            raise refused(f"the template {name!r} has no category", hint=f"one of {', '.join(_CATEGORIES)}")
        super().__init__(name, body=body, buttons=buttons, category=category)


@dataclass(frozen=True, init=False)
class Message:
    """A free text inside of a conversation; `outside_window` is what goes instead where free texts are closed."""

    body: tuple[Body, ...]
    outside_window: Template | None
    origin: Origin = field(compare=False, repr=False)

    def __init__(self, body: ByLanguage, /, *, outside_window: Template | None = None) -> None:
        if outside_window is not None and not isinstance(outside_window, Template):
            raise refused("outside_window of a message is a template", hint="outside_window=hello")
        object.__setattr__(self, "body", bodies_of(body, "the text of a message"))
        object.__setattr__(self, "outside_window", outside_window)
        object.__setattr__(self, "origin", here())


@dataclass(frozen=True, init=False)
class EmailText:
    """An e-mail as an object of its own: its subject, its text, perhaps HTML, each for all languages or by language."""

    subject: tuple[Body, ...]
    text: tuple[Body, ...]
    html: tuple[Body, ...] | None
    origin: Origin = field(compare=False, repr=False)

    def __init__(self, subject: ByLanguage, text: ByLanguage, /, *, html: ByLanguage | None = None) -> None:
        kept = bodies_of(subject, "the subject of an e-mail")
        for body in kept:
            if UNSAFE.search(body.text):
                raise refused(
                    "the subject of an e-mail is one line of visible characters", hint="take the line break out"
                )
        object.__setattr__(self, "subject", kept)
        object.__setattr__(self, "text", bodies_of(text, "the text of an e-mail"))
        object.__setattr__(self, "html", None if html is None else bodies_of(html, "the html of an e-mail"))
        object.__setattr__(self, "origin", here())


def is_email_text(given: object) -> bool:
    """Say whether it is an e-mail's text, whatever its author's editor thinks."""
    return isinstance(given, EmailText)


def _check_on_button(text: object, what: str, id_: str) -> None:
    if not isinstance(text, str) or not text.strip() or UNSAFE.search(text):
        raise refused(f"{what} is one line that can be seen", hint=f'Button("{id_}", "...")', code="DW307")
    if len(text) > MOST_BUTTON_TEXT:
        message = f"{what} has {len(text)} characters, and {MOST_BUTTON_TEXT} can be shown"
        raise refused(message, hint="shorten it", code="DW307")


def _buttons(given: object, name: str) -> tuple[Button, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(each, Button) for each in given):
        raise refused(
            f"the buttons of {name!r} are a list of Button(...)", hint='buttons=[Button("yes", "Yes please")]'
        )
    if len(given) > MOST_BUTTONS:
        raise refused(
            f"{name!r} has {len(given)} buttons, and {MOST_BUTTONS} can be shown",
            hint="ask for less, or let people answer in words",
            code="DW307",
        )
    languages = {language for each in given for language, _ in each.text}
    seen = {"id": [each.id for each in given]}
    # A text for everybody stands beside those of each language.
    for language in sorted(languages - {ANY} or languages):
        texts = [dict(each.text) for each in given]
        seen[f"text{f' in {language!r}' if language else ''}"] = [
            shown for each in texts if (shown := each.get(language, each.get(ANY)))
        ]
    for part, held in seen.items():
        if twice := next((each for each in held if held.count(each) > 1), None):
            raise refused(
                f"two buttons of {name!r} have the {part} {twice!r}",
                hint=f"give each {part.partition(' ')[0]} once",
                code="DW307",
            )
    return tuple(given)


def _shown(value: object) -> str:
    return repr(value)[:80] if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
