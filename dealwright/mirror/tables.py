"""The mirror's tables, part of the journal's schema."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, MetaData, Table, Text, false

metadata = MetaData()
"""The schema of journal and mirror together; journal/tables.py adds to it."""

mirror_deals = Table(
    "mirror_deals",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("noticed", Boolean, nullable=False, server_default=false()),
)
"""`noticed`: the CRM says of this deal only that it changed. What is kept is what rules were told so far, and routing,
which comes later, leaves it alone."""

mirror_contacts = Table(
    "mirror_contacts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Contacts of a CRM that says only that they changed, as rules were told of them."""

person_contacts = Table(
    "person_contacts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Index("person_contacts_by_person", "account", "person"),
)
"""Which person stands behind a contact. A person's id is that of the contact by which they were first known."""

person_keys = Table(
    "person_keys",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Index("person_keys_by_person", "account", "person"),
)
"""Phones and e-mail addresses of persons, normalised and keyed-hashed: enough to compare, not to read."""
