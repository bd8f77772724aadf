"""Contracts of every policy, for projects that land numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ml_assets.landing.contract import Policy
from ml_assets.landing.schema_in_force import SCHEMA_FILE
from ml_assets_tests.landing.site import NumbersOfADay, Site


@dataclass(frozen=True)
class NumbersBy(NumbersOfADay):
    policy: Policy = "quarantine"


QUARANTINE = {"numbers": NumbersBy()}
FAIL = {"numbers": NumbersBy(policy="fail")}
EVOLVE = {"numbers": NumbersBy(policy="evolve")}
RESCUE = {"numbers": NumbersBy(policy="rescue")}
ZIPPED = {"01": NumbersBy(), "02": NumbersBy(file_name="%Y-%m-%d.csv.gz")}
UNHEARD_OF = {"numbers": NumbersBy(policy="shrug")}  # type: ignore[arg-type]


def under(site: Site, named: str, **settings: Any) -> Site:
    """The site with the contracts of that name in this module."""
    contracts = {"contracts": f"{__name__}:{named.upper()}"}
    return replace(site, settings=site.settings.model_copy(update=contracts | settings))


def table(day: int, *rows: str, columns: str = "date,number,colour") -> str:
    """A CSV of one day of January 2013; each of `rows` is what follows the date."""
    return f"{columns}\n" + "".join(f"2013-01-{day:02},{row}\n" for row in rows)


def schema_text(site: Site) -> str:
    return (site.raw.path / SCHEMA_FILE).read_text(encoding="utf-8")


def kept_aside(site: Site) -> dict[str, bytes]:
    """Content by name, of what is in quarantine; names without the generation's mark."""
    found = (path for path in (site.root / ".ml_assets/quarantine").rglob("*") if path.is_file())
    return {path.name[17:]: path.read_bytes() for path in found}
