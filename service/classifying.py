"""Classify indicators of a library: JSON Lines, csv and xlsx in and out. One use case for every face."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from corpora.store import CorpusError
from nlp.classify import Prediction, Query, classify_many, cues, nearest
from nlp.scheme import Scheme, load_scheme
from nlp.text import normalise
from service.errors import DamagedInput, EmptyInput, InputError, NoTableFound, SettingsError, TooLarge
from service.settings import Limits

FIELDS: Final = ("name", "description", "value", "unit", "operator")
COLUMNS: Final = ("建议类型", "可信度", "是否存疑", "其他可能", "判断依据", "最相近的范例")
_ALTERNATIVES: Final = 3
_LEAST_SHARE: Final = 0.01
_MAX_CELL: Final = 4000


@dataclass(frozen=True, slots=True)
class Item:
    """One indicator to classify; `id` is given back as it came."""

    id: Any
    query: Query


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of indicators: every cell as filed, header included, and the items of its rows."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    items: tuple[Item, ...]


def answers(items: Sequence[Item], scheme_id: str) -> list[dict[str, Any]]:
    """Return the contract's answer for each item, in order. Raises SettingsError when the model is missing."""
    scheme = load_scheme(scheme_id)
    try:
        predictions = classify_many([item.query for item in items], scheme.categories)
        return [answer(item, prediction, scheme) for item, prediction in zip(items, predictions, strict=True)]
    except CorpusError as error:
        raise SettingsError(str(error)) from error


def answer(item: Item, prediction: Prediction, scheme: Scheme, *, reasons: bool = True) -> dict[str, Any]:
    """Return the contract's answer for an item whose prediction is known; its reasons cost more than the rest."""
    best = prediction.category
    others = [
        (name, share) for name, share in prediction.ranked[1 : 1 + _ALTERNATIVES] if share >= _LEAST_SHARE
    ]
    return {
        "id": item.id,
        "label": scheme.level2_name(best),
        "confidence": round(prediction.confidence, 4),
        "abstain": prediction.abstain,
        "alternatives": [{"label": scheme.level2_name(name), "p": round(share, 4)} for name, share in others],
        "cues": list(cues(item.query, best)) if reasons else [],
        "exemplars": [
            {"name": found.name, "label": scheme.level2_name(found.category), "similarity": found.similarity}
            for found in (nearest(item.query.name, best) if reasons else ())
        ],
    }


def read_lines(data: bytes, limits: Limits) -> Iterator[Item]:
    """Yield the items of JSON Lines. Raises InputError that names the line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DamagedInput("输入不是 UTF-8 编码的 JSON Lines，请转换编码后重试") from error
    count = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        count += 1
        if count > limits.max_rows:
            raise TooLarge(f"超过 {limits.max_rows} 行的上限，请分批处理，或调整 BIAOCHI_MAX_ROWS")
        yield _line_item(line, number)
    if not count:
        raise EmptyInput("没有可分类的指标，请每行给出一个 JSON 对象，至少含 name")


def _line_item(line: str, number: int) -> Item:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"第 {number} 行不是有效的 JSON，请每行给出一个 JSON 对象") from error
    if not isinstance(record, Mapping):
        raise InputError(f"第 {number} 行应为 JSON 对象，至少含 name")
    cells = {}
    for field in FIELDS:
        value = record.get(field)
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise InputError(f"第 {number} 行的 {field} 应为文字")
        cells[field] = "" if value is None else str(value)[:_MAX_CELL]
    if not cells["name"].strip():
        raise InputError(f"第 {number} 行缺少指标名称（name）")
    return Item(record.get("id"), Query(**cells))


def read_sheet(data: bytes, name: str, limits: Limits) -> Sheet:
    """Return the first table of a csv or xlsx file that has a column of indicator names. Raises InputError."""
    from service.ingest.grid import Table
    from service.ingest.headers import fields_of
    from service.ingest.reader import read_bytes

    raw = read_bytes(data, name=name, limits=limits)
    for table in (block for block in raw.blocks if isinstance(block, Table)):
        matrix = [[cell.text if cell is not None else "" for cell in row] for row in table.matrix()]
        for start, row in enumerate(matrix[:20]):
            places = _places(row, fields_of)
            if "name" in places:
                return _sheet(row, matrix[start + 1 :], places)
    raise NoTableFound(f"{name}：没有找到指标名称一列，表头应含「三级指标」或「指标名称」")


def _places(header: Sequence[str], fields_of: Any) -> dict[str, int]:
    places: dict[str, int] = {}
    for column, text in enumerate(header):
        english = text.strip().lower()
        found = (english,) if english in FIELDS else fields_of(text)
        for field in found:
            if field in FIELDS and field not in places:
                places[field] = column
                break
    return places


def _sheet(header: Sequence[str], body: Sequence[Sequence[str]], places: Mapping[str, int]) -> Sheet:
    rows = [tuple(row) for row in body if normalise(row[places["name"]])]
    if not rows:
        raise EmptyInput("表中没有指标，请在表头下填写指标名称")
    items = tuple(
        Item(number, Query(**{field: row[column][:_MAX_CELL] for field, column in places.items()}))
        for number, row in enumerate(rows, 1)
    )
    return Sheet(tuple(header), tuple(rows), items)


def sheet_of(items: Sequence[Item]) -> Sheet:
    """Return items that came as JSON Lines as a table."""
    header = ("编号", "三级指标", "绩效指标描述", "指标值", "计量单位", "计算符号")
    rows = tuple(
        ("" if item.id is None else str(item.id), *(getattr(item.query, field) for field in FIELDS))
        for item in items
    )
    return Sheet(header, rows, tuple(items))


def filled(sheet: Sheet, found: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return the sheet with the answers in columns behind the filed ones."""
    table = [[*sheet.header, *COLUMNS]]
    for row, answer in zip(sheet.rows, found, strict=True):
        others = "、".join(f"{item['label']}（{item['p']:.2f}）" for item in answer["alternatives"])
        near = "、".join(f"{item['name']}（{item['label']}）" for item in answer["exemplars"])
        table.append(
            [
                *row,
                answer["label"],
                f"{answer['confidence']:.2f}",
                "存疑，请人工判断" if answer["abstain"] else "",
                others,
                "、".join(answer["cues"]),
                near,
            ]
        )
    return table


def as_csv(table: Sequence[Sequence[str]]) -> bytes:
    """Return the table as csv that spreadsheet programs open with the right encoding and run nothing of."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in table:
        writer.writerow(
            [f"'{cell}" if cell.lstrip().startswith(("=", "+", "-", "@")) else cell for cell in row]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def as_xlsx(table: Sequence[Sequence[str]]) -> bytes:
    """Return the table as a workbook: frozen header, filter, wrapped cells."""
    from openpyxl import Workbook

    from service.export.sheets import HEAD_COLOUR, at, put, save, style

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "指标分类"
    for r, row in enumerate(table, 1):
        for c, text in enumerate(row, 1):
            cell = at(sheet, r, c)
            put(cell, text)
            cell.font = style("head" if r == 1 else "body")
            cell.alignment = style("centre" if r == 1 else "left")
            cell.border = style("border")
            if r == 1:
                cell.fill = style(HEAD_COLOUR)
    for c in range(1, len(table[0]) + 1):
        longest = max(len(row[c - 1]) for row in table[:200])
        sheet.column_dimensions[_letter(c)].width = min(40, max(10, longest * 2 + 2))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{_letter(len(table[0]))}{len(table)}"
    return save(book)


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))
