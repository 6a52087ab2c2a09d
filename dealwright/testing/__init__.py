"""What users and we test with: rehearsals of definitions, fakes that behave, not mocks that agree. In the wheel."""

from __future__ import annotations

from dealwright.testing.rehearsal import MONDAY, Told, a_contact, a_deal, changed, created, moved, rehearse

__all__ = ["MONDAY", "Told", "a_contact", "a_deal", "changed", "created", "moved", "rehearse"]
