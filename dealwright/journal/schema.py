"""Brings a journal to the newest schema, and refuses one that is newer than this version."""

from __future__ import annotations

import secrets
from importlib import metadata
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from dealwright.errors import JournalError
from dealwright.journal.database import Database

HEAD: Final = "0011"
"""The newest migration (a test compares it with the folder): a journal that has it is opened without reading them."""

_META: Final = text("insert into meta (key, value) values (:key, :value) on conflict (key) do nothing")


def migrate(database: Database) -> None:
    """Bring the database to the newest schema, in one transaction; two processes may try at once.

    Raises:
        JournalError: the journal was written by a newer version of Dealwright, or the database is another program's.
    """
    with database.read() as connection:
        if _is_newest(connection):
            return
    config = Config()
    config.set_main_option("script_location", "dealwright.journal:migrations")
    with database.write() as connection:
        database.lock_account(connection, "", "migrate")
        found = MigrationContext.configure(connection).get_current_revision()
        if found == HEAD:
            return
        if found is None and inspect(connection).get_table_names():
            raise JournalError(
                f"the database {database.name} holds tables and no version of the journal's schema: it is another"
                " program's, and nothing was changed. Look at the journal's address in the target file and at --data;"
                " the journal needs a database of its own"
            )
        if found is not None and found not in _known(config):
            raise JournalError(
                f"the journal {database.name} has schema {found}, and this version of Dealwright"
                f" ({metadata.version('dealwright')}) knows none newer than {HEAD}: a newer version wrote it, and"
                " nothing was changed. Run that version or a newer one, or restore a backup from before the upgrade"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        for key in ("installation", "secret"):
            connection.execute(_META, {"key": key, "value": secrets.token_hex(16)})


def _is_newest(connection: Connection) -> bool:
    """Look without writing, so that a journal that is up to date can be read where nothing may be written."""
    return MigrationContext.configure(connection).get_current_revision() == HEAD


def _known(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
