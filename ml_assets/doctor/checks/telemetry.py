"""Whether Dagster, DVC and MLflow report their use to their makers; each is told otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from ml_assets.doctor.finding import Finding, info, warning
from ml_assets.doctor.site import Site


def dvc_analytics(site: Site) -> Iterator[Finding]:
    """DVC asks its configuration, or one variable of its own; DO_NOT_TRACK is nothing to it."""
    if site.environ.get("DVC_NO_ANALYTICS") or site.config["core"].get("analytics") is False:
        return
    yield warning("DVC", "it sends usage reports after each command", "`dvc config core.analytics false`")


def dagster_telemetry(site: Site) -> Iterator[Finding]:
    """Dagster asks dagster.yaml alone."""
    enabled = (site.dagster_yaml.get("telemetry") or {}).get("enabled", True)
    if enabled:
        file = site.dagster_file
        remedy = f"`printf 'telemetry:\\n  enabled: false\\n' >>'{file}'`"
        if "telemetry" in site.dagster_yaml:
            remedy = f"set `enabled: false` below `telemetry:` in '{file}'"
        yield warning("Dagster", "it sends usage reports; no variable turns that off", remedy)


def mlflow_telemetry(site: Site) -> Iterator[Finding]:
    """MLflow asks its own variable, or DO_NOT_TRACK=true (not 1); runs of ours set the former."""
    quiet = site.flag("MLFLOW_DISABLE_TELEMETRY") or site.environ.get("DO_NOT_TRACK", "").lower() == "true"
    if site.settings.tracks_runs and not quiet:
        yield info(
            "MLflow",
            "started by hand it sends usage reports (DO_NOT_TRACK=1 is not enough for it)",
            "`echo MLFLOW_DISABLE_TELEMETRY=true >>.env`",
        )
