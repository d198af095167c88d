"""Coordinates of Chinese web maps (GCJ-02, BD-09) back to WGS 84.

GCJ-02 shifts positions in China by 50 to 700 m; BD-09 shifts those once more. Both
shifts are published as forward formulas only by those who worked them out; they are
smooth, so the inverse is found by iteration. Accuracy: the forward formula of the
result is the input within 1e-6 m. How well the formula is that of the maps is not
published; comparisons in the open projects below agree to about a metre.

Outside the box 72.004-137.8347 E, 0.8293-55.8271 N the maps use WGS 84 itself. At the
edges of the box the shift begins at once, so that some positions there have no
original: they come back as NaN.

References
----------
"eviltransform" and "coordtransform" (open-source projects with the same formula and
constants; ellipsoid of Krasovsky 1940, a = 6 378 245 m, e² = 0.00669342162296594323).
"""

from __future__ import annotations

import numpy as np

_A = 6_378_245.0
_E2 = 0.00669342162296594323
_TURN = np.pi * 3000.0 / 180.0
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_ROUNDS = 30
_CLOSE = 1e-12  # degree: 0.1 µm

DATUMS = ("wgs84", "gcj02", "bd09")

Positions = tuple[np.ndarray, np.ndarray]


def to_wgs84(lon: np.ndarray, lat: np.ndarray, *, datum: str) -> Positions:
    """WGS 84 positions of positions in ``datum`` ("wgs84", "gcj02", "bd09").

    lon, lat (n,) degrees; NaN where they are, or where no position is shifted there.

    Examples
    --------
    >>> lon, lat = to_wgs84(np.array([122.5]), np.array([30.25]), datum="gcj02")
    >>> round(float(lon[0]), 6), round(float(lat[0]), 6)
    (122.49585, 30.252411)
    """
    if datum not in DATUMS:
        raise ValueError(f"datum must be one of {', '.join(DATUMS)}, got {datum!r}")
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    if datum == "wgs84":
        return lon.copy(), lat.copy()
    if datum == "bd09":
        lon, lat = _inverse(bd09_of_gcj02, lon, lat)
    return _inverse(gcj02_of_wgs84, lon, lat)


def gcj02_of_wgs84(lon: np.ndarray, lat: np.ndarray) -> Positions:
    """GCJ-02 of WGS 84, (n,) degrees each; the same outside the box."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    inside = (lon >= _WEST) & (lon <= _EAST) & (lat >= _SOUTH) & (lat <= _NORTH)
    east, north = _shift(np.where(inside, lon, 105.0), np.where(inside, lat, 35.0))
    return np.where(inside, lon + east, lon), np.where(inside, lat + north, lat)


def bd09_of_gcj02(lon: np.ndarray, lat: np.ndarray) -> Positions:
    """BD-09 of GCJ-02, (n,) degrees each."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _shift(lon: np.ndarray, lat: np.ndarray) -> Positions:
    """Degrees that GCJ-02 adds to a position in the box."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = 20.0 * (np.sin(6 * np.pi * x) + np.sin(2 * np.pi * x)) * 2.0 / 3.0
    north = -100.0 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3)) * 2 / 3
    north += (160 * np.sin(np.pi * y / 12) + 320 * np.sin(np.pi * y / 30)) * 2 / 3
    east = 300.0 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3)) * 2 / 3
    east += (150 * np.sin(np.pi * x / 12) + 300 * np.sin(np.pi * x / 30)) * 2 / 3
    phi = np.radians(lat)
    w2 = 1.0 - _E2 * np.sin(phi) ** 2
    w = np.sqrt(w2)
    meridian = _A * (1.0 - _E2) / (w2 * w)
    parallel = _A / w * np.cos(phi)
    return np.degrees(east / parallel), np.degrees(north / meridian)


def _inverse(forward, lon: np.ndarray, lat: np.ndarray) -> Positions:
    """Positions that ``forward`` shifts to (lon, lat): fixed-point iteration."""
    x, y = lon.copy(), lat.copy()
    for _ in range(_ROUNDS):
        u, v = forward(x, y)
        du, dv = lon - u, lat - v
        x, y = x + du, y + dv
        left = np.maximum(np.abs(du), np.abs(dv))
        if not (left > _CLOSE).any():
            break
    u, v = forward(x, y)
    lost = ~(np.maximum(np.abs(lon - u), np.abs(lat - v)) < 1e-11)
    return np.where(lost, np.nan, x), np.where(lost, np.nan, y)
