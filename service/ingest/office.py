"""doc, wps, rtf, odt, ods and xlsb through LibreOffice in a process of its own, then the reader of the new format."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from models.records.document import SourceRef
from service.errors import DamagedInput, MissingTool, TooLarge
from service.ingest.grid import Block, GridCell, Paragraph, RawDocument, Table
from service.ingest.sniff import sniff
from service.settings import Limits

_SUFFIXES: Final = MappingProxyType(
    {
        **{"doc": "doc", "rtf": "rtf", "odt": "odt", "fodt": "fodt"},
        **{"works": "wps", "wordml": "xml", "flatopc": "xml"},
    }
)
_SHEET_SUFFIXES: Final = MappingProxyType({"ods": "ods", "fods": "fods", "xlsb": "xlsb"})
_FILTERS: Final = MappingProxyType({"docx": "docx:MS Word 2007 XML", "xlsx": "xlsx:Calc MS Excel 2007 XML"})
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""What the conversion gets of our environment. Database addresses, secrets and keys stand there too, and the program
reads files of strangers."""
_POLL_SECONDS: Final = 0.1
_PLACES: Final = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    "C:/Program Files/LibreOffice/program/soffice.exe",
)


def find_program() -> str | None:
    """Return the path of LibreOffice, or None where it is not installed."""
    for name in ("soffice", "libreoffice"):
        if (found := shutil.which(name)) is not None:
            return found
    return next((place for place in _PLACES if Path(place).is_file()), None)


def read(data: bytes, limits: Limits) -> RawDocument:
    """Convert a file and read the result. Raises MissingTool without LibreOffice."""
    kind = sniff(data, None, limits)
    program = find_program()
    if program is None:
        raise MissingTool(
            f"读取 {kind} 格式需要 LibreOffice，请安装 LibreOffice（如 apt install libreoffice），"
            "或用 Word、WPS 另存为 docx、xlsx 后重试"
        )
    target = "xlsx" if kind in _SHEET_SUFFIXES else "docx"
    suffix = _SHEET_SUFFIXES.get(kind) or _SUFFIXES.get(kind, "doc")
    converted = _convert(program, data, suffix, target, limits)
    if target == "xlsx":
        from service.ingest.xlsx import read as read_converted
    else:
        from service.ingest.word import read as read_converted
    return _renamed(read_converted(converted, limits), kind)


def _convert(program: str, data: bytes, suffix: str, target: str, limits: Limits) -> bytes:
    with tempfile.TemporaryDirectory(prefix="biaochi-", ignore_cleanup_errors=True) as folder:
        base = Path(folder)
        # The file gets a name of ours: names of strangers never reach a command line.
        source = base / f"input.{suffix}"
        source.write_bytes(data)
        out = base / "out"
        out.mkdir()
        command = [
            program,
            f"-env:UserInstallation={(base / 'profile').as_uri()}",
            "--headless",
            "--norestore",
            "--nolockcheck",
            "--nodefault",
            "--convert-to",
            _FILTERS[target],
            "--outdir",
            str(out),
            str(source),
        ]
        _run(command, base, out, limits)
        results = sorted(out.glob(f"*.{target}"))
        if not results:
            raise DamagedInput("LibreOffice 无法打开文件，文件可能已损坏或设有密码，请用原软件另存后重试")
        if results[0].stat().st_size > limits.max_unpacked_bytes:
            raise TooLarge("文件转换后过大，请拆分成较小的文件后重试")
        return results[0].read_bytes()


def _run(command: list[str], home: Path, out: Path, limits: Limits) -> None:
    """Run the conversion within its time and size; the whole process group ends with it."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home,
            env=_environment(home),
            start_new_session=True,
        )
    except OSError as error:
        raise MissingTool(
            "LibreOffice 无法启动，请重新安装 LibreOffice，或另存为 docx、xlsx 后重试"
        ) from error
    try:
        waited = 0.0
        while True:
            try:
                process.wait(timeout=_POLL_SECONDS)
                return
            except subprocess.TimeoutExpired:
                waited += _POLL_SECONDS
            if waited > limits.convert_seconds:
                raise TooLarge(
                    f"LibreOffice 转换超过 {limits.convert_seconds} 秒，请用 Word、WPS 另存为 docx、xlsx 后重试"
                )
            if sum(item.stat().st_size for item in out.iterdir()) > limits.max_unpacked_bytes:
                raise TooLarge("文件转换后过大，请拆分成较小的文件后重试")
    finally:
        _end(process)


def _environment(home: Path) -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed | dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), str(home))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process group: soffice is a script that starts the real program as its child."""
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    process.wait()


def _renamed(document: RawDocument, kind: str) -> RawDocument:
    """Return the document under the format it was filed in."""

    def place(source: SourceRef | None) -> SourceRef | None:
        return None if source is None else replace(source, kind=kind)

    def block(item: Block) -> Block:
        if isinstance(item, Paragraph):
            return replace(item, source=place(item.source))
        cells: tuple[GridCell, ...] = tuple(replace(cell, source=place(cell.source)) for cell in item.cells)
        return Table(cells, item.n_rows, item.n_cols, item.part)

    problems = tuple(replace(problem, source=place(problem.source)) for problem in document.problems)
    return RawDocument(kind, tuple(block(item) for item in document.blocks), problems)
