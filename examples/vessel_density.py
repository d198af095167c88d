"""Vessel density of the simulated Yellow Sea: from raw files to maps and a report."""

from functools import partial
from pathlib import Path

import oceandata as od

here = Path("vessel-density")
here.mkdir(exist_ok=True)

# One week of AIS, as agencies publish it: another packing every day, with faults.
sea = od.simulate_sea(here / "sea", positions=200_000)
print(od.identify(sea.ais_files[0]))

# Files go into a store once; bad rows are set aside with their reason.
path = here / "yellow-sea.store"
store = od.open_store(path) if path.exists() else od.create_store(path)
print(store.ingest(sea.ais_files))

# Cleaning flags fixes piece by piece, while the maps are computed.
tracks = od.prepare_tracks(store, partial(od.clean_tracks, max_speed=60.0))
grid = od.regular_grid((117, 31, 127, 41), step=0.1)
options = {"grid": grid, "gap": "1h", "skip_quality": (3, 4, 9), "by": ()}
hours = od.vessel_hours(tracks, **options)
transits = od.transit_counts(tracks, **options)
print(hours)

# Products that other programs read. Cells with fewer than three vessels are withheld.
record = od.provenance(inputs=sea.ais_files, store=path, commit=store.number)
od.to_netcdf(hours, here / "vessel_hours.nc", provenance=record)
od.to_geotiff(hours, here / "vessel_hours.tif", variable="vessel_hours")
od.plot_map(hours, here / "vessel_hours.png", title="Where vessels spend their time")
od.plot_map(transits, here / "transits.png", title="Where vessels pass")
od.write_report(
    here / "report.html",
    title="Vessel density of the simulated Yellow Sea",
    dropped=store.quarantine()["reason"].value_counts().to_dict(),
    accounting=hours,
    maps=[here / "vessel_hours.png", here / "transits.png"],
    provenance=record,
)
print(here / "report.html")
