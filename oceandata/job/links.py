"""What the sections of a job refer to: files, cells, functions, each other.

Sections that are wrong by themselves come as None and are passed over, so that the
faults of all the others are found in the same go.
"""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any

from oceandata.job.faults import Faults
from oceandata.job.registry import (
    PRODUCTS,
    STEPS,
    argument_faults,
    nearest,
    trial_fault,
)

SELECTION = "tracks"
"""The name by which steps refer to the store's own tracks."""

UNKNOWN = "unknown"
"""Stands for a section that is there but wrong."""


def check_grid(job: Any, faults: Faults) -> None:
    """Whether the region is a whole number of cells."""
    if job.region not in (None, UNKNOWN):
        from oceandata.grids import regular_grid

        try:
            regular_grid(job.region.box, step=job.region.steps)
        except ValueError as error:
            faults.add(("region", "step"), str(error))


def find_inputs(job: Any, folder: Path, faults: Faults) -> tuple:
    """Files of each input, sorted; a pattern that finds nothing is a fault."""
    found = []
    for index, item in enumerate(job.input):
        if item is None:
            continue
        files: list[Path] = []
        for pattern in item.paths:
            full = str(folder / Path(pattern).expanduser())
            matches = (
                [full] if os.path.isfile(full) else glob.glob(full, recursive=True)
            )
            matches = sorted(match for match in matches if os.path.isfile(match))
            if not matches:
                faults.add(
                    ("input", index, "paths"), f"no file matches {pattern!r} ({full})"
                )
            files += [Path(match) for match in matches]
        found.append(tuple(dict.fromkeys(files)))
    return tuple(found)


def link_steps(job: Any, faults: Faults) -> dict[str, str]:
    """What each step takes; by default the last tracks step before it."""
    upstream: dict[str, str] = {}
    last, sources = SELECTION, [SELECTION]
    for index, step in enumerate(job.step):
        if step is None:
            continue
        place = ("step", index)
        if step.label in upstream or step.label == SELECTION:
            faults.add(
                place, f"another step or the store is called {step.label!r} already"
            )
        if step.use not in STEPS:
            faults.add(
                (*place, "use"),
                f"no step function {step.use!r}; {nearest(step.use, list(STEPS))}",
            )
            continue
        kind = STEPS[step.use]
        wrong = argument_faults(kind.function, step.arguments, kind.filled)
        for key, text in wrong.items():
            faults.add((*place, key), text)
        if not wrong and (text := trial_fault(kind, step.arguments)):
            faults.add(place, text)
        if step.of and step.of not in sources:
            faults.add(
                (*place, "of"),
                f"no earlier step gives tracks under the name {step.of!r}; "
                f"{nearest(step.of, sources)}",
            )
        upstream[step.label] = step.of or last
        if kind.gives == "tracks":
            last = step.label
            sources.append(step.label)
        elif job.region is None:
            faults.add(place, f"{step.use} needs a [region] with box and step")
    return upstream


def link_products(job: Any, faults: Faults) -> tuple[tuple[str, ...], ...]:
    """The steps each product shows; by default the last grid, for a report all."""
    grids = [
        step.label
        for step in job.step
        if step and step.use in STEPS and STEPS[step.use].gives == "grid"
    ]
    shown, paths = [], set()
    for index, product in enumerate(job.product):
        if product is None:
            continue
        place = ("product", index)
        kind = PRODUCTS.get(product.kind)
        if kind is None:
            text = (
                f"no product {product.kind!r}; {nearest(product.kind, list(PRODUCTS))}"
            )
            faults.add((*place, "kind"), text)
            continue
        wrong = argument_faults(kind.function, product.arguments, kind.filled)
        for key, text in wrong.items():
            faults.add((*place, key), text)
        if not product.path.endswith(kind.suffixes):
            faults.add(
                (*place, "path"),
                f"a {product.kind} ends in {' or '.join(kind.suffixes)}; "
                f"got {product.path!r}",
            )
        if product.path in paths:
            faults.add((*place, "path"), f"two products would write {product.path!r}")
        paths.add(product.path)
        steps = [name for name in product.steps if name]
        for name in steps:
            if name not in grids:
                text = f"no step gives a grid under the name {name!r}; "
                faults.add((*place, "of"), text + nearest(name, grids))
        faults_of_picture(job, product, place, faults)
        if not grids:
            faults.add(place, f"a {product.kind} needs a step that gives a grid")
        if len(steps) > 1 and not kind.takes_many:
            faults.add((*place, "of"), f"a {product.kind} shows one step")
        default = grids if kind.takes_many else grids[-1:]
        shown.append(tuple(steps or default))
    return tuple(shown)


def faults_of_picture(job: Any, product: Any, place: tuple, faults: Faults) -> None:
    """A map shows one grid, not one for each class of ship."""
    for step in job.step:
        if step and product.kind == "map" and step.label in product.steps:
            by = step.arguments.get("by", ["class"])
            if "class" in by:
                faults.add(
                    (*place, "of"),
                    f"a map shows one grid, but step {step.label!r} has one for each "
                    f'class: give the step by = [] or use kind = "panels" with '
                    f'by = "ship_class"',
                )
