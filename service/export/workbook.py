"""The review workbook: 复核总览, one sheet per project, 格式检查, 文件问题, 豁免, 说明."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from service.export import paths, sheets
from service.export.base import FINAL_WORD, UNCHECKED, one_line
from service.export.view import DIMENSIONS, QUESTIONS, SCORE_NOTE, Entry, FindingView, Group, ReportView

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MAX_PROJECT_SHEETS: Final = 200
"""Above this the projects share one sheet; a workbook with thousands of sheets cannot be handled."""

_OVERVIEW_HEAD: Final = (
    "序号", "单位", "项目编码", "项目名称", "得分", "等级", "结论", "必须修改", "建议修改", "可优化",
)  # fmt: skip
_OVERVIEW_WIDTHS: Final = (6, 30, 26, 34, 8, 8, 14, 10, 10, 10)
FINDING_HEAD: Final = (
    "序号", "单位", "项目", "一级", "二级", "三级", "字段", "原值", "问题描述", "严重度", "依据", "建议",
    "审核意见代码", "规则", "位置",
)  # fmt: skip
_FINDING_WIDTHS: Final = (5, 13, 14, 9, 12, 15, 11, 14, 34, 9, 17, 32, 8, 8, 16)
_FINDING_CENTRED: Final = frozenset({1, 10, 13, 14})
_SEVERITY_COLUMN: Final = 10
_MEMBER: Final = "合并提示中的一行"
OPINION_CODES: Final = (
    "1 指标不够完整", "2 指标不够细化、量化", "3 指标与项目的相关性不够", "4 指标与指标值不匹配",
    "5 建议拆分指标", "6 一级指标类型错误", "7 二级指标类型错误", "8 建议增加明确效益指标",
    "9 建议增加明确产出指标",
    "10 建议增加满意度指标", "11 其他",
)  # fmt: skip


def workbook_report(view: ReportView, copy_note: str = "") -> bytes:
    """Return the review workbook. `copy_note` says what became of the annotated copy of the original."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    add_review_sheets(book, view, copy_note)
    return sheets.save(book)


def add_review_sheets(book: Workbook, view: ReportView, copy_note: str = "") -> None:
    """Append all review sheets to a workbook, under names that are still free."""
    taken = {name.lower() for name in book.sheetnames}
    overview_name = sheets.sheet_name("复核总览", taken)
    fixed = {title: sheets.sheet_name(title, taken) for title in ("文件问题", "格式检查", "豁免清单", "说明")}
    many = len(view.projects) > MAX_PROJECT_SHEETS
    shared = sheets.sheet_name("问题清单", taken) if many else ""
    names = [shared if many else sheets.sheet_name(f"{g.index}.{g.title}", taken) for g in view.projects]
    _overview(book, view, overview_name, names)
    if view.file.shown or view.file.collapsed:
        _findings(book, view, fixed["文件问题"], "文件问题与跨项目共性问题", _rows(view, [view.file]))
    if many:
        _findings(book, view, shared, "问题清单", _rows(view, view.projects))
    else:
        for group, name in zip(view.projects, names, strict=True):
            _findings(book, view, name, f"{group.title} 复核明细", _rows(view, [group]), _head_line(group))
    formal = (row for row in _rows(view, view.groups) if _is_formal(row[1]))
    _findings(book, view, fixed["格式检查"], "格式检查（结构、填报完整性、字符与编号）", formal)
    if view.report.waived:
        _waived(book, view, fixed["豁免清单"])
    _notes(book, view, fixed["说明"], copy_note)


def _is_formal(view: FindingView) -> bool:
    """Whether the rule is one of completeness and form (5xx)."""
    return view.finding.code.removeprefix("BC").startswith("5")


def _head_line(group: Group) -> str:
    errors, warnings, infos = group.counts
    parts = [f"单位：{group.department}", f"项目编码：{group.code}"]
    if group.score is not None:
        parts += [
            f"得分：{group.score.score}",
            f"等级：{group.score.grade}",
            f"结论：{group.score.conclusion}",
        ]
        parts += [f"{name} {value}" for name, value in group.dimensions]
    parts.append(f"必须修改 {errors}　建议修改 {warnings}　可优化 {infos}")
    return "　　".join(parts)


def _overview(book: Workbook, view: ReportView, name: str, targets: list[str]) -> None:
    from openpyxl.worksheet.hyperlink import Hyperlink

    errors, warnings, infos = view.counts
    subtitle = (
        f"共 {len(view.projects)} 个项目；必须修改 {errors} 条，建议修改 {warnings} 条，可优化 {infos} 条"
        f"（其中文件问题与跨项目共性问题 {sum(view.file.counts)} 条，见「文件问题」）。{FINAL_WORD}。"
    )
    if not view.report.complete:
        subtitle = "本次检查不完整，有内容未读取或未检查，见「文件问题」。" + subtitle
    sheet = sheets.start_sheet(
        book, name, f"{view.title} 复核总览", subtitle, _OVERVIEW_HEAD, _OVERVIEW_WIDTHS
    )
    row = 3
    for group, target in zip(view.projects, targets, strict=True):
        row += 1
        score = group.score
        judged: tuple[sheets.Value, ...] = ("", "", "未评定")
        if score is not None:
            judged = (score.score, score.grade, score.conclusion)
        values: tuple[sheets.Value, ...] = (
            group.index, group.department, group.code, group.title, *judged, *group.counts,
        )  # fmt: skip
        sheets.add_row(sheet, row, values, _OVERVIEW_WIDTHS, frozenset({1, 5, 6, 7, 8, 9, 10}))
        link = sheets.at(sheet, row, 4)
        quoted = target.replace("'", "''")
        link.hyperlink = Hyperlink(ref=link.coordinate, location=f"'{quoted}'!A1")
        link.font = sheets.style("link")
        for column, kind, count in zip((8, 9, 10), sheets.COLOURS, group.counts, strict=True):
            if count:
                sheet.cell(row, column).fill = sheets.style(sheets.COLOURS[kind])
    sheets.close_table(sheet, row, len(_OVERVIEW_HEAD))


Row = tuple[Group, FindingView, Entry, str]
"""Group, finding, place, and a remark for rows that belong to a folded finding."""


def _rows(view: ReportView, groups: Iterable[Group]) -> Iterator[Row]:
    """Every finding; a folded one is followed by each of its rows.

    The rows of a finding folded over the whole file stand with their projects: the filer of a project reads
    only the project's sheet, and one more list of them all would bury the other findings of the file.
    """
    shared = [item for item in view.file.walk() if item.fold is not None]
    for group in groups:
        for item in group.walk():
            yield group, item, item.entry, item.fold_words
            for entry in view.entries(item, group):
                if group.index or not entry.owner:
                    yield group, item, entry, _MEMBER
        if group.index:
            for item in shared:
                for entry in view.entries(item, group):
                    yield group, item, entry, _MEMBER


def _findings(
    book: Workbook, view: ReportView, name: str, title: str, rows: Iterable[Row], line: str = ""
) -> None:
    legend = "严重度：必须修改（红）　建议修改（黄）　可优化（蓝）"
    subtitle = f"{line}　　{legend}" if line else legend
    sheet = sheets.start_sheet(book, name, title, subtitle, FINDING_HEAD, _FINDING_WIDTHS)
    number = 3
    for group, item, entry, remark in rows:
        number += 1
        sheets.add_row(
            sheet,
            number,
            _values(view, number - 3, group, item, entry, remark),
            _FINDING_WIDTHS,
            _FINDING_CENTRED,
        )
        sheet.cell(number, _SEVERITY_COLUMN).fill = sheets.style(sheets.COLOURS[item.severity])
    if number == 3:
        _empty(sheet, len(FINDING_HEAD))
    sheets.close_table(sheet, number, len(FINDING_HEAD))


def _empty(sheet: Worksheet, columns: int) -> None:
    sheet.merge_cells(start_row=4, start_column=1, end_row=4, end_column=columns)
    cell = sheets.at(sheet, 4, 1)
    sheets.put(cell, "未发现问题")
    cell.font = sheets.style("body")
    cell.alignment = sheets.style("centre")


def _values(
    view: ReportView, number: int, group: Group, item: FindingView, entry: Entry, remark: str
) -> list[sheets.Value]:
    texts = dict(item.sentences)
    problem = "；".join(texts[key] for key in ("事实", "影响") if key in texts)
    if remark == _MEMBER:
        problem = f"属合并提示：{one_line(texts.get('事实', problem), 60)}"
    else:
        notes = [note for note in (remark, item.confidence) if note]
        problem += f"（{'；'.join(notes)}）" if notes else ""
    advice = [texts.get("建议", ""), *(f"参考修改：{item.text}" for item in item.suggestions)]
    row = entry.row
    levels = (row.level1.text, row.level2.text, row.name.text) if row is not None else ("", "", "")
    project = paths.parse(entry.location.path).project
    inside = project is not None and project < len(view.projects)
    owner = view.projects[project] if project is not None and inside else group
    title = owner.title if owner.index else "全部项目" if item.fold is not None else "文件"
    return [
        number,
        owner.department,
        title,
        *levels,
        entry.field,
        entry.original,
        problem,
        item.severity_label,
        item.basis,
        "\n".join(part for part in advice if part),
        item.finding.opinion_code,
        item.finding.code,
        entry.place.where,
    ]


def _waived(book: Workbook, view: ReportView, name: str) -> None:
    head = ("序号", "规则", "严重度", "问题描述", "豁免理由", "登记人")
    widths = (6, 12, 10, 70, 40, 16)
    sheet = sheets.start_sheet(book, name, "豁免清单", "已登记豁免的问题，不计入条数", head, widths)
    row = 3
    for row, waived in enumerate(view.report.waived, start=4):
        finding = waived.finding
        values: tuple[sheets.Value, ...] = (
            row - 3, finding.code, finding.severity.label, finding.wording.fact, waived.reason, waived.author,
        )  # fmt: skip
        sheets.add_row(sheet, row, values, widths, frozenset({1, 2, 3, 6}))
    sheets.close_table(sheet, row, len(head))


def _notes(book: Workbook, view: ReportView, name: str, copy_note: str) -> None:
    widths = (26, 110)
    sheet = sheets.start_sheet(book, name, "说明", f"{FINAL_WORD}。", ("项目", "内容"), widths)
    rows = [
        ("结论的效力", f"{FINAL_WORD}；本表由工具按规则生成，复核人可修改任何一条意见。"),
        ("依据", f"{UNCHECKED}。"),
        (
            "条数",
            "总览中的条数按问题计，合并提示计一条；各项目工作表逐行列出合并提示所涉的行（含跨项目合并提示），行数可能多于条数。",
        ),
        ("格式检查", "格式检查汇集结构与填报类问题（规则 5xx），与各项目工作表中的对应行相同。"),
        ("得分", SCORE_NOTE),
        *((name, QUESTIONS[name]) for name in DIMENSIONS),
        ("审核意见代码", "；".join(OPINION_CODES) + "（通行口径，各地可另行配置）"),
        *([("批注副本", copy_note)] if copy_note else []),
        *view.manifest_lines,
    ]
    for group in view.projects[:MAX_PROJECT_SHEETS]:
        if group.score is not None and group.score.deductions:
            parts = (
                f"{d.code}（{d.dimension}，{d.count} 条）扣 {d.points} 分" for d in group.score.deductions
            )
            rows.append((f"扣分明细：{group.index}.{group.title}", "；".join(parts)))
    for row, pair in enumerate(rows, start=4):
        sheets.add_row(sheet, row, pair, widths, frozenset())
    sheet.print_title_rows = "1:3"
