"""Which public functions a job may name, and what goes into and comes out of them.

A step's keyword arguments are those of the function, so the reference page of the
function is the reference of the step. ``tracks`` functions run piece by piece inside
the step that consumes them; ``grid`` functions are reductions over all pieces.
"""

from __future__ import annotations

import difflib
import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from oceandata.errors import EngineError
from oceandata.units import Duration, distance_m, duration_us


@dataclass(frozen=True)
class StepKind:
    """A public function that a step may use.

    ``gives`` is "tracks" or "grid"; ``filled`` are arguments that the job fills from
    its own sections and that a step must not name.
    """

    function: str
    gives: str
    filled: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProductKind:
    """A public function that writes a product.

    ``suffixes`` are the endings its path may have; ``takes_many`` says whether it
    shows several steps.
    """

    function: str
    suffixes: tuple[str, ...]
    takes_many: bool = False
    filled: tuple[str, ...] = ()


_RUN = ("engine", "workers", "progress")
_RECORD = ("provenance", "sources")
_REPORT = ("inputs", "dropped", "accounting", "maps", "tables", *_RECORD)

STEPS = {
    "clean_tracks": StepKind("oceandata.tracks:clean_tracks", "tracks"),
    "split_tracks": StepKind("oceandata.tracks:split_tracks", "tracks"),
    "vessel_hours": StepKind("oceandata.tracks:vessel_hours", "grid", ("grid",)),
    "vessel_distance": StepKind("oceandata.tracks:vessel_distance", "grid", ("grid",)),
    "transit_counts": StepKind("oceandata.tracks:transit_counts", "grid", ("grid",)),
}

_SEEN = (".png", ".svg", ".pdf")

PRODUCTS = {
    "netcdf": ProductKind("oceandata.products:to_netcdf", (".nc",), filled=_RECORD),
    "zarr": ProductKind("oceandata.products:to_zarr", (".zarr",), filled=_RECORD),
    "csv": ProductKind("oceandata.products:to_csv", (".csv",), filled=_RECORD),
    "geotiff": ProductKind(
        "oceandata.products:to_geotiff", (".tif", ".tiff"), filled=_RECORD
    ),
    "map": ProductKind("oceandata.products:plot_map", _SEEN, filled=_RECORD),
    "panels": ProductKind("oceandata.products:plot_panels", _SEEN, filled=_RECORD),
    "report": ProductKind("oceandata.products:write_report", (".html",), True, _REPORT),
}


@cache
def function_of(address: str) -> Callable:
    """The function at ``module:name``."""
    module, name = address.split(":")
    return getattr(import_module(module), name)


@cache
def keywords_of(address: str) -> dict[str, inspect.Parameter]:
    """Keyword-only parameters of a function, in their order."""
    parameters = inspect.signature(function_of(address)).parameters
    return {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


@cache
def kinds_of(address: str) -> dict[str, object]:
    """Annotated types of a function's parameters, as far as they can be resolved."""
    function = inspect.unwrap(function_of(address))
    found = {}
    for name, kind in inspect.get_annotations(function).items():
        if isinstance(kind, str):
            try:
                kind = eval(kind, function.__globals__)
            except (NameError, AttributeError, TypeError):
                continue
        found[name] = kind
    return found


def argument_faults(address: str, given: dict, filled: tuple[str, ...]) -> dict:
    """Faults of keyword arguments by name: unknown, filled by the job, wrong type."""
    known = keywords_of(address)
    allowed = [name for name in known if name not in filled and name not in _RUN]
    name = address.split(":")[1]
    faults = {}
    for key, value in given.items():
        if key in _RUN:
            faults[key] = f"{key!r} is given on the command line, not in the job file"
        elif key in filled:
            faults[key] = f"{key!r} is filled from the sections of the job"
        elif key not in known:
            faults[key] = f"{name} takes no {key!r}; {nearest(key, allowed)}"
        elif wrong := _value_fault(key, kinds_of(address).get(key), value):
            faults[key] = wrong
    for key in allowed:
        missing = known[key].default is inspect.Parameter.empty and key not in given
        if missing and key != "title":
            faults[key] = f"{name} needs {key!r}"
    return faults


def trial_fault(kind: StepKind, given: dict) -> str:
    """What the function itself says of its arguments, tried on no tracks at all."""
    function = function_of(kind.function)
    try:
        if kind.gives == "tracks":
            from oceandata.tracks.prepare import no_tracks

            function(no_tracks(), **given)
        else:
            from oceandata.grids import regular_grid

            function([], grid=regular_grid((0, 0, 1, 1), step=1), **given)
    except EngineError:
        return ""
    except (ValueError, TypeError) as error:
        return f"{kind.function.split(':')[1]}: {error}"
    return ""


def nearest(word: str, among: list[str]) -> str:
    """ "did you mean …" with the nearest of the known words, or all of them."""
    close = difflib.get_close_matches(word, among, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + ", ".join(among) if among else "it takes none"


_PLAIN = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
}


def _value_fault(name: str, kind: object, value: object) -> str:
    """What is wrong with a duration, a distance, or a value of a plain type."""
    try:
        if kind == Duration or name == "gap":
            duration_us(value, name=name)
        elif name in ("distance", "slack") and isinstance(value, str):
            distance_m(value, name=name)
    except ValueError as error:
        return str(error)
    return _type_fault(kind, value)


def _type_fault(kind: object, value: object) -> str:
    """What is wrong with a value for a plain annotated type; empty if nothing."""
    wanted = _plain_kinds(kind)
    if not wanted:
        return ""
    literals = [choice for choice in wanted if not isinstance(choice, type)]
    if any(value == choice for choice in literals):
        return ""
    for choice in wanted:
        if choice is float and type(value) in (int, float):
            return ""
        if isinstance(choice, type) and type(value) is choice:
            return ""
    names = [
        _PLAIN.get(choice, "nothing") if isinstance(choice, type) else repr(choice)
        for choice in wanted
        if choice is not type(None)
    ]
    return f"expected {' or '.join(names)}; got {value!r}"


def _plain_kinds(kind: object) -> list:
    """Plain types and literals of an annotation; empty when it holds anything else."""
    if kind in _PLAIN or kind is type(None):
        return [kind]
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return list(typing.get_args(kind))
    if origin in (typing.Union, types.UnionType):
        parts = [_plain_kinds(part) for part in typing.get_args(kind)]
        return [choice for part in parts for choice in part] if all(parts) else []
    return []
