"""Tables that are published together, before an attacker who knows linear algebra."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr
from naive_suppress import echelon, equations, follows, interval, product, small_sea

import oceandata as od
from oceandata import products
from oceandata.errors import ConfidentialError
from oceandata.products import blocks, masking
from oceandata.products.blocks import PRIMARY, SECONDARY, SHOWN, Block
from oceandata.products.release import open_release
from oceandata.products.suppress import withhold_related

BOTH, CLASS, MONTH, ALL = (
    {"by": ("class", "month")},
    {"by": ("class",)},
    {"by": ("month",)},
    {"by": ()},
)
WIDE = {"coarse": 2}
TOGETHER = [
    [CLASS, ALL],
    [BOTH, ALL],
    [BOTH, CLASS, MONTH, ALL],
    [CLASS, MONTH],
    [CLASS, MONTH, ALL],
    [ALL, ALL | WIDE],
    [CLASS, CLASS | WIDE, ALL],
    [BOTH, ALL | WIDE],
    [MONTH, ALL | WIDE],
]


@pytest.mark.parametrize("which", range(len(TOGETHER)))
def test_withhold_related__no_withheld_cell_can_be_solved_for(which):
    determined_before = 0
    for seed in range(7):
        hours = small_sea(seed, nx=2, vessels=7)
        plain = [product(hours, **kind) for kind in TOGETHER[which]]
        safe = withhold_related(plain)
        rows, _, hidden = equations(plain, hours.shape[1:])
        naive = echelon(rows)
        determined_before += sum(follows(naive, row) for row in hidden)
        form = echelon(equations(safe, hours.shape[1:])[0])
        assert not any(follows(form, row) for row in hidden), seed
    if which not in (3, 7, 8):  # these tables share few cells
        assert determined_before > 0, "the attack would have worked"


@pytest.mark.parametrize("which", range(len(TOGETHER)))
def test_withhold_related__no_sum_over_few_vessels_can_be_solved_for(which):
    hours = small_sea(3, vessels=12, most=10, nx=2)
    there = hours.reshape(len(hours), -1) > 0
    plain = [product(hours, **kind) for kind in TOGETHER[which]]
    rows, _, _ = equations(withhold_related(plain), hours.shape[1:])
    form = echelon(rows)
    hidden = equations(plain, hours.shape[1:])[2]
    single = list(np.eye(there.shape[1]))
    pairs = [a + b for a, b in itertools.combinations(hidden, 2) if not (a * b).any()]
    few = [row for row in single + pairs if 0 < there[:, row > 0].any(1).sum() < 3]
    assert len(few) > 10
    assert not any(follows(form, row) for row in few)


@pytest.mark.parametrize("which", [0, 2, 4, 5, 6])
def test_withhold_related__no_withheld_cell_is_closely_bounded(which):
    pytest.importorskip("scipy", reason="pip install scipy: the attacker solves LPs")
    bounded = 0
    for seed in range(3):
        hours = small_sea(seed)
        plain = [product(hours, **kind) for kind in TOGETHER[which]]
        safe = withhold_related(plain, protection=0.5)
        rows, amounts, _ = equations(safe, hours.shape[1:])
        for row in equations(plain, hours.shape[1:])[2]:
            low, high = interval(rows, amounts, row)
            assert low <= 0.5 * high + 1e-6
            bounded += np.isfinite(high)
    assert bounded > 0


def test_withhold_related__values_are_kept_or_withheld():
    hours = small_sea(1)
    plain = {
        str(k): product(hours, **kind) for k, kind in enumerate([BOTH, CLASS, ALL])
    }
    safe = withhold_related(plain)
    assert list(safe) == list(plain)
    more = 0
    for name, before in plain.items():
        after = safe[name]
        hidden = after["withheld"].values > 0
        assert not (hidden < (before["withheld"].values > 0)).any()
        assert np.isnan(after["vessel_hours"].values[hidden]).all()
        same = np.where(hidden, np.nan, before["vessel_hours"].values)
        np.testing.assert_array_equal(after["vessel_hours"].values, same)
        assert after.attrs["withheld_cells"] == int(hidden.sum())
        assert after.attrs["total_us"] == after.attrs["withheld_us"] == "withheld"
        shown = float(after["vessel_hours"].sum()) * 3.6e9
        assert int(after.attrs["exported_us"]) == round(shown)
        masking.require_releasable(after)
        more += int(hidden.sum()) - int(before["withheld"].sum())
    assert more > 0
    again = withhold_related(plain)
    assert all(again[name].identical(safe[name]) for name in plain)


def test_withhold_related__one_table_alone_is_unchanged():
    hours = small_sea(2)
    ds = product(hours, **BOTH)
    assert withhold_related([ds])[0] is ds
    other = ds.rename(vessel_hours="sst").drop_vars("withheld")
    assert withhold_related([ds, other]) == [ds, other]


def test_withhold_related__other_ways_of_counting_get_the_same_cells():
    hours = small_sea(4)
    one = product(hours, **ALL).assign_attrs(gap="1h")
    two = product(hours, **ALL, least=4).assign_attrs(gap="6h")
    assert (one["withheld"].values != two["withheld"].values).any()
    one, two = withhold_related([one, two])
    np.testing.assert_array_equal(one["withheld"].values, two["withheld"].values)


@pytest.mark.parametrize("pair", [(ALL, CLASS), (MONTH, BOTH), (ALL | WIDE, ALL)])
def test_withhold_related__ways_of_counting_do_not_give_each_other_away(pair):
    solved = 0
    for seed in range(6):
        hours = small_sea(seed, nx=2, vessels=7)
        plain = [product(hours, **kind) for kind in pair]
        plain[1] = plain[1].assign_attrs(gap="90min")
        form = echelon(equations(withhold_related(plain), hours.shape[1:])[0])
        hidden = equations(plain, hours.shape[1:])[2]
        naive = echelon(equations(plain, hours.shape[1:])[0])
        solved += sum(follows(naive, row) for row in hidden)
        assert not any(follows(form, row) for row in hidden), seed
    assert solved > 0, "the attack would have worked"


def two_boxes():
    """A table without withheld cells, and a wider one that has a single one."""
    hours = np.zeros((4, 1, 1, 2, 4), np.int64)
    hours[:3, 0, 0, 0, 0] = 5
    hours[3, 0, 0, 0, 3] = 7
    wide, near = product(hours), product(hours[..., :2])
    total, outside = wide.attrs["total_us"], str(7 * 3_600_000_000)
    return near.assign_attrs(total_us=total, off_grid_us=outside), wide


def withheld_sum(one, other):
    """What is withheld in `other` by the total and the parts that stand there."""
    parts = [other.attrs[f"{name}_us"] for name in ("exported", "off_grid", "over_gap")]
    total = one.attrs["total_us"]
    if not total.isdigit():  # both hold the same total
        pair = [d.attrs[f"{n}_us"] for d in (one, other) for n in ("exported",)]
        off = [d.attrs["off_grid_us"] for d in (one, other)]
        if not all(text.isdigit() for text in off):
            return None
        return int(pair[0]) + int(off[0]) - int(pair[1]) - int(off[1])
    return int(total) - sum(map(int, parts))


def test_withhold_related__accounts_of_two_boxes_do_not_tell():
    near, wide = two_boxes()
    assert withheld_sum(near, wide) == 7 * 3_600_000_000, "the attack would have worked"
    assert withheld_sum(*withhold_related([near, wide])) is None


def test_release__accounts_of_two_boxes_do_not_tell(tmp_path):
    release = open_release(tmp_path / "release")
    near, wide = (release.protect(ds) for ds in two_boxes())
    assert withheld_sum(near, wide) is None


def test_report__of_a_release_has_a_protected_account(tmp_path):
    release = open_release(tmp_path / "release")
    assert release.path.stat().st_mode & 0o777 == 0o700, "not for others"
    near, wide = two_boxes()
    od.to_netcdf(wide, tmp_path / "wide.nc", release=release)
    page = tmp_path / "near.html"
    products.write_report(page, title="near", accounting=near, release=release)
    assert near.attrs["total_us"] == "79200000000"
    assert "79,200,000,000" not in page.read_text("utf-8")
    assert len(release.tables()) == 2
    with pytest.raises(ConfidentialError, match="takes the Dataset"):
        products.write_report(page, title="x", accounting=near.attrs, release=release)


def test_withhold_related__grids_that_do_not_divide_are_refused():
    hours = small_sea(5, ny=6, nx=6)
    pair = [product(hours, **ALL, coarse=2), product(hours, **ALL, coarse=3)]
    with pytest.raises(ConfidentialError, match="each divides the next"):
        withhold_related(pair)


def test_withhold_related__a_sum_made_later_is_refused():
    ds = product(small_sea(5), **BOTH).sum("month")
    with pytest.raises(ConfidentialError, match="summed or reshaped"):
        withhold_related([ds, ds])


def test_withhold_related__across_the_dateline():
    hours = small_sea(6, ny=2, nx=8, vessels=14)
    moved = [product(hours, **kind) for kind in (CLASS, ALL, ALL | WIDE)]
    plain = withhold_related(moved)

    def shifted(ds):
        lon = ds["lon"].values + 59.0  # 120 … 124 becomes 179 … 183
        bounds = ds["lon_bounds"].values + 59.0
        turn = (lon + 180) % 360 - 180
        bounds = (bounds + 180) % 360 - 180
        return ds.assign_coords(lon=turn, lon_bounds=(("lon", "bounds"), bounds))

    for a, b in zip(plain, withhold_related(map(shifted, moved)), strict=True):
        np.testing.assert_array_equal(a["withheld"].values, b["withheld"].values)


def test_withhold_related__protection_is_checked():
    with pytest.raises(ValueError, match=r"protection must lie in \[0, 1\)"):
        withhold_related([], protection=1.0)


def cells(*rows, protection=0.5):
    """A block from (unknowns, status, value)."""
    sets, status, value = zip(*rows, strict=True)
    rows = [frozenset(each) for each in sets]
    size = len(rows)
    return Block(rows, list(status), list(value), [False] * size, protection)


def test_protect__one_missing_class_takes_the_cheapest_wide_enough():
    """The published hole: a withheld class is the total less the others."""
    block = cells(
        ({0}, PRIMARY, 0.0),
        ({1}, SHOWN, 90.0),
        ({2}, SHOWN, 1.0),
        ({3}, SHOWN, 7.0),
        ({0, 1, 2, 3}, SHOWN, 108.0),
    )
    # 10 h are withheld: 1 h beside it would bound it to within a tenth
    assert blocks.protect(block) == [3]


def test_protect__a_sum_that_holds_enough_vessels_stays():
    block = cells(({0}, PRIMARY, 0), ({1}, PRIMARY, 0), ({0, 1}, SHOWN, 12.0))
    assert blocks.protect(block) == []


def test_protect__two_margins_give_a_bridge_away():
    """No single subtraction finds 2; rows less columns do."""
    block = cells(
        *(({k}, PRIMARY if k == 2 else SECONDARY, 0.0) for k in range(3)),
        ({0, 1}, SHOWN, 10.0),
        ({0, 1, 2}, SHOWN, 13.0),
    )
    assert blocks.protect(block) != []
    assert blocks.find_breach(block) is None


def test_bounds__follow_equation_by_equation():
    matrix = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    low, high = blocks.bounds(matrix, np.array([10.0, 2.0]))
    assert low.tolist() == [8.0, 0.0, 0.0]
    assert high.tolist() == [10.0, 2.0, 2.0]


def test_protect__a_narrow_interval_counts_as_known():
    block = cells(
        ({0}, PRIMARY, 0.0),
        ({1}, SECONDARY, 0.0),
        ({2}, SECONDARY, 0.0),
        ({0, 1}, SHOWN, 10.0),
        ({1, 2}, SHOWN, 2.0),
    )
    assert blocks.find_breach(block) is not None, "8 to 10 hours"
    assert blocks.protect(block) != []
    loose = cells(*zip(block.rows, [PRIMARY, *[SECONDARY] * 2, SHOWN, SHOWN],
                       [0, 0, 0, 10.0, 2.0], strict=True), protection=0.1)  # fmt: skip
    assert blocks.protect(loose) == []


@pytest.mark.parametrize("seed", range(6))
def test_release__finest_first_never_gives_a_cell_away(tmp_path, seed):
    hours = small_sea(seed)
    kinds = [BOTH, CLASS, MONTH, ALL, ALL | WIDE, CLASS | WIDE]
    plain = [product(hours, **kind) for kind in kinds]
    order = [0, *(1 + np.random.default_rng(seed).permutation(5))]
    release = open_release(tmp_path / "release")
    safe = [release.protect(plain[k]) for k in order]
    form = echelon(equations(safe, hours.shape[1:])[0])
    hidden = equations(plain, hours.shape[1:])[2]
    assert not any(follows(form, row) for row in hidden)
    reopened = open_release(tmp_path / "release")
    assert len(reopened.tables()) == 6
    for k, ds in zip(order, safe, strict=True):
        assert reopened.protect(plain[k]).identical(ds), "the same answer every time"
        assert reopened.protect(ds) is ds


def test_release__whatever_comes_first_nothing_leaves_unsafe(tmp_path):
    """In another order a table may be refused, and is then not part of the release."""
    refused = []
    for seed in range(4, 8):
        hours = small_sea(seed)
        kinds = [CLASS, MONTH, ALL, BOTH, ALL | WIDE]
        plain = [product(hours, **kind) for kind in kinds]
        release, out, inside = open_release(tmp_path / str(seed)), [], []
        for ds in plain:
            try:
                out.append(release.protect(ds))
                inside.append(ds)
            except ConfidentialError as error:
                refused.append(str(error))
        form = echelon(equations(out, hours.shape[1:])[0])
        hidden = equations(inside, hours.shape[1:])[2]
        assert not any(follows(form, row) for row in hidden)
        assert len(release.tables()) == len(inside)
    assert len(refused) < 8
    assert all("finest table" in text for text in refused)


def test_release__other_tracks_are_refused(tmp_path):
    release = open_release(tmp_path / "r")
    hours = small_sea(1)
    release.protect(product(hours, **CLASS).assign_attrs(segments=100))
    fewer = product(hours[1:], **ALL).assign_attrs(segments=99)
    with pytest.raises(ConfidentialError, match="counted other tracks.*segments"):
        release.protect(fewer)
    same = product(hours[1:], **CLASS).assign_attrs(segments=100)
    with pytest.raises(ConfidentialError, match="with other values"):
        release.protect(same)
    assert len(release.tables()) == 1


def test_release__sums_of_what_was_protected_pass(tmp_path):
    release = open_release(tmp_path / "r")
    ds = product(small_sea(1), **BOTH)
    with pytest.raises(ConfidentialError, match="protect it first"):
        release.protect(ds.sum("month", keep_attrs=True))
    safe = release.protect(ds)
    total = safe.sum("month", keep_attrs=True)
    assert release.protect(total) is total


def test_release__a_broken_register_stops_it(tmp_path):
    release = open_release(tmp_path / "r")
    release.protect(product(small_sea(1), **ALL))
    (tmp_path / "r" / "register.json").write_text("{")
    with pytest.raises(ConfidentialError, match="is no register of a release"):
        release.protect(product(small_sea(1), **CLASS))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfidentialError, match="is a file"):
        open_release(tmp_path / "file")


def test_export__of_a_release_is_protected(tmp_path):
    hours = small_sea(7)
    folder = tmp_path / "release"
    plain = [product(hours, **kind) for kind in (BOTH, ALL)]
    for name, ds in zip(("both", "all"), plain, strict=True):
        od.to_netcdf(ds, tmp_path / f"{name}.nc", release=folder)
    products.to_geotiff(plain[1], tmp_path / "all.tif", variable="vessel_hours",
                        release=folder)  # fmt: skip
    hidden = 0
    for name, ds in zip(("both", "all"), plain, strict=True):
        with xr.open_dataset(tmp_path / f"{name}.nc", engine="netcdf4") as back:
            hidden += int(back["withheld"].sum()) - int(ds["withheld"].sum())
    assert hidden > 0
    assert len(open_release(folder).tables()) == 2
