"""Kommo (amoCRM API v4): a CRM as Dealwright's connectors see it, and a faithful local server of it."""

from __future__ import annotations
