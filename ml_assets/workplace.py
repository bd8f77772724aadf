"""Where runs work: in the checkout (research), or in a clone of the pinned commit (production)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import load_dotenv

from ml_assets.dvc.project import DvcProject
from ml_assets.ledger.layout import RARE_CACHE
from ml_assets.ledger.store import Ledger
from ml_assets.settings import Settings, SettingsTable


@dataclass(frozen=True)
class Workplace:
    """A project to work in, with its settings; `commit` is the pin of which it is a clone (production)."""

    project: DvcProject
    settings: Settings
    commit: str | None = None

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(self.settings.ledger, root=self.settings.state_root)


def find_workplace(project: DvcProject, *, over: SettingsTable | None = None) -> Workplace:
    """The workplace of the checkout `project`, as its setting `mode` says; its `.env` is read first.

    In production everything that decides what runs is the pin's: pipeline, code, params, settings. Where
    things are kept (ledger, journal, MLflow's store) is the checkout's, for clones come and go.

    Raises:
        SettingsInvalid, NothingPinned, CommitUnknown, NoGitRepository, and what reading the ledger raises.
    """
    load_dotenv(project.root / ".env")
    settings = Settings.load(project.root, over=over)
    if settings.mode == "research":
        return Workplace(project, settings)
    from ml_assets.dvc.pinned_clone import pinned_clone
    from ml_assets.ledger.pin import pinned_commit

    ledger = Ledger.open(settings.ledger, root=project.root)
    commit = pinned_commit(ledger, cache=pin_cache(project))
    root = pinned_clone(project.root, commit)
    pinned = Settings.load(root, over=over)
    return Workplace(DvcProject(root), _kept_in(pinned, settings, home=project.root), commit)


def pin_cache(project: DvcProject) -> Path:
    """Where it is remembered which records of rare kinds there are."""
    return project.private_dir / RARE_CACHE


def _kept_in(pinned: Settings, settings: Settings, *, home: Path) -> Settings:
    landing = pinned.landing
    if landing is not None:
        landing = landing.model_copy(update={"journal": _from(home, landing.journal)})
    kept: dict[str, Any] = {
        "mode": "production",
        "ledger": _from(home, settings.ledger),
        "landing": landing,
        "home": home,
    }
    if pinned.tracks_runs:
        kept["mlflow"] = pinned.mlflow.kept_in(home)
    return pinned.model_copy(update=kept)


def _from(home: Path, place: str) -> str:
    return place if "://" in place else str(home / place)
