"""What every report writer shares: the artifact, safe text, file names, reproducible zip containers."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import Final

FORMATS: Final = ("text", "json", "xlsx", "docx", "html")

MEDIA_TYPES: Final = {
    "text": "text/plain; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
}

AUTHOR: Final = "标尺"
FINAL_WORD: Final = "结论以人工审核为准"
UNCHECKED: Final = "条文未经人工核对，仅列文号"

# Reports hold no clock, so that equal input gives equal bytes. This is the epoch of the zip format.
FIXED_TIME: Final = datetime(1980, 1, 1)
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MAX_NAME_BYTES: Final = 180


@dataclass(frozen=True, slots=True)
class Artifact:
    """One written file. The first artifact of a format is the report, further ones are annotated copies."""

    filename: str
    media_type: str
    data: bytes


def safe_text(text: str) -> str:
    """Return `text` without what XML forbids or a terminal would obey.

    Control characters, lone surrogates, non-characters and direction overrides go; line breaks stay and a tab
    becomes a space, so that no cell starts with one.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return re.sub(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]", "", text
    )


def one_line(text: str, limit: int = 0) -> str:
    """Return safe text on one line, cut to `limit` characters with 「…」 where a limit is given."""
    flat = " ".join(safe_text(text).split())
    return flat if not limit or len(flat) <= limit else flat[: limit - 1] + "…"


def sentence(text: str) -> str:
    """Return a safe sentence without its final punctuation."""
    return safe_text(text).strip().rstrip("。；;，,")


def stem_of(name: str) -> str:
    """Return the input's name without folder and extension, fit for a file name."""
    base = re.split(r"[/\\]", name)[-1]
    known = r"\.(docx?|docm|xlsx?|xlsm|pdf|txt|html?|csv|json|wps|et|xml)$"
    return file_name(re.sub(known, "", base, flags=re.I)) or "绩效目标表"


def file_name(text: str) -> str:
    """Return `text` fit for a file name on every system: no reserved characters, at most 180 bytes."""
    cleaned = re.sub(r'[<>:"/\\|?*]', "_", one_line(text)).strip(". ")
    data = cleaned.encode("utf-8")
    return data[:_MAX_NAME_BYTES].decode("utf-8", "ignore").strip(". ")


def reproducible(data: bytes) -> bytes:
    """Return the zip container with fixed entry times and, in its core properties, a fixed date of change.

    openpyxl stamps the moment of saving into docProps/core.xml and both libraries stamp every zip entry.
    """
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)",
                    rb"\g<1>1980-01-01T00:00:00Z\g<2>",
                    content,
                )
            info = zipfile.ZipInfo(entry.filename, date_time=_ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            target.writestr(info, content)
    return out.getvalue()
