"""The one MLflow run of a record: found by its tag or made, and ended with a true status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ml_assets.models.projection import COMPLETE, STARTED, STATE_TAG, Projection
from ml_assets.models.store import TrackingStore

if TYPE_CHECKING:
    from mlflow.entities import Run


def find_runs(store: TrackingStore, projection: Projection) -> list[Run]:
    """The runs of what is projected, the oldest first; more than one only when two machines raced."""
    wanted = f"tags.`{projection.tag}` = '{projection.digest}'"
    found = store.client.search_runs([store.experiment_id], wanted)
    return sorted(found, key=lambda run: (not is_complete(run), run.info.start_time, run.info.run_id))


def is_complete(run: Run) -> bool:
    """Whether everything was written; a run whose process was killed may show any status."""
    return bool(run.data.tags.get(STATE_TAG) == COMPLETE and run.info.status == "FINISHED")


def adopt_or_create(store: TrackingStore, projection: Projection) -> Run:
    """The record's run; one that was left half-made is gone on with, and a second one is removed."""
    if not find_runs(store, projection):
        store.client.create_run(
            store.experiment_id,
            start_time=projection.milliseconds,
            run_name=projection.name,
            tags={projection.tag: projection.digest, STATE_TAG: STARTED},
        )
    # Looked for again: of two machines that both created one, both now choose the same.
    chosen, *others = find_runs(store, projection)
    for other in others:
        store.client.delete_run(other.info.run_id)
    return chosen


@contextmanager
def ending(store: TrackingStore, run_id: str, projection: Projection) -> Iterator[None]:
    """Mark the run complete when the body ends, FAILED when it raises (also on a cancel)."""
    try:
        yield
        store.client.set_tag(run_id, STATE_TAG, COMPLETE)
    except BaseException:
        store.client.set_terminated(run_id, "FAILED")
        raise
    # Whoever made the run active may have renamed it, and ended it by the clock.
    store.client.update_run(run_id, name=projection.name)
    store.client.set_terminated(run_id, "FINISHED", end_time=projection.milliseconds)
