"""Whom the tests of Acme's rules are about, and when."""

from __future__ import annotations

from dealwright.model.crm import User
from dealwright.testing import a_contact

MARIA = a_contact("Maria Silva", phone="(212) 555-0142", email="maria@example.com")
BY_PHONE = a_contact("Maria Silva", phone="(212) 555-0142")
BY_MAIL = a_contact("Maria Silva", email="maria@example.com")
UNREACHABLE = a_contact("Maria Silva")
NAMELESS = a_contact(None, phone="(212) 555-0142", email="maria@example.com")

ANA = User(id="1", name="Ana Lima", email="ana@acme.example")

SATURDAY_NIGHT = "2026-05-09 22:30"
MONDAY_MORNING = "2026-05-11 10:00"
FRIDAY_MORNING = "2026-05-15 10:00"
