"""AIS fields in plain Python: a message is a string of 0 and 1, a field a piece of it.

Slow and obvious; the kernels must agree with it on every message and every field.
"""

from __future__ import annotations

import numpy as np

SIXBIT = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?"
MISSING = -(2**63)


def payload_bits(payload: str, fill: int) -> str:
    """The bits of an armoured payload without the fill bits at its end."""
    out = ""
    for letter in payload:
        code = ord(letter) - 48
        out += format(code - 8 if code > 40 else code, "06b")
    return out[: len(out) - fill]


def checksum(text: str) -> str:
    """Two hex digits."""
    value = 0
    for letter in text:
        value ^= ord(letter)
    return f"{value:02X}"


def checksum_holds(sentence: str) -> bool:
    body, _, digits = sentence[1:].partition("*")
    return digits[:2].upper() == checksum(body)


def messages(lines) -> list[str]:
    """Bits of each message of a file, at the place of its last sentence.

    Parts belong together by their channel and number; they come in order.
    """
    waiting: dict[tuple, list[str]] = {}
    out = []
    for line in lines:
        line = line.strip()
        if not line.startswith(("!AIVDM", "!AIVDO")) or not checksum_holds(line):
            continue
        _, total, part, name, channel, payload, end = line.split(",")[:7]
        bits = payload_bits(payload, int(end[0]))
        if total == "1":
            out.append(bits)
            continue
        key = (total, name, channel)
        if part == "1":
            waiting[key] = [bits]
        elif len(waiting.get(key, [])) == int(part) - 1:
            waiting[key].append(bits)
            if part == total:
                out.append("".join(waiting.pop(key)))
    return out


def pack(several: list[str]):
    """The input of the decoder: (packed, start, n_bits)."""
    start, chunks, at = [], [], 0
    for bits in several:
        start.append(at)
        whole = bits + "0" * (-len(bits) % 8)
        chunk = bytes(int(whole[k : k + 8], 2) for k in range(0, len(whole), 8))
        chunks.append(chunk)
        at += len(chunk)
    packed = np.frombuffer(b"".join(chunks), np.uint8)
    return packed, np.array(start, np.int64), np.array([len(b) for b in several])


def number(bits: str, offset: int, width: int, signed: bool, pad: bool) -> int:
    """One number, or MISSING."""
    piece = bits[offset : offset + width]
    if len(piece) < width:
        if not pad:
            return MISSING
        piece += "0" * (width - len(piece))
    value = int(piece, 2)
    return value - 2**width if signed and piece[0] == "1" else value


def text(bits: str, offset: int, count: int) -> str:
    """Six-bit text up to ``@`` or the end, without the blanks after it."""
    out = ""
    for k in range(count):
        piece = bits[offset + 6 * k : offset + 6 * k + 6]
        if len(piece) < 6 or piece == "000000":
            break
        out += SIXBIT[int(piece, 2)]
    return out.rstrip(" ")


def hexed(bits: str, offset: int, count: int) -> str:
    """Bits as hex digits, the last byte filled with zeros."""
    piece = bits[offset : offset + count]
    piece += "0" * (-len(piece) % 8)
    return "".join(
        format(int(piece[k : k + 4], 2), "x") for k in range(0, len(piece), 4)
    )


def field(f, bits: str):
    """The raw value of a field that stands at a fixed place."""
    if f.kind in "uib":
        return number(bits, f.offset, f.width, f.signed, False)
    if f.kind == "t":
        count = (f.width or max(0, len(bits) - f.offset)) // 6
        return text(bits, f.offset, count)
    count = max(0, len(bits) - f.offset)
    return hexed(bits, f.offset, min(count, f.width) if f.width else count)


def scaled(f, raw: int) -> float | int:
    """A number in its unit; NaN or -1 where there is none."""
    gone = raw == MISSING or any(low <= raw <= high for low, high in f.missing)
    if not f.is_quantity:
        return -1 if gone else raw
    if gone:
        return float("nan")
    if f.special == "turn":
        rate = 10.0 if abs(raw) == 127 else raw / 4.733 * (raw / 4.733)
        return -rate if raw < 0 else rate
    if f.special == "square":
        return raw * raw * f.factor
    if f.special:
        bits = format(raw, "b").zfill(f.width)
        minus = {"low+": "0", "low-": "1"}[f.special]
        amount = int(bits[:-1], 2) / f.divisor
        return -amount if bits[-1] == minus else amount
    return (raw + f.add) / f.divisor * f.factor


def key_of(bits: str, layouts) -> tuple | None:
    """The key of a message's layout, or None if it is in no form that exists."""

    def at(offset, width):
        return number(bits, offset, width, False, True)

    kind = at(0, 6)
    key = (kind, 0, 0)
    if kind == 16:
        key = (16, int(len(bits) >= 144), 0)
    elif kind == 22:
        key = (22, at(139, 1), 0)
    elif kind == 24:
        part = at(38, 2)
        if part > 1:
            return None
        key = (
            24,
            2 if part == 1 and 980_000_000 <= at(8, 30) < 990_000_000 else part,
            0,
        )
    elif kind in (25, 26):
        key = (kind, at(38, 1), at(39, 1))
    elif kind in (6, 8):
        base = 72 if kind == 6 else 40
        key = (kind, at(base, 10), at(base + 10, 6))
        if key == (8, 1, 21) and at(56, 1):
            key = (8, 1, 85)
        layout = layouts.get(key)
        if layout is None or not layout.least <= len(bits) <= layout.most:
            key = (kind, -1, -1)
    layout = layouts.get(key)
    if layout is None or not layout.least <= len(bits) <= layout.most:
        return None
    return key


def elements(group, bits: str, raw: dict) -> list[dict]:
    """Raw values of the elements of a group, each with its fields."""
    room = max(0, len(bits) - group.at) // group.size
    count = min(room, group.most, raw[group.counted] if group.counted else room)
    out = []
    for k in range(count):
        piece = bits[group.at + k * group.size :][: group.size]
        fields = group.fields
        if group.by:
            by = next(f for f in fields if f.name == group.by)
            fields = fields + group.choices.get(field(by, piece), ())
        out.append({f.name: (f, field(f, piece)) for f in fields})
    return out


def record(bits: str, layouts) -> dict | None:
    """Raw values of a message by name, groups as lists; None if it has no form."""
    key = key_of(bits, layouts)
    if key is None:
        return None
    layout = layouts[key]
    out = {}
    for f in layout.fields:
        if f.offset < 0:
            out[f.name] = (f, int(bits[f.offset :], 2))
        elif f.kind == "d" and layout.trailer:
            count = len(bits) - layout.trailer - f.offset
            out[f.name] = (f, hexed(bits, f.offset, count))
        else:
            out[f.name] = (f, field(f, bits))
    if "extension" in out:
        name = "".join(
            SIXBIT[int(bits[43 + 6 * k : 49 + 6 * k], 2)] for k in range(20)
        ).split("@")[0]
        _, more = out.pop("extension")
        out["name"] = (
            out["name"][0],
            (name + (more if len(name) == 20 else "")).rstrip(" "),
        )
    for group in layout.groups:
        raw = {name: value for name, (_, value) in out.items()}
        out[group.name] = elements(group, bits, raw)
    return out


def sentence(bits: str) -> str:
    """A message as one sentence, however long."""
    fill = -len(bits) % 6
    payload = ""
    for k in range(0, len(bits), 6):
        code = int((bits + "0" * fill)[k : k + 6], 2)
        payload += chr(code + 48 if code < 40 else code + 56)
    body = f"AIVDM,1,1,,A,{payload},{fill}"
    return f"!{body}*{checksum(body)}"
