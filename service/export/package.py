"""The parts of an Office container: read by name, changed part by part, everything else kept byte for byte.

The libraries for Word and Excel write every part anew and lose what they do not know (stored results of
formulas, charts, text boxes). A filed table has to come back as it was, but for the accepted changes.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from service.errors import InputError

Element = etree._Element

_TIME: Final = (1980, 1, 1, 0, 0, 0)
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    etree.XMLSyntaxError,
    LookupError,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
)
"""What zipfile and lxml raise on containers that are damaged, encrypted or packed in an unknown way."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation of a part: its kind (worksheet, comments …) and the part it leads to, None outside the file."""

    kind: str
    target: str | None


class Package:
    """A container. A part is parsed on first use and written anew only once it was `touch`ed."""

    def __init__(self, data: bytes, program: str) -> None:
        self._data = data
        self._message = f"原文件无法打开改写，请用 {program} 打开后重新另存，再采用建议"
        self._trees: dict[str, Element] = {}
        self._touched: set[str] = set()
        self._dropped: set[str] = set()
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            # Writers differ in case and slashes; the first part of a name counts, as for the reader.
            self._names = {_key(name): name for name in reversed(self._zip.namelist())}
        except _BROKEN as error:
            raise self.unusable() from error

    def unusable(self) -> InputError:
        """Return the error for a container that cannot be rewritten."""
        return InputError(self._message)

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._names and _key(name) not in self._dropped

    def names(self, folder: str) -> list[str]:
        """Return the XML parts of a folder."""
        return sorted(key for key in self._names if key.startswith(_key(folder)) and key.endswith(".xml"))

    def tree(self, name: str) -> Element:
        """Return the root of a part. Raises InputError where it is missing, broken or has a document type."""
        key = _key(name)
        if key not in self._trees:
            # White space, comments and instructions stay: nothing but the edits may change.
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            try:
                root = etree.fromstring(self._zip.read(self._names[key]), parser)
            except _BROKEN as error:
                raise self.unusable() from error
            information: Any = root.getroottree().docinfo
            if information.doctype:
                raise self.unusable()
            self._trees[key] = root
        return self._trees[key]

    def holds(self, name: str, pattern: bytes) -> bool:
        """Whether the bytes of a part match a pattern, without parsing it."""
        try:
            return re.search(pattern, self._zip.read(self._names[_key(name)])) is not None
        except _BROKEN as error:
            raise self.unusable() from error

    def touch(self, name: str) -> None:
        """Have a parsed part written anew."""
        self._touched.add(_key(name))

    def drop(self, name: str) -> None:
        """Leave a part out, with its content type and the relations that lead to it."""
        if name not in self:
            return
        self._dropped.add(_key(name))
        self._prune("[Content_Types].xml", "PartName", _key(name))
        for part in [key for key in self._names if key.endswith(".rels")]:
            owner = part.replace("_rels/", "", 1).removesuffix(".rels")
            self._prune(part, "Target", _key(name), posixpath.dirname(owner))

    def _prune(self, part: str, attribute: str, target: str, folder: str = "") -> None:
        if part not in self:
            return
        for item in list(self.tree(part)):
            value = item.get(attribute)
            if (
                value is not None
                and item.get("TargetMode") != "External"
                and _resolve(value, folder) == target
            ):
                self.tree(part).remove(item)
                self.touch(part)

    def main(self, default: str) -> str:
        """Return the name of the main part, as the relations of the container tell."""
        if "_rels/.rels" in self:
            for item in self.tree("_rels/.rels"):
                target = _resolve(item.get("Target", ""), "")
                if item.get("Type", "").endswith("/officeDocument") and target in self:
                    return target
        return default

    def relations(self, name: str) -> dict[str, Relation]:
        """Return the relations of a part by their id."""
        folder, _, base = name.rpartition("/")
        part = f"{folder}/_rels/{base}.rels" if folder else f"_rels/{base}.rels"
        if part not in self:
            return {}
        found: dict[str, Relation] = {}
        for item in self.tree(part):
            outside = item.get("TargetMode") == "External"
            target = None if outside else _resolve(item.get("Target", ""), folder)
            found[item.get("Id", "")] = Relation(item.get("Type", "").rpartition("/")[2], target)
        return found

    def save(self) -> bytes:
        """Return the container: the original bytes where nothing was touched, otherwise with fixed entry times."""
        if not self._touched and not self._dropped:
            return self._data
        out = io.BytesIO()
        try:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
                for entry in self._zip.infolist():
                    key = _key(entry.filename)
                    if key in self._dropped:
                        continue
                    content = _bytes(self._trees[key]) if key in self._touched else self._zip.read(entry)
                    info = zipfile.ZipInfo(entry.filename, date_time=_TIME)
                    info.compress_type = zipfile.ZIP_DEFLATED
                    info.external_attr = 0o600 << 16
                    target.writestr(info, content)
        except _BROKEN as error:
            raise self.unusable() from error
        return out.getvalue()


def local(element: Element) -> str:
    """Return the name of an element without namespace; "" for comments and instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def local_above(element: Element) -> str:
    """Return the name of the parent of an element, "" for a root."""
    parent = element.getparent()
    return local(parent) if parent is not None else ""


def child(element: Element, name: str) -> Element | None:
    """Return the first child of a name."""
    return next((item for item in element if local(item) == name), None)


def namespace(element: Element) -> str:
    """Return the prefix that tags of the element's own namespace have in lxml, 「{…}」."""
    tag = element.tag
    return tag[: tag.index("}") + 1] if isinstance(tag, str) and "}" in tag else ""


def _bytes(root: Element) -> bytes:
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True, standalone=True)


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _resolve(target: str, folder: str) -> str:
    """Return the name of the part that a relation of a part in `folder` leads to."""
    target = target.replace("\\", "/")
    path = target if target.startswith("/") else posixpath.join(folder, target)
    return _key(posixpath.normpath(path))
