"""`dealwright crm pipelines|stages`: what people make; what a release names is left to its definitions."""

from __future__ import annotations

import click

from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.opening import ask, confirmed, listed, of_account, opened, pipeline_named, show

_KEY = click.option("--key", metavar="KEY", help="Default: made of the name.")
_PROBABILITY = click.option("--probability", type=click.IntRange(0, 100), metavar="PERCENT")


@click.group()
def pipelines() -> None:
    """Pipelines."""


@pipelines.command("ls")
@listed
def pipelines_ls(limit: int, as_json: bool, account: str | None) -> None:
    """List the stages of all pipelines with their deals and what these are worth."""
    with opened(account) as here:
        show(here.crm.count_by_stage()[:limit], tables.stages, as_json)


@pipelines.command("add")
@click.argument("name")
@_KEY
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="An open stage, in order (default: New).")
@click.option("--incoming", is_flag=True, help="With Incoming before them.")
@of_account
def pipelines_add(name: str, key: str | None, stages: tuple[str, ...], incoming: bool, account: str | None) -> None:
    """Make a pipeline (10 at most) with open stages, Won and Lost."""
    with opened(account) as here:
        made = here.crm.create_pipeline(name, key=key, stages=stages or ("New",), incoming=incoming)
    click.echo(f"pipeline {made.key} created with {', '.join(stage.key for stage in made.stages)}")


@pipelines.command("rename")
@click.argument("pipeline")
@click.argument("name")
@of_account
def pipelines_rename(pipeline: str, name: str, account: str | None) -> None:
    """Give a pipeline another name; its key stays."""
    with opened(account) as here:
        here.crm.rename_pipeline(pipeline, name)
    click.echo(f"pipeline {pipeline} renamed")


@pipelines.command("order")
@click.argument("keys", metavar="PIPELINE...", nargs=-1, required=True)
@of_account
def pipelines_order(keys: tuple[str, ...], account: str | None) -> None:
    """Put all pipelines in this order."""
    with opened(account) as here:
        here.crm.order_pipelines(keys)
    click.echo(f"the order is {', '.join(keys)}")


@pipelines.command("rm")
@click.argument("pipeline")
@confirmed
@of_account
def pipelines_rm(pipeline: str, yes: bool, account: str | None) -> None:
    """Delete a pipeline that holds no deal."""
    with opened(account) as here:
        ask(f"Delete pipeline {pipeline}?", yes)
        here.crm.delete_pipeline(pipeline)
    click.echo(f"pipeline {pipeline} deleted")


@click.group()
def stages() -> None:
    """Stages of a pipeline."""


@stages.command("ls")
@click.argument("pipeline")
@listed
def stages_ls(pipeline: str, limit: int, as_json: bool, account: str | None) -> None:
    """List a pipeline's stages with their deals and what these are worth."""
    with opened(account) as here:
        shape = pipeline_named(here.crm, pipeline)
        rows = [row for row in here.crm.count_by_stage() if row.pipeline == shape.key]
        show(rows[:limit], tables.stages, as_json)


@stages.command("add")
@click.argument("pipeline")
@click.argument("name")
@_KEY
@_PROBABILITY
@of_account
def stages_add(pipeline: str, name: str, key: str | None, probability: int | None, account: str | None) -> None:
    """Add an open stage, before Won and Lost."""
    with opened(account) as here:
        made = here.crm.create_stage(pipeline, name, key=key, probability=probability)
    click.echo(f"pipeline {pipeline} has {', '.join(stage.key for stage in made.stages)}")


@stages.command("edit")
@click.argument("pipeline")
@click.argument("stage")
@click.option("--name", metavar="TEXT")
@_PROBABILITY
@of_account
def stages_edit(pipeline: str, stage: str, name: str | None, probability: int | None, account: str | None) -> None:
    """Rename a stage, or set an open stage's probability."""
    with opened(account) as here:
        here.crm.update_stage(pipeline, stage, name=name, probability=probability)
    click.echo(f"stage {pipeline}.{stage} changed")


@stages.command("order")
@click.argument("pipeline")
@click.argument("keys", metavar="STAGE...", nargs=-1, required=True)
@of_account
def stages_order(pipeline: str, keys: tuple[str, ...], account: str | None) -> None:
    """Put all stages of a pipeline in this order: Incoming first, Won and Lost last."""
    with opened(account) as here:
        here.crm.order_stages(pipeline, keys)
    click.echo(f"the order of {pipeline} is {', '.join(keys)}")


@stages.command("rm")
@click.argument("pipeline")
@click.argument("stage")
@confirmed
@of_account
def stages_rm(pipeline: str, stage: str, yes: bool, account: str | None) -> None:
    """Delete a stage that holds no deal."""
    with opened(account) as here:
        ask(f"Delete stage {pipeline}.{stage}?", yes)
        here.crm.delete_stage(pipeline, stage)
    click.echo(f"stage {pipeline}.{stage} deleted")
