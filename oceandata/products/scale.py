"""Colours of a map: limits on round numbers, logarithmic where the data ask for it."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm, Normalize

_ROUND = (1.0, 2.0, 5.0, 10.0)
_FINE = (1.0, 1.2, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_DECADES = 5.0


def colours(cmap: str | Colormap) -> Colormap:
    """A colour map by name; ``"density"`` runs from pale yellow to dark violet.

    It is magma turned round and stopped before black, so that the busiest cells and
    the shore remain apart; its lightness falls evenly, for every kind of eye.
    """
    if cmap != "density":
        return cmap if isinstance(cmap, Colormap) else mpl.colormaps[cmap]
    shades = mpl.colormaps["magma_r"](np.linspace(0.02, 0.90, 256))
    return LinearSegmentedColormap.from_list("density", shades, N=256)


def norm_of(
    values: np.ndarray,
    *,
    scale: str = "auto",
    vmin: float | None = None,
    vmax: float | None = None,
) -> tuple[Normalize, str]:
    """Norm and the ends at which the colour bar is extended.

    Logarithmic when the positive values (between their 1st and 99.9th percentile)
    span more than two decades and none is negative.
    """
    if scale not in ("auto", "log", "linear"):
        raise ValueError(f'scale must be "auto", "log" or "linear", got {scale!r}')
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    signed = bool((finite < 0).any())
    if scale == "log" and signed:
        raise ValueError('scale="log" needs values above zero; some are negative')
    if positive.size == 0 and not signed:
        return Normalize(0.0, vmax or 1.0), "neither"
    if signed:
        low, high = np.percentile(finite, [0.5, 99.5])
    else:
        low, high = np.percentile(positive, [1.0, 99.9])
    if scale == "log" or (scale == "auto" and not signed and high > 100 * low):
        low = max(low, high / 10**_DECADES)
        lower = vmin or rounded_down(low)
        upper = vmax or max(rounded_up(high), 10 * lower)
        return LogNorm(lower, upper), _extend(positive, lower, upper)
    lower, upper = _linear(float(low), float(high))
    lower, upper = (
        lower if vmin is None else vmin,
        upper if vmax is None else vmax,
    )
    return Normalize(lower, upper), _extend(finite, lower, upper)


def _linear(low: float, high: float) -> tuple[float, float]:
    """Round ends: symmetric about zero, from zero, or around values far from it."""
    if low < 0 < high:
        end = rounded_up(max(-low, high), steps=_FINE)
        return -end, end
    if 0 <= low < 0.5 * high:
        return 0.0, rounded_up(high, steps=_FINE)
    span = high - low
    step = rounded_up(span / 6) if span > 0 else rounded_up(max(abs(high), 1e-12) / 6)
    below, above = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    ends = np.round(step * np.array([below, max(above, below + 1)]), 12)
    return float(ends[0]), float(ends[1])


def rounded_up(value: float, *, steps: tuple[float, ...] = _ROUND) -> float:
    """The next of `steps` times a power of ten.

    >>> rounded_up(34.0), rounded_down(0.034)
    (50.0, 0.02)
    """
    power = 10.0 ** np.floor(np.log10(value))
    step = next(step for step in steps if value <= step * power * (1 + 1e-9))
    return float(np.round(step * power, 12))


def rounded_down(value: float) -> float:
    """The last of 1, 2, 5 times a power of ten before `value`."""
    power = 10.0 ** np.floor(np.log10(value))
    step = max(s for s in _ROUND if s * power <= value * (1 + 1e-9))
    return float(np.round(step * power, 12))


def _extend(values: np.ndarray, lower: float, upper: float) -> str:
    below, above = bool((values < lower).any()), bool((values > upper).any())
    return {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[
        (int(below), int(above))
    ]


def tick_text(value: float, _position: int | None = None) -> str:
    """Numbers as people write them: 0.01, 5, 2,000; powers beyond 100,000."""
    if value == 0:
        return "0"
    if abs(value) >= 1e5 or abs(value) < 1e-3:
        power = int(np.floor(np.log10(abs(value)) + 1e-9))
        factor = value / 10.0**power
        head = "" if np.isclose(factor, 1) else f"{factor:.3g}·"
        return f"{head}$10^{{{power}}}$"
    return f"{value:,.10g}".replace("-", "−")
