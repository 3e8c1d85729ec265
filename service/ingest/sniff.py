"""What a file is, by its content. A name only decides between csv and plain text."""

from __future__ import annotations

import re
import struct
from typing import Final

from service.errors import DamagedInput, EmptyInput, EncryptedInput, TooLarge, UnsupportedFormat
from service.ingest.csvfile import DELIMITERS, regularity
from service.ingest.decode import decode
from service.ingest.ole import MAGIC, CompoundFile
from service.ingest.safe_zip import SafeZip
from service.settings import Limits

READABLE: Final = "docx、xlsx、xls、doc、wps、et、pdf、html、csv、txt"
_HEAD: Final = 4096
_TEXT_SAMPLE: Final = 1 << 16
_BINARIES: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG 图片"),
    (b"\xff\xd8\xff", "JPEG 图片"),
    (b"GIF8", "GIF 图片"),
    (b"BM", "BMP 图片"),
    (b"II*\x00", "TIFF 图片"),
    (b"MM\x00*", "TIFF 图片"),
    (b"Rar!\x1a\x07", "RAR 压缩包"),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩包"),
    (b"\x1f\x8b", "gzip 压缩包"),
)
_HTML: Final = re.compile(
    r"<(?:!doctype\s+html|html|head|body|meta|table|tbody|tr|div|p|span|style|center|font|h[1-6]|br)\b",
    re.IGNORECASE,
)
_MAIL: Final = re.compile(
    rb"^(?:[A-Za-z-]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)*MIME-Version:", re.IGNORECASE
)
_DUMP_SHARE: Final = 0.2
_REGULAR: Final = 0.8


def sniff(data: bytes, name: str | None, limits: Limits) -> str:
    """Return the format of a file, as the table of the readers names it, or json.

    Raises EmptyInput, TooLarge, EncryptedInput, DamagedInput or UnsupportedFormat, each with what to do.
    """
    if len(data) > limits.max_bytes:
        raise TooLarge(f"文件超过 {limits.max_bytes / 1024 / 1024:.4g} MB，请拆分成较小的文件后重试")
    if not data or not data.strip(b"\x00 \t\r\n"):
        raise EmptyInput("文件是空的，请确认文件已保存完整后重试")
    head = data[:_HEAD]
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_kind(SafeZip(data, limits))
    if head.startswith(MAGIC):
        return _ole_kind(CompoundFile(data))
    if head.lstrip().startswith(b"{\\rtf"):
        return "rtf"
    for mark, words in _BINARIES:
        # Two letters are weak evidence: a bitmap also holds zero bytes where a text does not.
        if head.startswith(mark) and (len(mark) > 2 or b"\x00" in head):
            raise _unsupported(f"文件是{words}")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        raise _unsupported("文件是 WebP 图片")
    if _MAIL.match(head) is not None:
        return "mhtml"
    return _text_kind(data, name)


def _unsupported(what: str) -> UnsupportedFormat:
    return UnsupportedFormat(f"{what}，不能读取；可读取的格式有 {READABLE}，图片与扫描件请先识别为文字")


def _zip_kind(container: SafeZip) -> str:
    names = container.names
    if "mimetype" in names:
        mime = container.read("mimetype")[:200].decode("ascii", errors="replace").strip()
        if mime.startswith("application/vnd.oasis.opendocument."):
            kind = {"text": "odt", "spreadsheet": "ods"}.get(mime.rpartition(".")[2].split("-")[0])
            if kind is not None:
                return kind
    if "ofd.xml" in names:
        raise _unsupported("文件是 OFD 版式文件")
    if "word/document.xml" in names:
        return "docx"
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(name.startswith("ppt/") for name in names):
        raise _unsupported("文件是演示文稿")
    if "[content_types].xml" in names:
        types = container.read("[Content_Types].xml")
        if b"wordprocessingml." in types:
            return "docx"
        if b"spreadsheetml." in types:
            return "xlsx"
        raise DamagedInput("文件缺少必要的部件，请用 Word、Excel 或 WPS 打开后重新另存再试")
    raise _unsupported("文件是压缩包，请先解压，或用 biaochi review 批量复核")


def _ole_kind(container: CompoundFile) -> str:
    names = container.names
    if "EncryptedPackage" in names or "EncryptionInfo" in names:
        raise EncryptedInput("文件设有密码，请去除密码后重试")
    if "WordDocument" in names:
        head = container.stream("WordDocument")[:12]
        # Bit 8 of the flags in the file information block: the text is encrypted.
        if len(head) == 12 and struct.unpack_from("<H", head, 10)[0] & 0x0100:
            raise EncryptedInput("文件设有密码，请去除密码后重试")
        return "doc"
    if names & {"Workbook", "Book", "WORKBOOK", "BOOK"}:
        return "xls"
    if "PowerPoint Document" in names:
        raise _unsupported("文件是演示文稿")
    if names & {"MatOST", "CONTENTS"}:
        return "works"
    raise DamagedInput("文件不完整或不是 Word、Excel、WPS 文件，请打开核对后重新另存再试")


def _text_kind(data: bytes, name: str | None) -> str:
    decoded = decode(data, declared=data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"))
    if decoded is None:
        raise _unsupported("文件的格式无法识别")
    text = decoded.text[:_TEXT_SAMPLE].removeprefix("\ufeff")
    if sum(text.count(chr(code)) for code in (*range(1, 7), *range(14, 27))) > len(text) / 50:
        raise _unsupported("文件的格式无法识别")
    start = text.lstrip()
    if start.startswith("<"):
        return _markup_kind(start[:_HEAD])
    if start[:1] in ("{", "["):
        following = start[1:].lstrip()[:1]
        if following in (('"', "}") if start[0] == "{" else ("{", "]", '"')):
            return "json"
    return _plain_kind(text, name)


def _markup_kind(start: str) -> str:
    if "urn:schemas-microsoft-com:office:spreadsheet" in start and re.search(r"<(?:\w+:)?Workbook\b", start):
        return "xml2003"
    if "schemas.microsoft.com/office/word/2003/wordml" in start:
        return "wordml"
    if "schemas.microsoft.com/office/2006/xmlPackage" in start:
        return "flatopc"
    if "urn:oasis:names:tc:opendocument:xmlns:office" in start and re.search(r"<\w+:document\b", start):
        flat = re.search(
            r"""mimetype\s*=\s*["']application/vnd\.oasis\.opendocument\.(text|spreadsheet)\b""", start
        )
        if flat is not None:
            return "fodt" if flat[1] == "text" else "fods"
    if _HTML.search(start) is not None:
        return "html"
    if start.startswith(("<?xml", "<!DOCTYPE", "<!ENTITY")):
        raise _unsupported("文件是不认识的 XML")
    return "txt"


def _plain_kind(text: str, name: str | None) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    tabbed = sum(1 for line in lines if line.startswith("\t"))
    # In a dump the cells stand one a line behind a tab; in separated values tabs stand inside lines.
    inner = sum(1 for line in lines if "\t" in line.strip())
    if tabbed > _DUMP_SHARE * len(lines) and tabbed > inner:
        return "txt"
    extension = (name or "").rpartition(".")[2].lower()
    if re.match(r"sep=.\r?\n", text, re.IGNORECASE):
        return "csv"
    for delimiter in DELIMITERS:
        share, width = regularity(text, delimiter)
        if extension in ("csv", "tsv"):
            if width > 1:
                return "csv"
        # Chinese prose in short equal clauses must not pass for a table.
        elif delimiter != "，" and share >= _REGULAR and width > 2 and len(lines) > 1:
            return "csv"
    return "txt"
