"""Make a simulated sea: vessels one after another, then the files hour by hour.

Each vessel has a random stream of its own, drawn from (seed, number), so that the same
arguments give the same bytes whatever the memory or the machine.
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import numpy as np

from oceandata.errors import OceanDataError
from oceandata.sea import dirt, traffic
from oceandata.sea.dirt import CODE, FAULTS, Fault
from oceandata.sea.fishing import carrier, fishing
from oceandata.sea.fleets import (
    FISHING,
    MAX_VESSELS,
    MEETING,
    PATTERN,
    Vessel,
    kind_of,
    make_vessel,
)  # fmt: skip
from oceandata.sea.lines import csv_lines, identity_bytes
from oceandata.sea.nmea_day import NmeaDay
from oceandata.sea.places import STATIONS
from oceandata.sea.plan import DAY, Plan
from oceandata.sea.reports import ROW, report_rows, satellite_passes, silences
from oceandata.sea.routes import distance_nm
from oceandata.sea.spill import BIN, Spill
from oceandata.sea.truth import Ledger, PositionsFile, SeaTruth, write_json
from oceandata.sea.writers import DayFile, TacsatFile, day_name, tacsat_id


class Maker:
    """One simulation in progress: sails the fleet, then writes files and truth."""

    def __init__(self, plan: Plan, folder: Path, scratch: Path):
        self.plan, self.folder = plan, folder
        self.spill = Spill(scratch, plan.horizon // BIN)
        self.identities: list[Vessel] = []
        self.ledger = Ledger(np.datetime64(plan.start.replace(tzinfo=None), "s"))
        self.counts: Counter = Counter()
        rng = np.random.default_rng([plan.seed, 0])
        self.passes = satellite_passes(rng, plan.horizon)
        self.recent: deque = deque(maxlen=12)
        self.ferries = 0
        self.partner, self.partner_home = None, ""
        self.tacsat: TacsatFile | None = None
        self.logs: list[Path] = []

    def make(self) -> SeaTruth:
        """Sail the fleet, write the files, write the truth."""
        if "tacsat" in self.plan.formats:
            last = self.plan.start + timedelta(days=self.plan.days - 1)
            name = f"tacsat_{self.plan.start:%Y%m%d}_{last:%Y%m%d}.csv"
            self.tacsat = TacsatFile(self.folder / name, self.plan.start)
        totals = dirt.fault_totals(self.plan.positions)
        copies = totals["exact_duplicate"] + totals["near_duplicate"]
        try:
            self.sail_fleet(self.plan.positions - copies)
        finally:
            if self.tacsat:
                self.tacsat.close()
        by_day = {"noaa", "nmea"} & set(self.plan.formats)
        files = self.write_days(totals) if by_day else []
        if self.tacsat:
            self.counts["tacsat_rows"] = self.tacsat.rows
            self.counts["tacsat_vessels"] = self.tacsat.vessels
        return self.finish(files)

    def sail_fleet(self, wanted: int):
        """Add vessels until their reports are as many as wanted, to the row."""
        self.base_stations(min(2 * self.plan.days * 8, wanted // 100))
        number = 0
        while len(self.spill) < wanted:
            if number >= MAX_VESSELS:
                raise OceanDataError(
                    f"{MAX_VESSELS:,} vessels gave {len(self.spill):,} of {wanted:,}"
                    f" positions; ask for more days than {self.plan.days}"
                )
            rng = np.random.default_rng([self.plan.seed, 1, number])
            rows = self.sail_one(rng, number)
            room = wanted - len(self.spill)
            if len(rows) > room:
                rows = rows[np.sort(rng.permutation(len(rows))[:room])]
            self.spill.add(rows)
            number += 1
        self.counts["vessels"] = number

    def sail_one(self, rng, number: int) -> np.ndarray:
        """The reports of one vessel, its faults put in and its truth noted."""
        kind = kind_of(number)
        vessel = make_vessel(rng, number, kind)
        meets = number % PATTERN == MEETING
        if meets:
            vessel = vessel.renamed(transceiver="A")
        if number % PATTERN == MEETING + 1:
            vessel = vessel.renamed(home=self.partner_home)
        log = self.log_of(rng, vessel, meets)
        if meets:
            self.partner, self.partner_home = log, vessel.home
        columns = log.columns()
        rows = report_rows(
            rng, vessel, columns, self.plan.horizon, every=self.plan.every,
            passes=self.passes,
        )  # fmt: skip
        rows = self.vessel_faults(rng, vessel, rows)
        self.note_events(vessel, log, rows, columns)
        if self.tacsat and kind in FISHING:
            for what, line in self.tacsat.add(rng, vessel, columns, self.plan.horizon):
                self.fault("tacsat_" + what, vessel, file=self.tacsat.name, line=line)
        return rows

    def log_of(self, rng, vessel, meets: bool):
        """What the vessel does during the period."""
        horizon = self.plan.horizon
        if vessel.kind in FISHING:
            return fishing(rng, vessel, horizon, meets=meets)
        if vessel.kind == "fish carrier":
            partner, self.partner = self.partner, None
            return carrier(rng, vessel, horizon, partner)
        if vessel.kind == "ferry":
            self.ferries += 1
            return traffic.ferry(rng, vessel, horizon, self.ferries - 1)
        if vessel.kind in traffic.TRADES:
            return traffic.merchant(rng, vessel, horizon)
        return getattr(traffic, vessel.kind)(rng, vessel, horizon)

    def fault(self, kind: str, vessel: Vessel, **more):
        """Write a fault down."""
        self.ledger.faults.append(Fault(kind, vessel.number, vessel.mmsi, **more))

    def identity(self, vessel: Vessel) -> int:
        """The number of an identity, new in the truth's table of vessels."""
        number = len(self.identities)
        self.identities.append(vessel)
        reference = tacsat_id(vessel) if vessel.kind in FISHING else ""
        self.ledger.vessels.append(
            {
                "vessel": vessel.number, "identity": number, "mmsi": vessel.mmsi,
                "class": vessel.kind, "ship_type": vessel.ship_type, "imo": vessel.imo,
                "name": vessel.name, "call_sign": vessel.call_sign,
                "flag": vessel.flag, "home_port": vessel.home,
                "length": float(vessel.length), "width": float(vessel.width),
                "draught": vessel.draught, "transceiver": vessel.transceiver,
                "knots": vessel.knots, "tacsat_id": reference,
            }
        )  # fmt: skip
        return number

    def vessel_faults(self, rng, vessel, rows) -> np.ndarray:
        """Apply the faults of the vessel's roles and give the rows their identity."""
        roles = dirt.roles(vessel.number)
        if "bad_imo" in roles and vessel.imo:
            digit = (vessel.imo % 10 + 1 + int(rng.integers(0, 8))) % 10
            vessel = vessel.renamed(imo=vessel.imo // 10 * 10 + digit)
            self.fault("bad_imo", vessel, detail=f"IMO{vessel.imo}")
        if "shared_mmsi" in roles and len(rows) and self.recent:
            vessel = self.share(vessel, rows)
        if "gap" in roles:
            rows, span = dirt.switch_off(rng, rows)
            if span:
                self.fault("gap", vessel, start=span[0], stop=span[1])
                last = rows[rows["time"] <= span[0]][-1]
                place = (last["true_lon"] / 1e5, last["true_lat"] / 1e5)
                self.ledger.events.append((vessel.number, "gap", *span, *place, ""))
        for kind in ("spoof_circle", "spoof_offset"):
            if kind in roles and len(rows) > 10:
                rows, span, size = getattr(dirt, kind)(rng, rows)
                self.fault(kind, vessel, start=span[0], stop=span[1],
                           detail=f"{size} rows")  # fmt: skip
        rows["identity"] = self.identity(vessel)
        if "name_change" in roles and len(rows) > 10:
            at = len(rows) // 2
            other = vessel.renamed(name=f"NEW {vessel.name}"[:20], imo=0)
            rows["identity"][at:] = self.identity(other)
            self.fault("name_change", vessel, start=float(rows["time"][at]),
                       stop=float(rows["time"][-1]), detail=other.name)  # fmt: skip
        if len(rows) and not roles:
            middle = rows[len(rows) // 2]
            place = (middle["true_lon"] / 1e5, middle["true_lat"] / 1e5)
            self.recent.append((vessel, place))
        return rows

    def share(self, vessel, rows) -> Vessel:
        """Send the MMSI of an earlier vessel that is far away."""
        here = rows[len(rows) // 2]
        here = (here["true_lon"] / 1e5, here["true_lat"] / 1e5)
        far = max(self.recent, key=lambda other: distance_nm(*here, *other[1]))
        self.fault(
            "shared_mmsi", vessel.renamed(mmsi=far[0].mmsi),
            start=float(rows["time"][0]), stop=float(rows["time"][-1]),
            detail=f"the MMSI of vessel {far[0].number}",
        )  # fmt: skip
        rows["fault"] = CODE["shared_mmsi"]
        return vessel.renamed(mmsi=far[0].mmsi)

    def note_events(self, vessel, log, rows, columns):
        """Events that touch the period, cut to it, and long silences."""
        end = self.plan.horizon
        for e in log.events:
            if e.stop > 0 and e.start < end:
                span = (max(e.start, 0.0), min(e.stop, float(end)))
                self.ledger.events.append(
                    (vessel.number, e.kind, *span, e.lon, e.lat, e.place)
                )
        for begin, stop, k in silences(rows, columns):
            lon, lat = rows["true_lon"][k] / 1e5, rows["true_lat"][k] / 1e5
            self.ledger.events.append(
                (vessel.number, "silence", begin, stop, lon, lat, "")
            )

    def base_stations(self, wanted: int):
        """Rows of two shore stations that report themselves."""
        rng = np.random.default_rng([self.plan.seed, 2])
        for k, size in enumerate((wanted - wanted // 2, wanted // 2)):
            lon, lat = STATIONS[0 if k == 0 else 24]
            station = Vessel(
                -1 - k, "base station", "", (4_120_001, 4_400_001)[k], 0, "", "", 0, 0,
                0, 0.0, 0, "A", ("CHN", "KOR")[k], 0.0, False,
            )  # fmt: skip
            rows = np.zeros(size, ROW)
            rows["time"] = np.sort(rng.integers(0, self.plan.horizon, size))
            rows["lon"] = rows["true_lon"] = round(lon * 1e5)
            rows["lat"] = rows["true_lat"] = round(lat * 1e5)
            rows["vessel"], rows["identity"] = station.number, self.identity(station)
            rows["cog"], rows["heading"], rows["sog"] = 3600, 511, 1023
            rows["status"] = 15
            rows["fault"] = CODE["base_station"]
            self.spill.add(rows)

    def write_days(self, totals) -> list[str]:
        """Write the AIS files, an hour at a time, with their row faults."""
        days = [self.plan.start + timedelta(days=k) for k in range(self.plan.days)]
        names = [day_name(day, k) for k, day in enumerate(days)]
        identities = identity_bytes(self.identities)
        self.whole, self.done = len(self.spill), 0
        with ExitStack() as stack:
            truth = None
            if self.plan.truth_positions and "noaa" in self.plan.formats:
                mmsi = np.array([v.mmsi for v in self.identities], np.int64)
                path = self.folder / "truth" / "positions.parquet"
                truth = PositionsFile(path, names, mmsi, self.ledger.start)
                stack.callback(truth.close)
            for k, day in enumerate(days):
                with ExitStack() as day_files:
                    file, log = self.open_day(day, k, day_files)
                    for hour in range(k * DAY // BIN, (k + 1) * DAY // BIN):
                        rows, other = self.hour_rows(hour, totals)
                        if truth:
                            truth.add(k, file.rows + 2, rows)
                        if file:
                            data = self.lines(rows, other, identities, file, hour)
                            file.write(data, len(rows))
                        if log:
                            self.sentences(log, rows, hour)
                if file:
                    self.counts["ais_rows"] += file.rows
                    self.counts[f"rows {file.name}"] = file.rows
                if log:
                    self.counts.update(log.counts)
        return names if "noaa" in self.plan.formats else []

    def open_day(self, day, turn: int, stack: ExitStack):
        """The table and the log of sentences of a day, None where not asked for."""
        file = log = None
        if "noaa" in self.plan.formats:
            file = stack.enter_context(closing(DayFile(self.folder, day, turn)))
        if "nmea" in self.plan.formats:
            log = NmeaDay(self.folder, day, self.plan.start, self.identities)
            self.logs.append(self.folder / log.name)
            stack.enter_context(closing(log))
        return file, log

    def sentences(self, log: NmeaDay, rows, hour: int) -> None:
        """Write an hour's sentences and their faults down."""
        rng = np.random.default_rng([self.plan.seed, 5, hour])
        for kind, who, line in log.write(rng, rows):
            self.fault(kind, self.identities[who], file=log.name, line=line)

    def hour_rows(self, hour: int, totals):
        """The rows of an hour with their row faults, and the originals of copies."""
        rows = self.spill.take(hour)
        before, self.done = self.done, self.done + len(rows)
        part = dirt.apportioned(totals, before, self.done, self.whole)
        rng = np.random.default_rng([self.plan.seed, 3, hour])
        return dirt.soil(rng, rows, part)

    def lines(self, rows, other, identities, file, hour):
        """The bytes of a chunk, malformed lines in place, its faults written down."""
        rng = np.random.default_rng([self.plan.seed, 4, hour])
        day_start = hour * BIN // DAY * DAY
        data, begin = csv_lines(
            rows, identities, file.date, day_start, modern=file.modern
        )
        first = file.rows + 2
        pieces, at = [], 0
        for i in np.flatnonzero(rows["fault"] >= CODE["base_station"]).tolist():
            kind, detail = FAULTS[rows["fault"][i]], ""
            if kind == "malformed":
                line = data[begin[i] : begin[i + 1]].tobytes()
                bad, detail = dirt.malformed(rng, line)
                pieces += [data[at : begin[i]].tobytes(), bad]
                at = begin[i + 1]
            self.fault(
                kind, self.identities[rows["identity"][i]], file=file.name,
                line=first + i, detail=detail,
                other_line=first + int(other[i]) if other[i] >= 0 else 0,
            )  # fmt: skip
        for code, count in enumerate(np.bincount(rows["fault"]).tolist()):
            if code and count:
                self.counts[f"fault {FAULTS[code]}"] += count
        if not pieces:
            return data
        return b"".join([*pieces, data[at:].tobytes()])

    def finish(self, names: list[str]) -> SeaTruth:
        """Write the truth and describe it."""
        self.ledger.write(self.folder / "truth")
        tacsat = self.folder / self.tacsat.name if self.tacsat else None
        arguments = {
            "positions": self.plan.positions, "seed": self.plan.seed,
            "start": f"{self.plan.start:%Y-%m-%d}", "days": self.plan.days,
            "every": f"{self.plan.every}s", "formats": list(self.plan.formats),
            "truth_positions": self.plan.truth_positions,
        }  # fmt: skip
        counts = dict(sorted(self.counts.items()))
        files = names + ([tacsat.name] if tacsat else [])
        files += [log.name for log in self.logs]
        write_json(
            self.folder / "truth" / "sea.json",
            {"arguments": arguments, "counts": counts, "files": files},
        )
        ais = [self.folder / name for name in names]
        return SeaTruth(self.folder, ais, tacsat, arguments, counts, self.logs)
