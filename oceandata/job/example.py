"""Jobs of the demo; the same text stands in ``examples/``."""

VESSEL_DENSITY = """\
# Vessel density of the simulated Yellow Sea: from raw files to maps and a report.
#
#     oceandata simulate sea
#     oceandata run vessel_density.toml
#
# Paths are relative to this file. A second run does only what has changed.

[job]
title = "Vessel density of the simulated Yellow Sea"
summary = "Hours and passages of vessels per cell, from one week of simulated AIS"
output = "output"

[store]
path = "yellow-sea.store"           # made if it is not there

[region]
box = [117, 31, 127, 41]            # west, south, east, north
step = 0.1                          # size of a cell, degrees

[[input]]                           # one week of AIS, each day packed in another way
paths = ["sea/AIS_*", "sea/ais-*"]

# Steps are public functions; all further keys are their keyword arguments.

[[step]]
name = "clean"
use = "clean_tracks"

[[step]]
name = "hours"
use = "vessel_hours"
gap = "1h"                          # the time of longer silences is on no cell
skip_quality = [3, 4, 9]            # leave out suspect, failed and missing fixes
by = []                             # all classes and months in one

[[step]]
name = "hours_by_class"
use = "vessel_hours"
gap = "1h"
skip_quality = [3, 4, 9]
by = ["class"]

[[step]]
name = "transits"
use = "transit_counts"
gap = "1h"
skip_quality = [3, 4, 9]
by = []

[[product]]
kind = "map"
of = "hours"
title = "Where vessels spend their time"
subtitle = "Simulated Yellow Sea, 1 to 7 March 2024, cells of 0.1°"
label = "Hours of vessels in the cell (h)"
path = "vessel_hours.png"
caption = "Hours of all vessels"

[[product]]
kind = "panels"
of = "hours_by_class"
by = "ship_class"
columns = 4
title = "Where vessels spend their time, by class"
subtitle = "Simulated Yellow Sea, 1 to 7 March 2024, cells of 0.1°"
label = "Hours of vessels in the cell (h)"
path = "vessel_hours_by_class.png"
caption = "Hours by class of ship; classes without any vessel are left out"

[[product]]
kind = "map"
of = "transits"
title = "Where vessels pass"
subtitle = "Simulated Yellow Sea, 1 to 7 March 2024, cells of 0.1°"
label = "Passages through the cell"
path = "transits.png"
caption = "Passages of vessels"

[[product]]
kind = "netcdf"
of = "hours_by_class"
path = "vessel_hours_by_class.nc"

[[product]]
kind = "geotiff"
of = "hours"
variable = "vessel_hours"
path = "vessel_hours.tif"

[[product]]
kind = "report"
of = ["hours", "transits"]
path = "report.html"
"""

FISHING_FLEET = """\
# Where the fishing fleet of the simulated Yellow Sea spends its time, from its VMS.
# The VMS lies in a store of its own: the same vessels send AIS, and would count twice.
#
#     oceandata simulate sea
#     oceandata run fishing_fleet.toml

[job]
title = "The fishing fleet of the simulated Yellow Sea"
summary = "Hours of fishing vessels per cell, from one week of simulated VMS"
output = "output-fleet"

[store]
path = "fleet.store"

[region]
box = [117, 31, 127, 41]
step = 0.25

[[input]]
paths = ["sea/tacsat_*.csv"]

[[step]]
use = "clean_tracks"
max_speed = 25.0                    # knots; no fishing vessel is faster

[[step]]
name = "hours"
use = "vessel_hours"
gap = "4h"                          # the boxes report every one to two hours
by = []

[[product]]
kind = "map"
of = "hours"
title = "Where the fishing fleet spends its time"
subtitle = "Simulated Yellow Sea, 1 to 7 March 2024, cells of 0.25°"
label = "Hours of fishing vessels in the cell (h)"
path = "fleet_hours.png"
caption = "Hours of fishing vessels"

[[product]]
kind = "netcdf"
of = "hours"
path = "fleet_hours.nc"

[[product]]
kind = "report"
of = "hours"
path = "report.html"
"""
