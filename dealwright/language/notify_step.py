"""The step that tells a colleague something, by e-mail."""

from __future__ import annotations

from dataclasses import dataclass

from dealwright.language import values
from dealwright.language.fields import IdField, UserField
from dealwright.language.keys import checked_step
from dealwright.language.origin import refused
from dealwright.language.roles import Pick, Role
from dealwright.language.steps import Step, TextLike
from dealwright.language.values import Stored


@dataclass(frozen=True, kw_only=True)
class Notify(Step):
    """Tells a colleague something; later steps may name `message_id`."""

    kind = "notify"
    who: Stored
    text: Stored

    @property
    def message_id(self) -> IdField:
        """The id of the e-mail; unset if the step was passed by."""
        return IdField(self._receipt("message_id"))


def notify(name: str, *, who: UserField | Role | Pick, text: TextLike) -> Notify:
    """Tell a colleague something by e-mail: `who` is a field that is a user, such as `deal.owner`, or a role.

    A role is everybody of it who is there, in one e-mail; `closers.round_robin()` is one of them.

    It is no message to a customer: `again` need not be said, and `stop --messages` does not hold it. Somebody without
    an e-mail address is passed by, and the trace says so.
    """
    name = checked_step(name)
    if not isinstance(who, UserField | Role | Pick):
        raise refused(
            f"who of {name!r} is a colleague by field, or a role", hint="write who=deal.owner, or who=closers"
        )
    kept = values.text(text, f"text of {name!r}")
    if isinstance(kept, values.Words) and not kept.source.strip():
        raise refused(f"the step {name!r} tells nothing", hint='text="{{ deal.title }} waits for you"')
    told = (
        Pick(who.name, "everybody", defined=who.origin)
        if isinstance(who, Role)
        else values.user(who, f"who of {name!r}")
    )
    return Notify(name=name, who=told, text=kept)
