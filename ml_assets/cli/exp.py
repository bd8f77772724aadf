"""`ml-assets exp …`: experiments beside the workspace, compared, applied and promoted."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

import click
from rich.console import Console

from ml_assets.cli.experiment_progress import show_experiments
from ml_assets.cli.experiment_table import as_csv, as_json, rich_table
from ml_assets.cli.project import current_settings
from ml_assets.cli.repro import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_NO_PROJECT
from ml_assets.dvc.errors import DvcBridgeError, NotADvcProject
from ml_assets.dvc.experiments.apply import apply_experiment
from ml_assets.dvc.experiments.errors import ColumnUnknown, ExperimentsFailed
from ml_assets.dvc.experiments.found import Experiment, find_experiment, kept_experiments, list_experiments
from ml_assets.dvc.experiments.launch import run_experiments
from ml_assets.dvc.experiments.plan import plan_experiments
from ml_assets.dvc.experiments.promote import promote_experiment
from ml_assets.dvc.experiments.table import Group, Order, all_baselines, experiment_groups
from ml_assets.dvc.experiments.values import Batch, ExperimentRequest
from ml_assets.dvc.git import git_top
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.snapshot import head_commit
from ml_assets.models.errors import ExperimentPartial
from ml_assets.models.experiment import track_experiment
from ml_assets.settings import Settings

# More names of files would hide what else is told.
NAMES_SHOWN = 5
WIDE = 240


@click.group()
def exp() -> None:
    """Experiments: variants of the pipeline, run in clones, kept as DVC experiments."""


@exp.command()
@click.argument("targets", nargs=-1)
@click.option("-S", "--set-param", "overrides", multiple=True, metavar="[FILE:]KEY=VALUE[,VALUE…]")
@click.option("-n", "--name", help="Of the experiment; those of a sweep get -1, -2, … after it.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, help="Experiments at once (1).")
@click.option("-m", "--message", help="Of the experiments' commits.")
@click.option("--dry", is_flag=True, help="Name the experiments with their params, and run none.")
def run(
    *,
    targets: tuple[str, ...],
    overrides: tuple[str, ...],
    name: str | None,
    jobs: int,
    message: str | None,
    dry: bool,
) -> None:
    """Run experiments on TARGETS (stages; all by default), beside the workspace, which stays as it is.

    Several values make a sweep: -S a=1,2,3 -S 'b=choice(x,y)' -S 'c=range(1,9,2)'. Several sweeps make the
    product. Files are relative to the project's root; without one it is params.yaml.
    """
    with _exit_codes():
        settings = current_settings()
        request = ExperimentRequest(
            overrides=overrides, targets=targets, name=name, message=message, jobs=jobs
        )
        batch = plan_experiments(settings.root, request)
        if dry:
            for each in batch.experiments:
                click.echo(" ".join([each.name, *each.texts]))
            return
        _tell_untracked(batch)
        _run(settings, batch)


@exp.command()
@click.option("--all", "every", is_flag=True, help="Of all commits, not of HEAD alone.")
@click.option("--sort-by", metavar="NAME", help="A metric, or a param that varies.")
@click.option("--sort-order", type=click.Choice([each.value for each in Order]), default=Order.ASC.value)
@click.option("--json", "form", flag_value="json", help="As JSON.")
@click.option("--csv", "form", flag_value="csv", help="As CSV.")
def show(*, every: bool, sort_by: str | None, sort_order: str, form: str | None) -> None:
    """Compare experiments: the params in which they differ from their baseline, and their metrics."""
    with _exit_codes():
        root = DvcProject.find().root
        baselines = all_baselines(root) if every else [head_commit(git_top(root))]
        groups: Sequence[Group] = experiment_groups(root, baselines=baselines)
        if sort_by is not None:
            groups = _sorted(groups, sort_by, Order(sort_order))
        if form == "json":
            click.echo(as_json(groups))
        elif form == "csv":
            click.echo(as_csv(groups), nl=False)
        else:
            _show(groups)


@exp.command()
@click.argument("name")
def apply(name: str) -> None:
    """Make the workspace what experiment NAME is; refused where that would overwrite other changes."""
    with _exit_codes():
        applied = apply_experiment(DvcProject.find().root, name)
        click.echo(f"Applied {applied.experiment.name}: {', '.join(applied.paths) or 'nothing to change'}")


@exp.command()
@click.argument("name")
@click.option("--tag", help="Name of the tag (experiment/NAME).")
@click.option("-m", "--message", help="Of the commit and the tag.")
def promote(*, name: str, tag: str | None, message: str | None) -> None:
    """Apply experiment NAME, commit exactly what it changed, and tag that commit."""
    with _exit_codes():
        promoted = promote_experiment(DvcProject.find().root, name, tag=tag, message=message)
        click.echo(
            f"Promoted {promoted.experiment.name}: commit {promoted.commit[:7]} on {promoted.branch}, "
            f"tag {promoted.tag}. Share it: `dvc push`, then `git push --follow-tags`."
        )


@exp.command()
@click.argument("names", nargs=-1)
def track(names: tuple[str, ...]) -> None:
    """Make the MLflow runs of experiments NAMES (all by default); those that are there stay as they are."""
    with _exit_codes():
        settings = current_settings()
        chosen = [find_experiment(settings.root, name) for name in names]
        _track(settings, chosen or list_experiments(settings.root))


def _run(settings: Settings, batch: Batch) -> None:
    failure: ExperimentsFailed | None = None
    try:
        with closing(run_experiments(DvcProject(settings.root), batch)) as events:
            show_experiments(events, Console(stderr=True))
    except ExperimentsFailed as error:
        failure = error
    kept = kept_experiments(settings.root, batch)
    if kept:
        _show(experiment_groups(settings.root, baselines=[batch.snapshot.baseline], only=kept))
    if settings.tracks_runs:
        _track(settings, kept)
    if failure:
        raise failure


def _track(settings: Settings, experiments: Iterable[Experiment]) -> None:
    for each in experiments:
        try:
            tracked = track_experiment(each, root=settings.root, settings=settings.mlflow)
        except ExperimentPartial as error:
            _tell(str(error))
        else:
            _tell(f"{each.name}: MLflow run {tracked.url or tracked.run_id} ({tracked.outcome.value})")


def _tell_untracked(batch: Batch) -> None:
    snapshot = batch.snapshot
    for paths, what in (
        (snapshot.included, "not tracked by Git, and kept in the experiments"),
        (snapshot.lent, "not tracked by Git: the experiments see them, and are not kept with them"),
        (snapshot.left_out, "not tracked by Git and too large to be copied: the experiments miss them"),
    ):
        if paths:
            more = f" and {len(paths) - NAMES_SHOWN} more" if len(paths) > NAMES_SHOWN else ""
            _tell(f"Note: {', '.join(paths[:NAMES_SHOWN])}{more}: {what}.")


def _sorted(groups: Sequence[Group], column: str, order: Order) -> list[Group]:
    columns = tuple(dict.fromkeys(name for group in groups for name in group.columns()))
    if column not in columns:
        raise ColumnUnknown(column, columns)
    return [group.sorted_by(column, order) if column in group.columns() else group for group in groups]


def _show(groups: Sequence[Group]) -> None:
    if not any(group.experiments for group in groups):
        _tell("No experiments below HEAD: `ml-assets exp run -S KEY=VALUE` makes one, --all shows all.")
    for group in groups:
        console = Console() if sys.stdout.isatty() else Console(width=WIDE)
        console.print(rich_table(group, console))


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Ends as `dvc exp` does, with what went wrong in words."""
    try:
        yield
    except DvcBridgeError as error:
        _tell(f"Error: {error}")
        sys.exit(EXIT_NO_PROJECT if isinstance(error, NotADvcProject) else EXIT_FAILED)
    except KeyboardInterrupt:
        _tell("Stopped; the experiments that had ended are kept (`ml-assets exp show`).")
        sys.exit(EXIT_INTERRUPTED)


def _tell(text: str) -> None:
    click.echo(text, err=True)
