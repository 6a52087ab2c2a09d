"""What deals refer to by key or name: pipelines with their stages, and users; read once per transaction."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from dealwright.model.crm import PipelineShape, StageShape, User
from dealwright_embedded_crm import owners, schema, values
from dealwright_embedded_crm.values import Refusal


class Catalog:
    """Pipelines, stages and users as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self.pipelines = {pipeline.key: pipeline for pipeline in read_pipelines(connection)}
        self.users = {user.id: user for user in read_users(connection)}
        self._by_email = {user.email: user for user in self.users.values() if user.email}
        self._by_name: dict[str, list[User]] = {}
        for user in self.users.values():
            self._by_name.setdefault(user.name, []).append(user)
        self._chosen = owners.chosen(connection)

    @property
    def default_owner(self) -> User | None:
        """Who owns a deal when nobody else is named: the one that was chosen, else the first user."""
        return self.users.get(self._chosen or "") or next(iter(self.users.values()), None)

    def pipeline(self, key: str | None) -> PipelineShape:
        """Return the pipeline of that key; without a key the first one.

        Raises:
            Refusal: there is no such pipeline, or none at all.
        """
        found = self.pipelines.get(key) if key is not None else next(iter(self.pipelines.values()), None)
        if found is None:
            known = ", ".join(self.pipelines) or "none"
            raise Refusal("unknown_pipeline", f"no pipeline has the key {values.shown(key or '')}; known: {known}")
        return found

    def stage(self, pipeline: str, stage: str) -> tuple[PipelineShape, StageShape]:
        """Return a stage and its pipeline by their keys.

        Raises:
            Refusal: there is no such pipeline or stage.
        """
        shape = self.pipeline(pipeline)
        found = shape.stage(stage)
        if found is None:
            known = ", ".join(each.key for each in shape.stages)
            raise Refusal("unknown_stage", f"pipeline {pipeline} has no stage {values.shown(stage)}; it has {known}")
        return shape, found

    def owner(self, text: str | None) -> User | None:
        """Return the user of that id, e-mail or exact name.

        Raises:
            Refusal: nobody, or more than one, is meant.
        """
        if text is None:
            return None
        found = self.users.get(text) or self._by_email.get(text)
        if found is not None:
            return found
        named = self._by_name.get(text, [])
        if not named:
            raise Refusal("unknown_owner", "the owner is nobody's id, e-mail or exact name; `dealwright crm users ls`")
        if len(named) > 1:
            ids = ", ".join(user.id for user in named)
            raise Refusal("ambiguous_owner", f"users {ids} have that name; name the owner by id or e-mail")
        return named[0]

    def knows(self, text: str) -> bool:
        """Say whether somebody has this id, e-mail or exact name."""
        return text in self.users or text in self._by_email or text in self._by_name

    def ambiguous(self, text: str) -> bool:
        """Say whether several users have this name, and nobody this id or e-mail."""
        return len(self._by_name.get(text, ())) > 1 and text not in self.users and text not in self._by_email

    def add(self, user: User) -> None:
        """Know a user who was created in this transaction."""
        self.users[user.id] = user
        self._by_name.setdefault(user.name, []).append(user)
        if user.email:
            self._by_email[user.email] = user


def read_pipelines(connection: Connection) -> list[PipelineShape]:
    """Return all pipelines, in order."""
    stages: dict[str, list[StageShape]] = {}
    for row in connection.execute(select(schema.stages).order_by(schema.stages.c.position)):
        shape = StageShape(
            key=row.key,
            name=row.name,
            kind=row.kind,
            probability=row.probability,
            reasons=tuple(msgspec.json.decode(row.reasons, type=list[str])),
            required=tuple(msgspec.json.decode(row.required, type=list[str])),
            reason_required=row.reason_required,
        )
        stages.setdefault(row.pipeline, []).append(shape)
    return [
        PipelineShape(key=row.key, name=row.name, stages=tuple(stages.get(row.key, ())))
        for row in connection.execute(select(schema.pipelines).order_by(schema.pipelines.c.position))
    ]


def read_users(connection: Connection) -> list[User]:
    """Return all users, by id."""
    rows = connection.execute(select(schema.users).order_by(schema.users.c.id))
    return [User(id=str(row.id), name=row.name, email=row.email) for row in rows]
