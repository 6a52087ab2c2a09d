"""Owns the demo's billing system: it tells of payments as any outside system would, by signed hooks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Final

from dealwright.clock import Clock
from dealwright.errors import InputError
from dealwright.journal.store import Journal
from dealwright.ports import HookSource
from dealwright.signature import signed
from dealwright_flows.workplace import secret_file

NAME: Final = "billing"
"""The hook's name in the target file."""


class Billing:
    """A sender of one account's hook. Its requests are verified and appended as the web process does it."""

    def __init__(
        self, account: str, hooks: Iterable[HookSource], journal: Journal, *, secret: Path, clock: Clock
    ) -> None:
        self._account = account
        self._source = {source.name: source for source in hooks}.get(NAME)
        self._journal = journal
        self._secret = secret_file(secret)
        self._clock = clock

    def paid(self, number: str, amount: Decimal | None) -> None:
        """Tell that the invoice of this number is paid: which deal that is, billing does not know.

        Raises:
            InputError: the account has no such hook.
        """
        if self._source is None:
            raise InputError(
                f"the demo's billing system needs [account.{self._account}.hooks.{NAME}] in the target file"
            )
        id_ = f"paid-{number}"
        told = {
            "id": id_,
            "event": "invoice-paid",
            "occurred_at": self._clock.now().isoformat(),
            "data": {"number": number} | ({} if amount is None else {"amount": str(amount)}),
        }
        body = json.dumps(told).encode()
        secret = self._secret.read_text(encoding="utf-8").strip().encode()
        sent = signed(secret, id_, body, int(self._clock.wall().timestamp()))
        headers = {name.lower(): value for name, value in sent.items()}
        self._source.verify(headers, body, "")
        self._journal.append(self._account, self._source.name, self._source.receive(headers, body))
