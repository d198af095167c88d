"""Read a job file and check all of it before anything starts.

This layer knows files and the signatures of the functions that steps name; it runs
nothing and opens no store. Every fault it finds is in the one :class:`JobError`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pydantic import ValidationError

from oceandata.errors import JobError
from oceandata.job.declare import Input, Job, Product, Region, Step
from oceandata.job.faults import Faults
from oceandata.job.lines import lines_of
from oceandata.job.links import (
    UNKNOWN,
    check_grid,
    find_inputs,
    link_products,
    link_steps,
)
from oceandata.job.registry import nearest

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
    faults = Faults(path, places)
    for text in overrides:
        _override(raw, text, faults)
    if output is not None:
        raw.setdefault("job", {})["output"] = str(Path(output).resolve())
    if store is not None:
        raw.setdefault("store", {})["path"] = str(Path(store).resolve())
    raw = _expand(raw, (), faults)
    job = _declare(raw, faults)
    sections = job or _salvaged(raw)
    folder = path.resolve().parent
    check_grid(sections, faults)
    inputs = find_inputs(sections, folder, faults)
    upstream = link_steps(sections, faults)
    shown = link_products(sections, faults)
    if job is None:
        faults.raise_any()
    read = ReadJob(
        path=path.resolve(),
        job=job,
        output=folder / Path(job.job.output).expanduser(),
        store=folder / Path(job.store.path).expanduser(),
        inputs=inputs,
        upstream=upstream,
        shown=shown,
    )
    _check_store(read, faults)
    faults.raise_any()
    return read


def _parse(path: Path) -> tuple[dict, dict]:
    """Raw content of a TOML file and the line of each place in it."""
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text), lines_of(text)
    except OSError as error:
        raise JobError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise JobError(f"{path}: is not TOML: {error}") from None


def _override(raw: dict, text: str, faults: Faults) -> None:
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

    def only(value: Any) -> Any:
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    for part in outer:
        if isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
            continue
        here = only(here)
        here = here.setdefault(part, {}) if isinstance(here, dict) else None
    here = only(here)
    if not isinstance(here, dict):
        faults.add(
            (),
            f"--set {text!r}: {'.'.join(outer)} is no single section; name one "
            f"of several by its number from 0, as in input.0.paths",
        )
        return
    here[last] = parsed


def _expand(value: Any, place: tuple, faults: Faults) -> Any:
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


def _declare(raw: dict, faults: Faults) -> Job | None:
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


def _salvaged(raw: dict) -> SimpleNamespace:
    """The sections that are right by themselves, so that they too are checked."""

    def one(kind: type, value: Any) -> Any:
        try:
            return kind.model_validate(value)
        except ValidationError:
            return None

    def many(kind: type, name: str) -> list:
        values = raw.get(name, [])
        return [one(kind, v) for v in values] if isinstance(values, list) else []

    return SimpleNamespace(
        region=one(Region, raw["region"]) or UNKNOWN if "region" in raw else None,
        input=many(Input, "input"),
        step=many(Step, "step"),
        product=many(Product, "product"),
    )


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


def _check_store(read: ReadJob, faults: Faults) -> None:
    """Whether there is a store to read, and whether the job may add to it."""
    about = read.job.store
    if not read.job.input and not read.store.is_dir():
        faults.add(
            ("store", "path"),
            f"there is no store at {read.store} and no [[input]] to make one from",
        )
    if read.job.input and about.commit is not None:
        faults.add(
            ("store", "commit"),
            f"the job reads the store as of commit {about.commit}, but its [[input]] "
            f"would add to it; leave one of them out",
        )
