"""Report -> JSON and CSV, for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from ...census import depth, units, weighted
from ...receptive import Field
from .measure import Figures, Line, Report, walk
from .rules import memories


def report_dict(report: Report) -> dict[str, Any]:
    """All figures. `parts` are block instances and what shares the first half of its paths, `layers` the layers."""
    lines = [line for _, line in walk(report.root)]
    return {
        "model": report.checked.name,
        "file": report.checked.file,
        "batch": report.batch,
        **figures_dict(report.figures),
        "trained_weights": report.tensors,
        "weighted_layers": weighted(report.checked),
        "depth": depth(report.checked),
        "units": units(report.checked),
        "receptive_field": field_dict(report.field),
        "peak_values": report.values.peak,
        "memory_bytes": {title: {**taken._asdict(), "total": taken.total} for title, taken in memories(report)},
        "parts": [line_dict(line) for line in lines if line.lines],
        "layers": [line_dict(line) for line in lines if line.layer],
    }


def report_json(report: Report) -> str:
    return json.dumps(report_dict(report), indent=1)


def figures_dict(figures: Figures) -> dict[str, int | None]:
    macs = figures.macs
    return {
        "params": figures.params,
        "trainable_params": figures.trainable,
        "macs": macs,
        "flops": None if macs is None else 2 * macs,
        "values": figures.values,
    }


def field_dict(field: Field | None) -> dict[str, Any] | None:
    """`jump` may be a fraction behind layers that enlarge the map."""
    if field is None:
        return None
    return {"size": list(field.sizes), "jump": [float(step) for step in field.jump], "whole_input": field.whole}


def line_dict(line: Line) -> dict[str, Any]:
    return {
        "name": line.path,
        "type": line.type,
        "output": line.shape,
        **figures_dict(line.figures),
        "receptive_field": field_dict(line.field),
        "file": line.span.source.name,
        "line": line.span.line,
    }


COLUMNS = (
    *("name", "type", "output", "params", "trainable_params", "macs", "flops"),
    *("values", "field", "jump", "file", "line"),
)


def report_csv(report: Report) -> str:
    """One row for each layer, in the written order, under a row of names."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(csv_rows(report))
    return text.getvalue()


def csv_rows(report: Report) -> Iterator[list[Any]]:
    for _, line in walk(report.root):
        if line.layer:
            field = line.field or Field()
            told = {**line_dict(line), "field": field, "jump": "x".join(map(str, field.jump))}
            yield [shielded(told[name]) for name in COLUMNS]


def shielded(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
