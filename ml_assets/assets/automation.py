"""When an asset materializes itself: on data that really is other data, not on each run above it."""

from __future__ import annotations

from typing import Any

from dagster import AutomationCondition


def on_new_data() -> AutomationCondition[Any]:
    """Materialize when an input has another data version, the code is other code, or nothing was made yet.

    `AutomationCondition.eager()` follows each materialization above, and so runs everything below a stage
    that DVC found unchanged. This one waits, as eager does, for inputs that are missing or at work.
    """
    new_input: AutomationCondition[Any] = AutomationCondition.any_deps_match(
        AutomationCondition.data_version_changed() | AutomationCondition.will_be_requested()
    )
    new_code: AutomationCondition[Any] = AutomationCondition.code_version_changed()
    cause: AutomationCondition[Any] = new_input | new_code | AutomationCondition.newly_missing()
    ready = ~AutomationCondition.any_deps_missing() & ~AutomationCondition.any_deps_in_progress()
    idle = ~AutomationCondition.in_progress()
    return (cause.since_last_handled() & ready & idle).with_label("on new data")


def on_schedule(cron: str, timezone: str) -> AutomationCondition[Any]:
    """Materialize at the ticks of `cron`, once all inputs were updated since."""
    return AutomationCondition.on_cron(cron, timezone)
