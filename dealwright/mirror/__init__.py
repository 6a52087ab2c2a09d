"""The mirror: the last known state of deals and contacts, with `as_of`, and who is one person.

It lives in the journal's database, from the first migration. `observe` is its only writer.
"""
