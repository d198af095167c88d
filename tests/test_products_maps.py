"""Maps: unit, scale, withheld cells, projections, offline; coastline."""

from __future__ import annotations

import json

import cartopy
import cartopy.crs as ccrs
import matplotlib as mpl
import numpy as np
import pytest
import shapely
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from PIL import Image

from oceandata import coast
from oceandata.errors import ConfidentialError, SchemaError
from oceandata.products import draw, plot_map, plot_panels, scale, view
from tests.product_samples import density


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError(f"something asked for the network: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def one(**options):
    return density(**options).isel(ship_class=0, month=1)


def texts(figure):
    found = [text.get_text() for text in figure.texts]
    for legend in figure.legends:
        found += [text.get_text() for text in legend.get_texts()]
    return " | ".join(found)


def colours_at(figure, lon, lat):
    """Colour drawn at a position, 0-255."""
    figure.set_dpi(100)
    figure.canvas.draw()
    ax = figure.axes[0]
    x, y = ax.projection.transform_point(lon, lat, ccrs.PlateCarree())
    column, row = ax.transData.transform((x, y))
    pixels = np.asarray(figure.canvas.buffer_rgba())
    return tuple(
        int(c) for c in pixels[pixels.shape[0] - 1 - int(row), int(column)][:3]
    )


def test_plot_map__says_what_where_and_the_unit():
    figure = plot_map(one(), credit="test positions")
    assert isinstance(figure, Figure)
    assert figure.axes[1].get_ylabel() == "Vessel hours (h)"
    words = texts(figure)
    hidden = int(one()["withheld"].sum())
    assert f"withheld: {hidden} cells that would tell of fewer than 3 vessels" in words
    assert "Cargo  ·  January 2024  ·  cells of 0.5°" in words
    assert "Data: test positions" in words
    assert "Natural Earth" in words


def test_plot_map__writes_png_with_provenance(tmp_path):
    path = plot_map(one(), tmp_path / "map.png", title="Yellow Sea")
    with Image.open(path) as image:
        assert min(image.size) > 800
        assert image.text["Title"] == "Yellow Sea"
        record = json.loads(image.text["provenance"])
        packed = np.asarray(image).reshape(-1, 4).copy().view(np.uint32)
        assert len(np.unique(packed)) > 100
    assert record["software"]["matplotlib"] == mpl.__version__
    assert path.stat().st_size > 30_000
    assert [each.name for each in tmp_path.iterdir()] == ["map.png"]


@pytest.mark.parametrize("suffix", ["pdf", "svg"])
def test_plot_map__writes_vectors(tmp_path, suffix):
    path = plot_map(one(), tmp_path / f"map.{suffix}", dpi=60)
    assert path.stat().st_size > 10_000


def test_plot_map__unknown_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"map\.bmp: a map is written as"):
        plot_map(one(), tmp_path / "map.bmp")


def test_plot_map__colours_cells_where_they_are():
    ds = one()
    ds["vessel_hours"][:] = 0.0
    ds["withheld"][:] = 0
    ds["vessel_hours"].loc[{"lon": 122.75, "lat": 34.25}] = 5.0
    ds["vessel_hours"].loc[{"lon": 122.75, "lat": 32.25}] = np.nan
    ds["withheld"].loc[{"lon": 122.75, "lat": 32.25}] = 1
    figure = plot_map(ds)
    grey = tuple(int(draw.WITHHELD[i : i + 2], 16) for i in (1, 3, 5))
    sea = tuple(int(draw.SEA[i : i + 2], 16) for i in (1, 3, 5))
    norm = figure.axes[0].collections[-1].norm
    assert colours_at(figure, 122.6, 32.1) == grey
    assert colours_at(figure, 122.6, 33.6) == sea
    assert colours_at(figure, 122.6, 34.1) not in (grey, sea)
    assert norm is not None


def test_plot_map__leaves_pyplot_and_settings_alone():
    before = dict(mpl.rcParams)
    backend = mpl.get_backend()
    plot_map(one())
    assert dict(mpl.rcParams) == before
    assert mpl.get_backend() == backend
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_plot_map__needs_two_dimensions():
    with pytest.raises(SchemaError, match="select or sum over ship_class, month"):
        plot_map(density())


def test_plot_map__few_vessels_are_refused():
    with pytest.raises(ConfidentialError, match="min_vessels is 2, below 3"):
        plot_map(one().assign_attrs(min_vessels=2))


def test_plot_map__array_without_account_is_refused():
    array = one()["vessel_hours"]
    with pytest.raises(ConfidentialError, match="pass the Dataset"):
        plot_map(array)


def test_plot_map__released_values_in_withheld_cells_are_refused():
    ds = one()
    ds["vessel_hours"] = ds["vessel_hours"].fillna(1.0)
    with pytest.raises(ConfidentialError, match="holds values in"):
        plot_map(ds)


def test_plot_map__global_and_dateline():
    lat, lon = np.arange(-88.75, 90, 2.5), np.arange(-178.75, 180, 2.5)
    values = np.add.outer(np.abs(lat), np.abs(lon))
    world = xr.DataArray(values, coords={"lat": lat, "lon": lon}, name="depth")
    figure = plot_map(world)
    assert isinstance(figure.axes[0].projection, ccrs.EqualEarth)
    figure = plot_map(one(west=177.0, south=-20.0, nx=9, wrap=True))
    ax = figure.axes[0]
    assert isinstance(ax.projection, ccrs.Mercator)
    left, right = ax.get_xlim()
    assert right - left == pytest.approx(np.radians(4.5) * 6378137, rel=1e-6)


def test_plot_map__fine_grids_are_averaged_and_said_so():
    n = 2000
    coords = {"lat": 30 + np.arange(4) / 100, "lon": 120 + np.arange(n) / 1000}
    data = xr.DataArray(np.ones((4, n)), coords=coords, name="x")
    assert "means of 2 × 2 cells" in texts(plot_map(data))


def test_plot_panels__share_one_scale(tmp_path):
    ds = density().isel(ship_class=1)
    figure = plot_panels(ds, by="month")
    maps = figure.axes[:3]
    titles = [ax.get_title(loc="left") for ax in maps]
    assert titles == ["December 2023", "January 2024", "February 2024"]
    limits = {ax.collections[-1].get_clim() for ax in maps if ax.collections}
    assert len(figure.axes) == 4
    assert figure.axes[3].get_xlabel() == "Vessel hours (h)"
    assert len(limits) == 1
    assert plot_panels(ds, tmp_path / "p.png", by="month", dpi=50).exists()


def test_norm_of__logarithmic_beyond_two_decades():
    assert isinstance(scale.norm_of(np.array([0.01, 1.0, 50.0]))[0], LogNorm)
    norm, extend = scale.norm_of(np.array([0.0, 1.0, 50.0]))
    assert (norm.vmin, norm.vmax, extend) == (0.0, 50.0, "neither")
    assert not isinstance(norm, LogNorm)
    norm, _ = scale.norm_of(np.array([14.2, 17.9, 19.7]))
    assert (norm.vmin, norm.vmax) == (14.0, 20.0)
    norm, _ = scale.norm_of(np.array([-3.2, 0.0, 1.1]))
    assert norm.vmin == -norm.vmax
    norm, _ = scale.norm_of(np.zeros(4))
    assert norm.vmax > 0


def test_norm_of__log_of_negative_values_is_refused():
    with pytest.raises(ValueError, match="some are negative"):
        scale.norm_of(np.array([-1.0, 3.0]), scale="log")


@pytest.mark.parametrize(
    ("box", "kind"),
    [
        ((117, 127, 31, 41), "mercator"),
        ((-130, -60, 22, 50), "lambert"),
        ((-180, 180, -90, 90), "equal_earth"),
        ((-30, 60, 66, 82), "polar"),
        ((140, 220, -15, 15), "mercator"),
    ],
)
def test_projection__suits_the_region(box, kind):
    assert view.kind_of(view.View(*map(float, box)), "auto") == kind


def test_tick_text__reads_well():
    values = (0.01, 0.5, 2000.0, -3.0, 1e6)
    words = [scale.tick_text(value) for value in values]
    assert words == ["0.01", "0.5", "2,000", "−3", "$10^{6}$"]


@pytest.mark.parametrize("size", coast.SCALES)
def test_shapes__land_is_cut_at_the_dateline_and_reaches_the_pole(size):
    land = shapely.union_all(coast.shapes("land", size))
    west, _, east, _ = land.bounds
    assert (west, east) >= (-180.0, 180.0 - 1e-6)
    assert east <= 180.0
    for lon, lat in [(100, 66), (-100, 40), (179, 68), (10, -85), (-179.9, -89)]:
        assert land.contains(shapely.Point(lon, lat)), (lon, lat)
    for lon, lat in [(4, 67), (4, 71.2), (-150, -16.8), (51, 42), (122.5, 35)]:
        assert not land.contains(shapely.Point(lon, lat)), (lon, lat)
    share = land.area / (360 * 180)
    assert 0.30 < share < 0.36


def test_shapes__unknown_scale_is_refused():
    with pytest.raises(ValueError, match="packaged are land and coastline"):
        coast.shapes("land", "10m")


def test_land_mask__agrees_with_on_land():
    from oceandata.land import on_land

    lon, lat, land = coast.land_mask(west=177.5, east=182.3, south=-20.1, north=-14.7)
    x, y = np.meshgrid(0.5 * (lon[1:] + lon[:-1]), 0.5 * (lat[1:] + lat[:-1]))
    assert land.shape == (648, 576)
    assert land.any()
    np.testing.assert_array_equal(land, on_land(x, y))


def test_use_packaged__lets_cartopy_work_offline(monkeypatch):
    monkeypatch.setitem(cartopy.config, "pre_existing_data_dir", "")
    folder = coast.use_packaged()
    figure = Figure()
    ax = figure.add_subplot(projection=ccrs.PlateCarree())
    ax.coastlines("50m")
    figure.canvas.draw()
    assert cartopy.config["pre_existing_data_dir"] == folder
