"""The one door for files: sniff by content, hand over to the reader, turn every failure into one line.

A new format is one module with `read(data, limits)` in this folder and one line in the table below.
"""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import Final, Protocol, cast

from service.errors import BiaochiError, DamagedInput, UnsupportedFormat
from service.ingest.grid import RawDocument
from service.settings import Limits

_READERS: Final = MappingProxyType(
    {
        "txt": "txt",
        "csv": "csvfile",
        "docx": "word",
        "xlsx": "xlsx",
        "xls": "xls",
        "xml2003": "xml2003",
        "html": "html",
        "mhtml": "mhtml",
        "pdf": "pdf",
        "doc": "msdoc",
        **dict.fromkeys(
            ("rtf", "odt", "ods", "fodt", "fods", "xlsb", "works", "wordml", "flatopc"), "office"
        ),
    }
)
"""Format → module of this folder, imported only when a file of the format comes."""


class _Reader(Protocol):
    def read(self, data: bytes, limits: Limits) -> RawDocument: ...


def formats() -> tuple[str, ...]:
    """Return the formats that can be read."""
    return tuple(sorted(_READERS))


def read_bytes(data: bytes, *, name: str | None, limits: Limits) -> RawDocument:
    """Return the paragraphs and tables of a file.

    `name` is used for messages and decides between csv and txt, nothing else. Raises an InputError; whatever
    a library raises on a broken file comes out as DamagedInput.
    """
    from service.ingest.sniff import sniff

    where = f"{name}：" if name else ""
    try:
        kind = sniff(data, name, limits)
        if kind == "json":
            raise UnsupportedFormat("文件是 JSON，请用 biaochi check - 从标准输入读取")
        return _reader(kind).read(data, limits)
    except ImportError:
        # A broken installation is not the file's fault.
        raise
    except BiaochiError as error:
        raise type(error)(where + error.message) from error
    except (MemoryError, RecursionError) as error:
        raise DamagedInput(f"{where}文件结构过于复杂，无法读取，请重新另存后再试") from error
    except Exception as error:
        raise _damaged(where) from error
    except BaseException as error:
        # A panic inside a Rust extension is no Exception; interrupts and exits go through untouched.
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(where) from error


def _reader(kind: str) -> _Reader:
    return cast(_Reader, importlib.import_module(f"service.ingest.{_READERS[kind]}"))


def _damaged(where: str) -> DamagedInput:
    return DamagedInput(f"{where}文件不完整或已损坏，请用原软件打开后重新另存再试")
