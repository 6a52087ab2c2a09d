"""What an account allows itself, in sentences, and that nothing of it is kept yet."""

from __future__ import annotations

from collections.abc import Iterator

from dealwright.compile import ir
from dealwright.compile.explain.tongue import Tongue


def policy(account: ir.Account, tongue: Tongue) -> Iterator[str]:
    """Yield how customers may be written to and how much is done at once; nothing if the account does not say."""
    if account.messages is not None:
        yield tongue.say("policy.messages", kept=tongue.say(f"policy.{account.messages.until_enforced}"))
        yield ""
        yield from (f"- {each}" for each in _messages(account.messages, tongue))
        yield ""
    if account.limits is not None:
        yield tongue.say("policy.limits", kept=tongue.say(f"policy.{account.limits.until_enforced}"))
        yield ""
        yield from (f"- {each}" for each in _limits(account.limits, tongue))


def _messages(given: ir.MessagePolicy, tongue: Tongue) -> Iterator[str]:
    for cap in given.max_per_person:
        yield tongue.say("policy.cap", most=tongue.number(cap.most), within=tongue.duration(cap.within))
    if given.max_per_person:
        yield tongue.say("policy.person", ways=tongue.all_of(tongue.say(f"policy.{way}") for way in given.person))
    if given.quiet is not None:
        begin, end = given.quiet
        yield tongue.say("policy.quiet", begin=begin, end=end)
    if given.same_template_again_after is not None:
        yield tongue.say("policy.same", after=tongue.duration(given.same_template_again_after))
    if given.opt_out_words:
        yield tongue.say("policy.opt_out", words=tongue.one_of(map(tongue.quoted, given.opt_out_words)))
    if given.silent_while_human_talks is not None:
        yield tongue.say("policy.silent", duration=tongue.duration(given.silent_while_human_talks))


def _limits(given: ir.Limits, tongue: Tongue) -> Iterator[str]:
    for name, most in (("per_hour", given.per_hour), ("per_day", given.per_day), ("burst", given.import_burst)):
        if most is not None:
            yield tongue.say(f"policy.{name}", most=tongue.number(most))
