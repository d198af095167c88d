"""Every field of AIS messages of types 1 to 27, as records or as columns.

The input is what the sentence scanner gives: ``packed`` (n,) uint8, the payload bits
of all messages, most significant bit first and each message from a byte of its own;
``start`` (m,) the first byte of each; ``n_bits`` (m,) how many bits it has.

The names of fields are those of gpsd's description of AIVDM. What each field is (place,
unit, sentinel) stands in :func:`layouts`, as data. Binary messages (6, 8) whose
application is not in that table, or whose length is not the application's, hand over
their data as hex digits.
"""

from __future__ import annotations

import numpy as np

from oceandata.errors import SchemaError
from oceandata.readers.nmea_fields_codes import LEGENDS
from oceandata.readers.nmea_fields_columns import (
    element_columns,
    element_rows,
    name_with_extension,
    raw_columns,
    scale,
)
from oceandata.readers.nmea_fields_layout import Field, Group, Layout
from oceandata.readers.nmea_fields_table import GENERIC, TYPES, Form, forms, layouts
from oceankernels.nmeafields import MISSING

__all__ = ["MISSING", "decode", "decode_columns", "decode_group", "layouts"]


def decode(packed, start, n_bits, *, scaled=True, style="oceandata") -> list[dict]:
    """Messages as records: a dict of all fields for each.

    Parameters
    ----------
    packed : (n,) uint8
        Payload bits, most significant first.
    start : (m,) int
        Byte at which each message begins.
    n_bits : (m,) int
        Bits that each message has.
    scaled : bool
        Values in their units, or the raw integers of the message.
    style : {"oceandata", "gpsd"}
        ``"gpsd"``: what gpsd's ``gpsdecode`` prints, key by key; see
        :func:`oceandata.readers.nmea_fields_gpsd.gpsd_records`.

    Returns
    -------
    list of dict
        One for each message, in order. Quantities are float with NaN where there is
        none; codes and counts int, flags bool, with None; text str. A code with a
        meaning has ``<name>_text`` beside it. Parts that repeat are lists of dicts.
        Data are hex digits, with ``<name>_bits``. A message that cannot be decoded has
        ``type``, ``repeat``, ``mmsi`` and ``fault``, which says why. With
        ``scaled=False`` numbers are as they were sent, sentinels too.

    Raises
    ------
    SchemaError
        The arrays do not fit together.

    Notes
    -----
    Rate of turn is (raw / 4.733)² degrees a minute with the sign of raw; ±127 (faster
    than 5° in 30 s, without an indicator) gives ±10, the least it can be. A value that
    the standard forbids but that is no sentinel (longitude 205°) stays as it was sent.

    References
    ----------
    ITU-R M.1371-5, annex 8; IMO SN.1/Circ.289 and SN/Circ.236; inland AIS standard.
    """
    if style not in ("oceandata", "gpsd"):
        raise ValueError(f'style must be "oceandata" or "gpsd"; it is {style!r}')
    if style == "gpsd":
        from oceandata.readers.nmea_fields_gpsd import gpsd_records

        return gpsd_records(packed, start, n_bits, scaled=scaled)
    packed, first, n_bits = checked(packed, start, n_bits)
    found, faults = forms(packed, first, n_bits)
    records: list[dict] = [{} for _ in range(first.size)]
    for form in found:
        made = _records(form, packed, first, n_bits, scaled)
        for row, record in zip(form.rows.tolist(), made, strict=True):
            records[row] = record
    for row, header in _headers(faults, packed, first, n_bits):
        records[row] = header
    return records


def decode_columns(
    packed, start, n_bits, message_type, *, application=None, scaled=True
) -> dict[str, np.ndarray]:
    """All messages of one type as columns.

    Parameters
    ----------
    packed, start, n_bits
        As for :func:`decode`. Messages of other types are passed over.
    message_type : int
        1 to 27.
    application : (int, int), optional
        For 6 and 8: area code and function; without it only what is common to all,
        with the data as hex digits.
    scaled : bool
        Values in their units, or the raw integers with :data:`MISSING`.

    Returns
    -------
    dict of arrays (k,)
        ``message``: the place of each in the input; then the fields. Quantities are
        float64 with NaN, codes and counts int64 with -1, text str, data hex digits.
        Flags are bool, or int8 with -1 where not every form of the type has them.
        Base stations (4, 11) have ``time`` (datetime64[us], NaT). Messages that cannot
        be decoded are left out.

    Raises
    ------
    SchemaError
        The arrays do not fit together, or there is no such type or application.
    """
    wanted = _wanted(message_type, application)
    packed, first, n_bits = checked(packed, start, n_bits)
    mine = _of_type(packed, first, n_bits, message_type)
    if application is None and len(wanted) == 1:  # nothing to tell apart
        layout = layouts()[wanted[0]]
        fits = (n_bits[mine] >= layout.least) & (n_bits[mine] <= layout.most)
        found = [Form(wanted[0], layout, mine[fits])]
    else:
        found, _ = forms(packed, first[mine], n_bits[mine])
        found = [Form(f.key, f.layout, mine[f.rows]) for f in found if f.key in wanted]
    parts = [_raw(form, packed, first, n_bits) for form in found]
    fields = _union([layouts()[key] for key in wanted])
    always = _always([layouts()[key] for key in wanted])
    rows = [form.rows for form in found]
    columns = _joined(fields, rows, parts, scaled, always)
    if message_type in (4, 11) and scaled:
        columns["time"] = _times(columns)
    return columns


def decode_group(
    packed, start, n_bits, message_type, *, application, group, scaled=True
) -> dict[str, np.ndarray]:
    """What repeats inside messages of one application, as columns.

    ``group`` is its name: ``tidals``, ``cargos``, ``waypoints``, ``areas``,
    ``reports``, ``targets`` or ``gauges``. The columns are ``message`` and ``element``
    (its number in the message), then the fields, as :func:`decode_columns` has them;
    fields that an element does not have are missing. SchemaError as there.
    """
    (key,) = _wanted(message_type, application)[:1]
    known = {g.name: g for g in layouts()[key].groups}
    if group not in known:
        raise SchemaError(f"group must be one of {sorted(known)}; it is {group!r}")
    chosen = known[group]
    packed, first, n_bits = checked(packed, start, n_bits)
    mine = _of_type(packed, first, n_bits, message_type)
    found, _ = forms(packed, first[mine], n_bits[mine])
    several = [mine[f.rows] for f in found if f.key == key]
    rows = several[0] if several else np.empty(0, np.int64)
    counts = raw_columns(layouts()[key].numbers, packed, first[rows], n_bits[rows])
    places = element_rows(chosen, counts, n_bits[rows])
    parts = element_columns(chosen, packed, first[rows], n_bits[rows], places)
    columns = _joined(
        chosen.all_fields(), [p[0] for p in parts], [p[2] for p in parts], scaled, set()
    )
    order = columns.pop("message")
    message, element = (place[order] for place in places)
    return {"message": rows[message], "element": element, **columns}


def checked(packed, start, n_bits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The input as (packed, first bit (m,), bits (m,)), or a SchemaError."""
    packed = np.ascontiguousarray(packed)
    first = np.asarray(start, np.int64) * 8
    n_bits = np.ascontiguousarray(n_bits, np.int64)
    faults = []
    if packed.ndim != 1 or packed.dtype != np.uint8:
        faults.append(f"packed must be (n,) uint8; it is {packed.shape} {packed.dtype}")
    if first.ndim != 1 or first.shape != n_bits.shape:
        faults.append(
            "start and n_bits must be (m,), as many of each; "
            f"they are {first.shape} and {n_bits.shape}"
        )
    elif not faults:
        wrong = (first < 0) | (n_bits < 0) | (first + n_bits > 8 * packed.size)
        if wrong.any():
            k = int(np.argmax(wrong))
            faults.append(
                f"messages must lie inside packed ({packed.size} bytes); {wrong.sum()} "
                f"do not, the first is {n_bits[k]} bits from byte {first[k] // 8} "
                f"at message {k}"
            )
    if faults:
        raise SchemaError(faults, where="AIS messages")
    return packed, first, n_bits


def _wanted(message_type: int, application) -> list:
    """Keys of the layouts of a type, or of one application."""
    if message_type not in TYPES:
        raise SchemaError(f"message_type must be 1 to 27; it is {message_type!r}")
    keys = [key for key in layouts() if key[0] == message_type]
    if message_type not in (6, 8):
        if application is not None:
            raise SchemaError(
                f"application belongs to types 6 and 8; message_type is {message_type}"
            )
        return keys
    if application is None:
        return [(message_type, GENERIC, GENERIC)]
    key = (message_type, *application)
    if key not in keys or GENERIC in application:
        known = ", ".join(f"{a}/{b}" for _, a, b in sorted(keys) if a >= 0)
        raise SchemaError(
            f"application of type {message_type} must be one of {known}; "
            f"it is {application!r}"
        )
    return [key]


def _of_type(packed, first, n_bits, message_type: int) -> np.ndarray:
    """Places of the messages of one type."""
    there = np.flatnonzero(n_bits >= 6)
    return there[packed[first[there] >> 3] >> 2 == message_type]


def _raw(form: Form, packed, first, n_bits) -> dict[str, np.ndarray]:
    """Raw columns of the messages of one form."""
    start, bits = first[form.rows], n_bits[form.rows]
    layout = form.layout
    raw = raw_columns(layout.fields, packed, start, bits, trailer=layout.trailer)
    if "extension" in raw:
        del raw["extension"]
        raw["name"] = name_with_extension(layout, packed, start, bits)
    return raw


def _union(several: list[Layout]) -> tuple[Field, ...]:
    found: dict[str, Field] = {}
    for layout in several:
        for f in layout.fields:
            if f.name != "extension":
                found.setdefault(f.name, f)
    return tuple(found.values())


def _always(several: list[Layout]) -> set[str]:
    """Names of fields that every message of these layouts has."""
    names = [
        {f.name for f in one.fields if f.offset + f.width <= one.least}
        for one in several
    ]
    return set.intersection(*names)


def _joined(fields, rows: list, parts: list, scaled: bool, always: set) -> dict:
    """Columns of several forms as one table, in the order of the messages."""
    place, order = rows[0] if len(rows) == 1 else np.empty(0, np.int64), None
    if len(rows) > 1:
        place = np.concatenate(rows)
        order = np.argsort(place, kind="stable")
        place = place[order]
    columns = {"message": place}
    for f in fields:
        for name in [f.name, f.name + "_bits"] if f.kind == "d" else [f.name]:
            pieces = [
                part[name] if name in part else _blank(f, name, r.size)
                for part, r in zip(parts, rows, strict=True)
            ] or [_blank(f, name, 0)]
            column = pieces[0] if order is None else np.concatenate(pieces)[order]
            columns[name] = column
        if f.is_number and scaled:
            kind = np.int8 if f.kind == "b" else np.int64
            columns[f.name] = scale(f, columns[f.name], kind)
            if f.kind == "b" and f.name in always:
                columns[f.name] = columns[f.name].view(bool)
    return columns


def _blank(f: Field, name: str, size: int) -> np.ndarray:
    if f.is_number:
        return np.full(size, MISSING)
    if name.endswith("_bits"):
        return np.zeros(size, np.int64)
    return np.full(size, "") if f.kind == "t" else np.full(size, "", object)


def _times(columns: dict) -> np.ndarray:
    """Times (m,) datetime64[us] of base stations, NaT where they name no time."""
    year, month, day = (columns[n] for n in ("year", "month", "day"))
    clock = [columns[n] for n in ("hour", "minute", "second")]
    good = (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1)
    for part in clock:
        good = good & (part >= 0)
    months = (np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1
    month_start = months.astype("datetime64[M]")
    date = month_start.astype("datetime64[D]") + (np.where(good, day, 1) - 1)
    good = good & (date.astype("datetime64[M]") == month_start)
    seconds = clock[0] * 3600 + clock[1] * 60 + clock[2]
    time = date.astype("datetime64[us]") + seconds * np.timedelta64(1_000_000, "us")
    return np.where(good, time, np.datetime64("NaT", "us"))


def values_of(f: Field, raw: np.ndarray, scaled: bool) -> list:
    """A raw column as the values of records."""
    if not f.is_number:
        return raw.tolist()
    if not scaled or not f.is_quantity:
        gone = raw == MISSING
        if scaled:
            gone = scale(f, raw) == -1
        values = raw.astype(bool).tolist() if f.kind == "b" else raw.tolist()
        for k in np.flatnonzero(gone).tolist():
            values[k] = None
        return values
    return scale(f, raw).tolist()


def _dicts(fields, raw: dict, scaled: bool) -> list[dict]:
    """Records of one form, without what repeats in it."""
    names, columns = [], []
    for f in fields:
        if f.name not in raw:
            continue
        names.append(f.name)
        columns.append(values_of(f, raw[f.name], scaled))
        if f.kind == "d":
            names.append(f.name + "_bits")
            columns.append(raw[f.name + "_bits"].tolist())
        if f.legend:
            legend = LEGENDS[f.legend]
            names.append(f.name + "_text")
            columns.append(
                [
                    None if code == MISSING else legend.get(code, "reserved")
                    for code in raw[f.name].tolist()
                ]
            )
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _records(form: Form, packed, first, n_bits, scaled: bool) -> list[dict]:
    raw = _raw(form, packed, first, n_bits)
    records = _dicts(form.layout.fields, raw, scaled)
    if "time" not in raw and form.key[0] in (4, 11) and scaled:
        columns = {f.name: scale(f, raw[f.name]) for f in form.layout.numbers}
        for record, time in zip(records, _times(columns), strict=True):
            record["time"] = None if np.isnat(time) else f"{time.astype('M8[s]')}Z"
    start, bits = first[form.rows], n_bits[form.rows]
    for group in form.layout.groups:
        lists = group_lists(group, packed, start, bits, raw, scaled)
        for record, elements in zip(records, lists, strict=True):
            record[group.name] = elements
    return records


def group_lists(
    group: Group, packed, first, n_bits, raw, scaled: bool
) -> list[list[dict]]:
    """Elements of a group for each message, as dicts."""
    places = element_rows(group, raw, n_bits)
    made: list[dict] = [{} for _ in range(places[0].size)]
    for rows, fields, columns in element_columns(group, packed, first, n_bits, places):
        for row, one in zip(
            rows.tolist(), _dicts(fields, columns, scaled), strict=True
        ):
            made[row] = one
    lists: list[list[dict]] = [[] for _ in range(n_bits.size)]
    for message, one in zip(places[0].tolist(), made, strict=True):
        lists[message].append(one)
    return lists


def _headers(faults: dict[int, str], packed, first, n_bits):
    """What can be said of messages that cannot be decoded: (place, record)."""
    rows = np.array(sorted(faults), np.int64)
    fields = layouts()[1, 0, 0].fields[:3]
    raw = raw_columns(fields, packed, first[rows], n_bits[rows])
    for row, record in zip(rows.tolist(), _dicts(fields, raw, True), strict=True):
        yield row, {**record, "fault": faults[row]}
