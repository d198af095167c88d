"""Search every byte that was exported for identities, in every form they may take.

Files are read raw, unpacked (gzip, zlib and zstd streams wherever one begins, zip
members, base64 in pages) and through the library of their format, so that filters such
as shuffling hide nothing. Numbers are sought as text and as little- and big-endian
int32, int64 and float64; texts in the encodings and escapes that files use.
"""

from __future__ import annotations

import base64
import html
import io
import json
import re
import struct
import urllib.parse
import zipfile
import zlib
from pathlib import Path

import numpy as np

_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_BASE64 = re.compile(rb"base64,([A-Za-z0-9+/=\s]{32,})")
_REPEATED = re.compile(rb"(.{8})\1{8,}", re.DOTALL)
_MOST = 64 << 20


def leaks(place, identities) -> list[str]:
    """What was found below a file or folder: ``file: form: identity``, sorted."""
    found = set()
    place = Path(place)
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    root = place.parent if place.is_file() else place
    for path in files:
        name = str(path.relative_to(root))
        found |= {f"{name}: name: {i}" for i in found_in(name.encode(), identities)}
        if path.is_file():
            found |= {f"{name}: {hit}" for hit in of_file(path, identities)}
    for folder in {p for p in [place, *files] if p.is_dir()}:
        found |= {f"{folder.name}: {hit}" for hit in _of_zarr(folder, identities)}
    return sorted(found)


def of_file(path: Path, identities) -> set[str]:
    content = path.read_bytes()
    found = set()
    for form, blob in blobs(content):
        found |= {f"{form}: {i}" for i in found_in(blob, identities)}
    reader = {
        ".nc": _netcdf,
        ".tif": _geotiff,
        ".parquet": _parquet,
        ".json": _json,
    }.get(path.suffix)
    for form, blob in reader(path) if reader else ():
        found |= {f"{form}: {i}" for i in found_in(blob, identities)}
    return found


def blobs(content: bytes, depth: int = 0):
    """The bytes themselves and everything that is packed in them."""
    yield "raw" if depth == 0 else f"unpacked {depth}", content
    if depth > 3:
        return
    for unpacked in _unpacked(content):
        yield from blobs(unpacked, depth + 1)


def _unpacked(content: bytes):
    for match in _ZLIB.finditer(content):
        yield from _inflated(content[match.start() :], zlib.MAX_WBITS)
    for match in re.finditer(rb"\x1f\x8b\x08", content):
        yield from _inflated(content[match.start() :], 16 + zlib.MAX_WBITS)
    for match in re.finditer(rb"\x28\xb5\x2f\xfd", content):
        yield from _zstd(content[match.start() :])
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)
    for match in _BASE64.finditer(content):
        yield base64.b64decode(re.sub(rb"\s", b"", match[1]), validate=False)


def _inflated(content: bytes, bits: int):
    unpacker = zlib.decompressobj(bits)
    out = b""
    try:
        out = unpacker.decompress(content, _MOST)
    except zlib.error:
        return
    if len(out) > 16:
        yield out


def _zstd(content: bytes):
    import zstandard

    try:
        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content))
        yield reader.read(_MOST)
    except zstandard.ZstdError:
        return


def _netcdf(path: Path):
    import netCDF4

    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        yield "attributes", _texts({k: file.getncattr(k) for k in file.ncattrs()})
        for name, variable in file.variables.items():
            attrs = {k: variable.getncattr(k) for k in variable.ncattrs()}
            yield f"attributes of {name}", _texts(attrs | {"name": name})
            yield f"values of {name}", _bytes_of(variable[...])


def _geotiff(path: Path):
    import rasterio

    with rasterio.open(path) as file:
        tags = [file.tags(), *(file.tags(k) for k in file.indexes), file.descriptions]
        yield "tags", _texts(tags)
        for k in file.indexes:
            yield f"band {k}", _bytes_of(file.read(k))


def _parquet(path: Path):
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    yield (
        "metadata",
        b"\n".join(
            part for pair in (table.schema.metadata or {}).items() for part in pair
        ),
    )
    for name in table.column_names:
        column = table[name]
        yield f"texts of {name}", _texts([name, column.to_pylist()])
        if str(column.type).startswith(("int", "uint", "float", "double")):
            yield f"values of {name}", _bytes_of(column.to_numpy())


def _json(path: Path):
    yield "json", _texts(json.loads(path.read_text("utf-8")))


def _of_zarr(folder: Path, identities) -> set[str]:
    if not (folder / "zarr.json").is_file():
        return set()
    import zarr

    found = set()
    opened = zarr.open(folder, mode="r")
    if isinstance(opened, zarr.Array):
        blob = _bytes_of(opened[...])
        found |= {f"values: {i}" for i in found_in(blob, identities)}
    attrs = _texts(dict(opened.attrs))
    return found | {f"attributes: {i}" for i in found_in(attrs, identities)}


def _texts(value) -> bytes:
    """All text of a nested value, without escapes."""
    if isinstance(value, dict):
        return b"\n".join(_texts(each) for pair in value.items() for each in pair)
    if isinstance(value, list | tuple):
        return b"\n".join(_texts(each) for each in value)
    if isinstance(value, bytes):
        return value
    text = str(value)
    if text[:1] in "{[" and len(text) > 2:
        try:
            return text.encode() + b"\n" + _texts(json.loads(text))
        except ValueError:
            pass
    return text.encode("utf-8", "replace")


def _bytes_of(values) -> bytes:
    values = np.ma.getdata(values)
    if values.dtype.kind in "OUT":
        return _texts([str(v) for v in values.ravel().tolist()])
    text = b"" if values.size > 100_000 else _texts(values.ravel().tolist())
    return values.tobytes() + text


def found_in(blob: bytes, identities) -> set:
    """Identities that stand in some bytes. Long repetitions are shortened first."""
    blob = _REPEATED.sub(rb"\1\1\1", blob)
    lowered = _lowered(blob)
    found = {i for i in identities if any(n in lowered for n in _needles(i))}
    numbers = [i for i in identities if isinstance(i, int)]
    found |= {i for i in numbers if any(n in blob for n in _wide(i))}
    # Four bytes meet by chance once in a few hundred files; two vessels' never do.
    narrow = {i for i in numbers if any(n in blob for n in _narrow(i))}
    return found | (narrow if len(narrow) > 1 else set())


def _lowered(blob: bytes) -> bytes:
    if b"&#" in blob or b"&amp;" in blob or b"%" in blob:
        text = blob.decode("utf-8", "surrogateescape")
        more = html.unescape(text) + "\n" + urllib.parse.unquote(text)
        blob = blob + b"\n" + more.encode("utf-8", "surrogateescape")
    return blob.lower()


def _needles(identity) -> set[bytes]:
    if isinstance(identity, int):
        return {str(identity).encode(), f"{identity:,}".encode()}
    words = re.findall(r"[^\W_]+", identity.lower())
    forms = {identity.lower(), *(sign.join(words) for sign in (" ", "", "_", "-", "."))}
    out = set()
    for form in forms:
        out |= {form.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")}
        out.add(json.dumps(form)[1:-1].encode())
        if not form.isascii():
            out.add(form.encode("gb18030").lower())
    return out


def _wide(identity: int) -> list[bytes]:
    kinds = ("<q", ">q", "<d", ">d")
    return [struct.pack(kind, identity) for kind in kinds]


def _narrow(identity: int) -> list[bytes]:
    return [struct.pack(kind, identity) for kind in ("<i", ">i")]
