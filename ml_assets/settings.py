"""The project's settings: one table `[tool.ml_assets]` in pyproject.toml, or ml_assets.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ml_assets.dvc.toml_text import parse_toml
from ml_assets.errors import ForeseenError
from ml_assets.landing.settings import LandingSettings
from ml_assets.models.settings import MlflowSettings


class SettingsInvalid(ForeseenError):
    """A settings file that cannot be read or says something that we do not know."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"Settings in '{path}' are wrong: {reason}. See docs/reference/settings.md.")


def _parts(value: Any) -> Any:
    return tuple(value.split("/")) if isinstance(value, str) else value


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
KeyPrefix = Annotated[tuple[Name, ...], BeforeValidator(_parts)]


class CommitSettings(BaseModel):
    """`[tool.ml_assets.commit]`: dvc.lock is committed after each run, on `branch` (None: the current)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    branch: str | None = None


class SettingsTable(BaseModel):
    """What may be set, whichever way it is said: in `[tool.ml_assets]`, or in a component's YAML.

    `remote` is the DVC remote to push to (None: DVC's default, if there is one; an empty string: none).
    `ledger` is a folder relative to the project's root, or `s3://bucket/prefix`. `key_prefix` (`a/b`, or a
    list) comes before each asset key, and `group` is of the assets that name none.
    `steps`: all stages in one Dagster step, or one step a stage; `jobs` independent stages run at once in a
    step (the machine's cores). `warm` lets stages that ask for it
    (`meta.dagster.preload`) start with their libraries loaded. `checks` are those of DVC's state that each
    stage's asset gets; they run with each materialization. `mode`: *research* runs in the checkout itself,
    and `commit` (a table, even an empty one) commits dvc.lock after each run; *production* runs in a clone of
    the commit that `ml-assets pin` names, and touches neither the checkout nor Git.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["research", "production"] = "research"
    commit: CommitSettings | None = None
    remote: str | None = None
    ledger: str = ".ml_assets/ledger"
    key_prefix: KeyPrefix = ()
    group: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*$")] | None = None
    warm: bool = True
    steps: Literal["graph", "stage"] = "graph"
    jobs: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    checks: tuple[Literal["in_sync", "pushed", "cache_intact"], ...] = ("in_sync",)
    landing: LandingSettings | None = None
    mlflow: MlflowSettings = Field(default_factory=MlflowSettings)

    @property
    def tracks_runs(self) -> bool:
        """Whether runs are tracked in MLflow: where the table of that is, even an empty one."""
        return "mlflow" in self.model_fields_set

    @property
    def sources(self) -> tuple[str, ...]:
        """Folders that DVC tracks as soon as something lands there."""
        return (self.landing.into,) if self.landing else ()


class Settings(SettingsTable):
    """Everything that a project may configure; secrets and endpoints come from the environment instead."""

    root: Path
    home: Path | None = None
    """The checkout, where `root` is production's clone of a commit."""

    @model_validator(mode="after")
    def _commits_in_research_only(self) -> Self:
        if self.mode == "production" and self.commit is not None:
            raise ValueError("`commit` belongs to research: production makes none, it has the ledger")
        return self

    @property
    def state_root(self) -> Path:
        """Where relative paths of what is kept between runs begin: ledger, journal, MLflow's store."""
        return self.home or self.root

    @classmethod
    def load(cls, root: Path, *, over: SettingsTable | None = None) -> Settings:
        """The settings of the project at `root`.

        What `over` sets wins over the project's file; ML_ASSETS_MODE, ML_ASSETS_REMOTE, ML_ASSETS_LEDGER and
        ML_ASSETS_SENSOR in the environment win over both.

        Raises:
            SettingsInvalid: naming the file and each wrong entry.
        """
        path, said = _table(root)
        table = {**said, **(over.model_dump(exclude_unset=True) if over else {})}
        for name in ("mode", "remote", "ledger"):
            if (value := os.environ.get(f"ML_ASSETS_{name.upper()}")) is not None:
                table[name] = value
        if (sensor := os.environ.get("ML_ASSETS_SENSOR")) and "landing" in table:
            table["landing"] = {**table["landing"], "sensor": sensor}
        try:
            return cls(root=root, **table)
        except ValidationError as error:
            found = "; ".join(
                f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()
            )
            raise SettingsInvalid(path, found) from error


def _table(root: Path) -> tuple[Path, Mapping[str, Any]]:
    own = root / "ml_assets.toml"
    if own.exists():
        return own, _read(own)
    pyproject = root / "pyproject.toml"
    if not pyproject.exists():
        return pyproject, {}
    return pyproject, _read(pyproject).get("tool", {}).get("ml_assets", {})


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(path, str(error)) from error
