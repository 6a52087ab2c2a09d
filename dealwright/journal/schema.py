"""Brings a journal to the newest schema, and refuses one that is newer than this version."""

from __future__ import annotations

import secrets
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import text

from dealwright.errors import JournalError
from dealwright.journal.database import Database

_META: Final = text("insert into meta (key, value) values (:key, :value) on conflict (key) do nothing")


def migrate(database: Database) -> None:
    """Bring the database to the newest schema, in one transaction; two processes may try at once.

    Raises:
        JournalError: the journal was written by a newer version of Dealwright.
    """
    config = Config()
    config.set_main_option("script_location", "dealwright.journal:migrations")
    with database.write() as connection:
        database.lock_account(connection, "", "migrate")
        newest = ScriptDirectory.from_config(config).get_current_head()
        if MigrationContext.configure(connection).get_current_revision() == newest:
            return
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise JournalError(
                f"the journal's schema is not known to this version of Dealwright ({error});"
                " run the version that wrote it, or a newer one"
            ) from error
        for key in ("installation", "secret"):
            connection.execute(_META, {"key": key, "value": secrets.token_hex(16)})
