"""A DVC repository on disk: where it is and what its pipeline looks like."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from ml_assets.dvc.errors import NotADvcProject
from ml_assets.dvc.manifest import Manifest, load_manifest
from ml_assets.dvc.static.project_code import ProjectCode


@dataclass(frozen=True)
class DvcProject:
    """A DVC repository, named by the absolute path of the folder that holds `.dvc/`."""

    root: Path
    _pinned: Manifest | None = field(default=None, repr=False, compare=False)
    _code: ProjectCode | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        # DVC refuses a repository that it is in by another name, as behind a symbolic link.
        object.__setattr__(self, "root", self.root.resolve())

    @classmethod
    def find(cls, start: Path | None = None) -> DvcProject:
        """The project at or above `start` (default: the working directory), as `dvc` itself looks.

        Raises:
            NotADvcProject: there is none.
        """
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / ".dvc").is_dir():
                return cls(folder)
        raise NotADvcProject(start)

    @property
    def private_dir(self) -> Path:
        """Our own corner of DVC's folder for temporary files: never in Git, safe to delete."""
        return self.root / ".dvc" / "tmp" / "ml_assets"

    def manifest(self) -> Manifest:
        """The resolved pipeline, from the cache where its files did not change.

        Raises:
            ManifestFailed: DVC refuses the pipeline files.
        """
        return self._pinned or load_manifest(self.root, cache_dir=self.private_dir)

    def pinned(self) -> DvcProject:
        """This project with the manifest and the code that it has now, for who asks often.

        Looking costs milliseconds each time.

        Raises:
            ManifestFailed: DVC refuses the pipeline files.
        """
        if self._pinned:
            return self
        return replace(self, _pinned=self.manifest(), _code=self.code())

    def code(self) -> ProjectCode:
        """What its Python files say now; of a pinned project, what they said when they were first read."""
        return self._code or ProjectCode(self.root, cache_dir=self.private_dir)

    def cache_dir(self) -> Path:
        """Where DVC keeps its objects; a clone may share another's. Asking DVC costs half a second."""
        from ml_assets.dvc._internals.repo import open_repo

        with open_repo(self.root) as repo:
            return Path(repo.cache.local.path)
