"""What a job would do: inputs with their sizes, steps, products. Nothing is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oceandata.job.read import ReadJob


@dataclass(frozen=True)
class Plan:
    """The plan of a job, as plain facts."""

    title: str
    store: Path
    store_exists: bool
    output: Path
    inputs: tuple[tuple[Path, int, str], ...]
    steps: tuple[dict[str, Any], ...]
    products: tuple[dict[str, Any], ...]
    region: dict[str, Any] | None
    period: tuple[str, str] | None

    @property
    def bytes(self) -> int:
        """Bytes of all inputs as they lie on the disk."""
        return sum(size for _, size, _ in self.inputs)


def plan_job(read: ReadJob) -> Plan:
    """The plan of a job that has been read and checked.

    Examples
    --------
    >>> plan_job(read_job("vessel_density.toml")).bytes  # doctest: +SKIP
    84120033
    """
    job = read.job
    inputs = [
        (path, path.stat().st_size, item.format)
        for item, files in zip(job.input, read.inputs, strict=True)
        for path in files
    ]
    steps = [
        {
            "name": step.label,
            "use": step.use,
            "of": read.upstream[step.label],
            **step.arguments,
        }
        for step in job.step
    ]
    products = [
        {
            "kind": product.kind,
            "of": list(read.shown[index]),
            "path": read.product_path(index),
            **product.arguments,
        }
        for index, product in enumerate(job.product)
    ]
    return Plan(
        title=job.job.title,
        store=read.store,
        store_exists=read.store.is_dir(),
        output=read.output,
        inputs=tuple(inputs),
        steps=tuple(steps),
        products=tuple(products),
        region=_region(read),
        period=(job.period.start, job.period.stop) if job.period else None,
    )


def _region(read: ReadJob) -> dict[str, Any] | None:
    region = read.job.region
    if region is None:
        return None
    west, south, east, north = region.box
    width, height = region.steps
    across = (east - west) % 360 or 360.0
    return {
        "box": region.box,
        "step": region.steps,
        "cells": (round(across / width), round((north - south) / height)),
    }


def near(box: tuple[float, float, float, float]) -> tuple | None:
    """The box with one degree around it: vessels that may have crossed its cells.

    None where that is the whole circle of longitudes.

    >>> near((179.5, -10.0, -179.0, 10.0))
    (178.5, -11.0, -178.0, 11.0)
    >>> near((-180.0, -90.0, 180.0, 90.0)) is None
    True
    """
    west, south, east, north = box
    width = (east - west) % 360 or 360.0
    if width + 2 >= 360:
        return None
    turned = [(lon + 180.0) % 360.0 - 180.0 for lon in (west - 1, east + 1)]
    return turned[0], max(-90.0, south - 1), turned[1], min(90.0, north + 1)
