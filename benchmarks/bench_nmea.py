"""Decoding AIS sentences: messages a second against pyais and libais, one core.

    python benchmarks/bench_nmea.py --messages 2000000 [--peers PYTHON] [--folder DIR]

Writes a seeded log of a realistic mix (types 1, 3, 18, 5 in two parts, 24 A and B, 4;
half of it with tag blocks, half bare), compares all values of all programs first, then
prints a Markdown table of the best of ``--repeats`` runs from a warm page cache. A
message counts only if its values are those that every other program found.
"oceandata" gives columns of positions, static reports and base stations of every
message; "oceandata reader" is what ``open_tracks`` runs: positions, static reports
where they change, and every other message set aside with its text. libais takes
payloads: cutting lines and joining parts is done here in Python. pyais and libais are
no dependencies: ``pip install pyais libais`` into an environment of their own and pass
its Python as ``--peers``; without them those rows are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

NAMES = ("type", "mmsi", "lon", "lat", "speed", "course", "heading", "imo", "shiptype")
TEXTS = ("name", "callsign", "destination")
SHARES = {1: 0.55, 3: 0.13, 18: 0.14, 5: 0.07, 24: 0.07, 4: 0.04}
RECEIVED = 1_709_251_200_000_000


def write_log(path: Path, n: int, *, n_vessels: int = 15_000, seed: int = 1) -> None:
    """A day of messages; the second half of the file has no tag blocks."""
    from oceandata.sea import nmea

    rng = np.random.default_rng(seed)
    names = [
        (f"C{k:05d}", f"VESSEL {k} STAR", f"PORT {k % 500}") for k in range(n_vessels)
    ]
    texts = nmea.six_bit_texts(names)
    with path.open("wb") as file:
        for start in range(0, n, 100_000):
            m = _messages(rng, min(100_000, n - start), n_vessels)
            m["time"] = 1_709_251_200 + (start + np.arange(len(m))) * 86_400 // n
            if start < n // 2:
                file.write(nmea.sentences(m, texts, group=start + 1))
            else:
                bare = nmea.sentences(m, texts, tag_blocks=False)
                file.write(re.sub(rb",\d{10}\r\n", b"\r\n", bare))


def _messages(rng, n: int, n_vessels: int) -> np.ndarray:
    from oceandata.sea import nmea

    m = np.zeros(n, nmea.MESSAGE)
    who = rng.integers(0, n_vessels, n)
    m["kind"] = rng.choice(list(SHARES), n, p=list(SHARES.values()))
    m["part"], m["who"] = rng.integers(0, 2, n), who
    m["mmsi"] = np.where(
        m["kind"] == 4, 4_120_000 + who % 100, 201_000_000 + who * 30_011
    )
    m["lon"] = rng.integers(-107_999_999, 108_000_000, n)
    m["lat"] = rng.integers(-50_000_000, 50_000_000, n)
    m["sog"] = np.where(rng.random(n) < 0.4, 0, rng.integers(0, 250, n))
    m["cog"] = rng.integers(0, 3601, n)
    m["heading"] = np.where(rng.random(n) < 0.4, 511, rng.integers(0, 360, n))
    m["status"], m["imo"], m["ship_type"] = who % 9, 9_000_000 + who, 10 * (3 + who % 7)
    m["bow"], m["stern"] = 1 + who % 300, who % 97
    m["port"], m["starboard"], m["draught"] = 1 + who % 30, who % 23, who % 200
    return m


def run_oceandata(path: str, full: bool) -> tuple[float, dict]:
    """Columns of every message, block by block."""
    from oceandata.readers import nmea_decode, nmea_fields
    from oceandata.readers.blocks import Buffers
    from oceandata.readers.nmea_lines import LineBlocks
    from oceankernels import nmeafix, nmeaspec

    buffers, found = Buffers(1 << 20), []
    began = time.process_time()
    with open(path, "rb", buffering=0) as file:
        joiner = nmea_decode.Joiner(received=RECEIVED)
        for block in LineBlocks(file.readinto, buffers):
            scanned = nmea_decode.scan(block.array, block.stop)
            piece = joiner.feed(scanned, block.offset)
            rows = piece.others.static
            numbers = np.empty((rows.size, nmeafix.N_NUMBERS), np.int64)
            letters = np.empty((rows.size, 47), np.uint8)
            nmeafix.statics(
                piece.array, piece.texts, piece.table, rows, numbers, letters
            )
            aside = piece.others.aside[piece.others.reason == nmeaspec.OF_TYPE + 4]
            stations = nmea_fields.decode_columns(*piece.packed(aside), 4)
            found.append((piece.fixes, piece.others, numbers, letters, aside, stations))
            buffers.give_back(block)
    took = time.process_time() - began
    return took, _values(found) if full else {"n": sum(_count(part) for part in found)}


def _count(part) -> int:
    return part[0].row.size + part[1].static.size + part[4].size


def _values(found) -> dict:
    """Every message in the order of the file."""
    from oceandata.columns import decode_tenths

    tables, texts = [], []
    for fixes, others, numbers, letters, aside, stations in found:
        n = fixes.row.size + others.static.size + aside.size
        table = np.full((n, len(NAMES)), np.nan)
        words = np.full((n, len(TEXTS)), "", object)
        a, b = fixes.row.size, fixes.row.size + others.static.size
        table[:a, 0] = np.where(fixes.transceiver == 2, 18, 1)
        table[:a, 1], table[:a, 2], table[:a, 3] = fixes.vessel, fixes.lon, fixes.lat
        for k, name in ((4, "sog"), (5, "cog"), (6, "heading")):
            table[:a, k] = decode_tenths(getattr(fixes, name))
        table[a:b, 0], table[a:b, 1] = numbers[:, 0], others.static_vessel
        table[a:b, 7] = np.where(numbers[:, 0] == 5, numbers[:, 1], np.nan)
        table[a:b, 8] = np.where(numbers[:, 2] < 0, np.nan, numbers[:, 2])
        for column, (start, stop) in enumerate(((7, 27), (0, 7), (27, 47))):
            words[a:b, column] = [
                bytes(row[start:stop]).rstrip(b"\0").decode() for row in letters
            ]
        table[b:, 0], table[b:, 1] = 4, stations["mmsi"]
        table[b:, 2], table[b:, 3] = stations["lon"], stations["lat"]
        order = np.argsort(
            np.concatenate([fixes.row, others.static, aside]), kind="stable"
        )
        tables.append(table[order])
        texts.append(words[order])
    return {
        "values": np.concatenate(tables),
        "texts": np.concatenate(texts).astype("U20"),
    }


def run_reader(path: str, full: bool) -> tuple[float, dict]:
    """What open_tracks runs, on one thread."""
    from oceandata.readers import reader

    n = 0
    began = time.process_time()
    for batch in reader("nmea").batches(path, workers=1, received="2024-03-01"):
        n += batch.rows_read + batch.others.get("static report", 0)
    return time.process_time() - began, {"n": n}


def run_pyais(path: str, full: bool) -> tuple[float, dict]:
    from pyais import FileReaderStream

    rows = []
    began = time.process_time()
    with FileReaderStream(path) as stream:
        for message in stream:
            decoded = message.decode()
            rows.append(decoded)
    took = time.process_time() - began
    return took, _of_dicts([r.asdict() for r in rows]) if full else {"n": len(rows)}


_LINE = re.compile(rb"VD[MO],(\d),(\d),(\d?),(\w?),([^,]*),(\d)")


def run_libais(path: str, full: bool) -> tuple[float, dict]:
    import ais

    rows, waiting = [], {}
    began = time.process_time()
    with open(path, "rb") as file:
        for line in file:
            total, number, seq, channel, body, pad = _LINE.search(line).groups()
            if total != b"1":
                key = seq, channel
                if number == b"1":
                    waiting[key] = body
                    continue
                body = waiting.pop(key) + body
            rows.append(ais.decode(body.decode(), int(pad)))
    took = time.process_time() - began
    return took, _of_dicts(rows) if full else {"n": len(rows)}


_KEYS = (  # of each value, in pyais and in libais
    ("msg_type", "id"), ("mmsi",), ("lon", "x"), ("lat", "y"), ("speed", "sog"),
    ("course", "cog"), ("heading", "true_heading"), ("imo", "imo_num"),
    ("ship_type", "type_and_cargo"), ("shipname", "name"), ("callsign",),
    ("destination",),
)  # fmt: skip


def _of_dicts(rows: list[dict]) -> dict:
    """A peer's messages with the sentinels that oceandata turns into NaN."""
    values = np.full((len(rows), len(NAMES)), np.nan)
    texts = np.full((len(rows), len(TEXTS)), "", object)
    for k, row in enumerate(rows):
        kind = row.get("msg_type", row.get("id"))
        for column, keys in enumerate(_KEYS):
            found = next((row[key] for key in keys if row.get(key) is not None), None)
            if found is None:
                continue
            if column >= len(NAMES):
                texts[k, column - len(NAMES)] = found.partition("@")[0].strip()
            elif column in (7, 8) and kind not in (5, 24):
                continue
            else:
                values[k, column] = float(found)
    for column, least in ((4, 102.25), (5, 359.95), (6, 359.5)):
        values[values[:, column] > least, column] = np.nan
    values[values[:, 0] == 3, 0] = 1
    return {"values": values, "texts": texts.astype("U20")}


RUNNERS = {
    "oceandata": run_oceandata,
    "oceandata reader": run_reader,
    "libais": run_libais,
    "pyais": run_pyais,
}
TOLERANCES = (0, 0, 1e-5, 1e-5, 0.01, 0.01, 0, 0, 0)  # libais writes float32


def equal_messages(a: dict, b: dict) -> np.ndarray:
    """Which messages have the same values in two answers."""
    if a["values"].shape != b["values"].shape:
        return np.zeros(len(a["values"]), bool)
    gap = np.abs(a["values"] - b["values"])
    both = np.isnan(a["values"]) & np.isnan(b["values"])
    values = (both | (gap <= np.array(TOLERANCES))).all(1)
    return values & (a["texts"] == b["texts"]).all(1)


def measure(name: str, path: str, repeats: int, answer: str) -> dict:
    """Best CPU time of several runs; the answer goes to a file."""
    times, found = [], {}
    for _ in range(repeats):
        took, found = RUNNERS[name](path, False)
        times.append(took)
    if answer:
        found = RUNNERS[name](path, True)[1]
        if "values" in found:
            np.savez(answer, **found)
    n = found["n"] if "n" in found else len(found["values"])
    return {"seconds": min(times), "n": n}


def in_process(python: str, name: str, path: Path, repeats: int, answer="") -> dict:
    """Measure in a fresh process held to one core."""
    command = [python, __file__, "--one", name, str(path), str(repeats), str(answer)]
    core = sorted(os.sched_getaffinity(0))[:1]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, core),
    )
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1]}
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--compared", type=int, default=50_000, help="for the peers")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="100,000 messages")
    parser.add_argument(
        "--peers",
        default=os.environ.get("OCEANDATA_PEERS") or sys.executable,
        help="Python that has pyais and libais",
    )
    parser.add_argument("--folder", help="where the logs are kept between runs")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.messages, options.compared, options.repeats = 100_000, 5_000, 2
    if options.one:
        name, path, repeats, answer = options.one
        print(json.dumps(measure(name, path, int(repeats), answer)))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        return report(folder, options)


def report(folder: Path, options) -> int:
    logs = {}
    for n in (options.messages, options.compared):
        logs[n] = folder / f"mix-{n}.nmea"
        if not logs[n].exists():
            write_log(logs[n], n)
    big, small = logs[options.messages], logs[options.compared]
    megabytes = big.stat().st_size / 1e6
    print(f"{options.messages:,} messages, {megabytes:,.0f} MB, on one core")
    print("\n| program | messages | CPU s | thousand messages/s | equal values |")
    print("|---|---|---|---|---|")
    ours, failed = None, 0
    for name in RUNNERS:
        python = options.peers if name in ("pyais", "libais") else sys.executable
        is_peer = python is options.peers and name in ("pyais", "libais")
        answer = folder / f"{name.replace(' ', '-')}.npz"
        answer.unlink(missing_ok=True)
        got = in_process(python, name, small, 1, answer)
        if "error" in got:
            print(f"| {name} | left out: {got['error']} ||||")
            failed += not is_peer
            continue
        same = "–"
        if answer.exists():
            with np.load(answer) as file:
                theirs = dict(file)
            ours = ours or theirs
            same = f"{int(equal_messages(ours, theirs).sum()):,} of {got['n']:,}"
            failed += not equal_messages(ours, theirs).all()
        if not is_peer:
            got = in_process(python, name, big, options.repeats)
        rate = got["n"] / got["seconds"] / 1e3
        print(
            f"| {name} | {got['n']:,} | {got['seconds']:.2f} | {rate:,.0f} | {same} |"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
