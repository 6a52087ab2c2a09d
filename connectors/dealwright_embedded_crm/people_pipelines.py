"""Pipelines as people make and change them; those that a release names belong to its definitions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from dealwright.model.crm import PipelineShape
from dealwright_embedded_crm import pipelines as settings
from dealwright_embedded_crm.catalog import read_pipelines
from dealwright_embedded_crm.people_base import Base, refusals


class Pipelines(Base):
    """What people do with pipelines and stages; a pipeline that a release names is refused (`released_pipeline`)."""

    def pipelines(self) -> list[PipelineShape]:
        """Return all pipelines with their stages, in order."""
        with self._read() as connection:
            return read_pipelines(connection)

    def released_pipelines(self) -> frozenset[str]:
        """Return the keys of the pipelines that a release names: their names and stages come from definitions."""
        with self._read() as connection:
            return settings.released(connection)

    def create_pipeline(
        self, name: str, *, key: str | None = None, stages: Sequence[str] = ("New",), incoming: bool = False
    ) -> PipelineShape:
        """Make a pipeline (at most 10): open stages of these names, Won and Lost, and Incoming before if wanted."""
        with self._write() as connection, refusals():
            made = settings.create(connection, name, key=key, stages=stages, incoming=incoming)
            return _shape(connection, made)

    def rename_pipeline(self, pipeline: str, name: str) -> PipelineShape:
        """Give a pipeline another name; its key stays."""
        with self._write() as connection, refusals():
            settings.rename(connection, pipeline, name)
            return _shape(connection, pipeline)

    def order_pipelines(self, keys: Sequence[str]) -> list[PipelineShape]:
        """Put all pipelines in this order, also those that a release names."""
        with self._write() as connection, refusals():
            settings.order(connection, keys)
            return read_pipelines(connection)

    def delete_pipeline(self, pipeline: str) -> None:
        """Delete a pipeline that holds no deal."""
        with self._write() as connection, refusals():
            settings.delete_pipeline(connection, pipeline)

    def create_stage(
        self, pipeline: str, name: str, *, key: str | None = None, probability: int | None = None
    ) -> PipelineShape:
        """Add an open stage, before Won and Lost."""
        with self._write() as connection, refusals():
            settings.create_stage(connection, pipeline, name, key=key, probability=probability)
            return _shape(connection, pipeline)

    def update_stage(
        self, pipeline: str, stage: str, *, name: str | None = None, probability: int | None = None
    ) -> PipelineShape:
        """Rename a stage or set an open stage's probability (Won has 100, Lost 0); what is None is left alone."""
        with self._write() as connection, refusals():
            settings.update_stage(connection, pipeline, stage, name=name, probability=probability)
            return _shape(connection, pipeline)

    def order_stages(self, pipeline: str, keys: Sequence[str]) -> PipelineShape:
        """Put all stages of a pipeline in this order: Incoming stays first, Won and Lost last."""
        with self._write() as connection, refusals():
            settings.order_stages(connection, pipeline, keys)
            return _shape(connection, pipeline)

    def delete_stage(self, pipeline: str, stage: str) -> PipelineShape:
        """Delete a stage that holds no deal; Won, Lost and the only open stage stay."""
        with self._write() as connection, refusals():
            settings.delete_stage(connection, pipeline, stage)
            return _shape(connection, pipeline)


def _shape(connection: Connection, key: str) -> PipelineShape:
    return next(each for each in read_pipelines(connection) if each.key == key)
