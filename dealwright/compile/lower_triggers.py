"""Lowering of triggers: what automations answer, wait for, and are ended by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from dealwright.compile import ir
from dealwright.compile.lower_scope import Scope, length
from dealwright.compile.lower_values import ValueLowering
from dealwright.language import schema, triggers
from dealwright.language.origin import Origin
from dealwright.language.pipeline import StageLike, is_pipeline, parts
from dealwright.language.records import PLACE

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class TriggerLowering:
    """Lowers the triggers of one account's automations."""

    def __init__(self, values: ValueLowering) -> None:
        self._values = values

    def all(
        self, given: Sequence[triggers.Trigger], origin: Origin, sent: Mapping[str, str] = _NOTHING
    ) -> tuple[ir.Trigger, ...]:
        """Lower several triggers; `sent` are the steps that write to contacts, and by which channel."""
        return tuple(self.one(each, origin, sent) for each in given)

    def one(self, on: triggers.Trigger, origin: Origin, sent: Mapping[str, str] = _NOTHING) -> ir.Trigger:
        """Lower a trigger."""
        match on:
            case triggers.DealCreated():
                return self._created(on, origin)
            case triggers.DealUpdated():
                self._known(on, origin)
                return ir.OnDealUpdated(fields=on.fields, pipelines=self._keys(on.in_, origin))
            case triggers.StageChanged():
                return ir.OnStageChanged(
                    from_=self._places(on.from_, origin),
                    to=self._places(on.to, origin),
                    pipelines=self._keys(on.in_, origin),
                )
            case triggers.Entered():
                return ir.OnEntered(stages=self._places(on.stages, origin))
            case triggers.ContactAdded():
                return ir.OnContactAdded(pipelines=self._keys(on.in_, origin))
            case triggers.ContactRemoved():
                return ir.OnContactRemoved(pipelines=self._keys(on.in_, origin))
            case triggers.ContactUpdated():
                self._known(on, origin)
                return ir.OnContactUpdated(fields=on.fields, pipelines=self._keys(on.in_, origin))
            case triggers.OwnerChanged():
                return ir.OnOwnerChanged(pipelines=self._keys(on.in_, origin))
            case triggers.TaskCompleted():
                return ir.OnTaskCompleted(pipelines=self._keys(on.in_, origin))
            case triggers.ActivityLogged():
                return ir.OnActivityLogged(kinds=on.kinds, pipelines=self._keys(on.in_, origin))
            case triggers.EventReceived():
                if on.event is not None:
                    self._values.use_event(on.event)
                elif on.data:
                    self._values.use_name(on.name, origin)
                return ir.OnEventReceived(
                    name=on.name, source=on.source, data=on.data, pipelines=self._keys(on.in_, origin)
                )
            case triggers.MessageReceived():
                return ir.OnMessageReceived(pipelines=self._keys(on.in_, origin))
            case triggers.RecordAdded():
                return ir.OnRecordAdded(record=on.record._key, pipelines=self._keys(on.in_, origin))
            case triggers.RecordUpdated():
                scope = Scope(on.kind, origin, record=on.record._key)
                fields = tuple(self._values.ref(own, scope).path.removeprefix(f"{PLACE}.") for own in on.own)
                return ir.OnRecordUpdated(record=on.record._key, fields=fields, pipelines=self._keys(on.in_, origin))
            case triggers.RecordRemoved():
                return ir.OnRecordRemoved(record=on.record._key, pipelines=self._keys(on.in_, origin))
            case triggers.Replied():
                return self._replied(on, origin, sent)
            case triggers.DateReached():
                return ir.OnDateReached(
                    field=self._values.ref(on.field, Scope(on.kind, origin)),
                    before=None if on.before is None else length(on.before),
                    after=None if on.after is None else length(on.after),
                    pipelines=self._keys(on.in_, origin),
                )
            case triggers.NoActivity():
                return ir.OnNoActivity(for_=length(on.for_), pipelines=self._keys(on.in_, origin))
            case triggers.MessageFailed():
                return ir.OnMessageFailed(pipelines=self._keys(on.in_, origin))
            case triggers.RepWrote():
                return ir.OnRepWrote(pipelines=self._keys(on.in_, origin))
            case triggers.OptedOut():
                return ir.OnOptedOut(pipelines=self._keys(on.in_, origin))

    def _known(self, on: triggers.DealUpdated | triggers.ContactUpdated, origin: Origin) -> None:
        """See that the company's own fields that are watched are fields of this account."""
        for own in on.own:
            self._values.ref(own, Scope(on.kind, origin))

    def _replied(self, on: triggers.Replied, origin: Origin, sent: Mapping[str, str]) -> ir.OnReplied:
        if on.to is not None and on.to not in sent:
            earlier = sorted(sent)
            hint = schema.did_you_mean(on.to, earlier) or (
                f"messages here are {', '.join(earlier)}"
                if earlier
                else "write it after the step that sends the message"
            )
            message = f"replied(to={on.to!r}): no step before it that sends a message has that name"
            self._values.found("DW406", origin, message, hint)
        return ir.OnReplied(to=on.to, via="" if on.to is None else sent.get(on.to, ""))

    def _created(self, on: triggers.DealCreated, origin: Origin) -> ir.OnDealCreated:
        pipelines = [place for place in on.in_ if is_pipeline(place)]
        stages = [place for place in on.in_ if isinstance(place, StageLike)]
        if not stages:
            return ir.OnDealCreated(pipelines=self._keys(pipelines, origin))
        # Where stages stand beside whole pipelines, the pipelines are named by all their stages.
        whole = [stage for pipeline in pipelines for stage in parts(pipeline).stages.values()]
        return ir.OnDealCreated(stages=self._places([*stages, *whole], origin))

    def _keys(self, pipelines: Iterable[object], origin: Origin) -> tuple[str, ...]:
        values = [self._values.pipeline(pipeline, origin) for pipeline in pipelines if is_pipeline(pipeline)]
        return tuple(value.pipeline for value in values)

    def _places(self, stages: Iterable[StageLike], origin: Origin) -> tuple[ir.StageValue, ...]:
        return tuple(self._values.stage(stage, origin) for stage in stages)
