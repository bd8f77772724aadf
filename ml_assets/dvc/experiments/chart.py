"""Parallel coordinates: a line an experiment, an axis for each param that varies and each metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_assets.dvc.experiments.table import Group, Row, is_number

# More axes would be narrower than their names.
MOST_METRICS = 6
AXIS_WIDTH = 130
HEIGHT = 260
PIXEL_RATIO = 1.5
ENDS = 2


def parallel_coordinates(group: Group) -> dict[str, Any] | None:
    """The Vega-Lite chart of a group's experiments, its baseline dashed; None where nothing varies.

    Numbers are scaled to each axis, other values stand in their order. The colour is the first metric that
    differs.
    """
    metrics = group.telling_metrics()[:MOST_METRICS]
    names = tuple(dict.fromkeys([*group.varied(), *metrics]))
    rows = (group.baseline, *group.experiments)
    if not group.experiments or not group.varied():
        return None
    axes = {name: _axis([_value(row, name, metrics) for row in rows]) for name in names}
    lines = [
        {
            "experiment": row.name,
            "axis": name,
            "position": position,
            "score": row.metrics.get(metrics[0]) if metrics else None,
            "kind": "baseline" if row is group.baseline else "experiment",
        }
        for row in rows
        for name in names
        if (position := axes[name].get(_value(row, name, metrics))) is not None
    ]
    return _chart(names, lines, _labels(axes), color=metrics[0] if metrics else None)


def chart_png(chart: Mapping[str, Any]) -> bytes:
    """The chart as a PNG, drawn without a browser."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(dict(chart), scale=PIXEL_RATIO)
    return png


def _value(row: Row, name: str, metrics: Sequence[str]) -> Any:
    value = (row.metrics if name in metrics else row.params).get(name)
    return value if is_number(value) or value is None else str(value)


def _axis(values: Sequence[Any]) -> dict[Any, float]:
    """Value → where it is on its axis, from 0 to 1."""
    known = {value for value in values if value is not None}
    if all(is_number(value) for value in known):
        low, high = min(known), max(known)
        return {value: (value - low) / (high - low) if high > low else 0.5 for value in known}
    order = sorted(known, key=str)
    return {value: n / (len(order) - 1) if len(order) > 1 else 0.5 for n, value in enumerate(order)}


def _labels(axes: Mapping[str, Mapping[Any, float]]) -> list[dict[str, Any]]:
    """What is written at an axis: both ends of numbers, each of other values."""
    labels = []
    for name, positions in axes.items():
        numbers = all(is_number(value) for value in positions)
        shown = {min(positions), max(positions)} if numbers and len(positions) > ENDS else set(positions)
        for value in shown:
            text = f"{value:.4g}" if is_number(value) else str(value)
            labels.append({"axis": name, "position": positions[value], "text": text})
    return labels


def _chart(
    names: Sequence[str], lines: list[dict[str, Any]], labels: list[dict[str, Any]], *, color: str | None
) -> dict[str, Any]:
    ticks = {"labelAngle": 0, "labelLimit": AXIS_WIDTH, "domain": False, "ticks": False, "labelPadding": 12}
    x = {"field": "axis", "type": "nominal", "sort": list(names), "title": None, "axis": ticks}
    y = {"field": "position", "type": "quantitative", "axis": None}
    encoding: dict[str, Any] = {"x": x, "y": y, "detail": {"field": "experiment"}}
    if color is not None:
        scale = {"scheme": "viridis"}
        encoding["color"] = {"field": "score", "type": "quantitative", "title": color, "scale": scale}
    dashes = {"condition": {"test": "datum.kind === 'baseline'", "value": [4, 4]}, "value": [1, 0]}
    written = {"type": "text", "align": "left", "dx": 5, "baseline": "middle", "fontSize": 11}
    layers = [
        ([{"axis": name} for name in names], {"type": "rule", "color": "#ccc"}, {"x": x}),
        (lines, {"type": "line", "opacity": 0.8}, {**encoding, "strokeDash": dashes}),
        (labels, written, {"x": x, "y": y, "text": {"field": "text"}}),
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": AXIS_WIDTH * len(names),
        "height": HEIGHT,
        "config": {"view": {"stroke": None}},
        "layer": [{"data": {"values": data}, "mark": mark, "encoding": how} for data, mark, how in layers],
    }
