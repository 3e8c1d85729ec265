"""The one door for files: sniff by content, hand over to the reader, turn every failure into one line.

A new format is one module with `read(data, limits)` in this folder and one line in the table below.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import MappingProxyType
from typing import Final, Protocol, TypeVar, cast

from service.errors import BiaochiError, DamagedInput, UnsupportedFormat
from service.ingest.grid import RawDocument
from service.settings import Limits

T = TypeVar("T")

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


def sniff_bytes(data: bytes, *, name: str | None, limits: Limits) -> str:
    """Return the format of a file by its content. Raises an InputError."""
    from service.ingest.sniff import sniff

    return _guarded(name, lambda: sniff(data, name, limits))


def read_bytes(data: bytes, *, name: str | None, limits: Limits, kind: str | None = None) -> RawDocument:
    """Return the paragraphs and tables of a file; `kind` is its format where `sniff_bytes` has told it already.

    `name` is used for messages and decides between csv and txt, nothing else. Raises an InputError; whatever
    a library raises on a broken file comes out as DamagedInput.
    """
    known = kind or sniff_bytes(data, name=name, limits=limits)

    def read() -> RawDocument:
        if known == "json":
            raise UnsupportedFormat("文件是 JSON，请用 biaochi check - 从标准输入读取")
        return _reader(known).read(data, limits)

    return _guarded(name, read)


def _guarded(name: str | None, action: Callable[[], T]) -> T:
    """Run `action`; whatever goes wrong with the file comes out as one InputError."""
    where = f"{name}：" if name else ""
    try:
        return action()
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
