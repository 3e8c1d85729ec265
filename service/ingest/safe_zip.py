"""Zip containers read in memory: sizes are counted while unpacking, never believed."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

from service.errors import DamagedInput, EncryptedInput, TooLarge
from service.settings import Limits

_CHUNK: Final = 1 << 16
_ENTRY_MARK: Final = b"PK\x01\x02"
_ENCRYPTED: Final = 0x1


class SafeZip:
    """A zip container whose unpacked parts together stay below the limit."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.max_unpacked_bytes
        # The directory is counted before zipfile builds an object for each of its entries.
        if data.count(_ENTRY_MARK) > limits.max_zip_entries:
            raise TooLarge(f"压缩容器中的部件超过 {limits.max_zip_entries} 个，请重新另存文件后重试")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
            raise DamagedInput("文件不完整或已损坏，请用 Word、Excel 或 WPS 打开后重新另存再试") from error
        if sum(info.file_size for info in infos) > self._left:
            raise self._too_large()
        if any(info.flag_bits & _ENCRYPTED for info in infos):
            raise EncryptedInput("文件设有密码，请去除密码后重试")
        # Writers differ in case and slashes; part names are compared without them.
        self._infos = {_key(info.filename): info for info in reversed(infos)}

    @property
    def names(self) -> frozenset[str]:
        """Return the part names in lower case with forward slashes."""
        return frozenset(self._infos)

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._infos

    def read(self, name: str) -> bytes:
        """Return an unpacked part. Raises DamagedInput where it is missing or broken, TooLarge past a limit."""
        info = self._infos.get(_key(name))
        if info is None:
            raise DamagedInput("文件缺少必要的部件，请用 Word、Excel 或 WPS 打开后重新另存再试")
        parts: list[bytes] = []
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(_CHUNK):
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise self._too_large()
                    parts.append(chunk)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise DamagedInput("文件不完整或已损坏，请用 Word、Excel 或 WPS 打开后重新另存再试") from error
        return b"".join(parts)

    def _too_large(self) -> TooLarge:
        size = self._limits.max_unpacked_bytes // (1024 * 1024)
        return TooLarge(f"文件解压后超过 {size} MB，请删去图片或拆分成较小的文件后重试")


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
