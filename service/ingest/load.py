"""Bytes → Document: the one way in for every format."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from models.records.document import Document
from service.errors import BiaochiError, DamagedInput
from service.ingest.assemble import assemble
from service.ingest.reader import read_bytes, sniff_bytes
from service.settings import Limits


def load(data: bytes, *, name: str | None, limits: Limits) -> Document:
    """Return the document of a file of any readable format. `name` is for messages and ties. Raises InputError."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        kind = sniff_bytes(data, name=name, limits=limits)
        if kind != "json":
            raw = read_bytes(data, name=name, limits=limits, kind=kind)
            return replace(assemble(raw, limits=limits), input_kind=raw.kind, input_sha256=digest)
    except BiaochiError as error:
        # Callers put the path before every message of ours; the reader's own prefix would repeat it.
        raise type(error)(error.message.removeprefix(f"{name}：")) from error
    from service.ingest.jsonfile import read_json

    try:
        return replace(read_json(data, limits), input_sha256=digest)
    except (MemoryError, RecursionError) as error:
        raise DamagedInput("JSON 结构过于复杂，无法读取，请拆分后重试") from error
