"""Part one of a department file: 总体绩效目标, 分项绩效目标, 工作保障措施."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from models.records.document import Cell, Department, DepartmentItem, SourceRef
from nlp.text import clean
from service.ingest.goals import make_cell
from service.ingest.grid import Paragraph

_NUMBER: Final = r"(?:[一二三四五六七八九十百]+|\d{1,3})"
_HEADING: Final = re.compile(
    rf"(?:{_NUMBER}\s*[、.．]|[（(]{_NUMBER}[)）])?\s*(?P<title>[^。；;：:，,]{{2,20}})\s*[：:]?$"
)
_SECTIONS: Final = {
    "goals": re.compile(r"(?:部门)?(?:整体|总体)(?:绩效)?目标"),
    "items": re.compile(r"分项(?:绩效)?目标(?:及绩效指标)?|(?:部门)?(?:职责|分类)(?:及)?分项绩效目标"),
    "measures": re.compile(r"(?:实现|完成)?(?:年度)?(?:绩效)?(?:目标)?(?:的)?(?:工作)?保障措施"),
}
_ITEM: Final = re.compile(rf"\s*(?P<number>[（(]{_NUMBER}[)）]|\d{{1,2}}[.．、](?!\d))\s*(?P<rest>.*)$", re.S)
_LABEL: Final = re.compile(r"(?P<kind>绩效目标|绩效指标|目标|指标)\s*[:：]")
_SEPARATORS: Final = " \t\n　；;。，,"
_PART_TWO: Final = re.compile(r"(?:第[二2]部分.*|(?:预算)?项目(?:支出)?(?:预算)?绩效目标(?:表|情况)?)$")
_PART: Final = re.compile(r"第[一二三四五六七八九十\d]+部分")
_TAIL: Final = 80
_CONTENTS: Final = re.compile(r"(?:[.．·…]{3,}|…{2,}|\t|\s{4})\s*(?:-\s*)?\d{1,4}\s*-?$")


@dataclass(slots=True)
class _Item:
    number: str
    name: list[Cell] = field(default_factory=list)
    goal: list[Cell] = field(default_factory=list)
    indicator: list[Cell] = field(default_factory=list)
    last: str = "name"


@dataclass(slots=True)
class DepartmentReader:
    """Collects part one paragraph by paragraph."""

    section: str | None = None
    goals: list[Cell] = field(default_factory=list)
    items: list[_Item] = field(default_factory=list)
    measures: list[Cell] = field(default_factory=list)

    def feed(self, paragraph: Paragraph) -> bool:
        """Take one paragraph; return whether it belongs to part one."""
        text = clean(paragraph.text)
        # Only the end matters, and a search over a long line of blanks would take quadratic time.
        if not text or _CONTENTS.search(paragraph.text.rstrip()[-_TAIL:]):
            return False
        if _PART_TWO.fullmatch(text):
            self.section = None
            return False
        if _PART.match(text) and len(text) < 30:
            return False
        heading = self._heading(text)
        if heading is not None:
            # （一）总体绩效目标 right under 一、总体绩效目标 only repeats the heading.
            self.section = heading
            return True
        if self.section == "goals":
            self.goals.append(make_cell(paragraph.text, paragraph.source))
        elif self.section == "measures":
            self.measures.append(make_cell(paragraph.text, paragraph.source))
        elif self.section == "items":
            self._item(paragraph.text, paragraph.source)
        else:
            return False
        return True

    def _heading(self, text: str) -> str | None:
        match = _HEADING.match(text)
        if match is None:
            return None
        for name, pattern in _SECTIONS.items():
            if pattern.fullmatch(match["title"].strip()):
                return name
        return None

    def _item(self, filed: str, source: SourceRef | None) -> None:
        text = clean(filed)
        match = _ITEM.match(text)
        if match is not None:
            self.items.append(_Item(match["number"].strip()))
            text = match["rest"]
        if not self.items:
            # Text before the first number introduces the items.
            self.goals.append(make_cell(filed, source))
            return
        item = self.items[-1]
        residue = filed if clean(filed) != filed.strip() else None
        labels = list(_LABEL.finditer(text))
        head = text[: labels[0].start()] if labels else text
        if match is not None:
            self._name(item, head, source, residue, bool(labels))
        elif head.strip(_SEPARATORS):
            self._continue(item, head, source, residue)
        for index, label in enumerate(labels):
            end = labels[index + 1].start() if index + 1 < len(labels) else len(text)
            kind = "goal" if "目标" in label["kind"] else "indicator"
            body = text[label.end() : end]
            body = body.rstrip(_SEPARATORS) if index + 1 < len(labels) else body
            getattr(item, kind).append(Cell(body.strip(), source, residue))
            item.last = kind

    def _name(
        self, item: _Item, head: str, source: SourceRef | None, residue: str | None, labelled: bool
    ) -> None:
        name, colon, rest = head.replace("：", ":", 1).partition(":")
        if not labelled and colon and rest.strip():
            item.name.append(Cell(name.strip(), source, residue))
            item.goal.append(Cell(rest.strip(), source, residue))
            item.last = "goal"
            return
        item.name.append(Cell(head.strip(_SEPARATORS + "：:"), source, residue))
        item.last = "name"

    def _continue(self, item: _Item, text: str, source: SourceRef | None, residue: str | None) -> None:
        # A line without a label under the bare name is the goal; anywhere else it goes on with the line above.
        kind = "goal" if item.last == "name" else item.last
        getattr(item, kind).append(Cell(text.strip(), source, residue))
        item.last = kind

    def department(self) -> Department | None:
        """Return part one, or None when the file has none."""
        if not (self.goals or self.items or self.measures):
            return None
        items = tuple(
            DepartmentItem(
                number=item.number,
                name=_join(item.name),
                goal=_join(item.goal),
                indicator=_join(item.indicator),
            )
            for item in self.items
        )
        return Department(goals=tuple(self.goals), items=items, measures=tuple(self.measures))


def _join(cells: list[Cell]) -> Cell:
    filled = [cell for cell in cells if cell.text]
    if not filled:
        return cells[0] if cells else Cell("")
    if len(filled) == 1:
        return filled[0]
    return Cell("\n".join(cell.text for cell in filled), filled[0].source, filled[0].raw)
