"""BC504 stray-characters."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from models.records.document import Cell
from models.records.finding import Applicability, Edit, Evidence, Finding, Location, Severity
from nlp.strays import doubled_marks, gbk_bytes, lone_brackets, residue, unreadable
from nlp.text import clean, strip_prefix
from rules.engine.base import FORM, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext, shorten
from rules.engine.draft import Draft
from rules.rewriting.cells import text_at
from rules.support.cells import marked_qualitative

# From the first 优 or 良 alone: asked of each of them, a long cell would be read as often as it has them.
_GRADES: Final = re.compile(r"\A[^优良]*[优良].*[中差]|部分达成|未达成|基本达到", re.DOTALL)


class StrayCharacters(ProjectRule):
    """文字超过系统允许的长度，或夹有多余的符号、软件标记。

    ## 为什么
    名称超过 40 个汉字（80 字节）、指标值超过 60 字节时系统无法保存；多余的括号和看不见的字符会使项目名称在不同表中对不上。

    ## 反例
    ```yaml
    project:
      name: "]乡镇文化站免费开放经费"
      rows:
        - {level2: 数量指标, name: 全年面向辖区居民免费开放并组织开展各类群众性文化活动和公益培训讲座以及流动图书服务的总场次数量, value: ≥120场}
    fires: ["name", "rows[0].name"]
    ```
    ```yaml
    project:
      name: {text: 乡镇文化站免费开放经费, raw: "[bookmark: _GoBack]乡镇文化站免费开放经费"}
      goals: ["每周开放不少于42小时，，丰富群众生活"]
    fires: ["goals[0]", "name"]
    severity: info
    ```

    ## 正例
    ```yaml
    project:
      name: 乡镇（街道）文化站免费开放经费[2024年]
      goals: ["1）每周开放不少于42小时；2）举办讲座12场……"]
      rows:
        - {level2: 数量指标, name: （1）开放天数, value: ≥300天}
    fires: []
    ```
    ```yaml
    project:
      title: {text: 1.文化站免费开放经费绩效目标表, raw: "[bookmark: _Toc_1]1.文化站免费开放经费绩效目标表"}
      name: 文化站免费开放经费
      rows:
        - {level2: 质量指标, name: 设施完好情况, value: 优：完好率95%以上；良：完好率85%至95%；中：完好率70%至85%；差：完好率70%以下}
    fires: []
    ```

    ## 建议的把握
    只删去乱码、多余的括号和重复的标点，可直接采用；超长文字由填报人精简。

    ## 依据
    通用填报要求。
    """

    @dataclass(frozen=True, slots=True)
    class Options:
        """Options: longest name, value and text in bytes of GBK (one 汉字 is two)."""

        name_bytes: int = 80
        value_bytes: int = 60
        text_bytes: int = 2000

    code = "BC504"
    name = "stray-characters"
    title = "文字超长或夹有多余字符"
    cure = True
    incurable = frozenset({"length"})
    severity = Severity.INFO
    severities = frozenset({Severity.ERROR})
    handbook = ("STR-11",)
    dimension = "完整性"
    opinion_code = "11"
    source = Source(FORM, "名称和文本应当完整、规范，不超过系统长度")
    fact = "{place}「{text}」中有{what}"
    impact = "名称在不同表格之间难以对应，导入系统时可能报错"
    advice = "请删去多余字符，核对文字是否完整"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        project = ctx.project
        yield from self._stray(ctx, "项目名称", project.name, ctx.at("name"), brackets=True)
        title = Cell(project.title.text)
        yield from self._stray(ctx, "标题", title, ctx.at("title"), brackets=True)
        yield from self._stray(ctx, "资金用途", project.budget.purpose, ctx.at("budget.purpose"))
        for k, cell in enumerate(project.goals):
            yield from self._stray(ctx, "绩效目标", cell, ctx.at_goal(k))
            yield from self._long(ctx, "绩效目标", cell, ctx.at_goal(k), self.options.text_bytes)
        for row in ctx.live_rows:
            if row.once(self.code, lambda row: next(self._row(ctx, row), None) is not None):
                yield from self._row(ctx, row)

    def _row(self, ctx: ProjectContext, row: RowContext) -> Iterator[Finding]:
        limits = self.options
        name = Cell(strip_prefix(row.text("name")))
        yield from self._long(ctx, "三级指标", name, row.at("name"), limits.name_bytes)
        graded = marked_qualitative(row) or _GRADES.search(row.text("value")) is not None
        if len(row.text("value")) > limits.value_bytes // 2 and not graded:
            yield from self._long(ctx, "指标值", row.row.value, row.at("value"), limits.value_bytes)
        yield from self._long(
            ctx, "绩效指标描述", row.row.description, row.at("description"), limits.text_bytes
        )
        yield from self._stray(ctx, "三级指标", row.row.name, row.at("name"), brackets=True)
        yield from self._stray(ctx, "指标值", row.row.value, row.at("value"))
        yield from self._stray(ctx, "绩效指标描述", row.row.description, row.at("description"))

    def _long(
        self, ctx: ProjectContext, place: str, cell: Cell, at: Location, limit: int
    ) -> Iterator[Finding]:
        if len(cell.text) * 2 <= limit or (size := gbk_bytes(cell.text)) <= limit:
            return
        yield self.found(
            ctx,
            location=at,
            severity=Severity.ERROR,
            subcode="length",
            evidence=[Evidence("arithmetic", f"{size}字节 > {limit}字节")],
            fact=f"{place}「{{text}}」共{size}字节，超过{limit}字节（{limit // 2}个汉字）",
            impact="系统无法保存或将截断",
            advice="请精简文字，把计算口径和说明移到描述栏",
            text=shorten(cell.text),
        )

    def _stray(
        self, ctx: ProjectContext, place: str, cell: Cell, at: Location, *, brackets: bool = False
    ) -> Iterator[Finding]:
        text = cell.text
        if not text:
            return
        what, span = "", None
        hidden = (
            residue(cell.raw) if cell.raw is not None else residue(text) if not text.isprintable() else None
        )
        if (bad := unreadable(text)) >= 0:
            what, span = "无法识别的乱码字符", (bad, bad + 1)
        elif brackets and (lone := lone_brackets(text)):
            what, span = f"不成对的括号「{text[lone[0]]}」", (lone[0], lone[0] + 1)
        elif hidden is not None:
            what = hidden
        elif place != "指标值" and (marks := doubled_marks(text)):
            what, span = f"重复的标点「{text[slice(*marks[0])]}」", marks[0]
        if what:
            yield self.found(
                ctx,
                location=Location(at.path, span, at.source),
                subcode="stray",
                evidence=[Evidence("quote", what)],
                place=place,
                text=shorten(text),
                what=what,
            )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        text = text_at(ctx.document, finding.location.path)
        better = _cleaned(text, finding)
        if better and better != text:
            yield Draft(
                title="删去多余字符",
                rationale="只删去多余字符，内容不变",
                edits=(Edit(finding.location.path, text, better),),
                applicability=Applicability.SAFE,
            )


def _cleaned(text: str, finding: Finding) -> str:
    """Return the text without the characters that the finding marks; "" where it marks none."""
    if finding.subcode != "stray":
        return ""
    rest = clean(text)
    for _ in range(8):
        lone, marks = lone_brackets(rest), doubled_marks(rest)
        bad = unreadable(rest)
        if bad >= 0:
            rest = rest[:bad] + rest[bad + 1 :]
        elif lone:
            rest = rest[: lone[0]] + rest[lone[0] + 1 :]
        elif marks:
            start, end = marks[0]
            rest = rest[: start + 1] + rest[end:]
        else:
            break
    return rest.strip()


RULE = StrayCharacters
