"""A model card in Markdown: front matter as Hugging Face reads it, and what the record says, below.

https://huggingface.co/docs/hub/model-cards
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ml_assets.ledger.canonical import plain
from ml_assets.ledger.exports.subject import Subject, flat
from ml_assets.ledger.record import OutputRecord
from ml_assets.ledger.weak_links import weak_links

NUMBERS = 40


def model_card(subject: Subject, output: OutputRecord) -> str:
    """The card of `output`. What a record cannot know (the intended use) is left for its owner to write."""
    front = yaml.safe_dump(_front(subject, output), sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n" + "\n".join(_body(subject, output)) + "\n"


def _front(subject: Subject, output: OutputRecord) -> dict[str, Any]:
    return {
        "library_name": _library(subject),
        "tags": ["ml_assets", "dvc"],
        "model-index": [
            {
                "name": f"{subject.project}/{output.path}",
                "results": [
                    {
                        "task": {"type": "other"},
                        "dataset": {"type": "dvc", "name": path, "revision": md5},
                        "metrics": [{"type": name, "value": value} for name, value in _numbers(subject)],
                    }
                    for path, md5 in tracked_data(subject).items()
                ],
            }
        ],
    }


def _body(subject: Subject, output: OutputRecord) -> Iterator[str]:
    record = subject.record
    yield f"# {subject.project}: {output.path}"
    yield ""
    yield f"Made by stage `{output.stage}`; record {record.number} of {record.time:%Y-%m-%d %H:%M} UTC."
    yield ""
    yield "## Intended use"
    yield ""
    yield "*Not known to the record: to be written by the model's owner.*"
    yield ""
    yield "## Identity"
    yield ""
    yield f"- DVC (MD5): `{output.md5}`"
    yield f"- SHA-256: `{output.sha256}`" if output.sha256 else "- SHA-256: not recorded"
    yield f"- record: `{record.digest}`"
    yield f"- code: commit `{subject.commit()}`" if subject.commit() else "- code: in no Git repository"
    yield f"- environment: Python {record.environment.python}, packages `{record.environment.digest[:16]}`"
    yield ""
    yield "## Data"
    yield ""
    yield from (f"- `{path}`, version `{md5}`" for path, md5 in tracked_data(subject).items())
    yield ""
    yield "## Parameters"
    yield ""
    locked = subject.stages().get(output.stage)
    params = flat(plain(dict(locked.params))) if locked else ()
    yield from (f"- `{name}` = {value}" for name, value in params)
    yield ""
    yield "## Metrics"
    yield ""
    yield from (f"- `{name}`: {value:g}" for name, value in _numbers(subject))
    yield ""
    yield "## Checks"
    yield ""
    for each in record.checks:
        yield f"- {each.asset} / {each.check}: {'passed' if each.passed else 'NOT passed'}"
    yield "" if record.checks else "*None were recorded.*\n"
    yield "## Weak links"
    yield ""
    yield from (f"- {each.said}" for each in weak_links(record))
    yield "" if weak_links(record) else "*None.*"


def tracked_data(subject: Subject) -> dict[str, str]:
    """The tracked data that the pipeline began with: what .dvc files name, not code."""
    code = set(subject.record.code_files)
    return {
        path: md5 for path, md5 in subject.sources().items() if path not in code and not path.endswith(".py")
    }


def _numbers(subject: Subject) -> list[tuple[str, float]]:
    found = [
        (name, value)
        for content in subject.record.metrics.values()
        if isinstance(content, Mapping)
        for name, value in flat_numbers(content)
    ]
    return found[:NUMBERS]


def flat_numbers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Dotted names and numbers."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat_numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{name}", float(value)


def _library(subject: Subject) -> str:
    names = {package.partition("==")[0] for package in subject.packages}
    known = ("scikit-learn", "xgboost", "lightgbm", "torch", "tensorflow", "transformers")
    return next((name for name in known if name in names), "other")
