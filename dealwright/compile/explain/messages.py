"""What is written to customers, as they read it: each language, the buttons, and what goes where free texts do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dealwright.compile import ir
from dealwright.compile.explain.conditions import expression, lines
from dealwright.compile.explain.names import Names
from dealwright.compile.explain.tongue import harmless


def send_message(step: ir.SendMessageStep, names: Names) -> str:
    """Return what a step writes, without its text."""
    say, message = names.tongue.say, step.message
    more = ""
    if isinstance(message, ir.TemplateMessage):
        more = _template(message, names)
    if step.late is not None:
        more += say("do.send_email.late", late=names.tongue.duration(step.late))
    contact = names.contact(step.to)
    if step.via == "crm":
        return say("do.send_message", contact=contact, more=more)
    return say("do.send_message.via", contact=contact, via=harmless(step.via), more=more)


def conversation(step: ir.SendMessageStep, names: Names, pad: str) -> Iterator[str]:
    """Yield the text of a message in each language, and what goes where free texts are closed."""
    yield from letter(step.message.bodies, names, pad)
    if isinstance(step.message, ir.FreeMessage) and step.message.outside_window is not None:
        outside = step.message.outside_window
        yield f"{pad}  {names.tongue.say('do.send_message.outside', name=harmless(outside.name))}"
        yield from letter(outside.bodies, names, pad)


def letter(texts: Sequence[ir.Body | ir.MailText | ir.SendEmailStep], names: Names, pad: str) -> Iterator[str]:
    """Yield a text as it will be read, in each language that it is written in."""
    for text in texts:
        language = "" if isinstance(text, ir.SendEmailStep) else text.language
        if language and len(texts) > 1:
            yield ""
            yield f"{pad}  {names.tongue.say('do.in_language', language=names.tongue.language(language))}"
        yield ""
        if isinstance(text, ir.MailText):
            yield f"{pad}  > {expression(text.subject, names)}"
            yield f"{pad}  >"
        yield from (f"{pad}  > {line}".rstrip() for line in lines(text.text, names))
    yield ""


def _template(given: ir.TemplateMessage, names: Names) -> str:
    say = names.tongue.say
    told = say("do.send_message.template", name=harmless(given.name))
    if given.category is not None:
        told += say("do.send_message.category", category=say(f"category.{given.category}"))
    if given.vendor is not None:
        told += say("do.send_message.vendor", vendor=given.vendor)
    if given.buttons:
        buttons = names.tongue.all_of(_button(each, names) for each in given.buttons)
        told += say("do.send_message.buttons", buttons=buttons)
    return told


def _button(given: ir.Button, names: Names) -> str:
    """What stands on a button, in each language that it is written in."""
    return " / ".join(names.tongue.quoted(each.text) for each in given.by_language or (given,))
