"""OpenLineage events of a record: https://openlineage.io/docs/spec/object-model."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_assets.dvc.lockfile import LockedPath
from ml_assets.ledger.canonical import plain
from ml_assets.ledger.errors import ExportRefused, ExtraMissing
from ml_assets.ledger.exports.subject import PRODUCER, Subject, flat
from ml_assets.ledger.record import CheckOutcome
from ml_assets.ledger.weak_links import weak_links

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, PRODUCER)
OUR_FACET = "mlAssets_record"
TIMEOUT_SECONDS = 30


def events(subject: Subject) -> list[RunEvent]:
    """START and COMPLETE of each stage that the record's run has brought up to date, and one of its checks.

    Ids are made of the record's digest and the stage: the same whenever they are made. A record says when a
    run ended, so both events of a stage have that time. Raises ExtraMissing, LockFileUnreadable.
    """
    try:
        import openlineage.client  # noqa: F401 - an extra of ours
    except ImportError as error:
        raise ExtraMissing(what="OpenLineage events", module="openlineage-python", extra="exports") from error
    return list(_events(subject))


def as_dict(event: RunEvent) -> dict[str, Any]:
    """The event as JSON has it."""
    from openlineage.client.serde import Serde

    return Serde.to_dict(event)


def write(found: Iterable[RunEvent], file: Path) -> None:
    """Append the events to `file`, one a line."""
    from openlineage.client.transport.file import FileConfig, FileTransport

    transport = FileTransport(FileConfig(log_file_path=str(file), append=True))
    for event in found:
        transport.emit(event)


def send(found: Iterable[RunEvent], url: str) -> None:
    """POST the events to a server such as Marquez; `OPENLINEAGE_API_KEY` is used where it is set.

    Raises ExportRefused.
    """
    from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport

    config = HttpConfig(url=url, timeout=TIMEOUT_SECONDS)
    if key := os.environ.get("OPENLINEAGE_API_KEY"):
        config.auth = ApiKeyTokenProvider({"api_key": key})
    transport = HttpTransport(config)
    try:
        for event in found:
            transport.emit(event)
    except Exception as error:
        # Its client raises those of whichever HTTP library it has at the moment.
        raise ExportRefused(url=url, cause=str(error)) from error


def _events(subject: Subject) -> Iterator[RunEvent]:
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState

    record, stages = subject.record, subject.stages()
    at = record.time.isoformat()
    for name in subject.ran():
        locked = stages[name]
        run = Run(runId=_id(subject, name), facets=_run_facets(subject, name))
        job = Job(namespace=subject.project, name=name, facets=_job_facets(subject))
        inputs = [_input(subject, dep) for dep in locked.deps]
        outputs = [_output(subject, out) for out in locked.outs]
        for state in (RunState.START, RunState.COMPLETE):
            yield RunEvent(
                eventTime=at,
                producer=PRODUCER,
                run=run,
                job=job,
                eventType=state,
                inputs=inputs,
                outputs=outputs if state is RunState.COMPLETE else [],
            )
    if record.checks:
        yield RunEvent(
            eventTime=at,
            producer=PRODUCER,
            run=Run(runId=_id(subject, "checks"), facets=_run_facets(subject, "checks")),
            job=Job(namespace=subject.project, name="checks"),
            eventType=RunState.COMPLETE,
            inputs=[
                _checked(subject, asset) for asset in dict.fromkeys(each.asset for each in record.checks)
            ],
        )


def _id(subject: Subject, name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{subject.record.digest}/{name}"))


def _run_facets(subject: Subject, name: str) -> dict[str, Any]:
    from openlineage.client.facet_v2 import execution_parameters_run, parent_run

    record, stages = subject.record, subject.stages()
    facets: dict[str, Any] = {OUR_FACET: _record_facet(subject)}
    if name in stages and (params := list(flat(plain(dict(stages[name].params))))):
        facets["executionParameters"] = execution_parameters_run.ExecutionParametersRunFacet(
            parameters=[
                execution_parameters_run.ExecutionParameter(key=key, name=key, value=value)
                for key, value in params
            ]
        )
    if record.dagster:
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=record.dagster.run_id),
            job=parent_run.Job(namespace=subject.project, name=record.dagster.job),
        )
    return facets


def _record_facet(subject: Subject) -> Any:
    import attr
    from openlineage.client.generated.base import RunFacet

    @attr.define
    class RecordRunFacet(RunFacet):
        number: int
        digest: str
        weakLinks: list[str]  # noqa: N815 - as the names of the standard

        @staticmethod
        def _get_schema() -> str:
            return f"{PRODUCER}#record-run-facet-1"

    record = subject.record
    return RecordRunFacet(record.number, record.digest, [each.said for each in weak_links(record)])


def _job_facets(subject: Subject) -> dict[str, Any]:
    from openlineage.client.facet_v2 import source_code_location_job

    commit = subject.commit()
    if commit is None:
        return {}
    location = source_code_location_job.SourceCodeLocationJobFacet(
        type="git", url=subject.repository or f"urn:git:commit:{commit}", version=commit
    )
    return {"sourceCodeLocation": location}


def _input(subject: Subject, dep: LockedPath) -> Any:
    from openlineage.client.event_v2 import InputDataset

    return InputDataset(namespace=_dvc(subject), name=dep.path, facets=_version(dep.md5))


def _output(subject: Subject, out: LockedPath) -> Any:
    from openlineage.client.event_v2 import OutputDataset

    return OutputDataset(namespace=_dvc(subject), name=out.path, facets=_version(out.md5))


def _checked(subject: Subject, asset: str) -> Any:
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import data_quality_assertions_dataset

    record = subject.record
    made = [out for out in record.outputs if out.stage == asset.rpartition("/")[2]]
    assertions = [_assertion(each) for each in record.checks if each.asset == asset]
    facet = data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(assertions=assertions)
    return InputDataset(
        namespace=_dvc(subject),
        name=made[0].path if made else asset,
        facets=_version(made[0].md5) if made else {},
        inputFacets={"dataQualityAssertions": facet},
    )


def _assertion(check: CheckOutcome) -> Any:
    from openlineage.client.facet_v2 import data_quality_assertions_dataset

    return data_quality_assertions_dataset.Assertion(
        assertion=check.check,
        success=check.passed,
        severity=check.severity.lower(),
        description=check.description,
    )


def _version(md5: str) -> dict[str, Any]:
    from openlineage.client.facet_v2 import dataset_version_dataset

    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=md5)}


def _dvc(subject: Subject) -> str:
    return f"dvc://{subject.project}"
