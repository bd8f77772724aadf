"""What the asset checks of a run have said so far, for its record."""

from __future__ import annotations

from typing import cast

from dagster import AssetCheckEvaluation, AssetExecutionContext, DagsterEventType

from ml_assets.ledger.record import CheckOutcome


def check_outcomes(context: AssetExecutionContext) -> list[CheckOutcome]:
    """One a check, the newest evaluation, in the order in which they came.

    Checks that are steps of their own come after the record, as those of DVC's state do.
    """
    found = context.instance.get_records_for_run(
        context.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    outcomes: dict[tuple[str, str], CheckOutcome] = {}
    for each in found:
        event = each.event_log_entry.dagster_event
        if event is None:
            continue
        evaluation = cast("AssetCheckEvaluation", event.event_specific_data)
        outcome = CheckOutcome(
            asset=evaluation.asset_key.to_user_string(),
            check=evaluation.check_name,
            passed=evaluation.passed,
            blocking=bool(evaluation.blocking),
            severity=evaluation.severity.value,
            description=evaluation.description,
        )
        outcomes[outcome.asset, outcome.check] = outcome
    return list(outcomes.values())
