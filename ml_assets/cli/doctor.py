"""`ml-assets doctor`: what is wrong with the project and around it, and the command that mends each."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence

import click
from dotenv import load_dotenv
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from ml_assets.doctor.finding import Finding, Severity
from ml_assets.doctor.site import Site
from ml_assets.dvc.errors import NotADvcProject
from ml_assets.dvc.project import DvcProject

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


@click.command()
@click.option("--deep", is_flag=True, help="Read the whole cache too, each object against its name.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list of the findings.")
def doctor(*, deep: bool, as_json: bool) -> None:
    """Look for the usual causes of trouble; exits with 1 where there is an error."""
    from ml_assets.doctor.examine import examine
    from ml_assets.doctor.registry import Depth

    try:
        root = DvcProject.find().root
    except NotADvcProject as none:
        click.echo(f"Error: {none}", err=True)
        sys.exit(1)
    # As Dagster and the other commands see it.
    load_dotenv(root / ".env")
    site = Site.at(root)
    terminal = Console(stderr=True)
    with Progress(console=terminal, transient=True, disable=not terminal.is_terminal) as progress:
        task = progress.add_task("reading the cache" if deep else "looking", total=None)
        site.on_progress = lambda done, total: progress.update(task, completed=done, total=total)
        findings = examine(site, depth=Depth.DEEP if deep else Depth.SHALLOW)
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        show_findings(findings, Console(soft_wrap=True, highlight=False))
    sys.exit(any(finding.severity is Severity.ERROR for finding in findings))


def show_findings(findings: Sequence[Finding], console: Console) -> None:
    """One paragraph each: severity, place and check; what is wrong; what to do."""
    for finding in findings:
        head = (finding.severity.value, STYLES[finding.severity])
        console.print(Text.assemble(head, f"  {finding.where} ", (f"({finding.check})", "dim")))
        console.print(Text(f"  {finding.what}\n  → {finding.remedy}"))
    counts = Counter(finding.severity for finding in findings)
    console.print(
        f"Found: {counts[Severity.ERROR]} errors, {counts[Severity.WARNING]} warnings, "
        f"{counts[Severity.INFO]} remarks."
    )
