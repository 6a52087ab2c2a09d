"""The tables of people: who stands behind roles, who is away, who works when, and who was picked for what.

They are part of the journal's schema.

Names and addresses of colleagues stand in byte columns, which are written and read through journal/payload.py only;
`company` is a digest of the company's name.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from dealwright.mirror.tables import metadata

role_members = Table(
    "role_members",
    metadata,
    Column("account", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

leaves = Table(
    "leaves",
    metadata,
    Column("account", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("first_day", Text, primary_key=True),
    Column("last_day", Text, nullable=False),
)

working_times = Table(
    "working_times",
    metadata,
    Column("account", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""Working time of people, where it is another than their account's."""

people_log = Table(
    "people_log",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("at_wall", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Index("people_log_by_account", "account", "id"),
    sqlite_autoincrement=True,
)

role_turns = Table(
    "role_turns",
    metadata,
    Column("account", Text, primary_key=True),
    Column("space", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)
"""The last turn of each: whoever has the smallest number is next."""

picks = Table(
    "picks",
    metadata,
    Column("execution_id", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("space", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("task", Boolean, nullable=False),
    Column("contact", Text),
    Column("company", Text),
    Column("at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("picks_by_number", "account", "n", unique=True),
    Index("picks_by_contact", "account", "role", "contact", "n"),
    Index("picks_by_company", "account", "role", "company", "n"),
    Index("picks_by_age", "account", "space", "at"),
)
"""One row for each step that somebody was picked for: whoever asks again gets the same answer."""
