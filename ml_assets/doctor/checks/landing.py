"""The landing: whether anybody listens."""

from __future__ import annotations

from collections.abc import Iterator

from ml_assets.doctor.finding import Finding, info
from ml_assets.doctor.site import Site


def sensor_stopped(site: Site) -> Iterator[Finding]:
    """Dagster starts with sensors stopped, and remembers what a person switched on."""
    landing = site.settings.landing
    if landing is not None and landing.sensor == "stopped" and "ML_ASSETS_SENSOR" not in site.environ:
        yield info(
            "landing sensor",
            "it is stopped until somebody turns it on: what arrives waits",
            'in the UI under Automation, or `sensor = "running"` in [tool.ml_assets.landing]',
        )
