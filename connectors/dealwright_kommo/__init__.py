"""Kommo (amoCRM API v4): a CRM as Dealwright's connectors see it, and a faithful local server of it.

Hooks are forms without a signature that say only that something changed: they are verified by the secret of their
address, and the lead or contact is read again (`hooks.py`, and the kernel's mirror/notice.py). Tasks and notes carry
our key in their text, deals in a custom field, so that what lost its answer is looked up and not made twice.

How far echoes of our own writes are recognised: a hook names the user who changed something, and Kommo tells one
change in several hooks, so what is read again at a person's hook may hold what we have written since. What decides is
what each write of ours of the last ten minutes wrote (the kernel's mirror/echo.py): a field or a stage that one named
is its echo, once; at another user's hook only if the value stands there. What a person did in the same moment stays
the person's, also under our user, unless it is the same field. Of a deal that we created, the hook carries our key.
Not recognised: a deal of ours that somebody else's hook tells before its own, a write that another program of the
same user made (it has no effect), and a deal that Kommo's own robot changed in answer to us.

What a complete connector would have, and this one lacks:
- OAuth with rotating refresh tokens (a long-lived token of a private integration is used), and account renames.
- Incoming leads (unsorted): accept and decline. Such a lead is seen once it is accepted.
- Contacts: `create_contact`, `update_contact`; companies are read by name and not written, also not by `create_deal`.
- Custom fields beyond the reference, the close date and our key: a step that writes one of the company's own fields is
  refused (`unknown_field`), and conditions find all of them unset.
- Tasks and notes of people: their hooks are passed over, so `task_completed` and `activity_logged` never happen.
- Chats, calls, e-mail, catalogues, customers, Salesbot's own hooks beyond their minimal form.
- Reconciling by the events list: a hook that Kommo never delivered is seen when the deal changes next.
- Making pipelines and stages: they are compared, and a person makes what is missing.
- Subscribing the hooks by the API: their address is entered in Kommo.
"""

from __future__ import annotations

from collections.abc import Mapping

from dealwright.clock import Clock
from dealwright_kommo.connector import Kommo
from dealwright_kommo.hooks import KommoHooks
from dealwright_kommo.settings import KommoSettings, from_table

__all__ = ["Kommo", "KommoHooks", "KommoSettings", "connector"]


def connector(table: Mapping[str, object], *, environ: Mapping[str, str], clock: Clock) -> Kommo:
    """Return the CRM that the `kommo` table of an account in a target file describes (settings.py).

    Raises:
        InputError: a setting is missing or cannot be used.
    """
    return Kommo(from_table(table, environ=environ), clock)
