"""How a map looks at its region: extent, projection, ticks, size of the page."""

from __future__ import annotations

from dataclasses import dataclass

import cartopy.crs as ccrs
import numpy as np

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60)
PROJECTIONS = ("auto", "mercator", "lambert", "polar", "equal_earth", "plate_carree")


@dataclass(frozen=True)
class View:
    """A region of the sphere; ``east`` passes 180 where the dateline is crossed."""

    west: float
    east: float
    south: float
    north: float

    @property
    def width(self) -> float:
        return self.east - self.west

    @property
    def height(self) -> float:
        return self.north - self.south

    @property
    def mid_lon(self) -> float:
        return 0.5 * (self.west + self.east)

    @property
    def mid_lat(self) -> float:
        return 0.5 * (self.south + self.north)

    @property
    def is_global(self) -> bool:
        return self.width > 180 or (self.width > 120 and self.height > 100)

    @property
    def is_polar(self) -> bool:
        far = abs(self.mid_lat) > 65 or max(self.north, -self.south) > 80
        return far and self.south * self.north > 0

    @property
    def is_local(self) -> bool:
        return max(self.width, self.height) <= 25


def kind_of(view: View, wanted: str) -> str:
    """Name of the projection: the wanted one, or one that suits the region.

    Equal Earth for the globe, polar stereographic beyond 65 degrees, Mercator for
    local seas and along the equator, Lambert conformal for wide regions between.
    """
    if wanted not in PROJECTIONS:
        raise ValueError(
            f"projection must be one of {', '.join(PROJECTIONS)}, a cartopy "
            f"projection or 'auto'; got {wanted!r}"
        )
    if wanted != "auto":
        return wanted
    if view.is_global:
        return "equal_earth"
    if view.is_polar:
        return "polar"
    if view.is_local or abs(view.mid_lat) < 20 or view.south * view.north < 0:
        return "mercator"
    return "lambert"


def projection_of(view: View, kind: str) -> ccrs.Projection:
    """The projection, centred on the region."""
    lon = 0.0 if view.width > 350 else _turn(view.mid_lon)
    if kind == "equal_earth":
        return ccrs.EqualEarth(central_longitude=lon)
    if kind == "plate_carree":
        return ccrs.PlateCarree(central_longitude=lon)
    if kind == "mercator":
        low, high = max(view.south - 1, -84.0), min(view.north + 1, 84.0)
        return ccrs.Mercator(central_longitude=lon, min_latitude=low, max_latitude=high)
    if kind == "polar":
        polar = ccrs.NorthPolarStereo if view.mid_lat > 0 else ccrs.SouthPolarStereo
        return polar(central_longitude=lon)
    parallels = (view.south + view.height / 6, view.north - view.height / 6)
    return ccrs.LambertConformal(
        central_longitude=lon,
        central_latitude=view.mid_lat,
        standard_parallels=parallels,
        cutoff=-30 if view.mid_lat > 0 else 30,
    )


def limits(
    view: View, projection: ccrs.Projection
) -> tuple[float, float, float, float]:
    """(left, right, bottom, top) of the region in the projection's metres."""
    n = 101
    lon = np.linspace(view.west, view.east, n)
    lat = np.linspace(view.south, view.north, n)
    lons = np.concatenate([lon, lon, np.full(n, view.west), np.full(n, view.east)])
    lats = np.concatenate([np.full(n, view.south), np.full(n, view.north), lat, lat])
    if view.is_polar:
        lons, lats = (a.ravel() for a in np.meshgrid(lon, lat))
    xy = projection.transform_points(ccrs.PlateCarree(), lons, lats)
    x, y = xy[:, 0], xy[:, 1]
    good = np.isfinite(x) & np.isfinite(y)
    return x[good].min(), x[good].max(), y[good].min(), y[good].max()


def ticks(low: float, high: float, *, about: int = 5) -> np.ndarray:
    """Round values between two limits, about so many."""
    span = high - low
    step = next((s for s in _STEPS if span / s <= about + 1), _STEPS[-1])
    first = np.ceil(low / step - 1e-9)
    return step * np.arange(first, np.floor(high / step + 1e-9) + 1)


def page(aspect: float, *, width: float = 7.2) -> tuple[float, float]:
    """Inches of the map frame for a ratio height / width, kept to a page."""
    height = width * aspect
    if height > 7.6:
        return 7.6 / aspect, 7.6
    return width, height


def _turn(lon: float) -> float:
    return (lon + 180.0) % 360.0 - 180.0
