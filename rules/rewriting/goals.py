"""Goals and rows that should carry the same numbers: the stricter one wins, and every number stands in the table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from models.records.finding import Edit
from models.records.quantity import Quantity
from nlp.linking import clause_at, object_of
from nlp.naming import is_rate
from nlp.quantity import find_numbers
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Blank, Draft
from rules.engine.edits import used
from rules.rewriting.basis import basis_text
from rules.rewriting.blanks import number_blank, text_blank, unit_blank
from rules.rewriting.cells import add_edit, class_cells, figure_text, row_edits, value_cells
from rules.rewriting.describe import describe
from rules.rewriting.indicators import subject_of
from rules.rewriting.weights import carries_weights
from rules.support.cells import CEILINGS, plain
from rules.support.same_thing import comparable, goal_body

_NUMBERING: Final = re.compile(
    r"^\s*(?:目标\d{1,2}[:：.、]?|[（(]?\d{1,2}[）).、．]|[（(]?[一二三四五六七八九十][）)、.])"
)
_MOST: Final = 3
_LONGEST_NAME: Final = 20
_COUNT_WORD: Final = {
    "人": "人数", "户": "户数", "次": "次数", "场": "场次", "件": "数量", "份": "份数", "张": "张数", "册": "册数",
    "个": "数量", "家": "家数", "期": "期数", "台": "台数", "套": "套数", "公里": "里程", "亩": "面积", "人次": "人次",
}  # fmt: skip


def goal_from_rows(project: ProjectContext, filed: str) -> str | None:
    """Return a goal sentence made of the table's own indicators and numbers, None where none can be stated."""
    outputs = [_stated(row) for row in project.of("数量", "质量") if _statable(row)]
    effects = [
        _stated(row)
        for row in project.of("社会效益", "经济效益", "生态效益", "服务对象满意度")
        if _statable(row)
    ]
    if not outputs and not effects:
        return None
    lead = _NUMBERING.match(filed)
    text = "，".join(outputs[:_MOST])
    if effects:
        text = f"{text}，{'，'.join(effects[:2])}" if text else "，".join(effects[:2])
    return f"{lead[0] if lead else ''}年度内实现{text}。"


def goal_asked(project: ProjectContext, filed: str) -> tuple[str, tuple[Blank, ...]]:
    """Return a goal sentence with blanks for whom, what, how much and what changes."""
    lead = _NUMBERING.match(filed)
    about = subject_of(project)
    whom = text_blank("为谁服务（服务对象）", "全县农村居民")
    what = text_blank("交付什么、交付多少", "开展技能培训12期")
    change = text_blank("因此发生什么可以核对的变化", "培训合格率达到95%")
    topic = f"通过{about.topic}，" if about is not None else ""
    return f"{lead[0] if lead else ''}{topic}为{whom}{what}，{change}。", (whom, what, change)


def _statable(row: RowContext) -> bool:
    return row.quantity.number is not None and row.quantity.unit is not None and row.quantity.upper is None


def _stated(row: RowContext) -> str:
    words = {"≥": "达到", "＞": "超过", "＝": "为", "≤": "不超过", "＜": "低于", None: "达到"}
    quantity = row.quantity
    above = "以上" if quantity.operator == "≥" else ""
    return f"{row.text('name')}{words[quantity.operator]}{figure_text(quantity)}{quantity.unit}{above}"


def raised(row: RowContext, text: str, where: str, promised: str) -> Iterator[Draft]:
    """Yield drafts that raise the row's floor to the figure of a text that promises more; `promised` is it as filed."""
    quantity = row.quantity
    if quantity.number is None:
        return
    for figure in find_numbers(text):
        if not comparable(quantity, figure) or figure.number is None or figure.number <= quantity.number:
            continue
        if promised not in (figure.text, _as_filed(text, figure)):
            continue  # 「奖励扶助3860人、特别扶助126人」: the other thing's figure.
        yield from _settled(row, figure)
        for unit in dict.fromkeys((figure.unit or "", quantity.unit or "")):
            edits = row_edits(row, value_cells(row, quantity.operator or "≥", _shown(figure), unit))
            if edits:
                yield Draft(
                    title=f"将指标值提高到「{_shown(figure)}{unit}」",
                    rationale=f"{where}为「{_clause(text, figure)}」，指标值不应低于它，请核实",
                    edits=edits,
                )


def _as_filed(text: str, figure: Quantity) -> str:
    start, end = figure.number_span or (0, 0)
    return text[start : figure.unit_span[1] if figure.unit_span else end]


def _settled(row: RowContext, figure: Quantity) -> Iterator[Draft]:
    """Yield the draft that asks which figure holds, where the use of the money says what the row says."""
    quantity = row.quantity
    purpose = row.project.project.budget.purpose.text
    if not any(
        item.number == quantity.number and item.unit == quantity.unit for item in find_numbers(purpose)
    ):
        return
    told, filed = f"{_shown(figure)}{figure.unit or ''}", row.filed_value
    bound = "不高于" if quantity.operator in CEILINGS else "不低于"
    limit = f"{figure_text(quantity)}{quantity.unit or ''}"
    blank = Blank(
        f"{row.words()['name']}核实后的数，{bound}{limit}（绩效目标写{told}）", "number", _shown(figure)
    )
    unit = figure.unit or quantity.unit or ""
    yield Draft(
        title="核实后统一目标与指标值",
        rationale=f"绩效目标为「{told}」，资金用途与指标值为「{filed}」，哪个有误请核实",
        edits=row_edits(row, value_cells(row, quantity.operator or "≥", str(blank), unit)),
        blanks=(blank,),
    )


def agreed(row: RowContext, goal: str, path: str, span: tuple[int, int]) -> Iterator[Draft]:
    """Yield the draft that makes row and goal agree on the stricter figure: the higher floor, the lower ceiling."""
    figure = next(
        (
            item
            for item in find_numbers(goal)
            if item.number_span and item.number_span[0] <= span[1] and item.number_span[1] >= span[0]
        ),
        None,
    )
    quantity = row.quantity
    if figure is None or figure.number is None or quantity.number is None or figure.number_span is None:
        return
    ceiling = quantity.operator in CEILINGS or figure.operator in CEILINGS
    stricter = figure.number < quantity.number if ceiling else figure.number > quantity.number
    if stricter or (figure.number == quantity.number and figure.unit != quantity.unit):
        unit = figure.unit or quantity.unit or ""
        yield from _settled(row, figure)
        yield Draft(
            title=f"将指标值改为「{_shown(figure)}{unit}」",
            rationale=f"绩效目标为「{_clause(goal, figure)}」，以要求较高的为准，请核实",
            edits=row_edits(row, value_cells(row, quantity.operator or "≥", _shown(figure), unit)),
        )
    elif figure.number != quantity.number and not _says(row, figure):
        start, end = figure.number_span
        yield Draft(
            title=f"将绩效目标中的数字改为「{figure_text(quantity)}」",
            rationale=f"指标值为「{row.filed_value}」，以要求较高的为准，请核实",
            edits=(Edit(path, goal, goal[:start] + plain(quantity.number) + goal[end:]),),
        )


def _says(row: RowContext, figure: Quantity) -> bool:
    """Whether the purpose states the goal's lower figure too: then the row is the odd one out, and nothing is raised."""
    purpose = row.project.project.budget.purpose.text
    return any(item.number == figure.number and item.unit == figure.unit for item in find_numbers(purpose))


def row_for_goal(project: ProjectContext, goal: str, span: tuple[int, int] | None) -> Iterator[Draft]:
    """Yield the draft that adds a row for a goal: with the goal's own figure, or with a blank for a named measure."""
    if span is not None:
        figures = [
            item
            for item in find_numbers(goal)
            if item.number_span and span[0] <= item.number_span[0] <= span[1]
        ]
        yield from _row_for(project, goal, figures[:1])
        return
    name = goal_body(goal).rstrip("。.;；， ")
    if not name or len(name) > _LONGEST_NAME:
        return
    if is_rate(name):
        blank = number_blank(name, "历史标准", unit="%")
        yield from _added(project, name, "质量", str(blank), "%", (blank,), "绩效目标写明的内容")
    else:
        blank, unit = number_blank(name, "计划标准"), unit_blank(name, "次")
        yield from _added(project, name, "数量", str(blank), str(unit), (blank, unit), "绩效目标写明的内容")


def row_for_item(project: ProjectContext, text: str, parts: Sequence[str]) -> Iterator[Draft]:
    """Yield the draft that adds a row for a figure of the department's goals; `parts` name the figures meant."""
    figures = [item for item in find_numbers(text) if any(figure_text(item) in part for part in parts)]
    yield from _row_for(project, text, figures[:1])


def _row_for(project: ProjectContext, text: str, figures: Sequence[Quantity]) -> Iterator[Draft]:
    for figure in figures:
        if figure.number_span is None or figure.unit is None:
            continue
        start, end = clause_at(text, *figure.number_span)
        after = figure.unit_span[1] if figure.unit_span else figure.number_span[1]
        thing = object_of(text[after:end]) or object_of(text[start : figure.number_span[0]])
        word = _COUNT_WORD.get(figure.unit, "数量")
        if not thing or len(thing) > _LONGEST_NAME - 3:
            continue
        name = thing if thing.endswith(word) else f"{thing}{word}"
        why = f"数字取自「{_clause(text, figure)}」，请核实"
        yield from _added(project, name, "数量", _shown(figure), figure.unit, (), why)


def _added(
    project: ProjectContext,
    name: str,
    category: str,
    figure: str,
    unit: str,
    blanks: tuple[Blank, ...],
    why: str,
) -> Iterator[Draft]:
    if carries_weights(project):
        return
    told = describe(name, category)
    cells = {**class_cells(project, category), "name": name, "description": told.text}
    cells |= value_cells(project, "≥", figure, unit)
    cells["basis"], document = basis_text(category)
    edit = add_edit(project, cells)
    yield Draft(
        title=f"补充{project.scheme.level2_name(category)}「{name}」",
        rationale=why,
        edits=(edit,),
        blanks=used((*blanks, *told.blanks, document), (edit,)),
    )


def _shown(figure: Quantity) -> str:
    """Return a figure of a text without its unit, 余 and the like (2万余张 → 2万)."""
    assert figure.number is not None
    return plain(figure.number / 10_000) + "万" if figure.scale == "万" else plain(figure.number)


def _clause(text: str, figure: Quantity) -> str:
    assert figure.number_span is not None
    start, end = clause_at(text, *figure.number_span)
    return text[start:end].strip(" 。，,；;")
