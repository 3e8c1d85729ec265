"""Bytes → Document."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from models.records.document import Document
from service.ingest.assemble import assemble
from service.ingest.reader import read_bytes
from service.settings import Limits


def load(data: bytes, *, name: str | None, limits: Limits) -> Document:
    """Sniff, read and assemble."""
    raw = read_bytes(data, name=name, limits=limits)
    return replace(assemble(raw, limits=limits), input_kind=raw.kind, input_sha256=hashlib.sha256(data).hexdigest())
