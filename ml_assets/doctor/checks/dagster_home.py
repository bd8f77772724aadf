"""Where Dagster keeps its runs: set, there, and with the settings that a killed run needs."""

from __future__ import annotations

from collections.abc import Iterator

from ml_assets.doctor.finding import Finding, error, info, warning
from ml_assets.doctor.site import Site


def home(site: Site) -> Iterator[Finding]:
    """DAGSTER_HOME must be the absolute path of a folder."""
    folder = site.dagster_home
    if folder is None:
        yield warning(
            "DAGSTER_HOME",
            "it is not set: runs, sensor cursors and schedules are forgotten when `dagster dev` ends",
            "`mkdir -p .dagster && echo '*' >.dagster/.gitignore && "
            'echo "DAGSTER_HOME=$PWD/.dagster" >>.env`',
        )
    elif not folder.is_absolute():
        yield error(
            "DAGSTER_HOME",
            f"'{folder}' is relative; Dagster refuses it",
            f"`export DAGSTER_HOME='{folder.absolute()}'`",
        )
    elif not folder.is_dir():
        yield error(
            "DAGSTER_HOME", f"'{folder}' is not there; Dagster refuses to start", f"`mkdir -p '{folder}'`"
        )


def run_monitoring(site: Site) -> Iterator[Finding]:
    """Without it, a run whose process was killed stays STARTED for ever."""
    if not _is_there(site) or (site.dagster_yaml.get("run_monitoring") or {}).get("enabled"):
        return
    file = site.dagster_file
    yield warning(
        file,
        "run_monitoring is off: a run whose process was killed stays STARTED and keeps its slot",
        f"`printf 'run_monitoring:\\n  enabled: true\\n' >>'{file}'`",
    )


def run_retries(site: Site) -> Iterator[Finding]:
    """Without it, `run_retries` of the landing and tags of jobs do nothing."""
    if not _is_there(site) or (site.dagster_yaml.get("run_retries") or {}).get("enabled"):
        return
    wanted = site.settings.landing is not None and site.settings.landing.run_retries > 0
    tell, file = warning if wanted else info, site.dagster_file
    yield tell(
        file,
        "run_retries is off: a failed run is not tried again, whatever its job asks for",
        f"`printf 'run_retries:\\n  enabled: true\\n  max_retries: 0\\n' >>'{file}'`",
    )


def _is_there(site: Site) -> bool:
    return site.dagster_home is not None and site.dagster_home.is_dir()
