"""From AIS sentences to a release that may leave the house; catalogue, backup."""

import subprocess
import sys
from pathlib import Path

import pandas as pd

import oceandata as od

here = Path("release")
out = here / "out"  # what is handed on; all else stays
out.mkdir(parents=True, exist_ok=True)

# The same sea as tables and as AIS sentences with tag blocks.
sea = od.simulate_sea(here / "sea", positions=200_000, days=3, formats=("noaa", "nmea"))
print(od.identify(sea.nmea_files[0]))

store = od.create_store(
    here / "ais.store",
    owner="A fisheries office",
    license="CC-BY-4.0",
    sensitivity="restricted",
)
print(store.ingest(sea.nmea_files))
store.describe("tracks", title="AIS of three days", attribution="A fisheries office")

# A register of vessels, joined to their tracks.
tracks = store.open()
known = [int(mmsi) for mmsi in tracks["mmsi"].values[:20]]
table = pd.DataFrame({"mmsi": known, "gear": "OTB", "home_port": "Qingdao"})
registry = od.vessel_registry({"office": table})
tracks = od.join_registry(tracks, registry, fields=("gear", "home_port"))
print(tracks["home_port"].to_series().value_counts())

# Two maps of one sea: what one withholds must not follow from the other, nor from
# what the same release shows later.
grid = od.regular_grid((117, 31, 127, 41), step=0.25)
release = od.open_release(here / "register")
clean = od.prepare_tracks(store, od.clean_tracks)
options = {"grid": grid, "gap": "1h", "skip_quality": (3, 4, 9)}
by_class = od.vessel_hours(clean, by=("class",), **options)
total = od.vessel_hours(clean, by=(), **options)
total, by_class = od.withhold_related([total, by_class])
od.to_zarr(by_class, out / "hours_by_class.zarr", release=release)
od.to_geotiff(total, out / "hours.tif", release=release)
od.plot_map(
    total,
    out / "hours.png",
    title="三天的船舶活动时长",
    language="zh",
    release=release,
)

# Tracks leave by name only: keyed pseudonyms, a reason in the audit log.
key = here / "key"
subprocess.run([sys.executable, "-m", "oceandata", "key", "new", str(key)], check=True)
od.to_geoparquet(
    od.withhold_ends(tracks, radius="5nmi"),
    out / "tracks.parquet",
    geometry="lines",
    identities="pseudonyms",
    pseudonym_key=key,
    confidential="allow",
    reason="joint study with the university, agreement 12",
)

# What is there, for people and for programs; and a copy of it all.
found = od.catalog(here)
print(found.to_dataframe()[["id", "sensitivity"]])
found.to_html(here / "catalogue.html", title="A fisheries office")
found.to_stac(here / "stac")
print(store.copy(here / "copy.store"))
