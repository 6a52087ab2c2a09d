"""How the page calls things: stages and pipelines by their names, facts in words, values as people spell them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import Final
from zoneinfo import ZoneInfo

from dealwright.compile import ir
from dealwright.compile.explain.tongue import Tongue, harmless
from dealwright.model.custom import FieldShape
from dealwright.model.values import in_zone


class Names:
    """The names of one account, in one language.

    `numbers` are those under which the steps of the automation at hand are listed, by name; `given` what other systems
    give its steps, as `step.name`.
    """

    def __init__(
        self,
        account: ir.Account,
        tongue: Tongue,
        numbers: Mapping[str, int] | None = None,
        given: Collection[str] = (),
    ) -> None:
        self.account = account
        self.tongue = tongue
        self.numbers = numbers or {}
        self.given = given
        self._contact = "of.recipient"
        self._kind = ""
        self._labels = {
            "deal": _labels(account.deal_fields),
            "contact": _labels(account.contact_fields),
            "company": _labels(account.company_fields),
        }
        self._of_records = {kind.key: _labels(kind.fields) for kind in account.records}
        self._zone = ZoneInfo(account.calendar.zone)

    def of_one_contact(self) -> Names:
        """Return the names inside of a condition that one of a deal's contacts has to meet."""
        inside = copy(self)
        inside._contact = "of.contact"
        return inside

    def of_record(self, kind: str) -> Names:
        """Return the names where a record of that kind is meant."""
        inside = copy(self)
        inside._kind = kind
        return inside

    # --- places -----------------------------------------------------------------------------------------------------

    def pipeline(self, key: str) -> str:
        """Return the pipeline's name, quoted."""
        found = self.account.pipeline(key)
        return self.tongue.say("is.pipeline", pipeline=harmless(found.name if found else key))

    def stage(self, value: ir.StageValue) -> str:
        """Return the stage's name, quoted, with its pipeline's if the account has several."""
        pipeline = self.account.pipeline(value.pipeline)
        found = pipeline.stage(value.stage) if pipeline else None
        key = "is.stage" if len(self.account.pipelines) != 1 else "is.stage.only"
        return self.tongue.say(
            key,
            stage=harmless(found.name if found else value.stage),
            pipeline=harmless(pipeline.name if pipeline else value.pipeline),
        )

    def stages(self, values: Sequence[ir.StageValue]) -> str:
        """Return the stages as a list of which one is meant."""
        return self.tongue.one_of(map(self.stage, values))

    def role(self, value: ir.RoleValue) -> str:
        """Return who of a role is meant."""
        name = self.tongue.say("is.role", role=harmless(value.role))
        who = self.tongue.say(f"is.role.{value.how}", role=name, where=self.where((), value.open_in))
        return self.tongue.say("is.role.keep", role=name, who=who) if value.keep else who

    def where(self, pipelines: Sequence[str], stages: Sequence[ir.StageValue] = ()) -> str:
        """Return ` in ...`, or nothing if it is anywhere."""
        places = [*map(self.pipeline, pipelines), *map(self.stage, stages)]
        return self.tongue.say("where", places=self.tongue.one_of(places)) if places else ""

    def kind(self, key: str) -> str:
        """Return what people call the records of a kind, quoted."""
        label = next((kind.label for kind in self.account.records if kind.key == key), "")
        return self.tongue.quoted(label or key)

    # --- facts ------------------------------------------------------------------------------------------------------

    def contact(self, path: ir.ContactPath) -> str:
        """Return which contact is meant."""
        return self.field(path)

    def field(self, path: str) -> str:
        """Return a fact in words; one that has no words of its own by its last name, quoted."""
        head, _, rest = path.partition(".")
        if head == "contact" and rest:
            return self._part(rest, self._contact, path)
        if head == "steps":
            return self._receipt(rest)
        if path.startswith("event.before."):
            return self.tongue.say("field.before", field=self.field(f"deal.{path.removeprefix('event.before.')}"))
        if path in {"deal.main_contact.id", "event.contact.id"}:  # who asks for it asks whether there is one
            return self.field(path.removesuffix(".id"))
        if path.startswith("deal.contact_as."):
            return self._by_role(path)
        if path.startswith("deal.company.newest_open_deal.owner."):
            return self.field("deal.company.newest_open_deal.owner")
        if path.startswith("event.data."):
            return self.tongue.say("field.event.data", name=harmless(path.removeprefix("event.data.")))
        if path.startswith("deal.records."):
            spelled = path.split(".")[2]
            key = next((kind.key for kind in self.account.records if kind.key.replace("-", "_") == spelled), spelled)
            told = "field.deal.records" if path.endswith(".count") else "is.records"
            return self.tongue.say(told, kind=self.kind(key))
        if head == "pressed":
            return self.tongue.say("field.pressed", name=harmless(rest))
        if head == "settings":
            return self.tongue.say("field.setting", name=harmless(rest))
        for start, of in _PARTS.items():
            if path.startswith(start):
                return self._part(path.removeprefix(start), of, path)
        of = self.tongue.say("of.company") if path.startswith("deal.company.") else ""
        return self.tongue.texts.get(f"field.{path}") or self._other(path, of)

    def changed(self, path: str, of: str) -> str:
        """Return a field that an automation watches or a step writes.

        It is `of` the `deal`, its `company`, a `contact` or a `record`.
        """
        if of == "contact":
            return self._part(path, "of.contact", path)
        if of == "record":
            return self.field(f"record.{path}")
        if of == "company":  # the sentence says already whose it is
            return self.tongue.texts.get(f"field.deal.company.{path}") or self._other(f"deal.company.{path}")
        return self.field(f"deal.{path}")

    def step(self, name: str) -> int | str:
        """Return the number of a step; texts spell its name with underscores."""
        spelled = name.replace("_", "-")
        return self.numbers.get(name, self.numbers.get(spelled, harmless(name)))

    def _part(self, part: str, of: str, path: str) -> str:
        if f"part.{part}" not in self.tongue.texts:
            return self._other(path, self.tongue.say(of))
        return self.tongue.say(f"part.{part}", of=self.tongue.say(of))

    def _by_role(self, path: str) -> str:
        role, _, part = path.removeprefix("deal.contact_as.").partition(".")
        shown = harmless(role.replace("_", " "))
        if not part:
            return self.tongue.say("field.deal.contact_as", role=shown)
        if f"part.{part}" not in self.tongue.texts:
            return self._other(path, self.tongue.say("of.contact_as", role=shown))
        return self.tongue.say(f"part.{part}", of=self.tongue.say("of.contact_as", role=shown))

    def _receipt(self, rest: str) -> str:
        name, _, field = rest.partition(".")
        if f"receipt.{field}" in self.tongue.texts and f"{name.replace('_', '-')}.{field}" not in self.given:
            return self.tongue.say(f"receipt.{field}", step=self.step(name))
        return self.tongue.say("receipt", name=self.tongue.quoted(field), step=self.step(name))

    def _other(self, path: str, of: str = "") -> str:
        """Return a field that has no words of its own; `of` says whose it is, if it is not the deal's."""
        key = path.rpartition(".")[2]
        name = harmless(self._labels_at(path).get(key) or key.replace("_", " "))
        return self.tongue.say("field.other.of", name=name, of=of) if of else self.tongue.say("field.other", name=name)

    def _labels_at(self, path: str) -> Mapping[str, str]:
        """The labels of the own fields of what has the field at a path; one without a place is of a contact."""
        if path.startswith("record."):
            return self._of_records.get(self._kind, {})
        if "." not in path or path.startswith(_OF_CONTACT):
            return self._labels["contact"]
        return self._labels["company" if path.startswith("deal.company.") else "deal"]

    def answer(self, way: ir.Answer, step: ir.AskStep) -> str:
        """Return an answer that a person may give, quoted; yes and no in the language of the page."""
        said = way.answer
        if {each.answer for each in step.answers} == {"yes", "no"}:
            said = self.tongue.say("is.flag" if said == "yes" else "is.flag.not")
        return self.tongue.quoted(said)

    # --- values -----------------------------------------------------------------------------------------------------

    def value(self, value: ir.Value, *, money: bool = False) -> str:
        """Return a literal as people spell it; `money` says that a plain number is an amount in our currency."""
        tongue = self.tongue
        match value:
            case ir.TextValue():
                return tongue.quoted(value.value)
            case ir.NumberValue():
                number = tongue.number(value.value)
                if money and self.account.currency is not None:
                    return tongue.say("is.money", number=number, currency=self.account.currency)
                return tongue.say("is.number", number=number)
            case ir.MoneyValue():
                return tongue.say("is.money", number=tongue.number(value.amount), currency=harmless(value.currency))
            case ir.DayValue():
                return tongue.day(value.value)
            case ir.MomentValue():
                local = in_zone(value.value, self._zone)
                return tongue.say("is.moment", day=tongue.day(local.date()), time=f"{local:%H:%M}")
            case ir.FlagValue():
                return tongue.say("is.flag" if value.value else "is.flag.not")
            case ir.StageValue():
                return self.stage(value)
            case ir.PipelineValue():
                return self.pipeline(value.pipeline)
            case ir.TagsValue():
                return self.tags(value.value)
            case ir.Cleared():
                return tongue.say("is.cleared")

    def tags(self, tags: Sequence[str]) -> str:
        """Return tags as a list."""
        return (
            self.tongue.say("is.tags", tags=self.tongue.all_of(map(self.tongue.quoted, tags)))
            if tags
            else (self.tongue.say("is.tags.none"))
        )


_PARTS = {
    "deal.main_contact.": "of.main_contact",
    "event.contact.": "of.event_contact",
    "deal.owner.": "of.owner",
}

_OF_CONTACT: Final = ("contact.", "deal.main_contact.", "deal.contact_as.", "event.contact.")


def _labels(shapes: Iterable[FieldShape]) -> dict[str, str]:
    return {shape.key: shape.label for shape in shapes}
