"""The lint rules, one per file, and the list of them."""

from __future__ import annotations

from typing import Final

from dealwright.compile.rules import (
    ask_late,
    contact_guard,
    conversion_name,
    conversion_value,
    created_breach,
    criteria,
    cycle,
    deferred,
    ends,
    event_clears,
    failure_loop,
    fixed_value,
    formatted_field,
    idle,
    incoming,
    joined_texts,
    lookup_unset,
    match_common,
    match_missing,
    nameless_deal,
    near_roles,
    never_true,
    orphan,
    other_currency,
    outcome_value,
    pipeline_count,
    placeholder,
    probabilities,
    python_truth,
    quiet_all_day,
    stage_count,
    stage_is_state,
    stage_owner,
    stage_task,
    two_writers,
    unheard,
    unreachable,
    unread_fields,
    unset_flag,
)
from dealwright.compile.rules.rule import Rule

RULES: Final[tuple[Rule, ...]] = tuple(
    sorted(
        (
            module.RULE
            for module in (
                ask_late,
                contact_guard,
                conversion_name,
                conversion_value,
                created_breach,
                criteria,
                cycle,
                deferred,
                ends,
                event_clears,
                failure_loop,
                fixed_value,
                formatted_field,
                idle,
                incoming,
                joined_texts,
                lookup_unset,
                match_common,
                match_missing,
                nameless_deal,
                near_roles,
                never_true,
                orphan,
                other_currency,
                outcome_value,
                pipeline_count,
                placeholder,
                probabilities,
                python_truth,
                quiet_all_day,
                stage_count,
                stage_is_state,
                stage_owner,
                stage_task,
                two_writers,
                unheard,
                unreachable,
                unread_fields,
                unset_flag,
            )
        ),
        key=lambda rule: rule.code,
    )
)
"""Every rule, by code."""
