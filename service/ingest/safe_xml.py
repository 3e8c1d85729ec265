"""XML of strangers: no DTD, no entities, bounded size. One place for both parsers in use."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any, Final
from xml.parsers import expat

from lxml import etree

from service.errors import DamagedInput, TooLarge
from service.ingest.safe_zip import SafeZip
from service.settings import Limits

_DOCTYPES: Final = tuple("<!DOCTYPE".encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be"))
_BROKEN: Final = "文件内部结构不完整或已损坏，请用 Word、Excel 或 WPS 打开后重新另存再试"
_HOSTILE: Final = "文件内部含有不允许的实体声明，为安全起见不予读取，请用 Word、Excel 或 WPS 重新另存后再试"
_TAGS_PER_CELL: Final = 2
"""A tree takes about 100 bytes a node; twice the cell limit in tags keeps the largest tree below 1 GB."""


def parse_tree(data: bytes, limits: Limits) -> etree._Element:
    """Return the root of an XML part. Raises DamagedInput where it is broken or hostile, TooLarge past a limit."""
    if data.count(b"<") > limits.max_cells * _TAGS_PER_CELL:
        raise TooLarge("文件内容过多，请拆分成较小的文件后重试")
    if any(mark in data for mark in _DOCTYPES):
        raise DamagedInput(_HOSTILE)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DamagedInput(_BROKEN) from error
    # An encoding that the byte search above does not know still shows its DTD here; nothing was expanded.
    information: Any = root.getroottree().docinfo
    if information.doctype:
        raise DamagedInput(_HOSTILE)
    return root


def scan(
    data: bytes | str,
    *,
    start: Callable[[str, dict[str, str]], Any],
    end: Callable[[str], Any],
    text: Callable[[str], Any],
    mixed: bool = False,
) -> None:
    """Run callbacks over an XML part without building a tree; names come without prefix.

    `mixed`: names with and without prefix stand side by side. Large sheets go this way: memory stays flat however many cells a sheet holds and however deep it nests.
    Raises DamagedInput on broken or hostile XML.
    """

    def first(name: str, attrs: dict[str, str]) -> None:
        if mixed or ":" in name:
            parser.StartElementHandler = lambda tag, values: start(tag.rpartition(":")[2], values)
            parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
        else:
            # Without a prefix on the root only extensions have one, and nothing of them is read.
            parser.StartElementHandler = start
            parser.EndElementHandler = end
        start(name.rpartition(":")[2], attrs)

    def refuse(*_: object) -> None:
        raise DamagedInput(_HOSTILE)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = first
    parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DamagedInput(_BROKEN) from error


def main_part(container: SafeZip, default: str, limits: Limits) -> str:
    """Return the name of the main part of an Office container, as its package relations tell."""
    if "_rels/.rels" in container:
        for relation in parse_tree(container.read("_rels/.rels"), limits):
            target = relation.get("Target", "")
            if relation.get("Type", "").endswith("/officeDocument") and target in container:
                return posixpath.normpath(target.lstrip("/"))
    return default


def attribute(attrs: dict[str, str], name: str) -> str | None:
    """Return an attribute by its name without prefix."""
    if name in attrs:
        return attrs[name]
    for key, value in attrs.items():
        if key.rpartition(":")[2] == name:
            return value
    return None
