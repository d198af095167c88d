"""Parts of messages joined, and times of time lines handed on, block after block.

Parts belong together that have the same sequence number, channel and number of parts,
and the same station or group of tag blocks where both tell one; they may come in any
order and between others. A part waits for at most ``PATIENCE`` sentences and
``MOST_OPEN`` other parts (:mod:`oceankernels.nmeastate`); parts whose times are more
than a minute apart are not one message. A part that comes twice with the same payload
is passed over; with another payload it begins a new message. Numbers count from 1, or
from 0 as some equipment does.

All of it follows the order of the sentences alone, so cutting a file into other blocks
changes nothing.
"""

from __future__ import annotations

from oceankernels.jit import jit
from oceankernels.nmeaspec import (
    BAD_TIME_LINE,
    BODY,
    CODE,
    FILL,
    FIRST,
    FLAGS,
    FROM_LINE,
    GROUPED,
    JOINED,
    JOINT,
    KEY,
    LINE,
    MESSAGE,
    N_COLUMNS,
    NO_TIME,
    PART,
    PARTS,
    REPEATED,
    SIZE,
    START,
    STATION,
    STOP,
    TIME,
    TIME_LINE,
    TOO_LONG,
)
from oceankernels.nmeastate import (
    BORN,
    ID,
    LINE_AGE,
    LINE_TIME,
    LOST_FIRST,
    LOST_LINE,
    LOST_START,
    LOST_STOP,
    MOST_OPEN,
    N_GROUPS,
    NUMBER,
    OPEN,
    PATIENCE,
    RAW_SIZE,
    SENTENCES,
    SLOT,
)
from oceankernels.textscan import pointer

_APART = 60_000_000


@jit(borrow=True)
def join(buf, table, base, waiting, out):
    """Join the parts among the records of a block; changes ``table`` in place.

    buf, table : as :func:`oceankernels.nmealines.scan` left them, the table cut to its
    records. base : (bytes, lines) of the file before the block. waiting, out : see
    their classes. Every record gets its FIRST; LINE stays counted from the block's
    first line, and is negative for a message that began in an earlier block.
    """
    b = pointer(buf)
    rows = pointer(table)
    count = waiting.counters
    for i in range(table.shape[0]):
        at = i * N_COLUMNS
        rows[at + FIRST] = base[0] + rows[at + START]
        code = rows[at + CODE]
        if code == MESSAGE or code == PART:  # noqa: SIM109
            count[SENTENCES] += 1
            if rows[at + FLAGS] & GROUPED:
                _share_time(rows, at, waiting)
            has_line = count[LINE_TIME] != NO_TIME and count[LINE_AGE] < PATIENCE
            if has_line and rows[at + TIME] == NO_TIME:
                rows[at + TIME] = count[LINE_TIME]
                rows[at + FLAGS] |= FROM_LINE
            count[LINE_AGE] += 1
            if count[OPEN] > 0:
                _expire(waiting, out)
            if code == PART:
                _place(b, rows, at, base[1], waiting, out)
        elif code == TIME_LINE or code == BAD_TIME_LINE:  # noqa: SIM109
            count[LINE_TIME] = rows[at + TIME]
            count[LINE_AGE] = 0


@jit(borrow=True)
def _share_time(rows, at, waiting):
    """A group of tag blocks has one time, which its first sentence tells."""
    key, now = rows[at + STATION], waiting.counters[SENTENCES]
    place = key & (N_GROUPS - 1)
    groups = waiting.groups
    if rows[at + TIME] != NO_TIME:
        groups[place, 0], groups[place, 1] = key, rows[at + TIME]
        groups[place, 2] = now
    elif groups[place, 0] == key and now - groups[place, 2] <= PATIENCE:
        rows[at + TIME] = groups[place, 1]


@jit(borrow=True)
def tally(table, codes, flags):
    """Count joined records by code, and messages by flags; adds to both arrays.

    codes (JOINED + 1,), of reasons nothing is counted; flags (JOINT,). Returns how
    many parts messages had beyond their first.
    """
    rows = pointer(table)
    further = 0
    for i in range(table.shape[0]):
        code, told = rows[i * N_COLUMNS + CODE], rows[i * N_COLUMNS + FLAGS]
        if code <= JOINED:
            codes[code] += 1
        if code == MESSAGE or code == JOINED:  # noqa: SIM109
            flags[told & (JOINT - 1)] += 1
            further += told // JOINT
    return further


@jit(borrow=True)
def give_up(waiting, out):
    """Nothing follows: all parts that wait are lost."""
    while waiting.counters[OPEN] > 0:
        _abandon(waiting.held[waiting.order[0], ID], waiting, out)


@jit(borrow=True)
def waits_before(waiting, stop):
    """Whether a message that began before byte ``stop`` of the file is still open."""
    for j in range(waiting.counters[OPEN]):
        if waiting.held[waiting.order[j], FIRST] < stop:
            return True
    return False


@jit(borrow=True, inline=True)
def _expire(waiting, out):
    oldest = waiting.held[waiting.order[0], BORN]
    while waiting.counters[OPEN] > 0 and (
        waiting.counters[SENTENCES] - oldest > PATIENCE
    ):
        _abandon(waiting.held[waiting.order[0], ID], waiting, out)
        oldest = waiting.held[waiting.order[0], BORN]


@jit(borrow=True)
def _place(b, rows, at, base_line, waiting, out):
    """Take the part at ``rows[at:]``: keep it, finish its message, or refuse it."""
    if rows[at + STOP] - rows[at + START] > SLOT:
        rows[at + CODE] = TOO_LONG
        return
    number, total = rows[at + PARTS] & 0xFFFF, rows[at + PARTS] >> 16
    message = _message_of(rows, at, waiting)
    mask = 0
    fresh = False
    for j in range(waiting.counters[OPEN] if message else 0):
        slot = waiting.order[j]
        if waiting.held[slot, ID] != message:
            continue
        mask |= 1 << waiting.held[slot, NUMBER]
        other = waiting.held[slot, TIME]
        known = rows[at + TIME] != NO_TIME and other != NO_TIME
        apart = known and abs(rows[at + TIME] - other) > _APART
        if waiting.held[slot, NUMBER] == number and not apart:
            if _same(b, rows, at, waiting, slot):
                rows[at + CODE] = REPEATED
                return
            fresh = True
        fresh |= apart
    if fresh:
        _abandon(message, waiting, out)
        mask = message = 0
    mask |= 1 << number
    full = (1 << total) - 1
    if mask == full << 1 or mask == full:  # from 1, or from 0
        _finish(b, rows, at, base_line, message, waiting, out)
    else:
        _keep(b, rows, at, base_line, message, waiting, out)


@jit(borrow=True)
def _message_of(rows, at, waiting):
    """ID of the open message a part may belong to, the newest of the likeliest; or 0.

    A message of the same station comes before one where either tells none.
    """
    station = rows[at + STATION]
    found = 0
    for j in range(waiting.counters[OPEN] - 1, -1, -1):
        slot = waiting.order[j]
        if waiting.held[slot, KEY] != rows[at + KEY]:
            continue
        other = waiting.held[slot, STATION]
        if other == station:
            return waiting.held[slot, ID]
        if found == 0 and (other == 0 or station == 0):
            found = waiting.held[slot, ID]
    return found


@jit(borrow=True)
def _same(b, rows, at, waiting, slot):
    """Whether a part has the payload of the one held in ``slot``."""
    size, body = rows[at + SIZE], rows[at + BODY]
    if waiting.held[slot, SIZE] != size:
        return False
    begin = waiting.held[slot, BODY]
    for k in range(size):  # noqa: SIM110
        if waiting.raw[slot, begin + k] != b[body + k]:
            return False
    return True


@jit(borrow=True)
def _keep(b, rows, at, base_line, message, waiting, out):
    """Hold the part until others come."""
    n = waiting.counters[OPEN]
    if n == MOST_OPEN:
        _abandon(waiting.held[waiting.order[0], ID], waiting, out)
        n = waiting.counters[OPEN]
    held = waiting.held
    born, first = waiting.counters[SENTENCES], rows[at + FIRST]
    station = rows[at + STATION]
    for j in range(n):
        slot = waiting.order[j]
        if held[slot, ID] == message:
            born, first = held[slot, BORN], min(first, held[slot, FIRST])
            station = held[slot, STATION] if station == 0 else station
            held[slot, STATION] = station
    slot = waiting.order[n]
    for k in (SIZE, FILL, TIME, KEY, FLAGS):
        held[slot, k] = rows[at + k]
    held[slot, STATION] = station
    held[slot, ID] = message if message else waiting.counters[SENTENCES]
    a = rows[at + START]
    held[slot, RAW_SIZE] = rows[at + STOP] - a
    held[slot, BORN] = born
    held[slot, FIRST] = first
    held[slot, NUMBER] = rows[at + PARTS] & 0xFFFF
    held[slot, LINE] = base_line + rows[at + LINE]
    held[slot, BODY] = rows[at + BODY] - a
    raw = pointer(waiting.raw)
    to = slot * SLOT
    for k in range(rows[at + STOP] - a):
        raw[to + k] = b[a + k]
    waiting.counters[OPEN] = n + 1


@jit(borrow=True)
def _append(source, a, b, out):
    """Copy ``source[a:b]`` to the end of the texts; where it begins there."""
    texts = pointer(out.texts)
    to = out.sizes[0]
    for k in range(b - a):
        texts[to + k] = source[a + k]
    out.sizes[0] = to + b - a
    return to


@jit(borrow=True)
def _slot_of(waiting, message, number):
    """The slot of a part, -1 if it is not held."""
    for j in range(waiting.counters[OPEN] - 1, -1, -1):
        slot = waiting.order[j]
        if waiting.held[slot, ID] == message and waiting.held[slot, NUMBER] == number:
            return slot
    return -1


@jit(borrow=True)
def _finish(b, rows, at, base_line, message, waiting, out):
    """Write the whole message into the row of the part that came last."""
    number, total = rows[at + PARTS] & 0xFFFF, rows[at + PARTS] >> 16
    raw, held = pointer(waiting.raw), waiting.held
    start = out.sizes[0]
    time, flags, line = NO_TIME, rows[at + FLAGS], base_line + rows[at + LINE]
    first, fill = rows[at + FIRST], rows[at + FILL]
    for k in range(total + 1):
        slot = _slot_of(waiting, message, k)
        if k == number:
            _append(b, rows[at + START], rows[at + STOP], out)
            fill = rows[at + FILL]
            time = time if time != NO_TIME else rows[at + TIME]
        elif slot >= 0:
            _append(raw, slot * SLOT, slot * SLOT + held[slot, RAW_SIZE], out)
            fill = held[slot, FILL]
            time = time if time != NO_TIME else held[slot, TIME]
            flags |= held[slot, FLAGS]
            first = min(first, held[slot, FIRST])
            line = min(line, held[slot, LINE])
        else:
            continue
        out.texts[out.sizes[0]] = 10
        out.sizes[0] += 1
    stop = out.sizes[0] - 1
    body = out.sizes[0]
    for k in range(total + 1):
        slot = _slot_of(waiting, message, k)
        if k == number:
            _append(b, rows[at + BODY], rows[at + BODY] + rows[at + SIZE], out)
        elif slot >= 0:
            a = slot * SLOT + held[slot, BODY]
            _append(raw, a, a + held[slot, SIZE], out)
    _remove(message, waiting)
    rows[at + CODE] = JOINED
    rows[at + START], rows[at + STOP] = start, stop
    rows[at + BODY], rows[at + SIZE] = body, out.sizes[0] - body
    rows[at + FILL], rows[at + TIME], rows[at + FIRST] = fill, time, first
    rows[at + LINE] = line - base_line
    rows[at + FLAGS] = flags + JOINT * (total - 1)


@jit(borrow=True)
def _abandon(message, waiting, out):
    """Give up the parts of a message and report each."""
    raw, held = pointer(waiting.raw), waiting.held
    for j in range(waiting.counters[OPEN]):
        slot = waiting.order[j]
        if held[slot, ID] != message:
            continue
        k = out.sizes[1]
        out.lost[k, LOST_LINE] = held[slot, LINE]
        out.lost[k, LOST_FIRST] = held[slot, FIRST]
        a = slot * SLOT
        start = _append(raw, a, a + held[slot, RAW_SIZE], out)
        out.lost[k, LOST_START], out.lost[k, LOST_STOP] = start, out.sizes[0]
        out.sizes[1] = k + 1
    _remove(message, waiting)


@jit(borrow=True)
def _remove(message, waiting):
    """Free the slots of a message's parts; the order of the others stays."""
    n = waiting.counters[OPEN]
    order = waiting.order
    kept = 0
    for j in range(n):
        slot = order[j]
        if waiting.held[slot, ID] != message:
            order[j] = order[kept]
            order[kept] = slot
            kept += 1
    waiting.counters[OPEN] = kept
