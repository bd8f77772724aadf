"""An ML bill of materials: CycloneDX 1.6 in JSON, https://cyclonedx.org/docs/1.6/json.

cyclonedx-python-lib writes no model cards yet; its validator is what the tests use.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from ml_assets.ledger.canonical import plain
from ml_assets.ledger.exports.model_card import flat_numbers, tracked_data
from ml_assets.ledger.exports.subject import PRODUCER, Subject, flat
from ml_assets.ledger.record import OutputRecord
from ml_assets.ledger.weak_links import weak_links

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}#ml-bom")


def ml_bom(subject: Subject, outputs: list[OutputRecord]) -> dict[str, Any]:
    """The models `outputs`, their data and packages. The same record makes the same bytes."""
    record = subject.record
    data = tracked_data(subject)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, record.digest)}",
        "version": 1,
        "metadata": {
            "timestamp": record.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "ml_assets"}]},
            "component": {
                "type": "application",
                "bom-ref": "pipeline",
                "name": subject.project,
                "version": subject.commit() or f"record-{record.number}",
            },
            "properties": [
                {"name": "ml_assets:record", "value": str(record.number)},
                {"name": "ml_assets:record:sha256", "value": record.digest},
                *(
                    {"name": f"ml_assets:weak-link:{each.kind}", "value": each.said}
                    for each in weak_links(record)
                ),
            ],
        },
        "components": [
            *(_model(subject, out, list(data)) for out in outputs),
            *(_data(path, md5) for path, md5 in data.items()),
            *(_package(each) for each in subject.packages),
        ],
        "dependencies": [
            {"ref": _ref(out), "dependsOn": [f"data:{path}" for path in data]} for out in outputs
        ],
    }


def _model(subject: Subject, out: OutputRecord, data: list[str]) -> dict[str, Any]:
    locked = subject.stages().get(out.stage)
    params = list(flat(plain(dict(locked.params)))) if locked else []
    hashes = [{"alg": "MD5", "content": out.md5.removesuffix(".dir")}]
    if out.sha256 and not out.md5.endswith(".dir"):
        hashes.append({"alg": "SHA-256", "content": out.sha256})
    return {
        "type": "machine-learning-model",
        "bom-ref": _ref(out),
        "name": out.path,
        "version": out.md5,
        "hashes": hashes,
        "modelCard": {
            "modelParameters": {"datasets": [{"ref": f"data:{path}"} for path in data]},
            "quantitativeAnalysis": {
                "performanceMetrics": [
                    {"type": name, "value": f"{value:g}"} for name, value in _numbers(subject)
                ]
            },
        },
        "properties": [
            {"name": "dvc:stage", "value": out.stage},
            *({"name": f"dvc:param:{name}", "value": value} for name, value in params),
        ],
    }


def _numbers(subject: Subject) -> list[tuple[str, float]]:
    contents = [each for each in subject.record.metrics.values() if isinstance(each, Mapping)]
    return [number for content in contents for number in flat_numbers(content)]


def _data(path: str, md5: str) -> dict[str, Any]:
    return {
        "type": "data",
        "bom-ref": f"data:{path}",
        "name": path,
        "version": md5,
        "hashes": [{"alg": "MD5", "content": md5.removesuffix(".dir")}],
        "data": [{"type": "dataset", "name": path}],
    }


def _package(line: str) -> dict[str, Any]:
    name, _, version = line.partition("==")
    purl = f"pkg:pypi/{name}@{version}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _ref(out: OutputRecord) -> str:
    return f"model:{out.path}"
