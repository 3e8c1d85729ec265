"""Compound files (doc, xls, encrypted docx): directory and streams, with every chain bounded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from service.errors import DamagedInput

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER: Final = 512
_END: Final = 0xFFFFFFFA
"""Sector numbers from here on are marks (end of chain, free, table)."""
_ENTRY: Final = 128
_BROKEN: Final = "文件不完整或已损坏，请用 Word、Excel 或 WPS 打开后重新另存再试"


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    start: int
    size: int


class CompoundFile:
    """The streams of an OLE compound file. Raises DamagedInput where its tables do not hold together."""

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEADER or not data.startswith(MAGIC):
            raise DamagedInput(_BROKEN)
        self._data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise DamagedInput(_BROKEN)
        self._size = 1 << shift
        self._cutoff: int = struct.unpack_from("<I", data, 56)[0]
        self._fat = self._load_fat()
        directory = self._chain(struct.unpack_from("<I", data, 48)[0], None)
        self._entries = [
            entry
            for at in range(0, len(directory) - _ENTRY + 1, _ENTRY)
            if (entry := _entry(directory[at : at + _ENTRY])) is not None
        ]
        self._mini: bytes | None = None

    @property
    def names(self) -> frozenset[str]:
        """Return the names of streams and storages."""
        return frozenset(entry.name for entry in self._entries)

    def stream(self, name: str) -> bytes:
        """Return the bytes of a stream; a truncated one comes as far as it goes."""
        entry = next((item for item in self._entries if item.name == name and item.kind == 2), None)
        if entry is None:
            raise DamagedInput(_BROKEN)
        if entry.size >= self._cutoff:
            return self._chain(entry.start, entry.size)
        return self._mini_chain(entry)

    def _sector(self, number: int) -> bytes:
        at = (number + 1) * self._size
        return self._data[at : at + self._size]

    def _load_fat(self) -> list[int]:
        wanted: list[int] = list(struct.unpack_from("<109I", self._data, 76))
        following, count = struct.unpack_from("<II", self._data, 68)
        sectors = len(self._data) // self._size + 1
        for _ in range(min(count, sectors)):
            if following >= _END:
                break
            block = self._sector(following)
            if len(block) < self._size:
                break
            numbers = struct.unpack(f"<{self._size // 4}I", block)
            wanted += numbers[:-1]
            following = numbers[-1]
        fat: list[int] = []
        for number in wanted:
            block = self._sector(number) if number < _END else b""
            if len(block) == self._size and len(fat) < sectors + self._size:
                fat += struct.unpack(f"<{self._size // 4}I", block)
        return fat

    def _chain(self, start: int, size: int | None) -> bytes:
        parts: list[bytes] = []
        number = start
        # A chain that meets itself would never end: no chain is longer than the table.
        for _ in range(len(self._fat)):
            if number >= _END or number >= len(self._fat):
                break
            parts.append(self._sector(number))
            if size is not None and len(parts) * self._size >= size:
                break
            number = self._fat[number]
        joined = b"".join(parts)
        return joined if size is None else joined[:size]

    def _mini_chain(self, entry: _Entry) -> bytes:
        if self._mini is None:
            root = next((item for item in self._entries if item.kind == 5), None)
            if root is None:
                raise DamagedInput(_BROKEN)
            self._mini = self._chain(root.start, root.size)
        table_start = struct.unpack_from("<I", self._data, 60)[0]
        raw = self._chain(table_start, None)
        table = struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4])
        parts: list[bytes] = []
        number = entry.start
        for _ in range(len(table)):
            if number >= len(table) or len(parts) * 64 >= entry.size:
                break
            parts.append(self._mini[number * 64 : number * 64 + 64])
            number = table[number]
        return b"".join(parts)[: entry.size]


def _entry(raw: bytes) -> _Entry | None:
    length, kind = struct.unpack_from("<HB", raw, 64)
    if kind not in (1, 2, 5) or not 2 <= length <= 64:
        return None
    name = raw[: length - 2].decode("utf-16-le", errors="replace")
    start, size = struct.unpack_from("<II", raw, 116)
    return _Entry(name, kind, start, size)
