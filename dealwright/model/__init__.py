"""What every part of Dealwright talks about: deals, contacts, money, events, and the requests that change them.

Values only: frozen `msgspec` structs, no behaviour beyond their own arithmetic, no I/O.
"""
