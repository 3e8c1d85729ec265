"""Text PDFs through pdfplumber: ruled tables, also over page breaks, and the paragraphs around them."""

from __future__ import annotations

import io
import logging
import re
import threading
import time
import zlib
from typing import Any, Final

from models.records.document import SourceRef
from service.errors import DamagedInput, EncryptedInput, InputError, TooLarge
from service.ingest.collect import Collector
from service.ingest.grid import RawDocument
from service.ingest.pdf_lines import Char, lines_of, read_char
from service.ingest.pdf_tables import Flow, Segment, cells_of, squeezed
from service.settings import Limits

_STREAM: Final = re.compile(rb"(?<!end)stream\r?\n")
_PICTURE: Final = re.compile(rb"/Subtype\s*/Image")
_ZLIB_STARTS: Final = (b"\x78", b"\x48", b"\x58", b"\x68")
_MAX_CONTENT: Final = 16 * 1024 * 1024
"""Drawing code of one page with all forms it calls. Dense form pages have below 1 MB."""
_FORM_COST: Final = 2048
"""What one call of a form counts even when it draws nothing: about 8,000 calls a page."""
_MAX_RECTS: Final = 20_000
"""Lines and rectangles of one page; drawings have more, tables never."""
_PAGE_NUMBER: Final = re.compile(
    r"[-—–·\s]*(?:第\s*)?\d{1,4}\s*(?:页|/\s*\d{1,4}|页\s*[,，]?\s*共\s*\d{1,4}\s*页)?[-—–·\s]*$"
)
_MARGIN: Final = 0.09
"""Share of the page height at top and bottom where page numbers and running heads stand."""


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read a PDF. Raises EncryptedInput with a password, InputError for scans, which need OCR first."""
    _check_streams(data, limits)
    losses = _Losses()
    logger = logging.getLogger("pdfminer")
    logger.addHandler(losses)
    try:
        return _read(data, limits, losses)
    finally:
        logger.removeHandler(losses)


def _read(data: bytes, limits: Limits, losses: _Losses) -> RawDocument:
    import pdfplumber
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect

    try:
        document: Any = pdfplumber.open(io.BytesIO(data))
    except Exception as error:
        causes = (error, *error.args, error.__cause__, error.__context__)
        if any(isinstance(cause, (PDFPasswordIncorrect, PDFEncryptionError)) for cause in causes):
            raise EncryptedInput("文件设有密码，请去除密码后重试") from error
        raise DamagedInput("PDF 不完整或已损坏，请重新导出后再试") from error
    with document:
        return _Reader(document, limits, losses).run()


class _Losses(logging.Handler):
    """Hears the library say that it lost data. Without a handler its warnings would go to standard error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        # Other threads may read other files at the same time.
        if record.thread == self._thread and "Data-loss" in record.getMessage():
            self.count += 1


def _check_streams(data: bytes, limits: Limits) -> None:
    """Unpack every compressed stream within the limit first: the library itself unpacks without any.

    Pictures are never unpacked by it, so they count one by one and not together.
    """
    left = limits.max_unpacked_bytes
    for match in _STREAM.finditer(data):
        picture = _PICTURE.search(data, max(match.start() - 500, 0), match.start()) is not None
        raw = memoryview(data)[match.end() :]
        # A stream may be compressed more than once; each layer can grow a thousandfold.
        for _ in range(4):
            unpacked = _unpack(raw, limits.max_unpacked_bytes if picture else left)
            if unpacked is None:
                size = limits.max_unpacked_bytes // (1024 * 1024)
                raise TooLarge(f"PDF 解压后超过 {size} MB，请删去图片或拆分成较小的文件后重试")
            left -= 0 if picture else len(unpacked)
            raw = memoryview(unpacked)


def _unpack(raw: memoryview, most: int) -> bytes | None:
    """Return the unpacked bytes, nothing where they are not compressed, None past the limit."""
    if bytes(raw[:1]) not in _ZLIB_STARTS:
        return b""
    unpacker = zlib.decompressobj()
    parts: list[bytes] = []
    # What follows the stream is copied by the library at its end: small steps first keep that copy small.
    at, step = 0, 4096
    try:
        while at < len(raw) and not unpacker.eof:
            parts.append(unpacker.decompress(raw[at : at + step], most + 1))
            most -= len(parts[-1])
            if most < 0:
                return None
            at, step = at + step, min(step * 2, 1 << 20)
    except zlib.error:
        pass
    return b"".join(parts)


class _Reader:
    """Walks over the pages and joins what page breaks tore apart."""

    def __init__(self, document: Any, limits: Limits, losses: _Losses) -> None:
        self._losses = losses
        self._document = document
        self._limits = limits
        self._out = Collector("pdf", limits)
        self._unreadable = 0
        self._chars = 0
        self._pictures: list[int] = []
        self._end = time.monotonic() + limits.convert_seconds

    def run(self) -> RawDocument:
        pages = self._document.pages
        if len(pages) > self._limits.max_pages:
            raise TooLarge(f"PDF 超过 {self._limits.max_pages} 页，请拆分成较小的文件后重试")
        heads = _Heads()
        for page in pages:
            if time.monotonic() > self._end:
                raise TooLarge(f"读取 PDF 超过 {self._limits.convert_seconds} 秒，请拆分成较小的文件后重试")
            heads.add(*self._page(page))
            page.close()
        flow = Flow(self._out, heads.texts())
        for number, height, segments, chars in heads.pages():
            flow.page(number, height, segments, chars)
        flow.end()
        if not self._chars:
            raise InputError("PDF 中没有文字（可能是扫描件），请先做文字识别（OCR）或改交 docx、xlsx 后重试")
        if self._losses.count:
            self._out.problem("truncated", "PDF 内部数据有损坏，部分内容可能未读取，请重新导出后再试")
        if self._unreadable:
            self._out.problem(
                "unread-part",
                f"PDF 中有 {self._unreadable} 个字符的字体没有编码表，未能读取，请改交 docx、xlsx 后重试",
            )
        for number in self._pictures:
            self._out.problem(
                "unread-part",
                f"第 {number} 页只有图片，未读取，请先做文字识别（OCR）后重试",
                SourceRef(kind="pdf", part=f"page {number}"),
            )
        return self._out.document()

    def _page(self, page: Any) -> tuple[int, float, list[Segment], list[Char]]:
        number: int = page.page_number
        self._draw(page)
        raw = page.chars
        chars: list[Char] = []
        for item in raw:
            text = item["text"]
            if text.startswith("(cid:"):
                self._unreadable += 1
            # Slanted text is a watermark or a stamp.
            elif item["upright"]:
                chars.append(read_char(item))
        self._chars += len(chars)
        if self._chars > self._limits.max_unpacked_bytes // 64:
            raise TooLarge("PDF 文字过多，请拆分成较小的文件后重试")
        if not raw and page.images:
            self._pictures.append(number)
        segments = []
        if len(page.lines) + len(page.rects) + len(page.curves) <= _MAX_RECTS:
            segments = cells_of(number, [table.cells for table in page.find_tables()])
        else:
            self._out.problem(
                "unread-table",
                f"第 {number} 页线条过多，未按表格读取，请改交 docx、xlsx 后重试",
                SourceRef(kind="pdf", part=f"page {number}"),
            )
        return number, float(page.height), segments, chars

    def _draw(self, page: Any) -> None:
        """Interpret a page within a bound; forms that call each other could go on for ever."""
        from pdfminer.pdfinterp import PDFPageInterpreter
        from pdfminer.pdftypes import resolve1
        from pdfplumber.page import PDFPageAggregatorWithMarkedContent

        budget = [_MAX_CONTENT]
        end = self._end
        seconds = self._limits.convert_seconds

        class Bounded(PDFPageInterpreter):
            def render_contents(self, resources: Any, streams: Any, *args: Any, **kwargs: Any) -> None:
                for stream in streams:
                    content = getattr(resolve1(stream), "get_data", bytes)()
                    budget[0] -= len(content) + _FORM_COST
                if budget[0] < 0 or time.monotonic() > end:
                    raise TooLarge(
                        f"PDF 某一页的绘图内容过多或读取超过 {seconds} 秒，请改交 docx、xlsx 后重试"
                    )
                super().render_contents(resources, streams, *args, **kwargs)

        device = PDFPageAggregatorWithMarkedContent(
            page.pdf.rsrcmgr, pageno=page.page_number, laparams=page.pdf.laparams
        )
        Bounded(page.pdf.rsrcmgr, device).process_page(page.page_obj)
        page._layout = device.get_result()


class _Heads:
    """Keeps the pages until running heads and page numbers, which repeat over pages, are known."""

    def __init__(self) -> None:
        self._pages: list[tuple[int, float, list[Segment], list[Char]]] = []
        self._seen: dict[str, int] = {}

    def add(self, number: int, height: float, segments: list[Segment], chars: list[Char]) -> None:
        inside: list[Char] = []
        outside: list[Char] = []
        for char in chars:
            for segment in segments:
                if segment.take(char):
                    inside.append(char)
                    break
            else:
                outside.append(char)
        for text in {_bare(line.text) for line in lines_of(outside) if _marginal(line.middle, height)}:
            self._seen[text] = self._seen.get(text, 0) + 1
        self._pages.append((number, height, segments, outside))

    def texts(self) -> frozenset[str]:
        """Return the texts of all cells, without white space."""
        return frozenset(
            squeezed(box.text())
            for _, _, segments, _ in self._pages
            for part in segments
            for box in part.boxes
        )

    def pages(self) -> list[tuple[int, float, list[Segment], list[Char]]]:
        """Return the pages without heads and numbers."""
        least = max(3, len(self._pages) // 2)
        result = []
        for number, height, segments, chars in self._pages:
            dropped: set[int] = set()
            for line in lines_of(chars):
                if not _marginal(line.middle, height):
                    continue
                if _PAGE_NUMBER.match(line.text.strip()) or self._seen.get(_bare(line.text), 0) >= least:
                    dropped.update(id(char) for char in line.chars)
            result.append((number, height, segments, [char for char in chars if id(char) not in dropped]))
        return result


def _bare(text: str) -> str:
    return re.sub(r"[\d\s]+", "", text)


def _marginal(middle: float, height: float) -> bool:
    return middle < height * _MARGIN or middle > height * (1 - _MARGIN)
