"""Pipelines and their stages, as classes that hold nothing but stages and cannot be changed."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, TypeAlias, TypeGuard

from dealwright.errors import DefinitionError
from dealwright.language.conditions import Reference
from dealwright.language.criteria import Criteria
from dealwright.language.durations import Length, RunningTime, WorkingTime, length_hint
from dealwright.language.keys import checked_key, checked_name
from dealwright.language.origin import Origin, here, refused
from dealwright.language.own_names import refuse_twins
from dealwright.language.schema import did_you_mean
from dealwright.language.somebody import Somebody
from dealwright.model.crm import StageKind

if TYPE_CHECKING:
    from dealwright.language.deal import ContactFields
    from dealwright.language.fields import Field
    from dealwright.language.roles import Pick, Role


@dataclass(frozen=True)
class Task:
    """What the deal's owner has to do in a stage, and until when: `Task("Send the quote", due=working_days(1))`."""

    text: str
    due: Length

    def __init__(self, text: str, *, due: Length) -> None:
        if not isinstance(text, str) or not text.strip():
            raise refused(
                "a task needs a text that says what to do", hint='Task("Send the quote", due=working_days(1))'
            )
        if not isinstance(due, RunningTime | WorkingTime):
            raise refused(
                f"a task is due after a length of time, not {due!r}",
                hint=length_hint("due", due, "working_days(1), or due=days(2)", "days"),
            )
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "due", due)


class StageLike:
    """What all stages have in common: a place in one pipeline."""

    __slots__ = (
        "_key",
        "_pipeline",
        "because",
        "entry",
        "exit",
        "first_response",
        "name",
        "origin",
        "own_required",
        "owner",
        "probability",
        "reason_required",
        "reasons",
        "required",
        "rot_after",
        "task",
    )
    kind: ClassVar[StageKind]
    name: str
    probability: int | None
    task: Task | None
    because: str
    reasons: tuple[str, ...]
    reason_required: bool
    required: tuple[str, ...]
    own_required: tuple[Reference, ...]
    owner: Somebody | None
    entry: Criteria | None
    exit: Criteria | None
    first_response: Length | None
    rot_after: Length | None
    origin: Origin
    _key: str
    _pipeline: type[Pipeline] | None

    def _set(self, name: str | None, **values: object) -> None:
        """Give a new stage its values, once."""
        if name is not None:
            checked_name(name, "a stage")
        task = values.get("task")
        if task is not None and not isinstance(task, Task):
            raise refused(f"the task of a stage is a Task, not {type(task).__name__}", hint='task=Task("...", due=...)')
        fixed: dict[str, object] = {"name": name or "", "probability": None, "task": None, "because": ""}
        fixed |= {"reasons": (), "required": (), "own_required": (), "reason_required": False}
        fixed |= {"owner": None, "entry": None, "exit": None, "first_response": None, "rot_after": None}
        for time in ("first_response", "rot_after"):
            if not isinstance(values.get(time), RunningTime | WorkingTime | None):
                raise refused(
                    f"{time} is a length of time, not {type(values[time]).__name__}",
                    hint=length_hint(
                        time,
                        values.get(time),
                        f"working_hours(4), or {time}=days(20)",
                        "hours" if time == "first_response" else "days",
                    ),
                )
            if getattr(values.get(time), "amount", 1) == 0:
                raise refused(f"{time} gives nobody any time", hint=f"{time}=working_hours(4)")
        owner = values.get("owner")
        if owner is not None and not isinstance(owner, Somebody):
            hint = 'closers = Role("closers") above, and owner=closers'
            raise refused(f"the owner of a stage is a role, not {type(owner).__name__}", hint=hint)
        for side in ("entry", "exit"):
            if not isinstance(values.get(side), Criteria | None):
                hint = f'{side}=Criteria([deal.amount.is_set()], says="...")'
                raise refused(f"{side} of a stage is Criteria(...), not {type(values[side]).__name__}", hint=hint)
        for field, value in (fixed | values | {"origin": here(), "_pipeline": None, "_key": ""}).items():
            object.__setattr__(self, field, value)

    def __set_name__(self, owner: type, attribute: str) -> None:
        if not isinstance(owner, PipelineMeta):
            raise refused(
                f"the stage {attribute!r} stands in {owner.__name__}, which is no pipeline",
                hint=f'write class {owner.__name__}(Pipeline, key="...", name="...")',
            )
        if self._pipeline is not None:
            raise refused(
                f"the stage {attribute!r} of {owner.__name__} is already {self}",
                hint="write a Stage(...) of its own for each pipeline",
            )
        object.__setattr__(self, "_pipeline", owner)
        object.__setattr__(self, "_key", attribute)
        if not self.name:
            object.__setattr__(self, "name", attribute.replace("_", " ").capitalize())

    @property
    def key(self) -> str:
        """The stage's key: the name of its attribute."""
        return self._key

    @property
    def pipeline(self) -> type[Pipeline] | None:
        """The pipeline it belongs to; None if it stands in none."""
        return self._pipeline

    def __repr__(self) -> str:
        where = f"{self._pipeline.__name__}.{self._key}" if self._pipeline else "in no pipeline"
        return f"<{type(self).__name__} {where}>"

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise refused(f"{self!r} is a definition and cannot be changed", hint="change it where it is written")

        def __delattr__(self, name: str) -> NoReturn:
            setattr(self, name, None)


class Incoming(StageLike):
    """Where raw inquiries stand before the pipeline proper.

    Somebody must have done something about an inquiry within `first_response`: else its owner is told, and has a task.
    """

    __slots__ = ()
    kind = "incoming"

    def __init__(
        self, name: str | None = None, *, task: Task | None = None, first_response: Length | None = None
    ) -> None:
        self._set(name, task=task, first_response=first_response)


class Stage(StageLike):
    """A completed action in the sale, such as "Sent the quote".

    A deal that comes here is handed over to somebody of `owner`, unless its owner is of that role already. `entry` and
    `exit` say what must hold when a deal comes, and when it goes on. A deal for which nothing was done for `rot_after`
    gets a task.
    """

    __slots__ = ()
    kind = "open"

    def __init__(
        self,
        name: str | None = None,
        *,
        probability: int | None = None,
        task: Task | None = None,
        because: str = "",
        required: Sequence[Field | ContactFields] = (),
        owner: Role | Pick | None = None,
        entry: Criteria | None = None,
        exit: Criteria | None = None,
        rot_after: Length | None = None,
    ) -> None:
        if probability is not None and (
            isinstance(probability, bool) or not isinstance(probability, int) or not 0 <= probability <= 100
        ):
            hint = f"write whole percent: probability={_percent(probability)}"
            raise refused(f"a probability of {probability!r} is none", hint=hint)
        self._set(
            name,
            probability=probability,
            task=task,
            because=because,
            owner=owner,
            entry=entry,
            exit=exit,
            rot_after=rot_after,
            **_required(required),
        )


class Won(StageLike):
    """Where deals that were won end; its probability is 100."""

    __slots__ = ()
    kind = "won"

    def __init__(
        self, name: str | None = None, *, task: Task | None = None, required: Sequence[Field | ContactFields] = ()
    ) -> None:
        self._set(name, probability=100, task=task, **_required(required))


class Lost(StageLike):
    """Where deals that were lost end, with the reasons a rep may choose from; its probability is 0."""

    __slots__ = ()
    kind = "lost"

    def __init__(
        self,
        name: str | None = None,
        *,
        reasons: Sequence[str] = (),
        require_reason: bool = False,
        task: Task | None = None,
    ) -> None:
        if isinstance(reasons, str) or not all(isinstance(reason, str) and reason.strip() for reason in reasons):
            raise refused("the reasons of a lost stage are a list of texts", hint='reasons=["Price", "Timing"]')
        for reason in reasons:
            checked_name(reason, "a reason of a lost stage")
        if len(set(reasons)) < len(reasons):
            raise refused("the reasons of a lost stage name one twice", hint="write each reason once")
        refuse_twins(reasons, "the reasons of a lost stage")
        if not isinstance(require_reason, bool):
            raise refused(f"require_reason of a lost stage is True or False, not {type(require_reason).__name__}")
        self._set(name, probability=0, reasons=tuple(reasons), reason_required=require_reason, task=task)


_REQUIRED: Final = {
    "deal.amount": "amount",
    "deal.close_date": "close_date",
    "deal.reference": "reference",
    "deal.company": "company",
    "deal.main_contact": "contacts",
    "deal.owner": "owner",
}


def _percent(probability: object) -> int:
    """What a probability is in whole percent: a fraction of 1 and one with a point are taken for what they say."""
    if isinstance(probability, float) and 0 < probability <= 100:
        return max(1, round(probability * 100 if probability < 1 else probability))
    return 40


def _required(given: object) -> dict[str, object]:
    """The names of the fields that a deal must have to stand in a stage, and what are the company's own of them."""
    if not isinstance(given, list | tuple):
        raise refused("required of a stage is a list of fields", hint="required=[deal.amount, deal.close_date]")
    names: list[str] = []
    own = []
    for item in given:
        # Fields are built on pipelines, so a field is known here by the path that it keeps.
        path = getattr(item, "_path", None)
        if not isinstance(path, str):
            raise refused(
                f"required of a stage lists fields of a deal, and {type(item).__name__} is none",
                hint="required=[deal.amount]",
            )
        declared = getattr(item, "_own", None)
        if declared is not None and path == f"deal.{declared.key}":
            names.append(declared.key)
            own.append(Reference(path, declared.holds, own=declared))
            continue
        if path not in _REQUIRED:
            hint = f"it can require {', '.join(_REQUIRED)}, and the company's own fields of a deal"
            raise refused(f"a stage cannot require {path}", hint=hint)
        names.append(_REQUIRED[path])
    return {"required": tuple(dict.fromkeys(names)), "own_required": tuple(own)}


@dataclass(frozen=True, slots=True)
class PipelineParts:
    """What a pipeline's class says: its key, name and stages by key, in the order they were written."""

    key: str
    name: str
    stages: Mapping[str, StageLike]
    origin: Origin
    deferred_to: PipelineType | None = None


class _Body(dict[str, Any]):
    """The body of a pipeline's class while it is read: a stage is not written twice."""

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(self.get(name), StageLike):
            raise refused(f"the stage {name!r} is written twice in one pipeline", hint="give one of them another name")
        super().__setitem__(name, value)


class UnknownStage(DefinitionError, AttributeError):
    """A pipeline has no stage of this name."""


class PipelineMeta(type):
    """Makes pipelines fixed: no new attributes, no instances."""

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **kwargs: Any) -> _Body:
        """Return the body that refuses a second stage of one name."""
        return _Body()

    if not TYPE_CHECKING:

        def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **kwargs: Any) -> PipelineMeta:
            """Make the class; an error of a stage arrives as itself."""
            try:
                return super().__new__(mcs, name, bases, dict(body), **kwargs)
            except RuntimeError as error:
                # Python 3.11 wraps what __set_name__ raises.
                if isinstance(error.__cause__, DefinitionError):
                    raise error.__cause__ from None
                raise

        def __call__(cls, *args: object, **kwargs: object) -> NoReturn:
            raise refused(
                f"{cls.__name__} is not called: the class itself is the pipeline", hint=f"write {cls.__name__}"
            )

        def __getattr__(cls, name: str) -> NoReturn:
            own = vars(cls).get("__dealwright__")
            if own is None or name.startswith("_"):
                raise AttributeError(f"{cls.__name__} has no {name!r}", name=name, obj=cls)
            known = f"its stages are {', '.join(own.stages)}" if own.stages else "it has no stages"
            near = did_you_mean(name, own.stages)
            raise UnknownStage(
                f"the pipeline {own.key!r} has no stage {name!r}",
                code="DW910",
                hint=f"{near} {known}".strip(),
            )

        def __setattr__(cls, name: str, value: object) -> NoReturn:
            raise refused(f"{cls.__name__} is a definition and cannot be changed", hint="change it where it is written")

        def __delattr__(cls, name: str) -> NoReturn:
            raise refused(f"{cls.__name__} is a definition and cannot be changed", hint="change it where it is written")


if TYPE_CHECKING:
    # Type checkers look at the keywords of a pipeline's class only where they see no metaclass.
    class _Fixed: ...
else:

    class _Fixed(metaclass=PipelineMeta):
        """Gives pipelines their metaclass."""


class Pipeline(_Fixed):
    """A pipeline is a class of stages: `class NewBusiness(Pipeline, key="new-business", name="New business")`.

    `deferred_to` says in which pipeline deals wait that are put off.
    """

    if TYPE_CHECKING:
        __dealwright__: ClassVar[PipelineParts]

    def __init_subclass__(cls, *, key: str, name: str | None = None, deferred_to: PipelineType | None = None) -> None:
        """Check the body and keep its parts."""
        if deferred_to is not None and not is_pipeline(deferred_to):
            raise refused(
                f"deferred_to of {cls.__name__} is a pipeline, not {type(deferred_to).__name__}",
                hint="write the pipeline above this one, and deferred_to=Deferred",
            )
        for base in cls.__mro__[1:]:
            if base not in (Pipeline, _Fixed, object):
                raise refused(
                    f"{cls.__name__} extends {base.__name__}: a pipeline is not extended, its stages would be missing",
                    hint=f"write class {cls.__name__}(Pipeline, ...) with stages of its own",
                )
        checked_key(key, "a pipeline")
        stages = {attribute: value for attribute, value in vars(cls).items() if not attribute.startswith("__")}
        for attribute, value in stages.items():
            _check_attribute(cls.__name__, attribute, value)
        shown = key.replace("-", " ").capitalize() if name is None else checked_name(name, "a pipeline")
        parts = PipelineParts(key, shown, MappingProxyType(stages), here(), deferred_to)
        type.__setattr__(cls, "__dealwright__", parts)


PipelineType: TypeAlias = type[Pipeline]
"""A pipeline as other definitions name it."""


def _check_attribute(owner: str, attribute: str, value: object) -> None:
    if not isinstance(value, StageLike):
        hint = "there is a comma at the end of the line" if isinstance(value, tuple) else "stages only stand here"
        raise refused(f"{owner}.{attribute} is a {type(value).__name__}, and a pipeline holds stages only", hint=hint)
    if attribute.startswith("_") or not attribute.isascii() or attribute != attribute.lower():
        raise refused(
            f"the stage {attribute!r} of {owner} needs a key in lower-case letters", hint="quote_sent = Stage(...)"
        )
    if keyword.iskeyword(attribute) or not attribute.isidentifier():
        raise refused(f"{attribute!r} cannot be the key of a stage of {owner}: Python reads it as its own word")


def is_pipeline(value: object) -> TypeGuard[type[Pipeline]]:
    """Say whether this is a pipeline that somebody wrote."""
    return isinstance(value, PipelineMeta) and value is not Pipeline


def parts(pipeline: type[Pipeline]) -> PipelineParts:
    """Return what the pipeline's class says."""
    return pipeline.__dealwright__
