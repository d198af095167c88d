"""Read a job file and check all of it before anything starts.

This layer knows files and the signatures of the functions that steps name; it runs
nothing and opens no store. Every fault it finds is in the one :class:`JobError`.
"""

from __future__ import annotations

import glob
import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from oceandata.errors import JobError
from oceandata.job.declare import Job
from oceandata.job.lines import line_of, lines_of
from oceandata.job.registry import (
    PRODUCTS,
    STEPS,
    argument_faults,
    nearest,
)

SELECTION = "tracks"
"""The name by which steps refer to the store's own tracks."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class ReadJob:
    """A job that has been read and checked.

    ``upstream`` names, for each step, what it takes; ``shown`` names, for each
    product, the steps it shows; ``inputs`` holds the files of each ``[[input]]``.
    """

    path: Path
    job: Job
    output: Path
    store: Path
    inputs: tuple[tuple[Path, ...], ...]
    upstream: dict[str, str]
    shown: tuple[tuple[str, ...], ...]

    def product_path(self, index: int) -> Path:
        """Absolute path of the product with this index."""
        return self.output / self.job.product[index].path


def read_job(
    path: str | os.PathLike,
    *,
    overrides: Sequence[str] = (),
    output: str | os.PathLike | None = None,
    store: str | os.PathLike | None = None,
) -> ReadJob:
    """Read and check a job file.

    Parameters
    ----------
    path : path of a TOML file
        Paths inside it are relative to its folder. ``${NAME}`` in a text is replaced
        by the environment variable.
    overrides : texts ``section.key=value``
        Replace or add values; a value is read as TOML, else as text.
    output, store : paths, relative to the working directory
        Replace ``job.output`` and ``store.path``.

    Returns
    -------
    ReadJob

    Raises
    ------
    JobError
        All faults of the file in one message, each with its line.

    Examples
    --------
    >>> read_job("vessel_density.toml")  # doctest: +SKIP
    """
    path = Path(path)
    raw, places = _parse(path)
    faults = _Faults(path, places)
    for text in overrides:
        _override(raw, text, faults)
    if output is not None:
        raw.setdefault("job", {})["output"] = str(Path(output).resolve())
    if store is not None:
        raw.setdefault("store", {})["path"] = str(Path(store).resolve())
    raw = _expand(raw, (), faults)
    job = _declare(raw, faults)
    folder = path.resolve().parent
    if job is None:
        faults.raise_any()
    read = ReadJob(
        path=path.resolve(),
        job=job,
        output=folder / Path(job.job.output).expanduser(),
        store=folder / Path(job.store.path).expanduser(),
        inputs=_find_inputs(job, folder, faults),
        upstream=_link_steps(job, faults),
        shown=_link_products(job, faults),
    )
    if not job.input and not read.store.is_dir():
        faults.add(
            ("store", "path"),
            f"there is no store at {read.store} and no [[input]] to make one from",
        )
    faults.raise_any()
    return read


class _Faults:
    """Collects faults with their places."""

    def __init__(self, path: Path, places: dict):
        self.path, self.places, self.found = path, places, []

    def add(self, place: tuple, text: str) -> None:
        line = line_of(self.places, place)
        at = f"line {line}: " if line else ""
        entry = (line or 10**9, f"{at}{_label(place)}: {text}")
        if entry not in self.found:
            self.found.append(entry)

    def raise_any(self) -> None:
        if not self.found:
            return
        faults = [text for _, text in sorted(self.found, key=lambda item: item[0])]
        if len(faults) == 1:
            error = JobError(f"{self.path}: {faults[0]}")
        else:
            rows = "\n".join(f"  - {fault}" for fault in faults)
            error = JobError(f"{self.path}: {len(faults)} faults:\n{rows}")
        error.faults = faults
        raise error


def _label(place: tuple) -> str:
    """``[[step]] 2 gap`` for ("step", 1, "gap")."""
    if len(place) > 1 and isinstance(place[1], int):
        head, rest = f"[[{place[0]}]] {place[1] + 1}", place[2:]
    elif place:
        head, rest = f"[{place[0]}]", place[1:]
    else:
        head, rest = "job file", ()
    return " ".join([head, *(str(part) for part in rest if isinstance(part, str))])


def _parse(path: Path) -> tuple[dict, dict]:
    """Raw content of a TOML file and the line of each place in it."""
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text), lines_of(text)
    except OSError as error:
        raise JobError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise JobError(f"{path}: is not TOML: {error}") from None


def _override(raw: dict, text: str, faults: _Faults) -> None:
    """Apply one ``section.key=value``; the only table of a list needs no index."""
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        faults.add((), f"--set {text!r}: expected SECTION.KEY=VALUE")
        return
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    *outer, last = key.strip().split(".")
    here: Any = raw
    for part in outer:
        if isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        elif isinstance(here, dict):
            here = here.setdefault(part, {})
        else:
            here = None
        if isinstance(here, list) and len(here) == 1:
            here = here[0]
    if not isinstance(here, dict):
        faults.add(
            (),
            f"--set {text!r}: {'.'.join(outer)} is no single section; name one "
            f"of several by its number from 0, as in input.0.paths",
        )
        return
    here[last] = parsed


def _expand(value: Any, place: tuple, faults: _Faults) -> Any:
    """The value with ``${NAME}`` replaced in every text."""
    if isinstance(value, dict):
        return {
            key: _expand(item, (*place, key), faults) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_expand(item, (*place, i), faults) for i, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match) -> str:
        if match[1] not in os.environ:
            faults.add(
                place, f"{match[0]}: the environment variable {match[1]} is not set"
            )
        return os.environ.get(match[1], "")

    return _VARIABLE.sub(replace, value)


def _declare(raw: dict, faults: _Faults) -> Job | None:
    """The job as declared sections, or None with the faults noted."""
    try:
        return Job.model_validate(raw)
    except ValidationError as error:
        for fault in error.errors():
            place, text = fault["loc"], fault["msg"].removeprefix("Value error, ")
            if fault["type"] == "extra_forbidden":
                text = f"unknown key; {nearest(str(place[-1]), _known(place[:-1]))}"
            elif fault["type"] == "missing":
                text = "is missing"
            elif "input" in fault and fault["type"] != "value_error":
                text = f"{text[0].lower()}{text[1:]}; got {fault['input']!r}"
            faults.add(tuple(place), text)
        return None


def _known(place: tuple) -> list[str]:
    """Keys that the declaration knows at a place."""
    model: Any = Job
    for part in place:
        if isinstance(part, int):
            continue
        kind = model.model_fields[part].annotation
        for choice in (kind, *getattr(kind, "__args__", ())):
            if isinstance(choice, type) and hasattr(choice, "model_fields"):
                model = choice
    return list(model.model_fields)


def _find_inputs(job: Job, folder: Path, faults: _Faults) -> tuple:
    """Files of each input, sorted; a pattern that finds nothing is a fault."""
    found = []
    for index, item in enumerate(job.input):
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


def _link_steps(job: Job, faults: _Faults) -> dict[str, str]:
    """What each step takes; by default the last tracks step before it."""
    upstream: dict[str, str] = {}
    last, sources = SELECTION, [SELECTION]
    for index, step in enumerate(job.step):
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


def _link_products(job: Job, faults: _Faults) -> tuple[tuple[str, ...], ...]:
    """The steps each product shows; by default the last grid, for a report all."""
    grids = [
        step.label
        for step in job.step
        if step.use in STEPS and STEPS[step.use].gives == "grid"
    ]
    shown, paths = [], set()
    for index, product in enumerate(job.product):
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
        if not grids:
            faults.add(place, f"a {product.kind} needs a step that gives a grid")
        if len(steps) > 1 and not kind.takes_many:
            faults.add((*place, "of"), f"a {product.kind} shows one step")
        default = grids if kind.takes_many else grids[-1:]
        shown.append(tuple(steps or default))
    return tuple(shown)
