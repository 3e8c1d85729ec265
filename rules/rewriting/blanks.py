"""Blanks for the filer: what is asked, from which source, and a probe value that proves the shape."""

from __future__ import annotations

from typing import Final

from nlp.library import Entry, unit_kind
from rules.engine.context import ProjectContext, shorten
from rules.engine.draft import Blank

_SOURCE: Final = {
    "计划标准": "年度计划数",
    "历史标准": "近三年平均值，首年实施的填测算数",
    "行业标准": "行业标准或主管部门规定的数值",
    "预算支出标准": "定额标准或合同单价",
    "其他标准": "测算得出的数值",
}
_LONGEST: Final = 24
_PROBE_YEAR: Final = 2026


def number_blank(name: str, basis: str = "历史标准", *, unit: str = "", probe: str | None = None) -> Blank:
    """Return a blank for a figure of an indicator, asked from the source that its basis names."""
    ratio = unit in ("%", "‰")
    if probe is None:
        probe = "90" if ratio else "12"
    source = "年度计划值" if ratio and basis == "计划标准" else _SOURCE.get(basis, _SOURCE["其他标准"])
    return Blank(f"{shorten(name, _LONGEST)}的{source}", "number", probe)


def date_blank(project: ProjectContext, name: str, source: str = "合同或计划约定的日期") -> Blank:
    """Return a blank for a date; the probe lies in the document's year."""
    year = project.document.document.year or _PROBE_YEAR
    return Blank(f"{shorten(name, _LONGEST)}，{source}", "date", f"{year}年10月31日")


def unit_blank(name: str, probe: str) -> Blank:
    """Return a blank for a counting unit."""
    return Blank(f"{shorten(name, _LONGEST)}的计量单位", "unit", probe)


def text_blank(prompt: str, probe: str) -> Blank:
    """Return a blank for words."""
    return Blank(prompt, "text", probe)


def document_blank(prompt: str) -> Blank:
    """Return a blank for a document with its number."""
    return Blank(prompt, "text", "《示例实施办法》（示例发〔2025〕1号）")


def entry_probe(entry: Entry) -> str:
    """Return a plausible figure for an entry of the library."""
    kind = unit_kind(entry)
    if kind == "ratio":
        return "1" if entry.operator == "≤" else "92"
    return {"money": "50", "duration": "15"}.get(kind, "12")
