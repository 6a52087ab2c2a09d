"""A simulated account of Kommo: a real HTTP server with the API v4, its limits, and its hooks.

`python -m dealwright_kommo.simulator --log FILE --token-file FILE` runs it; `KommoSimulator` is it within a process.

    world.py      what the account holds            entities.py   leads, contacts, companies
    queries.py    pages, orders, filters            values.py     custom fields and their values
    problems.py   how it says no                    work.py       tasks, notes
    visit.py      one request                       pipelines.py  pipelines, statuses
    routes.py     which request goes where          account.py    account, users, tags, links, subscriptions
    forms.py      what hooks say                    emitter.py    how hooks are sent, and sent again
    tokens.py     the long-lived token, OAuth       server.py     limits, blocks, what people do
    chronicle.py  the list of events

Left out of the vendor, and answered 404: unsorted (`leads/unsorted`), customers, catalogs, calls, talks, sources,
groups of custom fields, roles, mass links. Duplicate control (`merged`) merges nothing. Of events there are those of
leads, contacts, companies, tasks and plain notes, without links and custom fields. The token's user is an
administrator; rights are not checked. A lead in a status of raw inquiries shows in `GET /leads`. Deleting is for people
only (a control route).
"""

from __future__ import annotations

from dealwright_kommo.simulator.command import SIMULATOR
from dealwright_kommo.simulator.emitter import Habits
from dealwright_kommo.simulator.server import KommoSimulator, Manners

__all__ = ["SIMULATOR", "Habits", "KommoSimulator", "Manners"]
