"""Lowering of messages: templates, free texts and e-mails, each body checked where it stands, in every language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dealwright.compile import ir
from dealwright.compile.lower_scope import Scope
from dealwright.compile.lower_values import ValueLowering
from dealwright.compile.near import one_slip
from dealwright.compile.text_places import place_of
from dealwright.language.markup import check_html
from dealwright.language.message_texts import Button, EmailText, Message, Template, WhatsAppTemplate
from dealwright.language.origin import Origin
from dealwright.language.texts import ANY, Body
from dealwright.model.custom import FieldShape
from dealwright.model.messages import MOST_BODY, MOST_MESSAGE


class MessageLowering:
    """Lowers what the messages of one account say."""

    def __init__(self, values: ValueLowering, languages: Sequence[str], where: Callable[[Origin], ir.Where]) -> None:
        self._values = values
        self._languages = languages
        self._where = where
        self._templates: dict[str, Template] = {}

    def message(self, given: Template | Message, step: str, scope: Scope) -> ir.MessageContent:
        """Lower a template or a free text, as a step sends it."""
        if isinstance(given, Template):
            return self._template(given, step, scope)
        outside = None if given.outside_window is None else self._template(given.outside_window, step, scope)
        bodies = self._bodies(given.body, f"the message of {step!r}", given.origin, scope, MOST_MESSAGE)
        return ir.FreeMessage(bodies=bodies, outside_window=outside)

    def mail(self, given: EmailText, step: str, scope: Scope) -> tuple[ir.MailText, ...]:
        """Lower an e-mail: one for each language, the first one for whoever speaks none of the others."""
        what = f"the e-mail of {step!r}"
        parts: dict[str, Mapping[str, ir.Body]] = {}
        for part, bodies in (("subject", given.subject), ("text", given.text), ("html", given.html)):
            if bodies is None:
                continue
            for body in bodies if part == "html" else ():
                for problem in check_html(body.text):
                    self._values.found(problem.code, place_of(body), problem.message, problem.hint)
            lowered = self._bodies(bodies, f"the {part} of {step!r}", given.origin, scope, None)
            parts[part] = {each.language: each for each in lowered}
        languages = list(dict.fromkeys(language for each in parts.values() for language in each if language))
        slipped = {code for each in parts.values() for pair in self._slips(list(each)) for code in pair}
        ordered = sorted(languages, key=lambda each: (*self._place(each), each)) or [ANY]
        mails = []
        for language in ordered:
            chosen = {part: each.get(language) or each.get(ANY) for part, each in parts.items()}
            missing = [part for part, body in chosen.items() if body is None]
            if language in slipped:
                continue
            if missing:
                message = f"{what} has no {' and no '.join(missing)} in {language!r}, and has another part in it"
                self._values.found("DW305", given.origin, message, "write every part in the same languages")
                continue
            said = {part: body.text for part, body in chosen.items() if body is not None}
            mails.append(
                ir.MailText(language=language, subject=said["subject"], text=said["text"], html=said.get("html"))
            )
        nothing = ir.TextValue(value="")
        return tuple(mails) or (ir.MailText(language=ANY, subject=nothing, text=nothing),)

    def language_field(self, shape: FieldShape, origin: Origin) -> None:
        """Check the own field that says what a contact speaks: each of the account's languages is an option."""
        if not shape.options:
            return
        unsaid = [each for each in self._languages if not any(_serves(option, each) for option in shape.options)]
        if unsaid:
            message = (
                f"no contact can be said to speak {' or '.join(map(repr, unsaid))}: the options of the field "
                f"{shape.key!r} are {', '.join(map(repr, shape.options[:10]))}"
            )
            hint = f"languages are told by their codes: Choice(..., {list(self._languages)!r})"
            self._values.found("DW305", origin, message, hint)

    def _template(self, given: Template, step: str, scope: Scope) -> ir.TemplateMessage:
        other = self._templates.setdefault(given.name, given)
        if other != given:
            where = self._where(other.origin)
            message = f"the template {given.name!r} is another one at {where.file}:{where.line}"
            self._values.found("DW309", given.origin, message, "give one of them another name, such as hello_v2")
        bodies = self._bodies(given.body, f"the template {given.name!r}", given.origin, scope, MOST_BODY, step)
        return ir.TemplateMessage(
            name=given.name,
            bodies=bodies,
            buttons=tuple(self._button(each, given) for each in given.buttons),
            category=given.category,
            vendor="whatsapp" if isinstance(given, WhatsAppTemplate) else None,
        )

    def _button(self, given: Button, template: Template) -> ir.Button:
        what = f"the button {given.id!r} of the template {template.name!r}"
        self._check_languages([language for language, _ in given.text], what, template.origin)
        ordered = sorted(given.text, key=lambda each: (*self._place(each[0]), each[0]))
        texts = tuple(ir.ButtonText(language=language, text=text) for language, text in ordered)
        return ir.Button(id=given.id, text=texts[0].text, by_language=() if texts[0].language == ANY else texts)

    def _bodies(
        self, given: Sequence[Body], what: str, origin: Origin, scope: Scope, most: int | None, step: str = ""
    ) -> tuple[ir.Body, ...]:
        self._check_languages([body.language for body in given], what, origin)
        lowered = []
        for body in sorted(given, key=lambda each: (*self._place(each.language), each.language)):
            place = place_of(body)
            if most is not None and len(body.text) > most:
                message = f"{what} has {len(body.text):,} characters{_in(body)}, and {most:,} can be sent"
                self._values.found("DW306", place, message, "shorten it")
            text = self._values.body(
                body, scope.at(place), f" (in {what}, sent by {step!r})" if step else f" (in {what})"
            )
            lowered.append(ir.Body(language=body.language, text=text, where=self._where(place)))
        return tuple(lowered)

    def _check_languages(self, languages: Sequence[str], what: str, origin: Origin) -> None:
        """Every customer is written to in a language of the account; whoever has a text for all has that."""
        if ANY in languages:
            return
        if not self._languages:
            if len(languages) > 1:
                message = f"{what} is written in {' and '.join(languages)}, and the account says no languages"
                hint = f"write languages={list(languages)!r} in the account: the first one is for whoever speaks none"
                self._values.found("DW305", origin, message, hint)
            return
        missing, strange = self._missing(languages), self._strange(languages)
        for wrong, meant in self._slips(languages):
            missing.remove(meant)
            strange.remove(wrong)
            message = f"{what} has a text in {wrong!r}, which the account does not list"
            hint = f"did you mean {meant!r}? or else add it to languages={list(self._languages)!r}"
            self._values.found("DW305", origin, message, hint)
        if missing:
            message = f"{what} has no text in {' and '.join(map(repr, missing))}, which customers of the account speak"
            self._values.found("DW305", origin, message, f'write it: {{..., "{missing[0]}": "..."}}')
        if strange:
            message = f"{what} has a text in {' and '.join(map(repr, strange))}, which the account does not list"
            self._values.found(
                "DW305", origin, message, f"add it to languages={list(self._languages)!r}, or leave it out"
            )

    def _missing(self, languages: Sequence[str]) -> list[str]:
        """The account's languages in which there is no text."""
        return [each for each in self._languages if not any(_serves(language, each) for language in languages)]

    def _strange(self, languages: Sequence[str]) -> list[str]:
        """The languages of a text that are none of the account's."""
        return [each for each in languages if not any(_serves(each, language) for language in self._languages)]

    def _slips(self, languages: Sequence[str]) -> list[tuple[str, str]]:
        """A code that is most likely a slip, with the one that is meant: the only one that lacks its text."""
        if ANY in languages:
            return []
        missing, strange = self._missing(languages), self._strange(languages)
        pairs = zip(strange, missing, strict=True) if len(strange) == len(missing) == 1 else ()
        return [(wrong, meant) for wrong, meant in pairs if one_slip(wrong.lower(), meant.lower())]

    def _place(self, language: str) -> tuple[int]:
        """Where the language stands in the account's list; the first one is for all others."""
        places = [place for place, each in enumerate(self._languages) if _serves(language, each)]
        return (places[0] if places else len(self._languages),)


def _serves(language: str, wanted: str) -> bool:
    """`pt` serves who speaks `pt-BR`, and the other way round."""
    return language == wanted or language.partition("-")[0] == wanted.partition("-")[0]


def _in(body: Body) -> str:
    return f" in {body.language!r}" if body.language else ""
