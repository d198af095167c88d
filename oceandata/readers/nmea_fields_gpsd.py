"""AIS messages as gpsd's ``gpsdecode`` prints them, for whoever expects its JSON.

The differences from :func:`oceandata.readers.nmea_fields.decode`: sentinels stay
numbers ("heading": 511) but for the words of a few fields ("turn": "nan", "fastleft");
parts of dates are one text ("eta": "05-15T14:00Z"); decimals are cut; data are
"bits:hex"; bits after the end of a message count as zeros; applications 1/21 to 1/24
and 1/26 stay hex; the two parts of type 24 are one record, and a part that stays alone
is left out, as are messages that cannot be decoded. gpsd swaps "increasing" and
"decreasing" in tendencies (IMO SN.1/Circ.289 has 1 for decreasing); that is kept here,
and here only.

Left behind of gpsd: the sign that its rate of turn loses, an empty element after a full
list, the second key "type" of a weather warning (``warning`` here).
"""

from __future__ import annotations

import numpy as np

from oceandata.readers import nmea_fields as fields
from oceandata.readers.nmea_fields_codes import LEGENDS
from oceandata.readers.nmea_fields_columns import (
    data_extent,
    element_columns,
    element_rows,
    hex_column,
    name_with_extension,
    raw_columns,
)
from oceandata.readers.nmea_fields_layout import Field
from oceandata.readers.nmea_fields_table import GENERIC, Form, Key, forms, layouts

DECIMALS = {10: 1, 20: 2, 100: 2, 600: 1, 60000: 4, 600000: 6}
KEPT_RAW = {"length", "beam", "draught", "airdraught", "level"}  # of applications
TEXTS = set(
    """nav_status epfd ship_type station_type aid_type racon light precipitation ice
    hazard loaded position route id_type signal emma intensity compass direction rta
    eri""".split()  # noqa: SIM905
)
INVALID = {
    "epfd": "INVALID EPFD",
    "ship_type": "INVALID SHIP TYPE",
    "signal": "INVALID SIGNAL TYPE",
    "hazard": "INVALID HAZARD TYPE",
    "loaded": "INVALID LOAD STATUS",
    "eri": "Illegal ship type value.",
    "emma": "INVALID EMMA TYPE",
    "intensity": "INVALID EMMA TYPE",
    "compass": "INVALID EMMA WIND DIRECTION",
    "direction": "INVALID DIRECTION",
}
WORDS = {
    "nav_status": {11: "Reserved", 12: "Reserved", 14: "Reserved"},
    "trend": {1: "increasing", 2: "decreasing"},
}
LEAST = {1: 163, 2: 163, 3: 163, 4: 168, 9: 168, 11: 168, 16: 96, 18: 168, 19: 312}
LEAST |= {24: 160, 27: 96}  # bits below which gpsd drops a message
OMITTED = {
    4: {"year", "month", "day", "hour", "minute", "second"},
    7: {f"mmsiseq{k}" for k in (1, 2, 3, 4)},
    9: {"assigned"},
    17: {
        "correction_type",
        "station",
        "z_count",
        "correction_sequence",
        "words",
        "health",
    },
    18: {"assigned"},
    21: {"assigned"},
    23: {"txrx", "interval_text"},
    24: {"partno", "epfd"},
}
OMITTED[11], OMITTED[13] = OMITTED[4], OMITTED[7]

_DATE = "{:02}-{:02}T{:02}:{:02}Z"
_PLAIN = "{}-{}T{}:{}"
_ETA = ("month", "day", "hour", "minute")
_STAMP = ("day", "hour", "minute")
MERGED: dict[Key, list[tuple[str, str, tuple[str, ...]]]] = {
    (4, 0, 0): [
        (
            "timestamp",
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            ("year", *_ETA, "second"),
        )
    ],
    (5, 0, 0): [("eta", _DATE, _ETA)],
    (6, 1, 12): [
        ("departure", _DATE, tuple("l" + part for part in _ETA)),
        ("eta", _DATE, tuple("n" + part for part in _ETA)),
    ],
    (6, 1, 18): [("arrival", _DATE, _ETA)],
    (6, 1, 20): [("arrival", _PLAIN, _ETA)],
    (6, 1, 28): [("start", _DATE, _ETA)],
    (6, 200, 21): [("eta", _PLAIN, _ETA)],
    (6, 200, 22): [("eta", _PLAIN, _ETA)],
    (8, 1, 11): [("timestamp", "{:02}T{:02}:{:02}Z", _STAMP)],
    (8, 1, 13): [
        ("from", "{:02}-{:02}T{:02}:{:02}", tuple("f" + part for part in _ETA)),
        ("to", "{:02}-{:02}T{:02}:{:02}", tuple("t" + part for part in _ETA)),
    ],
    (8, 1, 27): [("start", _DATE, _ETA)],
    (8, 200, 23): [
        (
            end,
            "{}-{:02}-{:02}T{:02}:{:02}",
            tuple(f"{end}_{p}" for p in ("year", *_ETA)),
        )
        for end in ("start", "end")
    ],
}
MERGED[11, 0, 0], MERGED[8, 1, 31] = MERGED[4, 0, 0], MERGED[8, 1, 11]

_NOT_READ = {(8, 1, k) for k in (0, 21, 22, 24, 26, 40, 85)} | {
    (6, 1, k) for k in (0, 1, 2, 3, 4, 5, 23, 40)
}


def gpsd_records(packed, start, n_bits, *, scaled=True) -> list[dict]:
    """Messages as the records that gpsd prints (its key ``device`` left out).

    Parameters and errors as :func:`oceandata.readers.nmea_fields.decode`. Returns fewer
    records than messages: see the module.
    """
    packed, first, n_bits = fields.checked(packed, start, n_bits)
    found, _ = forms(packed, first, n_bits, loose=frozenset({1}))
    records: list[dict | None] = [None] * first.size
    for form in map(_as_gpsd, found):
        least = 168 if form.key[:2] in ((24, 1), (24, 2)) else LEAST.get(form.key[0], 0)
        rows = form.rows[n_bits[form.rows] >= least]
        form = Form(form.key, form.layout, rows)
        made = _form_records(form, packed, first, n_bits, scaled)
        for row, record in zip(rows.tolist(), made, strict=True):
            records[row] = record
    return list(_paired(r for r in records if r is not None))


def _as_gpsd(form: Form) -> Form:
    """The form that gpsd takes a message for: data where it knows no application."""
    number, dac, _ = form.key
    aid_broadcast = number == 8 and dac in (235, 250)
    persons = form.key == (8, 1, 16)
    if form.key in _NOT_READ or aid_broadcast or persons:
        key = (number, GENERIC, GENERIC)
        return Form(key, layouts()[key], form.rows)
    return form


def _form_records(form: Form, packed, first, n_bits, scaled: bool) -> list[dict]:
    layout, (start, bits) = form.layout, (first[form.rows], n_bits[form.rows])
    raw = raw_columns(
        layout.fields, packed, start, bits, pad=True, trailer=layout.trailer
    )
    if "extension" in raw:
        del raw["extension"]
        raw["name"] = name_with_extension(layout, packed, start, bits)
    if "data" in raw:
        raw["data"] = _data(form, packed, start, bits)
    if form.key[0] in (1, 2, 3):  # of a cut radio state gpsd reads what is there
        raw["radio"] >>= np.maximum(168 - bits, 0)
    records = [{"class": "AIS", "scaled": scaled} for _ in range(bits.size)]
    _fill(records, form.key, layout.fields, raw, scaled)
    _complete(records, form.key, raw)
    for group in layout.groups:
        rows = element_rows(group, raw, bits, begun=True)
        for record in records:
            record[group.name] = []
        made: list[dict] = [{} for _ in range(rows[0].size)]
        for places, some, columns in element_columns(
            group, packed, start, bits, rows, pad=True
        ):
            part: list[dict] = [{} for _ in range(places.size)]
            _fill(part, form.key, some, columns, scaled, digits=_element_digits(form))
            for place, one in zip(places.tolist(), part, strict=True):
                made[place] = one
        for message, one in zip(rows[0].tolist(), made, strict=True):
            records[message][group.name].append(one)
    return records


def _element_digits(form: Form) -> int:
    return 4 if form.key in ((6, 1, 14), (6, 1, 32)) else 0


def _fill(
    records, key, some: tuple[Field, ...], raw, scaled: bool, *, digits=0
) -> None:
    """Put fields into records, gpsd's way."""
    omitted = OMITTED.get(key[0], set()) | {
        part for _, _, parts in MERGED.get(key, ()) for part in parts
    }
    for f in some:
        if f.name not in raw or f.name in omitted or f.name == "waycount":
            continue
        column = _values(f, key, raw, scaled, digits)
        for record, value in zip(records, column, strict=True):
            record[f.name] = value
        name = f"{f.name}_text"
        if f.legend in TEXTS and name not in omitted and not _text_only(f, key, scaled):
            legend = _legend(f.legend)
            other = INVALID.get(f.legend, "reserved")
            for record, code in zip(records, raw[f.name].tolist(), strict=True):
                record[name] = legend.get(code, other)
    for new, pattern, parts in MERGED.get(key, ()) if "type" in raw else ():
        columns = [raw[part].tolist() for part in parts]
        if parts[0].endswith("_year"):
            columns[0] = [year + 2000 for year in columns[0]]
        for record, values in zip(records, zip(*columns, strict=True), strict=True):
            record[new] = pattern.format(*values)


def _legend(name: str) -> dict[int, str]:
    return {**LEGENDS[name], **WORDS.get(name, {})}


def _text_only(f: Field, key, scaled: bool) -> bool:
    """Whether gpsd prints the meaning in place of the code, or no meaning at all."""
    number, dac, fid = key
    if (number, dac, fid) == (8, 1, 31):
        return f.legend in ("precipitation", "ice", "trend")
    return number == 27 or (number == 6 and f.legend == "service")


def _values(f: Field, key, raw, scaled: bool, digits: int) -> list:
    column = raw[f.name]
    if f.kind == "t":
        return column.tolist()
    if f.kind == "d":
        bits = raw[f.name + "_bits"].tolist()
        return [f"{n}:{text}" for n, text in zip(bits, column, strict=True)]
    if f.kind == "b":
        return column.astype(bool).tolist()
    if f.special.startswith("low"):  # read by gpsd as two's complement
        return np.where(
            column >> (f.width - 1), column - (1 << f.width), column
        ).tolist()
    if not scaled:
        return column.tolist()
    worded = f.legend == "trend" or (_text_only(f, key, scaled) and f.legend)
    if worded:
        legend = _legend(f.legend)
        return [legend.get(code, "reserved") for code in column.tolist()]
    if key[0] in (1, 2, 3, 9):
        return [_word(f, key[0], code) for code in column.tolist()]
    return [_number(f, key, code, digits) for code in column.tolist()]


def _word(f: Field, number: int, code: int):
    """A value of types 1, 2, 3 and 9, where gpsd has words for some."""
    words = {
        "turn": {-128: "nan", -127: "fastleft", 127: "fastright"},
        "speed": {1023: "nan", 1022: "fast"},
        "alt": {4095: "nan", 4094: "high"},
    }.get(f.name, {})
    if code in words:
        return words[code]
    if f.special == "turn":
        rate = (code / 4.733) ** 2
        return round(-rate if code < 0 else rate)
    return _number(f, (number, 0, 0), code, 0)


def _number(f: Field, key, code: int, digits: int):
    if not f.is_quantity or (key[0] in (6, 8) and f.name in KEPT_RAW):
        return code
    if key[0] == 6 and f.name.startswith("ana_") and code == 0:
        return 0
    if digits and f.name in ("lon", "lat"):  # tidal windows: always thousandths
        return round(code / 60000, digits)
    if f.divisor == 1:
        return code + f.add
    value = (code + f.add) / f.divisor
    if key[0] in (22, 23):
        return f"{value:.6f}"
    if key == (8, 1, 31) and f.name == "waterlevel":
        return round(value, 1)
    return round(value, DECIMALS[f.divisor])


def _complete(records: list[dict], key, raw) -> None:
    """Keys that gpsd prints whether or not the message has the field."""
    if key[0] in (25, 26):
        for record in records:
            record.setdefault("dest_mmsi", 0)
            record.setdefault("app_id", 0)
            if key[0] == 26:
                record["radio"] = 0  # gpsd does not read it
    elif key[0] == 16:
        for record in records:
            for name in ("mmsi2", "offset2", "increment2"):
                record.setdefault(name, 0)


def _data(form: Form, packed, first, n_bits) -> np.ndarray:
    """Data as hex; the last byte shows bits of the radio state that gpsd leaves in."""
    layout = form.layout
    f = next(f for f in layout.fields if f.name == "data")
    count, _ = data_extent(f, n_bits, layout.trailer)
    limit = count
    if form.key[0] == 26:
        copied = 40 + 16 * form.key[2]
        limit = copied + (n_bits - 20 - copied + 7) // 8 * 8 - f.offset
    return hex_column(packed, first + f.offset, count, limit)


def _paired(records):
    """Records with the two parts of type 24 as one, at the place of the second.

    gpsd remembers the last eight first parts.
    """
    names: list[dict] = []
    for record in records:
        if record["type"] != 24:
            yield record
        elif "vendorid" not in record:
            names = [*names[-7:], record]
        else:
            for name in names:
                if name["mmsi"] == record["mmsi"]:
                    names.remove(name)
                    yield {**record, "shipname": name["shipname"]}
                    break
