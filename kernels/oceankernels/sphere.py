"""Great circles on a sphere: degrees in, metres and degrees out.

All formulas are written so that they neither cancel at short distances nor lose digits
near the antipode; longitudes may be given in any turn. Scalars are jitted functions
that other kernels inline; the ``*s`` forms loop over 1-D arrays. NaN gives NaN.
Not checked: that latitudes lie within [-90, 90], that arrays have equal length.

References
----------
Moritz (2000), Geodetic Reference System 1980, J. Geodesy 74, 128-133,
https://doi.org/10.1007/s001900050278 (the mean radius R1 = (2a + b) / 3).
Sinnott (1984), Virtues of the haversine, Sky and Telescope 68 (2), 159.
"""

from __future__ import annotations

import math

import numpy as np

from oceankernels.jit import jit

EARTH_RADIUS = 6371008.8
"""Mean radius R1 of the Earth after IUGG, metres."""

METRES_PER_NAUTICAL_MILE = 1852.0
METRES_PER_SECOND_PER_KNOT = 1852.0 / 3600.0


@jit(inline=True)
def wrap_lon(lon):
    """Longitude in [-180, 180), degrees; a value already there is not touched."""
    if -180.0 <= lon < 180.0:
        return lon
    wrapped = lon - 360.0 * math.floor((lon + 180.0) / 360.0)
    # Just below -180 the sum rounds to +180 itself.
    return wrapped - 360.0 if wrapped >= 180.0 else wrapped


@jit(inline=True)
def lon_difference(lon1, lon2):
    """Shortest way from lon1 to lon2, degrees east positive, in [-180, 180)."""
    return wrap_lon(lon2 - lon1)


@jit(inline=True)
def distance(lon1, lat1, lon2, lat2):
    """Great-circle distance between two points, metres.

    Haversine where the points are nearer than a quarter turn; beyond that the same
    identity from the antipode, sin^2 of the mean latitude plus a non-negative term,
    so that no digits cancel at either end. Exactly symmetric in its two points.
    """
    phi1 = math.radians(lat1)
    phi2 = math.radians(lat2)
    half_dlon = math.radians(0.5 * lon_difference(lon1, lon2))
    cosines = math.cos(phi1) * math.cos(phi2)
    s = math.sin(math.radians(0.5 * (lat2 - lat1)))
    t = math.sin(half_dlon)
    a = s * s + cosines * t * t
    if a <= 0.5:
        return 2.0 * EARTH_RADIUS * math.asin(math.sqrt(a))
    s = math.sin(0.5 * (phi1 + phi2))
    t = math.cos(half_dlon)
    b = s * s + cosines * t * t
    return EARTH_RADIUS * (math.pi - 2.0 * math.asin(math.sqrt(min(b, 1.0))))


@jit(inline=True)
def bearing(lon1, lat1, lon2, lat2):
    """Initial course of the great circle from point 1 to point 2, degrees [0, 360).

    Clockwise from true north. NaN where the points coincide. From a pole it is counted
    from the meridian of ``lon1``.
    """
    dlon = lon_difference(lon1, lon2)
    if lat1 == lat2 and dlon == 0.0:
        return math.nan
    phi1 = math.radians(lat1)
    phi2 = math.radians(lat2)
    half = math.sin(math.radians(0.5 * dlon))
    east = math.sin(math.radians(dlon)) * math.cos(phi2)
    # cos p1 sin p2 - sin p1 cos p2 cos dlon, rearranged: no cancellation at short range
    north = (
        math.sin(math.radians(lat2 - lat1))
        + 2.0 * math.sin(phi1) * math.cos(phi2) * half * half
    )
    angle = math.degrees(math.atan2(east, north))
    if angle < 0.0:
        angle += 360.0
    return 0.0 if angle >= 360.0 else angle


@jit
def destination(lon, lat, course, length):
    """Point reached on a great circle: (lon in [-180, 180), lat), degrees.

    ``course`` is the initial bearing in degrees, ``length`` metres (may be negative).
    """
    phi = math.radians(lat)
    theta = math.radians(course)
    delta = length / EARTH_RADIUS
    sin_phi, cos_phi = math.sin(phi), math.cos(phi)
    sin_delta, cos_delta = math.sin(delta), math.cos(delta)
    x = cos_phi * cos_delta - sin_phi * sin_delta * math.cos(theta)
    y = sin_delta * math.sin(theta)
    z = sin_phi * cos_delta + cos_phi * sin_delta * math.cos(theta)
    lat2 = math.degrees(math.atan2(z, math.hypot(x, y)))
    return wrap_lon(lon + math.degrees(math.atan2(y, x))), lat2


@jit
def wrap_lons(lon):
    """:func:`wrap_lon` of a (n,) array."""
    out = np.empty(lon.size, np.float64)
    for i in range(lon.size):
        out[i] = wrap_lon(lon[i])
    return out


@jit
def distances(lon1, lat1, lon2, lat2):
    """:func:`distance` of four (n,) arrays, metres."""
    out = np.empty(lon1.size, np.float64)
    for i in range(lon1.size):
        out[i] = distance(lon1[i], lat1[i], lon2[i], lat2[i])
    return out


@jit
def bearings(lon1, lat1, lon2, lat2):
    """:func:`bearing` of four (n,) arrays, degrees [0, 360)."""
    out = np.empty(lon1.size, np.float64)
    for i in range(lon1.size):
        out[i] = bearing(lon1[i], lat1[i], lon2[i], lat2[i])
    return out


@jit
def destinations(lon, lat, course, length):
    """:func:`destination` of four (n,) arrays: two (n,) arrays, degrees."""
    lon2 = np.empty(lon.size, np.float64)
    lat2 = np.empty(lon.size, np.float64)
    for i in range(lon.size):
        lon2[i], lat2[i] = destination(lon[i], lat[i], course[i], length[i])
    return lon2, lat2
