"""The journal's table of enrolments: which automations have begun with the deals that stood there already."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, Table, Text

from dealwright.mirror.tables import metadata

enrolments = Table(
    "enrolments",
    metadata,
    Column("account", Text, primary_key=True),
    Column("automation", Text, primary_key=True),
    Column("space", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("found", Integer, nullable=False, server_default="0"),
    Column("begun", Integer, nullable=False, server_default="0"),
    Column("most", Integer, nullable=False),
    Column("cursor", Text, nullable=False, server_default=""),
    Column("decided_wall", BigInteger),
    Column("actor", Text, nullable=False, server_default=""),
    CheckConstraint(
        "state = 'counting' or state = 'waiting' or state = 'going' or state = 'done' or state = 'dropped'",
        name="enrolments_state_known",
    ),
    CheckConstraint("begun <= most", name="enrolments_bounded"),
)
"""One row for each automation and name space of its mode, for ever: that it is there keeps a second one from beginning.

Deals are gone through in the order of their ids; `cursor` is the last one that was looked at."""
