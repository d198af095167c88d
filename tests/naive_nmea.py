"""Line-by-line twin of the reader of AIS sentences: plain Python, one sentence a line.

Written from the standards (ITU-R M.1371-5, IEC 61162) and from what the reader's
documentation promises; it shares no code with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

SENTENCE = re.compile(
    r"^!(?P<talker>\w*)VD[MO],(?P<total>[1-9]),(?P<number>\d),(?P<seq>[^,]*),"
    r"(?P<channel>[^,]*),(?P<body>[^,]*),(?P<fill>[0-5]?)(?:\*(?P<sum>..))?"
    r"(?P<rest>[,\s].*)?$"
)
ALPHABET = [chr(c) for c in (*range(48, 88), *range(96, 120))]
PATIENCE = 1000
LEAST = {1: 149, 2: 149, 3: 149, 5: 422, 18: 149, 19: 301, 24: 160, 27: 94}


def checksum(text: str) -> int:
    x = 0
    for letter in text:
        x ^= ord(letter)
    return x


def unix_time(text: str) -> float | None:
    """Seconds of a decimal number in s, ms or µs by its size."""
    if not re.fullmatch(r"\d{1,17}(\.\d*)?", text):
        return None
    digits = len(text.partition(".")[0])
    value = float(text) / (1 if digits <= 11 else 1e3 if digits <= 14 else 1e6)
    return value if 0 < value < 4_102_444_800 else None


@dataclass
class Message:
    line: int
    time: float | None
    bits: str
    bad: bool = False


@dataclass
class Open:
    key: tuple
    station: str
    born: int
    parts: dict = field(default_factory=dict)  # number: (line, time, body, fill)


@dataclass
class Result:
    fixes: list = field(default_factory=list)
    statics: list = field(default_factory=list)
    aside: list = field(default_factory=list)  # (line, kind of fault)
    others: list = field(default_factory=list)  # (line, type)


def read(text: str) -> Result:
    out = Result()
    waiting: list[Open] = []
    groups: dict[str, tuple] = {}
    line_time, line_age, count = None, 0, 0
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("$"):
            line_time, line_age = time_line(line), 0
            continue
        found = parse(line)
        if isinstance(found, str):
            out.aside.append((number, found))
            continue
        sentence, time, station = found
        count += 1
        if station.startswith("group ") and time is not None:
            groups[station] = time, count
        elif station in groups and count - groups[station][1] <= PATIENCE:
            time = groups[station][0]
        if time is None and line_time is not None and line_age < PATIENCE:
            time = line_time
        line_age += 1
        for old in [o for o in waiting if count - o.born > PATIENCE]:
            out.aside += [(p[0], "lost") for p in old.parts.values()]
            waiting.remove(old)
        if int(sentence["total"]) == 1:
            take(out, number, time, [(sentence["body"], sentence["fill"])])
        else:
            place(out, waiting, number, time, station, sentence, count)
    for old in waiting:
        out.aside += [(p[0], "lost") for p in old.parts.values()]
    out.aside.sort()
    return out


def time_line(line: str) -> float | None:
    body = line[1:].partition("*")[0]
    if "*" in line and int(line.partition("*")[2][:2], 16) != checksum(body):
        return None
    words = body.split(",")
    if words[0] == "PGHP":
        y, mo, d, h, mi, s, ms = (int(w) for w in words[2:9])
        return datetime(y, mo, d, h, mi, s, tzinfo=UTC).timestamp() + ms / 1000
    clock, d, mo, y = words[1:5]
    return datetime(
        int(y), int(mo), int(d), int(clock[:2]), int(clock[2:4]), int(clock[4:6]),
        tzinfo=UTC,
    ).timestamp() + float("0" + clock[6:] if clock[6:] else 0)  # fmt: skip


def parse(line: str):
    time, station = None, ""
    if line.startswith("\\"):
        tag, _, line = line[1:].partition("\\")
        body, star, told = tag.partition("*")
        if not star or int(told, 16) == checksum(body):
            group = ""
            for word in body.split(","):
                if word.startswith("c:"):
                    time = unix_time(word[2:])
                elif word.startswith("s:"):
                    station = word[2:]
                elif word.startswith("g:"):
                    group = "group " + word.rpartition("-")[2]
            station = group or station
    match = SENTENCE.match(line)
    if match is None:
        return "malformed"
    if match["sum"] is not None:
        body = line[1:].partition("*")[0]
        if not re.fullmatch("[0-9A-Fa-f]{2}", match["sum"]):
            return "checksum"
        if int(match["sum"], 16) != checksum(body):
            return "checksum"
    for word in re.split(r"[,;\s]", match["rest"] or ""):
        if len(word) >= 9 and time is None and word[:9].isdigit():
            time = unix_time(word)
        if not station and re.match(r"[rb].{3}", word):
            station = word
    if not match["body"]:
        return "empty"
    if int(match["number"]) > int(match["total"]):
        return "malformed"
    return match, time, station


def place(out, waiting, number, time, station, sentence, count):
    total, part = int(sentence["total"]), int(sentence["number"])
    key = (total, sentence["seq"], sentence["channel"])
    near = [o for o in waiting if o.key == key]
    mine = [o for o in near if o.station == station][-1:]
    mine = mine or [o for o in near if not (o.station and station)][-1:]
    if mine:
        old = mine[0]
        same = old.parts.get(part)
        times = [p[1] for p in old.parts.values() if p[1] is not None]
        apart = time is not None and any(abs(time - t) > 60 for t in times)
        if same and same[2] == sentence["body"] and not apart:
            out.aside.append((number, "repeated"))
            return
        if apart or same:
            out.aside += [(p[0], "lost") for p in old.parts.values()]
            waiting.remove(old)
            mine = []
    if not mine:
        mine = [Open(key, station, count)]
        waiting.append(mine[0])
    old = mine[0]
    old.station = old.station or station
    old.parts[part] = (number, time, sentence["body"], sentence["fill"])
    if sorted(old.parts) in (list(range(1, total + 1)), list(range(total))):
        waiting.remove(old)
        parts = [old.parts[k] for k in sorted(old.parts)]
        times = [p[1] for p in parts if p[1] is not None]
        first = min(p[0] for p in parts)
        take(out, first, times[0] if times else None, [(p[2], p[3]) for p in parts])


def bits_of(parts) -> str | None:
    body = "".join(p[0] for p in parts)
    if any(letter not in ALPHABET for letter in body):
        return None
    bits = "".join(format(ALPHABET.index(letter), "06b") for letter in body)
    return bits[: len(bits) - int(parts[-1][1] or 0)]


def unsigned(bits: str, at: int, width: int) -> int:
    return int(bits[at : at + width].ljust(width, "0"), 2)


def signed(bits: str, at: int, width: int) -> int:
    value = unsigned(bits, at, width)
    return value - (1 << width if value >> (width - 1) else 0)


def letters(bits: str, at: int, n: int) -> str:
    table = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?"
    text = "".join(table[unsigned(bits, at + 6 * k, 6)] for k in range(n))
    return text.partition("@")[0].strip()


def take(out: Result, line: int, time: float | None, parts) -> None:
    bits = bits_of(parts)
    if bits is None:
        out.aside.append((line, "character"))
        return
    kind = unsigned(bits, 0, 6) if len(bits) >= 38 else -1
    if len(bits) < max(38, LEAST.get(kind, 0)):
        out.aside.append((line, "short"))
        return
    if not 1 <= kind <= 27:
        out.aside.append((line, "type"))
        return
    mmsi = unsigned(bits, 8, 30)
    if kind not in LEAST:
        out.others.append((line, kind, mmsi))
    elif kind == 24 and unsigned(bits, 38, 2) > 1:
        out.aside.append((line, "no part"))
    elif not is_vessel(mmsi):
        out.aside.append((line, "not a vessel"))
    elif time is None:
        out.aside.append((line, "no time"))
    else:
        if kind not in (5, 24) and not fix(out, line, time, kind, mmsi, bits):
            return
        if kind in (5, 19, 24):
            static(out, line, time, kind, mmsi, bits)


def is_vessel(mmsi: int) -> bool:
    return (
        1 <= mmsi <= 999_999_999
        and not 2_010_000 <= mmsi <= 7_759_999
        and not 111_201_000 <= mmsi <= 111_775_999
        and mmsi // 1_000_000 not in (970, 972, 974)
        and not 992_010_000 <= mmsi <= 997_759_999
    )


def fix(out: Result, line, time, kind, mmsi, bits) -> bool:
    if kind == 27:
        lon, lat, unit = signed(bits, 44, 18), signed(bits, 62, 17), 600
        sog, cog, heading = unsigned(bits, 79, 6), unsigned(bits, 85, 9), None
        sog = None if sog == 63 else float(sog)
        cog = None if cog >= 360 else float(cog)
        status = unsigned(bits, 40, 4)
    else:
        at = 61 if kind <= 3 else 57
        lon, lat, unit = signed(bits, at, 28), signed(bits, at + 28, 27), 600_000
        sog, cog = unsigned(bits, at - 11, 10), unsigned(bits, at + 55, 12)
        heading = unsigned(bits, at + 67, 9)
        sog = None if sog == 1023 else sog / 10
        cog = None if cog >= 3600 else cog / 10
        heading = None if heading >= 360 else float(heading)
        status = unsigned(bits, 38, 4) if kind <= 3 else 15
    if abs(lat / unit) > 90 or abs(lon / unit) > 180:
        out.aside.append((line, "position"))
        return False
    lon = -180.0 if lon == 180 * unit else lon / unit
    out.fixes.append((line, mmsi, time, lon, lat / unit, sog, cog, heading, status))
    return True


def static(out: Result, line, time, kind, mmsi, bits) -> None:
    said = dict.fromkeys(("name", "call_sign", "destination"), "")
    said |= {"imo": 0, "ship_type": -1, "size": None}
    at = None
    if kind == 5:
        said["imo"], said["ship_type"] = unsigned(bits, 40, 30), unsigned(bits, 232, 8)
        said["call_sign"], said["name"] = letters(bits, 70, 7), letters(bits, 112, 20)
        said["destination"] = letters(bits, 302, 20)
        at = 240
    elif kind == 19:
        said["name"], said["ship_type"] = letters(bits, 143, 20), unsigned(bits, 263, 8)
        at = 271
    elif unsigned(bits, 38, 2) == 0:
        said["name"] = letters(bits, 40, 20)
    else:
        said["ship_type"], said["call_sign"] = (
            unsigned(bits, 40, 8),
            letters(bits, 90, 7),
        )
        at = None if mmsi // 10_000_000 == 98 else 132
    if at is not None:
        length = unsigned(bits, at, 9) + unsigned(bits, at + 9, 9)
        width = unsigned(bits, at + 18, 6) + unsigned(bits, at + 24, 6)
        said["size"] = (length, width)
    out.statics.append((line, mmsi, time, said))
