"""A bucket's notification configuration, which is one document for everybody who listens. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ml_assets.landing.errors import NotificationOverlaps
from ml_assets.landing.setup.wiring import OURS

_DESTINATIONS = {
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
}


def tells(configuration: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether some entry tells the destination of `entry` of everything that `entry` would."""
    wanted = _destination(entry)
    return any(
        _destination(each) == wanted
        and set(entry["Events"]) <= set(each["Events"])
        and not _suffix(each)
        and _prefix(entry).startswith(_prefix(each))
        for _, each in _entries(configuration)
    )


def with_entry(configuration: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with `entry` in the place of those that are ours; all others stay.

    Ours are those with our id, and those that tell the same destination of a part of it.

    Raises:
        NotificationOverlaps: S3 tells one destination only of an event, and another has a part of these.
    """
    wanted = _destination(entry)
    made: dict[str, Any] = {
        name: value
        for name, value in configuration.items()
        if name not in {*_DESTINATIONS, "ResponseMetadata"}
    }
    for kind, each in _entries(configuration):
        if each.get("Id") == OURS or (_destination(each) == wanted and _overlaps(each, entry)):
            continue
        if _overlaps(each, entry):
            raise NotificationOverlaps(id_=str(each.get("Id", "")), destination=_destination(each))
        made.setdefault(kind, []).append(each)
    kind = next(name for name, arn in _DESTINATIONS.items() if arn in entry)
    made.setdefault(kind, []).append(dict(entry))
    return made


def with_eventbridge(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that also tells EventBridge of everything."""
    kept = {name: value for name, value in configuration.items() if name != "ResponseMetadata"}
    return {**kept, "EventBridgeConfiguration": {}}


def _entries(configuration: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for kind in _DESTINATIONS:
        for each in configuration.get(kind, ()):
            yield kind, each


def _destination(entry: Mapping[str, Any]) -> str:
    return str(next(entry[arn] for arn in _DESTINATIONS.values() if arn in entry))


def _overlaps(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """As S3 sees it, for `other` without a suffix: same kind of event, one prefix within the other."""
    kinds = {_kind(event) for event in one["Events"]} & {_kind(event) for event in other["Events"]}
    first, second = _prefix(one), _prefix(other)
    return bool(kinds) and (first.startswith(second) or second.startswith(first))


def _kind(event: str) -> str:
    return event.split(":")[1]


def _prefix(entry: Mapping[str, Any]) -> str:
    return _rule(entry, "prefix")


def _suffix(entry: Mapping[str, Any]) -> str:
    return _rule(entry, "suffix")


def _rule(entry: Mapping[str, Any], name: str) -> str:
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", ())
    return next((str(rule["Value"]) for rule in rules if rule["Name"].lower() == name), "")
