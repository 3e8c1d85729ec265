"""审核意见书 in the form of an official document."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from service.export.base import AUTHOR, FINAL_WORD, FIXED_TIME, UNCHECKED, one_line, reproducible
from service.export.view import DIMENSIONS, QUESTIONS, FindingView, Group, ReportView

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph

_TITLE_FONT: Final = "方正小标宋简体"
_BODY_FONT: Final = "仿宋_GB2312"
_HEAD_FONT: Final = "黑体"
_SUBHEAD_FONT: Final = "楷体_GB2312"
_LATIN_FONT: Final = "Times New Roman"
_SIZE_TWO: Final = 22.0
"""二号"""
_SIZE_THREE: Final = 16.0
"""三号"""
_SIZE_TABLE: Final = 12.0
"""小四"""
_LINE: Final = 30.0
_DIGITS: Final = "零一二三四五六七八九"


def letter_report(view: ReportView) -> bytes:
    """Return the letter as a Word document."""
    from docx import Document

    document = Document()
    _page(document)
    _properties(document, view)
    _Letter(document, view).write()
    out = io.BytesIO()
    document.save(out)
    return reproducible(out.getvalue())


def chinese_number(number: int) -> str:
    """Return 1–9999 as the numerals of headings (21 → 二十一)."""
    if number >= 10_000:
        return str(number)
    text, gap = "", False
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + sign
            gap = False
        else:
            gap = True
    return text[1:] if text.startswith("一十") else text


def _page(document: WordDocument) -> None:
    """A4 with the margins of official documents, page number in the middle of the foot."""
    from docx.shared import Mm

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    paragraph = section.footer.paragraphs[0]
    _align(paragraph, "CENTER")
    _run(paragraph, "— ", size=14)
    for kind, text in (("begin", ""), ("", "PAGE"), ("separate", ""), ("shown", "1"), ("end", "")):
        _field(_run(paragraph, text if kind == "shown" else "", size=14), kind, text)
    _run(paragraph, " —", size=14)


def _field(run: Any, kind: str, text: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    if kind == "shown":
        return
    element = OxmlElement("w:fldChar" if kind else "w:instrText")
    if kind:
        element.set(qn("w:fldCharType"), kind)
    else:
        element.text = text
    run._r.append(element)


def _properties(document: WordDocument, view: ReportView) -> None:
    properties = document.core_properties
    properties.author = properties.last_modified_by = AUTHOR
    properties.title = f"{view.title[:200]}审核意见书"
    properties.comments = ""
    properties.created = properties.modified = FIXED_TIME
    _fonts(document.styles["Normal"], _BODY_FONT, _SIZE_THREE)


def _fonts(target: Any, east: str, size: float, *, bold: bool = False) -> None:
    """Set Chinese and latin fonts of a run or style; without eastAsia Word would fall back to the theme's."""
    from docx.oxml.ns import qn
    from docx.shared import Pt

    target.font.name = _LATIN_FONT
    target.font.size = Pt(size)
    target.font.bold = bold or None
    fonts = target.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), east)
    for kind in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{kind}"), _LATIN_FONT)


def _run(
    paragraph: Paragraph, text: str, *, font: str = _BODY_FONT, size: float = _SIZE_THREE, bold: bool = False
) -> Any:
    run = paragraph.add_run(one_line(text) if text.strip() else text)
    _fonts(run, font, size, bold=bold)
    return run


def _align(paragraph: Paragraph, name: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph.alignment = getattr(WD_ALIGN_PARAGRAPH, name)


def _code_words(item: FindingView) -> str:
    code = f"，意见代码{item.finding.opinion_code}" if item.finding.opinion_code else ""
    return f"{item.severity_label}，{item.finding.code}{code}"


class _Letter:
    def __init__(self, document: WordDocument, view: ReportView) -> None:
        self._document = document
        self._view = view
        self._section = 0

    def write(self) -> None:
        """Write the whole letter."""
        view = self._view
        self._title()
        errors, warnings, infos = view.counts
        self._body(
            f"经对{self._unit()}报送的{len(view.projects)}个项目的绩效目标进行审核，"
            f"共提出意见{errors + warnings + infos}条，其中必须修改{errors}条、建议修改{warnings}条、"
            f"可优化{infos}条。现将审核意见反馈如下。"
        )
        if not view.report.complete:
            self._body("本次审核不完整，报送材料中有内容未读取或未检查，请核对后重新审核。")
        if view.file.shown or view.file.collapsed:
            self._heading("共性问题与文件问题")
            for number, item in enumerate(view.file.shown, start=1):
                self._opinion(number, item)
            self._rest(view.file)
        for group in view.projects:
            self._project(group)
        self._heading("有关说明")
        self._body(f"{FINAL_WORD}。{UNCHECKED}。")
        if view.report.waived:
            self._body(f"另有{len(view.report.waived)}条问题已登记豁免，不计入上述意见。")
        self._signature()

    def _unit(self) -> str:
        names = dict.fromkeys(group.department.lstrip("0123456789 ") for group in self._view.projects)
        known = [name for name in names if name]
        if len(known) == 1:
            return known[0]
        return f"{known[0]}等{len(known)}家单位" if known else ""

    def _title(self) -> None:
        from docx.shared import Pt

        paragraph = self._paragraph(indent=False)
        _align(paragraph, "CENTER")
        paragraph.paragraph_format.line_spacing = Pt(36)
        paragraph.paragraph_format.space_after = Pt(20)
        text = f"关于{self._unit() or self._view.title}项目支出绩效目标的审核意见"
        _run(paragraph, text, font=_TITLE_FONT, size=_SIZE_TWO)

    def _paragraph(self, *, indent: bool = True) -> Paragraph:
        from docx.enum.text import WD_LINE_SPACING
        from docx.oxml.ns import qn
        from docx.shared import Pt

        paragraph = self._document.add_paragraph()
        layout = paragraph.paragraph_format
        layout.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        layout.line_spacing = Pt(_LINE)
        layout.space_before = layout.space_after = Pt(0)
        if indent:
            # Two characters whatever the size; the points are for programs that ignore the count.
            layout.first_line_indent = Pt(2 * _SIZE_THREE)
            element: Any = paragraph._p
            element.get_or_add_pPr().find(qn("w:ind")).set(qn("w:firstLineChars"), "200")
        return paragraph

    def _body(self, text: str) -> None:
        _run(self._paragraph(), text)

    def _heading(self, text: str) -> None:
        self._section += 1
        paragraph = self._paragraph()
        paragraph.paragraph_format.keep_with_next = True
        _run(paragraph, f"{chinese_number(self._section)}、{text}", font=_HEAD_FONT)

    def _subheading(self, number: int, title: str, question: str = "") -> None:
        paragraph = self._paragraph()
        paragraph.paragraph_format.keep_with_next = True
        _run(paragraph, f"（{chinese_number(number)}）{title}", font=_SUBHEAD_FONT, bold=True)
        if question:
            _run(paragraph, f"（{question}）", font=_SUBHEAD_FONT)

    def _project(self, group: Group) -> None:
        self._heading(group.title)
        project = group.project
        facts = [f"项目编码：{group.code}"] if group.code else []
        if project is not None and project.budget.total is not None:
            facts.append(f"预算数：{one_line(project.budget.total.cell.text)}{one_line(project.budget.unit)}")
        if facts:
            self._body("；".join(facts) + "。")
        self._subheading(1, "总体结论")
        errors, warnings, infos = group.counts
        verdict = "未评定得分。"
        if group.score is not None:
            score = group.score
            verdict = f"结论为「{score.conclusion}」，得分{score.score}分，等级为{score.grade}。"
        self._body(f"{verdict}必须修改{errors}条，建议修改{warnings}条，可优化{infos}条。")
        # A rule of a dimension that the form does not know must not lose its opinions.
        extra = sorted({item.finding.dimension for item in group.shown} - set(DIMENSIONS))
        number, silent = 1, []
        for dimension in (*DIMENSIONS, *extra):
            own = [item for item in group.shown if item.finding.dimension == dimension]
            if not own:
                silent.append(dimension)
                continue
            number += 1
            self._subheading(number, dimension or "其他", QUESTIONS.get(dimension, ""))
            for count, item in enumerate(own, start=1):
                self._opinion(count, item)
        if silent:
            self._body(f"{'、'.join(silent)}方面未提出需逐条列示的意见。")
        self._rest(group)
        if group.score is not None:
            self._subheading(number + 1, "评分情况")
            self._scores(group)

    def _opinion(self, number: int, item: FindingView) -> None:
        """Write one opinion as 事实；影响；依据；建议。 A letter is read through, so what else the row has is one line."""
        paragraph = self._paragraph()
        _run(paragraph, f"{number}. {item.entry.place.short}", bold=True)
        _run(paragraph, f"（{_code_words(item)}）。{item.finding.message}")
        for note in (item.fold_words, item.confidence):
            if note:
                _run(paragraph, f"（{note}）")
        for suggestion in item.suggestions:
            extra = self._paragraph()
            _run(extra, "参考修改：", font=_SUBHEAD_FONT)
            _run(extra, f"{suggestion.text}。")
        nested = [child for top in item.nested for child in top.walk()]
        if nested:
            also = "；".join(f"{child.finding.wording.fact}（{_code_words(child)}）" for child in nested)
            self._body(f"同一处另有：{also}。")

    def _rest(self, group: Group) -> None:
        """Summarise collapsed findings by rule."""
        items = [item for view in group.collapsed for item in view.walk()]
        if not items:
            return
        counts: dict[tuple[str, str], int] = {}
        for item in items:
            key = (item.finding.code, item.severity_label)
            counts[key] = counts.get(key, 0) + 1
        listed = "、".join(f"{code}（{label}）{count}条" for (code, label), count in counts.items())
        self._body(f"其余问题{len(items)}条未逐条列示：{listed}，详见复核明细表。")

    def _scores(self, group: Group) -> None:
        score = group.score
        if score is None:
            return
        head = ["总分", "等级", *(name for name, _ in group.dimensions)]
        values = [str(score.score), score.grade, *(str(value) for _, value in group.dimensions)]
        self._table([head, values])
        self._gap()

    def _gap(self) -> None:
        from docx.shared import Pt

        self._paragraph(indent=False).paragraph_format.line_spacing = Pt(12)

    def _table(self, rows: list[list[str]]) -> None:
        from docx.enum.table import WD_TABLE_ALIGNMENT
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn
        from docx.shared import Pt

        table = self._document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        for number, values in enumerate(rows):
            row = table.rows[number]
            for cell, value in zip(row.cells, values, strict=True):
                paragraph = cell.paragraphs[0]
                _align(paragraph, "CENTER")
                paragraph.paragraph_format.space_before = Pt(3)
                paragraph.paragraph_format.space_after = Pt(3)
                paragraph.paragraph_format.keep_with_next = number < len(rows) - 1
                _run(paragraph, value, font=_BODY_FONT if number else _HEAD_FONT, size=_SIZE_TABLE)
            properties: Any = row._tr.get_or_add_trPr()
            properties.append(OxmlElement("w:cantSplit"))
            if number == 0:
                header = OxmlElement("w:tblHeader")
                header.set(qn("w:val"), "true")
                properties.append(header)

    def _signature(self) -> None:
        for _ in range(2):
            self._paragraph(indent=False)
        for line in (
            "审核人：＿＿＿＿＿＿＿＿　　复核人：＿＿＿＿＿＿＿＿",
            "审核单位（盖章）：＿＿＿＿＿＿＿＿＿＿＿＿",
            "＿＿＿＿年＿＿月＿＿日",
        ):
            paragraph = self._paragraph(indent=False)
            _align(paragraph, "RIGHT")
            paragraph.paragraph_format.keep_with_next = not line.endswith("日")
            run = paragraph.add_run(line)
            _fonts(run, _BODY_FONT, _SIZE_THREE)
