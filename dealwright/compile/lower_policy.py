"""Lowering of what an account allows itself."""

from __future__ import annotations

from dealwright.compile import ir
from dealwright.compile.lower_scope import length
from dealwright.language.policy import Limits, MessagePolicy


def message_policy(given: MessagePolicy | None) -> ir.MessagePolicy | None:
    """Lower how customers may be written to."""
    if given is None:
        return None
    again, silent = given.same_template_again_after, given.silent_while_human_talks
    return ir.MessagePolicy(
        max_per_person=tuple(ir.Cap(within=length(within), most=most) for within, most in given.max_per_person),
        quiet=given.quiet,
        same_template_again_after=None if again is None else length(again),
        opt_out_words=given.opt_out_words,
        silent_while_human_talks=None if silent is None else length(silent),
        person=given.person,
        until_enforced=given.until_enforced,
    )


def limits(given: Limits | None) -> ir.Limits | None:
    """Lower how much is done at once."""
    if given is None:
        return None
    return ir.Limits(
        per_hour=given.per_hour,
        per_day=given.per_day,
        import_burst=given.import_burst,
        until_enforced=given.until_enforced,
    )
