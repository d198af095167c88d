"""Text that is no UTF-8, turned into it on the way to the readers of tables.

UTF-16 and UTF-32 are known by their mark. GB18030 (with GBK and GB2312 in it) has no
mark: it is taken for certain only where the bytes are no UTF-8 and give words that
tables of Chinese vessels are made of. Everything else has to be named. Bytes that
cannot be decoded are marked, and their record is set aside.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import replace

from oceandata.errors import FormatError
from oceandata.readers.protocol import TrackBatch

HEAD_BYTES = 1 << 16
OPTION = (
    "encoding of the text, such as 'gb18030', 'big5' or 'utf-16-le', where its bytes "
    "do not tell it"
)
EVIDENCE = (
    *("经度", "纬度", "船名", "航速", "航向", "时间", "日期", "速度", "方向"),
    *("终端", "定位", "船号", "渔"),
)
"""Words that prove GB18030; in Korean, Japanese or Latin text they do not come up."""

_GB = {"gb18030", "gbk", "gb2312", "cp936", "euc_cn", "936", "ms936"}
_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"))
_MARKS += ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_UTF8_MARK = b"\xef\xbb\xbf"
_BROKEN = "\0\ufffd"
_CHUNK = 1 << 18
_SURE_OF_UTF8 = 8

Read = Callable[[memoryview], int]


def _mark_broken(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _BROKEN, error.end


codecs.register_error("oceandata.mark", _mark_broken)


def named(encoding: str) -> str:
    """The codec of a name; the Chinese ones are all read as GB18030.

    >>> named("GBK"), named("UTF-8"), named("Big5")
    ('gb18030', 'utf-8', 'big5')
    """
    try:
        found = codecs.lookup(str(encoding).strip())
        "".encode(found.name)  # refuses codecs that are no text encodings
    except (LookupError, ValueError):
        raise FormatError(
            f"encoding={encoding!r} is no text encoding known here; pass one such as "
            "'gb18030', 'utf-8', 'utf-16-le' or 'big5'"
        ) from None
    plain = found.name.replace("-", "_")
    if plain in _GB:
        return "gb18030"
    return "utf-8" if plain in ("utf_8", "utf_8_sig", "ascii") else found.name


def find(head: bytes, encoding: str | None = None, *, where: str = "text") -> str:
    """The encoding that text has to be turned into UTF-8 from; "" if it need not.

    ``head`` are the first bytes (64 KiB tell enough); ``encoding`` is what the caller
    says, None where he does not. FormatError where the two exclude each other.
    """
    mark = next((name for start, name in _MARKS if head.startswith(start)), "")
    mark = "utf-8" if head.startswith(_UTF8_MARK) else mark
    if encoding is None:
        return {"": _from_content(head), "utf-8": ""}.get(mark, mark)
    wanted = named(encoding)
    if mark and not wanted.startswith(mark):
        raise FormatError(
            f"{where}: encoding={encoding!r}, but the text begins with the mark of "
            f"{mark.upper()}. Leave the encoding out"
        )
    if wanted == "utf-8":
        return ""
    if not mark and _is_long_utf8(head):
        raise FormatError(
            f"{where}: encoding={encoding!r}, but the text is UTF-8. Leave the "
            "encoding out"
        )
    if not mark and wanted in ("utf-16", "utf-32"):
        raise FormatError(
            f"{where}: encoding={encoding!r}, but the text has no mark that tells the "
            f"order of its bytes; pass '{wanted}-le' or '{wanted}-be'"
        )
    return mark or wanted


def _from_content(head: bytes) -> str:
    if head.isascii() or decodes(head, "utf-8"):
        return ""
    return "gb18030" if proves_gb18030(head) else ""


def decodes(data: bytes, encoding: str) -> bool:
    """Whether bytes, which may be cut at their end, are text in an encoding."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def proves_gb18030(data: bytes) -> bool:
    """Whether bytes can only be GB18030: they give words known from such tables.

    Without a fault one word is enough; with damaged bytes it takes three.
    """
    if b"\0" in data:
        return False
    text = codecs.getincrementaldecoder("gb18030")("oceandata.mark").decode(data)
    words = sum(word in text for word in EVIDENCE)
    return words >= (3 if _BROKEN in text else 1)


def _is_long_utf8(head: bytes) -> bool:
    if b"\0" in head or not decodes(head, "utf-8"):
        return False
    return sum(byte >= 0xC0 for byte in head) >= _SURE_OF_UTF8


class Text:
    """A stream of bytes as UTF-8; ``encoding`` is what it was ("" if it was that).

    ``encoding`` is known once the first bytes were read.
    """

    def __init__(self, source: Read, *, encoding: str | None = None, where: str = ""):
        self._source, self._named, self._where = source, encoding, where
        self._decoder: codecs.IncrementalDecoder | None = None
        self._out = memoryview(b"")
        self._begun = self._ended = False
        self._cut: Exception | None = None
        self.encoding = ""

    def read(self, view: memoryview) -> int:
        """Fill ``view``; the count of bytes, 0 at the end."""
        if not self._begun:
            self._begin()
        if self._cut is not None and not self._out:
            raise self._cut
        if self._decoder is None and not self._out:
            return self._source(view)
        while not self._out and not self._ended:
            self._decode_more()
        n = min(len(view), len(self._out))
        view[:n] = self._out[:n]
        self._out = self._out[n:]
        return n

    def _begin(self) -> None:
        self._begun = True
        head = bytearray(HEAD_BYTES)
        n = 0
        while n < len(head):
            try:
                got = self._source(memoryview(head)[n:])
            except Exception as error:  # told once the bytes before it are read
                if not n:
                    raise
                self._cut = error
                break
            if not got:
                break
            n += got
        data = bytes(head[:n])
        self.encoding = find(data, self._named, where=self._where)
        if not self.encoding:
            self._out = memoryview(data)
            return
        self._decoder = codecs.getincrementaldecoder(self.encoding)("oceandata.mark")
        self._out = memoryview(self._decoded(data))

    def _decode_more(self) -> None:
        chunk = bytearray(_CHUNK)
        n = self._source(memoryview(chunk))
        self._ended = n == 0
        self._out = memoryview(self._decoded(bytes(chunk[:n]), final=self._ended))

    def _decoded(self, data: bytes, *, final: bool = False) -> bytes:
        try:
            return self._decoder.decode(data, final).encode("utf-8", "replace")
        except UnicodeError as error:
            raise FormatError(
                f"{self._where}: the text cannot be read as {self.encoding}: {error}"
            ) from None


def mend(batch: TrackBatch, encoding: str) -> TrackBatch:
    """Name the encoding in the reason of records with bytes that are no such text."""
    broken = _BROKEN.encode()
    if not any(broken in raw for raw in batch.rejected.raw):
        return batch
    old = batch.rejected
    reason = [
        f"bytes that are no {encoding} text" if broken in raw else why
        for why, raw in zip(old.reason, old.raw, strict=True)
    ]
    raw = [raw.replace(broken, "\ufffd".encode()) for raw in old.raw]
    return replace(batch, rejected=replace(old, reason=reason, raw=raw))
