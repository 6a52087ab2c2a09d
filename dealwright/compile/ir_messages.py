"""The IR of what is sent: texts by language, templates with their buttons, free texts of a conversation."""

from __future__ import annotations

from typing import Literal, TypeAlias

from dealwright.compile.ir_values import Node, TemplateText, TextValue, Where


class Body(Node, frozen=True, kw_only=True):
    """A text in one language; an empty language is every one."""

    language: str
    text: TemplateText | TextValue
    where: Where | None = None


class ButtonText(Node, frozen=True, kw_only=True):
    """What stands on a button in one language."""

    language: str
    text: str


class Button(Node, frozen=True, kw_only=True):
    """A button under a message, known by its id; `by_language` is empty where `text` stands on it in all of them."""

    id: str
    text: str
    by_language: tuple[ButtonText, ...] = ()


class TemplateMessage(Node, tag_field="message", tag="template", frozen=True, kw_only=True):
    """A message with a name; `vendor` names the platform that approves it, if the definition does."""

    name: str
    bodies: tuple[Body, ...]
    buttons: tuple[Button, ...] = ()
    category: Literal["utility", "marketing", "authentication"] | None = None
    vendor: Literal["whatsapp"] | None = None


class FreeMessage(Node, tag_field="message", tag="free", frozen=True, kw_only=True):
    """A free text inside a conversation; `outside_window` is what goes instead where free texts are closed."""

    bodies: tuple[Body, ...]
    outside_window: TemplateMessage | None = None


MessageContent: TypeAlias = TemplateMessage | FreeMessage
"""What a message says."""


class MailText(Node, frozen=True, kw_only=True):
    """An e-mail in one language."""

    language: str
    subject: TemplateText | TextValue
    text: TemplateText | TextValue
    html: TemplateText | TextValue | None = None
