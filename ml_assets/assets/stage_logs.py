"""What stages print: all of it in the step's compute log and in a file a stage, the beginning as events."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from dagster import AssetExecutionContext

# Each event is a row in Dagster's database; a chatty stage writes a hundred thousand lines.
MOST_EVENTS = 200


@dataclass
class StageLogs:
    """The logs of one step's stages, below `folder`; lines come from the consumer's thread alone."""

    context: AssetExecutionContext
    folder: Path
    _lines: Counter[str] = field(default_factory=Counter)

    def path(self, stage: str) -> Path:
        """Where the lines of a stage are; it has no file before its first line."""
        return self.folder / f"{stage.replace('/', '__')}.log"

    def line(self, stage: str, text: str) -> None:
        """Keep one line of a stage's output."""
        self._lines[stage] += 1
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.path(stage).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        # Dagster captures it as the step's compute log.
        sys.stdout.write(f"{stage} | {text}\n")
        if self._lines[stage] <= MOST_EVENTS:
            self.context.log.info(f"{stage} | {text}")
        elif self._lines[stage] == MOST_EVENTS + 1:
            self.context.log.info(
                f"{stage} | … (further lines are in the compute log and in {self.path(stage)})"
            )
