"""Which failures an automation answers for itself: it asks whether a step has `failed`, or whether it is not `sent`."""

from __future__ import annotations

import msgspec

from dealwright.compile import ir

_FAILED = ir.TextValue(value="failed")


def handles(automation: ir.Automation, step: str) -> bool:
    """Say whether a condition asks for such a failure: then the execution goes on after it."""
    return _asks(automation.do, f"steps.{step}.outcome", opposite=False)


def _asks(node: object, path: str, *, opposite: bool) -> bool:
    match node:
        case ir.Compare(field=field, op=op, value=value):
            return field.path == path and (opposite or op == "!=" or value == _FAILED)
        case ir.IsIn(field=field, values=values):
            return field.path == path and (opposite or _FAILED in values)
        case msgspec.Struct():
            inside = opposite or isinstance(node, ir.Not)
            return any(_asks(getattr(node, name), path, opposite=inside) for name in node.__struct_fields__)
        case tuple():
            return any(_asks(each, path, opposite=opposite) for each in node)
        case _:
            return False
