"""Sends events to other systems as signed JSON webhooks, and simulates a receiver of them."""

from __future__ import annotations

from collections.abc import Mapping

from dealwright.clock import Clock
from dealwright_webhook.connector import WebhookConnector
from dealwright_webhook.settings import FOREVER, Target, WebhookSettings, from_table

__all__ = ["FOREVER", "Target", "WebhookConnector", "WebhookSettings", "connector", "from_table"]


def connector(table: Mapping[str, object], *, environ: Mapping[str, str], clock: Clock) -> WebhookConnector:
    """Return the connector that a target file's `webhook` table describes."""
    return WebhookConnector(from_table(table, environ=environ), clock)
