"""Webhooks out: who subscribed to the change feed, and the record of what was delivered to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from dealwright_embedded_crm import subscriptions
from dealwright_embedded_crm.people_base import SOMEBODY, Base, refusals
from dealwright_embedded_crm.subscriptions import Page, Subscription


class Webhooks(Base):
    """Subscriptions to the change feed; `Deliverer` (webhooks_out.py) is who delivers."""

    def add_webhook(
        self,
        url: str,
        kinds: Sequence[str] = (),
        *,
        after: int | None = None,
        allow_private: bool = False,
        actor: str = SOMEBODY,
    ) -> tuple[Subscription, str]:
        """Subscribe an address; return it with the secret that signs, which is shown this once.

        `kinds` are the events that are wanted (none: all), `after` the last event that was seen (None: tell what
        happens from now on). Only with `allow_private` may the address be private or plain http.
        """
        with self._write() as connection, refusals():
            return subscriptions.add(
                connection,
                url,
                kinds,
                after=after,
                allow_private=allow_private,
                made_by=actor,
                now=self._clock.now(),
            )

    def webhooks(self) -> list[Subscription]:
        """Return all subscriptions, oldest first, without their secrets."""
        with self._read() as connection:
            return subscriptions.every(connection)

    def remove_webhook(self, id_: str) -> Subscription:
        """Delete a subscription; return it as it was."""
        with self._write() as connection, refusals():
            return subscriptions.remove(connection, id_)

    def enable_webhook(self, id_: str) -> Subscription:
        """Let a subscription that was disabled, or that waits, go on where it stopped."""
        with self._write() as connection, refusals():
            return subscriptions.enable(connection, id_)

    # --- delivering; times are real ones, whatever the business's clock says ----------------------------------------

    def due_webhooks(self) -> list[Subscription]:
        """Return the subscriptions for which something new may be there, and that may be told it now."""
        with self._read() as connection:
            return subscriptions.due(connection, self._clock.wall())

    def next_for_webhook(self, of: Subscription, limit: int) -> Page:
        """Return the next events that a subscription wants."""
        with self._read() as connection:
            return subscriptions.page(connection, of, limit)

    def hold_webhook(self, id_: str, holder: str) -> tuple[Subscription, str] | None:
        """Take a subscription for oneself, with its secret; None if another has it or nothing may be sent."""
        with self._write() as connection:
            return subscriptions.hold(connection, id_, holder, self._clock.wall())

    def release_webhook(self, id_: str, holder: str) -> None:
        """Let another process have a subscription."""
        with self._write() as connection:
            subscriptions.release(connection, id_, holder)

    def webhook_delivered(self, id_: str, holder: str, number: int, status: str) -> bool:
        """Remember that an event arrived; say whether the holder may go on."""
        with self._write() as connection:
            return subscriptions.delivered(connection, id_, holder, number, status, self._clock.wall())

    def webhook_passed(self, of: Subscription, number: int) -> None:
        """Remember that nothing up to there is wanted."""
        with self._write() as connection:
            subscriptions.passed(connection, of, number)

    def webhook_failed(self, id_: str, holder: str, status: str, *, gone: bool, wait: float) -> Subscription | None:
        """Remember that an event did not arrive; None if the subscription is another's now."""
        with self._write() as connection:
            return subscriptions.failed(
                connection, id_, holder, status, self._clock.wall(), gone=gone, wait=timedelta(seconds=wait)
            )
