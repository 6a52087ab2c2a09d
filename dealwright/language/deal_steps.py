"""Steps that keep a deal in order: its owner, its tags, its tasks, and notes at it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from dealwright.language import values
from dealwright.language.fields import Field, FlagField, IdField, NumberField
from dealwright.language.keys import MAX_NAME, checked_step
from dealwright.language.origin import refused
from dealwright.language.steps import SetTask, Step, TextLike, UpdateDeal, UserLike
from dealwright.language.values import Stored


@dataclass(frozen=True, kw_only=True)
class ChangeTags(Step):
    """Adds tags and takes tags off; later steps may name `changed`."""

    kind = "change_tags"
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def changed(self) -> FlagField:
        """Whether anything was different; unset if the step was passed by."""
        return FlagField(self._receipt("changed"))


@dataclass(frozen=True, kw_only=True)
class CompleteTasks(Step):
    """Completes tasks of the deal; later steps may name `completed`."""

    kind = "complete_tasks"
    only: SetTask | None = None
    with_text: str | None = None

    @property
    def completed(self) -> NumberField:
        """How many tasks were completed; unset if the step was passed by."""
        return NumberField(self._receipt("completed"))


@dataclass(frozen=True, kw_only=True)
class AddNote(Step):
    """Writes a note down; later steps may name `note_id`."""

    kind = "add_note"
    text: Stored

    @property
    def note_id(self) -> IdField:
        """The id of the note; unset if the step was passed by."""
        return IdField(self._receipt("note_id"))


# --- constructors ---------------------------------------------------------------------------------------------------


def assign_owner(name: str, *, to: UserLike) -> UpdateDeal:
    """Give the deal to a user: a field that is one, the name or id of one, or a role that somebody is picked of."""
    name = checked_step(name)
    return UpdateDeal(name=name, changes=MappingProxyType({"owner": values.user(to, f"to of {name!r}")}))


def add_tags(name: str, tag: str, /, *others: str) -> ChangeTags:
    """Add tags to the deal, whatever others it has."""
    name = checked_step(name)
    return ChangeTags(name=name, add=_tags(name, (tag, *others)))


def remove_tags(name: str, tag: str, /, *others: str) -> ChangeTags:
    """Take tags off the deal; one that it does not have is no matter."""
    name = checked_step(name)
    return ChangeTags(name=name, remove=_tags(name, (tag, *others)))


def complete_tasks(name: str, *, only: SetTask | None = None, with_text: str | None = None) -> CompleteTasks:
    """Complete all open tasks of the deal, or `only` the one that an earlier step has set.

    `with_text`: those whose text holds these words, in capitals or not.
    """
    name = checked_step(name)
    if with_text is not None:
        _check_words(name, with_text)
        if only is not None:
            raise refused(f"{name!r} says only= and with_text=", hint="one of the two says which tasks are meant")
    if only is not None and not isinstance(only, SetTask):
        raise refused(
            f"only of {name!r} is a step that sets a task, not {_called(only)}",
            hint='write call = set_task("call", ...) above, and only=call',
        )
    return CompleteTasks(name=name, only=only, with_text=with_text)


def _check_words(name: str, words: object) -> None:
    if not isinstance(words, str) or not words.strip() or len(words) > MAX_NAME:
        shown = repr(words)[:80] if isinstance(words, str) else f"a {type(words).__name__}"
        hint = f"write a text of 1 to {MAX_NAME} characters"
        raise refused(f"with_text of {name!r} is words of the task, not {shown}", hint=hint)
    if "{" in words:
        hint = "write the words that stay the same in all of them"
        raise refused(f"with_text of {name!r} is compared as it stands, without fields in it", hint=hint)


def add_note(name: str, *, text: TextLike) -> AddNote:
    """Write a note down at the deal; one that comes out empty is not written."""
    name = checked_step(name)
    kept = values.text(text, f"text of {name!r}")
    if isinstance(kept, values.Words) and not kept.source.strip():
        raise refused(f"the note {name!r} says nothing", hint='text="Invoice {{ deal.reference }} is paid"')
    return AddNote(name=name, text=kept)


def _tags(name: str, given: tuple[object, ...]) -> tuple[str, ...]:
    kept = []
    for tag in given:
        if not isinstance(tag, str) or not tag.strip():
            raise refused(f"a tag of {name!r} is a text, not {_called(tag)}", hint=f'("{name}", "vip", "partner")')
        if "{{" in tag or "{%" in tag:
            raise refused(f"a tag of {name!r} is not filled in: {tag[:80]!r}", hint="write the tag itself")
        kept.append(tag.strip())
    return tuple(dict.fromkeys(kept))


def _called(value: object) -> str:
    return repr(value)[:80] if isinstance(value, Field | str | int | float | None) else f"a {type(value).__name__}"
