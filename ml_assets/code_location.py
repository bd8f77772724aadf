"""The code location of any DVC project: the rooms, put together as the project's settings say."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the asset function.
from collections.abc import Iterator
from functools import cached_property

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    Definitions,
    MaterializeResult,
    in_process_executor,
)

from ml_assets.assets import (
    DvcProject,
    DvcResource,
    DvcRunConfig,
    DvcTranslator,
    build_dvc_asset_specs,
    build_source_assets,
    dvc_assets,
    source_spec,
)
from ml_assets.assets.dvc_checks import build_dvc_checks
from ml_assets.assets.experiment_job import build_experiment_job
from ml_assets.assets.ledger_asset import LEDGER_ASSET, build_ledger_definitions
from ml_assets.assets.partitions import Split, build_partitioned_assets, split_partitioned
from ml_assets.assets.stage_steps import RECORD_ASSET, build_stage_step_assets
from ml_assets.landing.assets import build_raw_asset
from ml_assets.landing.raw_checks import build_raw_checks
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.landing.sensor import Landing, build_landing_definitions
from ml_assets.landing.settings import LandingSettings
from ml_assets.models.assets import build_mlflow_run_asset, experiment_tracker
from ml_assets.settings import SettingsTable
from ml_assets.workplace import Workplace, find_workplace

PIPELINE = "pipeline"


def build_definitions(project: DvcProject, *, translator: DvcTranslator | None = None) -> Definitions:
    """Everything that Dagster shall know of `project`, as `[tool.ml_assets]` in its pyproject.toml says.

    One asset a stage of its dvc.yaml files, one a tracked path; a landing and MLflow runs where their tables
    are. The project's `.env` is read first, as `dagster dev` does.

    Raises:
        ManifestFailed: DVC refuses the pipeline files.
        AssetKeyTaken, MetaInvalid: a stage cannot be an asset as it is.
        SettingsInvalid: the settings name something that does not exist.
    """
    place = find_workplace(project)
    rooms = _Rooms(place, translator, PIPELINE, shows_ledger=True)
    definitions = Definitions.merge(rooms.definitions(), rooms.records())
    if place.settings.steps == "stage":
        return definitions
    # One process a run: DVC skips what is done, so a step has nothing to win from one of its own.
    return Definitions.merge(definitions, Definitions(executor=in_process_executor))


def build_project_definitions(
    project: DvcProject,
    *,
    translator: DvcTranslator | None = None,
    over: SettingsTable | None = None,
    name: str = PIPELINE,
) -> Definitions:
    """As `build_definitions`, for one project among others in a code location, and without its executor.

    Args:
        over: settings that win over those of the project's own file.
        name: of the op that runs the stages; another than the default is also in the experiments' names.

    Raises:
        ManifestFailed, SettingsInvalid.
    """
    return _Rooms(find_workplace(project, over=over), translator, name).definitions()


def build_landing(
    place: Workplace, landing: LandingSettings, *, translator: DvcTranslator | None = None
) -> Landing:
    """What lands into a project, as the table `landing` of its settings says."""
    project, settings = place.project, place.settings
    named = (translator or DvcTranslator()).with_defaults(
        key_prefix=settings.key_prefix, group=settings.group
    )
    raw = source_spec(project=project, path=landing.into, translator=named)
    return Landing(settings=landing, ledger=place.ledger, raw=raw.key, root=project.root)


class _Rooms:
    """What each room adds to the definitions of one project."""

    def __init__(
        self,
        place: Workplace,
        translator: DvcTranslator | None,
        name: str,
        *,
        shows_ledger: bool = False,
    ) -> None:
        settings = place.settings
        self.place = place
        self.shows_ledger = shows_ledger
        self.project = place.project.pinned()
        self.settings = settings
        self.translator = (translator or DvcTranslator()).with_defaults(
            key_prefix=settings.key_prefix, group=settings.group
        )
        self.name = name
        self.ledger = place.ledger

    def definitions(self) -> Definitions:
        parts = (
            self._stages(),
            self._checks(),
            self._tracking(),
            self._landing(),
            self._experiments(),
        )
        return Definitions.merge(*parts)

    def _stages(self) -> Definitions:
        settings, project, dvc = self.settings, self.project, self.dvc
        sources = build_source_assets(project=project, translator=self.translator, without=settings.sources)
        if not project.manifest().stages:
            return Definitions(assets=sources)
        groups = build_partitioned_assets(
            manifest=project.manifest(), split=self._split(), dvc=dvc, name=self.name
        )
        if settings.steps == "stage":
            return Definitions(assets=[*self._stage_steps(dvc), *groups, *sources])

        @dvc_assets(project=project, name=self.name, sources=settings.sources, translator=self.translator)
        def pipeline(
            context: AssetExecutionContext, config: DvcRunConfig
        ) -> Iterator[MaterializeResult[None]]:
            # No docstring: Dagster would show it as the description of each stage that has none.
            yield from dvc.run(context=context, redo=config.redo)

        stages = [pipeline] if self._split().plain else []
        return Definitions(assets=[*stages, *groups, *sources])

    @cached_property
    def dvc(self) -> DvcResource:
        """No resource of the code location, where another project's of the same name would be in the way."""
        settings = self.settings
        return DvcResource(
            project_dir=str(self.project.root),
            remote=settings.remote,
            ledger=settings.ledger,
            landed=list(settings.sources),
            jobs=settings.jobs,
            warm=settings.warm,
            home=str(settings.home) if settings.home else None,
            pin=self.place.commit,
            commits=settings.commit is not None,
            branch=settings.commit.branch if settings.commit else None,
            ledger_asset=list(self._ledger_key.path) if self._ledger_key else [],
        )

    def _stage_steps(self, dvc: DvcResource) -> list[AssetsDefinition]:
        return build_stage_step_assets(
            project=self.project,
            dvc=dvc,
            name=self.name,
            translator=self.translator,
            sources=self.settings.sources,
            key_prefix=self.settings.key_prefix,
        )

    def _checks(self) -> Definitions:
        settings = self.settings
        checks = build_dvc_checks(
            project=self.project,
            kinds=settings.checks,
            remote=settings.remote,
            name=self.name,
            translator=self.translator,
            sources=settings.sources,
        )
        return Definitions(asset_checks=checks)

    def _tracking(self) -> Definitions:
        if not self.settings.tracks_runs:
            return Definitions()
        asset = build_mlflow_run_asset(settings=self.settings, ledger=self.ledger, deps=self._last_assets())
        return Definitions(assets=[asset])

    def _last_assets(self) -> list[AssetKey]:
        if self.settings.steps == "stage":
            return [AssetKey([*self.settings.key_prefix, RECORD_ASSET])]
        specs = self._split().all
        read = {dep.asset_key for spec in specs for dep in spec.deps}
        return [spec.key for spec in specs if spec.key not in read]

    def _split(self) -> Split:
        specs = build_dvc_asset_specs(
            project=self.project, translator=self.translator, sources=self.settings.sources
        )
        return split_partitioned(self.project.manifest(), specs)

    def _landing(self) -> Definitions:
        landing = self.settings.landing
        if landing is None:
            return Definitions()
        raw = source_spec(project=self.project, path=landing.into, translator=self.translator)
        watched = build_landing(self.place, landing, translator=self.translator)
        intake = build_raw_asset(
            spec=raw,
            settings=landing,
            project=self.project,
            ledger=self.ledger,
            dvc=self.dvc,
            home=self.settings.state_root,
        )
        checks = build_raw_checks(raw=raw.key, settings=landing, ledger=self.ledger, root=self.project.root)
        s3 = LandingS3(region=landing.region, endpoint_url=landing.endpoint_url)
        return Definitions.merge(
            Definitions(assets=[intake], asset_checks=[checks], resources={"landing_s3": s3}),
            build_landing_definitions(watched),
        )

    def records(self) -> Definitions:
        """Of a code location's own project: of several, their `ledger` assets would be one."""
        if self._ledger_key is None:
            return Definitions()
        settings = self.settings
        return build_ledger_definitions(
            project=self.project,
            ledger=self.ledger,
            remote=settings.remote,
            home=settings.state_root,
            name=self.name,
            key=self._ledger_key,
            group=settings.group,
        )

    @cached_property
    def _ledger_key(self) -> AssetKey | None:
        """None where a stage has that name, too."""
        key = AssetKey([*self.settings.key_prefix, LEDGER_ASSET])
        taken = {spec.key for spec in self._split().all}
        return key if self.shows_ledger and key not in taken else None

    def _experiments(self) -> Definitions:
        # An experiment belongs to the branch of the person who tries something out.
        if not self.project.manifest().stages or self.place.commit is not None:
            return Definitions()
        track = experiment_tracker(self.settings) if self.settings.tracks_runs else None
        of = None if self.name == PIPELINE else self.name
        return Definitions(jobs=[build_experiment_job(project=self.project, track=track, of=of)])
