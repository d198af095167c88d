"""Other people's validators, asked without a network.

Each function returns the complaints as a list of texts: empty means valid.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def compliance(path: Path, checker: str = "cf:1.11") -> list[str]:
    """Errors and warnings of the IOOS compliance checker, strict: all but advice."""
    from compliance_checker.base import BaseCheck
    from compliance_checker.suite import CheckSuite

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        suite = CheckSuite()
        suite.load_all_available_checkers()
        with suite.load_dataset(str(path)) as ds:
            results, faults = suite.run_all(ds, [checker])[checker]
    found = [f"the checker failed: {fault}" for fault in faults]
    return found + [
        message
        for result in results
        if result.weight >= BaseCheck.MEDIUM and result.value[0] < result.value[1]
        for message in result.msgs
    ]


def compliance_status(path: Path, checker: str = "cf:1.11") -> int:
    """Exit status of the checker's own command line, criteria strict."""
    command = [Path(sys.executable).with_name("compliance-checker")]
    command += ["-t", checker, "--criteria", "strict", path]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    return done.returncode


def cog(path: Path) -> list[str]:
    """Errors and warnings of ``rio cogeo validate --strict``."""
    from rio_cogeo import cog_validate

    valid, errors, advice = cog_validate(path, strict=True, quiet=True)
    return [*errors, *advice] or ([] if valid else ["not valid"])


def geoparquet(path: Path) -> list[str]:
    """Failed rules of geoparquet-validator: the 1.1 rules, core and covering."""
    import geoparquet_validator

    report = geoparquet_validator.check(str(path))
    outcomes = report["outcomes"]
    if not any(each["status"] == "pass" for each in outcomes):
        return ["no rule was checked"]
    return [
        f"{each['id']}: {each['message']}"
        for each in outcomes
        if each["status"] not in ("pass", "skip")
    ]


def validate_stac(document: Mapping[str, Any]) -> list[str]:
    """Faults of a STAC 1.1 Item, Collection or Catalog against its core schema.

    The schemas are those that pystac ships; extensions are not checked. A schema that
    is not shipped is an error, never a download.
    """
    from pystac.validation import jsonschemas

    folder = Path(jsonschemas.__file__).parent
    kind = {"Feature": "item", "Collection": "collection", "Catalog": "catalog"}
    name = kind.get(str(document.get("type")))
    if name is None:
        return [f"type is {document.get('type')!r}; expected one of {list(kind)}"]
    if document.get("stac_version") != "1.1.0":
        return [f"stac_version is {document.get('stac_version')!r}; expected '1.1.0'"]
    schema = json.loads((folder / f"stac-spec/v1.1.0/{name}.json").read_text("utf-8"))
    return sorted(_faults(schema, document, _shipped(folder)))


def _shipped(folder: Path) -> Any:
    """The shipped schemas by the address that others refer to (one says it wrong)."""
    from referencing import Registry, Resource

    found = []
    for path in folder.rglob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        address = f"{schema['$id'].rsplit('/', 1)[0]}/{path.name}"
        found.append((address, Resource.from_contents(schema)))
    return Registry().with_resources(found)


def _faults(schema: Mapping, document: Mapping, registry: Any) -> list[str]:
    from jsonschema.validators import validator_for

    validator = validator_for(schema)(schema, registry=registry)
    plain = json.loads(json.dumps(document))
    leaves = [leaf for each in validator.iter_errors(plain) for leaf in _leaves(each)]
    return [
        f"{'/'.join(map(str, each.absolute_path)) or 'document'}: {each.message}"
        for each in leaves
    ]


def _leaves(error: Any) -> list[Any]:
    """The faults at the root of one that says "not valid under any of"."""
    if not error.context:
        return [error]
    return [leaf for each in error.context for leaf in _leaves(each)]


def gdal_provider() -> str:
    """Who opens rasters here: GDAL's own tools, else the GDAL inside rasterio."""
    return "gdalinfo" if shutil.which("gdalinfo") else "rasterio"


def gdal_raster(path: Path) -> dict[str, Any]:
    """Size, bounds, bands and coordinate system of a raster, as GDAL sees it."""
    if gdal_provider() == "gdalinfo":
        done = subprocess.run(
            ["gdalinfo", "-json", str(path)], capture_output=True, text=True, check=True
        )
        told = json.loads(done.stdout)
        corners = told["cornerCoordinates"]
        return {
            "size": tuple(told["size"]),
            "bounds": (*corners["lowerLeft"], *corners["upperRight"]),
            "bands": [band.get("description", "") for band in told["bands"]],
            "epsg": told["stac"]["proj:epsg"],
        }
    import rasterio

    with rasterio.open(path) as raster:
        return {
            "size": (raster.width, raster.height),
            "bounds": tuple(raster.bounds),
            "bands": list(raster.descriptions),
            "epsg": raster.crs.to_epsg(),
        }


def vector_provider() -> str:
    """Who opens tables here: QGIS's provider through ogrinfo, else through pyogrio."""
    return "ogrinfo" if shutil.which("ogrinfo") else "pyogrio"


def gdal_table(path: Path) -> int:
    """Rows of a table with lon and lat that GDAL sees in a CSV file."""
    if vector_provider() == "ogrinfo":
        command = ["ogrinfo", "-ro", "-al", "-so", "-oo", "X_POSSIBLE_NAMES=lon"]
        command += ["-oo", "Y_POSSIBLE_NAMES=lat", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "Geometry: Point" in done.stdout, done.stdout
        line = next(
            x for x in done.stdout.splitlines() if x.startswith("Feature Count")
        )
        return int(line.partition(":")[2])
    import pyogrio

    options = {"X_POSSIBLE_NAMES": "lon", "Y_POSSIBLE_NAMES": "lat"}
    return len(pyogrio.read_dataframe(path, **options).geometry.dropna())
