"""Files as streams of UTF-8 text, with bounds on what comes out.

Plain, gz, zst and zip files are unpacked; text in another encoding is turned into
UTF-8 (:mod:`oceandata.readers.encodings`); the sheets of a workbook and the records of
a DBF file come as comma-separated lines.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from oceandata.errors import FormatError
from oceandata.readers import dbf, encodings, xlsx
from oceandata.readers.cells import CutShortError

MAX_RATIO = 200.0
FREE_BYTES = 1 << 30
"""Output below this size is never taken for a bomb."""

_MAGIC = (
    (b"\x1f\x8b", "gz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
)
_IN_BYTES = 2048  # a zstd block of 4 bytes may hold 128 KiB: at most 64 MiB at once


@dataclass(frozen=True)
class Member:
    """One stream of bytes in a file: ``read(view)`` fills it and returns the count.

    ``lines_before``: lines of the file (rows of a sheet) left out before the first;
    ``preface``: the words in them.
    """

    name: str
    read: Callable[[memoryview], int]
    lines_before: int = 0
    preface: str = ""

    @property
    def encoding(self) -> str:
        """What the text was before it became UTF-8; "" if it was that."""
        return getattr(getattr(self.read, "__self__", None), "encoding", "")


def compression(path: Path, encoding: str | None = None) -> str:
    """How a file is packed, by its first bytes: none, gz, zst, zip, xlsx, xls or dbf.

    A plain file that is not in UTF-8 is said to be packed in its encoding, such as
    ``"gb18030"``: it cannot be read in byte ranges either. ``encoding`` names it.

    Raises FormatError for what is no readable file or packed in another way.
    """
    if path.is_dir():
        raise FormatError(
            f"{path}: expected a file, found a directory. Pass its files, for instance "
            f"{str(path / '*.csv')!r}"
        )
    try:
        with path.open("rb") as file:
            magic = file.read(8)
            start = magic + file.read(encodings.HEAD_BYTES - 8)
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except PermissionError:
        raise FormatError(
            f"{path}: no permission to read it (owner {path.stat().st_uid}, mode "
            f"{path.stat().st_mode & 0o777:o})"
        ) from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror}") from error
    if not magic:
        raise FormatError(f"{path}: the file is empty (0 bytes)")
    kind = next((name for start, name in _MAGIC if magic.startswith(start)), "none")
    if magic[1:4] == b"\x2a\x4d\x18" and 0x50 <= magic[0] <= 0x5F:
        kind = "zst"  # a skippable frame comes first
    if kind in ("bz2", "xz", "7z", "rar"):
        raise FormatError(
            f"{path}: packed as {kind}; gz, zst and zip are read directly. Unpack it, "
            "or pack it again as gz or zst"
        )
    if kind == "zip" and xlsx.is_workbook(path):
        return "xlsx"
    if kind == "none" and dbf.is_dbf(start, path.stat().st_size):
        return "dbf"
    if kind == "none":
        return encodings.find(start, encoding, where=str(path)) or "none"
    return kind


@contextmanager
def open_members(
    path: Path,
    kind: str,
    *,
    start: int = 0,
    stop: int | None = None,
    max_ratio: float = MAX_RATIO,
    encoding: str | None = None,
) -> Iterator[Iterator[Member]]:
    """The streams in a file; ``start`` and ``stop`` bound a plain file's bytes."""
    guard = _Guard(path, max_ratio)
    if kind == "zip":
        with _open_zip(path) as archive:
            members = _zip_members(path, archive, guard)
            yield (_as_text(path, member, encoding) for member in members)
        return
    if kind in ("xlsx", "xls"):
        found = xlsx.sheets(path, kind, guard.check)
        yield (Member(*sheet) for sheet in found)
        return
    with path.open("rb", buffering=0) as file:
        if kind == "none":
            file.seek(start)
            size = (os.fstat(file.fileno()).st_size if stop is None else stop) - start
            open_end = stop is None
            yield iter([Member("", _Plain(file, size, open_end).read)])
        elif kind == "dbf":
            yield iter([Member("", dbf.stream(path, file, encoding))])
        elif kind in ("gz", "zst"):
            stream = _Gzip() if kind == "gz" else _Zstd(path)
            member = Member("", _Unpacked(file, stream, guard).read)
            yield iter([_as_text(path, member, encoding)])
        else:
            size = os.fstat(file.fileno()).st_size
            member = Member("", _Plain(file, size, True).read)
            yield iter([_as_text(path, member, kind)])


def _as_text(path: Path, member: Member, encoding: str | None) -> Member:
    where = f"{path}[{member.name}]" if member.name else str(path)
    text = encodings.Text(member.read, encoding=encoding, where=where)
    return replace(member, read=text.read)


class _Guard:
    """Refuses a stream that expands beyond reason."""

    def __init__(self, path: Path, max_ratio: float):
        self.path, self.max_ratio = path, max_ratio

    def check(self, packed: int, unpacked: int) -> None:
        if unpacked > FREE_BYTES and unpacked > self.max_ratio * max(packed, 1):
            raise FormatError(
                f"{self.path}: expands {unpacked / max(packed, 1):,.0f} times ("
                f"{unpacked:,} bytes from {packed:,}), more than max_ratio="
                f"{self.max_ratio:g}; this looks like a decompression bomb. Pass a "
                "larger max_ratio if the file is known to be good"
            )


class _Plain:
    def __init__(self, file, size: int, open_end: bool):
        self._file, self._left, self._open_end = file, size, open_end

    def read(self, view: memoryview) -> int:
        if not self._open_end:
            view = view[: self._left]
        got = self._file.readinto(view) if len(view) else 0
        self._left -= got
        return got


class _Unpacked:
    """Bytes out of a file through a stepwise decompressor."""

    def __init__(self, file, stream, guard: _Guard):
        self._file, self._stream, self._guard = file, stream, guard
        self._packed = self._unpacked = 0
        self._out = memoryview(b"")

    def read(self, view: memoryview) -> int:
        while not self._out:
            chunk = b""
            if self._stream.needs_input:
                chunk = self._file.read(self._stream.in_bytes)
                self._packed += len(chunk)
            if chunk or not self._stream.needs_input:
                self._out = memoryview(self._stream.step(chunk))
            else:
                self._out = memoryview(self._stream.finish())
                if not self._out:
                    return 0
            self._unpacked += len(self._out)
            self._guard.check(self._packed, self._unpacked)
        got = min(len(view), len(self._out))
        view[:got] = self._out[:got]
        self._out = self._out[got:]
        return got


class _Gzip:
    """Members of a gz file one after another; zeros at its end are passed over."""

    in_bytes = 1 << 17
    _most = 1 << 20

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)
        self._tail = b""
        self._members = 0

    @property
    def needs_input(self) -> bool:
        return not self._tail

    def step(self, chunk: bytes) -> bytes:
        data = self._tail + chunk
        if self._inner.eof:
            data = data.lstrip(b"\0") if self._members else data
            if not data:
                self._tail = b""
                return b""
            if not b"\x1f\x8b".startswith(data[:2]):
                raise CutShortError("bytes after the compressed stream are no gz")
            self._inner = zlib.decompressobj(31)
        try:
            out = self._inner.decompress(data, self._most)
        except zlib.error as error:
            raise CutShortError(f"compressed stream is damaged: {error}") from None
        self._tail = self._inner.unused_data or self._inner.unconsumed_tail
        self._members += self._inner.eof
        return out

    def finish(self) -> bytes:
        """What is still inside; CutShortError once that is told and it was no end."""
        if self._inner.eof:
            return b""
        rest = self._inner.flush()
        if not rest and not self._inner.eof:
            raise CutShortError("file ends inside a compressed stream")
        return rest


class _Zstd:
    """Frames of a zst file one after another."""

    in_bytes = _IN_BYTES

    def __init__(self, path: Path) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._new = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj
        self._inner = self._new()
        self._path, self._fed, self._tail = path, False, b""

    @property
    def needs_input(self) -> bool:
        return not self._tail

    def step(self, chunk: bytes) -> bytes:
        data = self._tail + chunk
        if self._inner.eof:
            self._inner = self._new()
        self._fed = True
        try:
            out = self._inner.decompress(data)
        except self._error as error:
            raise CutShortError(f"compressed stream is damaged: {error}") from None
        self._tail = self._inner.unused_data if self._inner.eof else b""
        if self._inner.eof:
            self._fed = False
        return out

    def finish(self) -> bytes:
        if self._fed:
            raise CutShortError("file ends inside a compressed stream")
        return b""


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise FormatError(
            f"{path}: not a whole zip archive ({error}); its table of contents, which "
            "stands at the end, is missing. Fetch the file again"
        ) from None


def _zip_members(path: Path, archive: zipfile.ZipFile, guard: _Guard):
    packed = path.stat().st_size
    for info in archive.infolist():
        if not info.is_dir():
            yield Member(info.filename, _ZipMember(archive, info, guard, packed).read)


class _ZipMember:
    def __init__(self, archive, info, guard: _Guard, packed: int):
        self._archive, self._info, self._guard = archive, info, guard
        self._packed = min(packed, max(info.compress_size, 1))
        self._unpacked = 0
        self._file = None

    def read(self, view: memoryview) -> int:
        if self._file is not None and self._file.closed:
            return 0
        try:
            if self._file is None:
                self._file = self._archive.open(self._info)
            data = self._file.read(min(len(view), 1 << 18))
        except (NotImplementedError, RuntimeError) as error:
            raise FormatError(
                f"{self._guard.path}: member {self._info.filename!r} cannot be "
                f"unpacked: {error}. Unpack it yourself and pass the files"
            ) from None
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise CutShortError(f"compressed stream is damaged: {error}") from None
        if not data:
            self._file.close()
        self._unpacked += len(data)
        self._guard.check(self._packed, self._unpacked)
        view[: len(data)] = data
        return len(data)
