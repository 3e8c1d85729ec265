"""Single-file web pages (MHTML), as Word, Excel and browsers save them under .mht, .doc or .xls."""

from __future__ import annotations

import email
import email.policy

from service.errors import DamagedInput
from service.ingest.collect import Collector
from service.ingest.decode import decode
from service.ingest.grid import RawDocument
from service.ingest.html import read_text
from service.settings import Limits

_MAX_PARTS = 1_000


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read every page of the file in order; sheets of a workbook are pages of their own."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    out = Collector("html", limits)
    pages = 0
    for number, part in enumerate(message.walk()):
        if number > _MAX_PARTS:
            out.problem("unread-part", f"文件的部件超过 {_MAX_PARTS} 个，其余未读取，请拆分后重试")
            break
        if part.get_content_type() != "text/html":
            continue
        payload = part.get_payload(decode=True)
        decoded = decode(payload, declared=True) if isinstance(payload, bytes) and payload else None
        if decoded is None:
            continue
        pages += 1
        read_text(decoded.text, out)
    if not pages:
        raise DamagedInput("单个文件网页中没有正文，请重新保存为网页或 docx 后再试")
    return out.document()
