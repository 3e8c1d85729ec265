"""BC306 malformed-value."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.lexicon import any_of
from nlp.naming import is_time_point_or_span, is_timeliness, placeholders
from rules.engine.base import FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.values import asked, deadline
from rules.support.cells import FLOORS, operator_at

_SYMBOL: Final = re.compile(r"[≥≤<>=≮≯]+")
_OPERATOR: Final = re.compile(
    r"[≥≤<>=≮≯]|不低于|不少于|不高于|不超过|不大于|不小于|大于|小于|低于|高于|(?<!不)超过|以上|以下|以内|之内"
)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_BROKEN: Final = re.compile(r"\d+\.\d+\.\d+|\d\.\.\d|%%|\d,,\d|\.\.+%")
_DAY: Final = re.compile(r"(?<!\d)(\d{1,2})月(\d{1,2})[日号]")
_WORDS: Final = re.compile(r"[一-龥a-z]")
_AFTER: Final = ("后", "之后", "以后", "晚于", "起")


class MalformedValue(RowRule):
    """指标值无法读取：只有符号没有数字、符号重复或矛盾、数字或日期写错、完成期限写成了「≥」。

    ## 为什么
    监控按“符号＋数字＋单位”比较实际值。读不出数字就无法比较；完成期限写「≥10月」，拖得再晚也判为达标。用文字
    作指标值的由 BC401 提示，模板占位符另有规则。

    ## 反例
    ```yaml
    row: {level2: 质量指标, name: 桥梁检测合格率, value: "≥"}
    fires: [value]
    severity: error
    ```
    ```yaml
    row: {level2: 质量指标, name: 桥梁检测合格率, value: ≥≤98%}
    fires: [value]
    ```
    ```yaml
    row: {level2: 时效指标, name: 秸秆清理完成时间, value: ≥11月份}
    fires: [value]
    severity: error
    ```

    ## 正例
    ```yaml
    row: {level2: 质量指标, name: 桥梁检测合格率, value: ≥98%}
    ```
    ```yaml
    row: {level2: 时效指标, name: 秸秆清理完成时间, value: 11月底前}
    ```

    ## 建议的把握
    期限改为「≤某月某日」，只写到月的取月末；其余只给出形式，由填报人重新填写。

    ## 依据
    通用填报要求（定量指标值为数字）。
    """

    code = "BC306"
    name = "malformed-value"
    title = "指标值无法读取"
    cure = True
    severity = Severity.ERROR
    severities = frozenset({Severity.WARNING})
    handbook = ("VAL-01", "UNI-02")
    dimension = "适当性"
    opinion_code = "4"
    source = Source(FORM, "指标值应当由计算符号、数字和单位组成，期限应当写明截止日期")
    fact = "三级指标「{name}」的指标值「{value}」{reason}"
    impact = "读不出目标数，监控和自评时无法与实际完成值比较"
    advice = "请重新填写指标值〔待填：计算符号、数字和单位〕"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity = ctx.quantity
        if quantity.kind == "date":
            if quantity.operator in FLOORS:
                yield from self._deadline(ctx)
            return
        if quantity.upper is not None and quantity.number is not None and quantity.upper < quantity.number:
            yield self._unreadable(ctx, "range", "区间的下限大于上限")
            return
        text = ctx.norm("value")
        filed, column = _SYMBOL.match(text), ctx.norm("operator")
        if filed is not None and _SYMBOL.fullmatch(column) and filed[0] != column and _NUMBER.search(text):
            yield self._unreadable(ctx, "two-operators", f"与计算符号栏的「{ctx.text('operator')}」不一致")
            return
        if quantity.kind != "text" or not text or quantity.grades:
            return
        if not _SYMBOL.fullmatch(text) and placeholders(ctx.text("value")):
            return
        reason = _reason(text)
        if reason is not None:
            yield self._unreadable(ctx, *reason)

    def _unreadable(self, ctx: RowContext, subcode: str, reason: str) -> Finding:
        return self.found(
            ctx, "value", subcode=subcode, evidence=[Evidence("quote", ctx.filed_value)], reason=reason
        )

    def _deadline(self, ctx: RowContext) -> Iterator[Finding]:
        quantity, name = ctx.quantity, ctx.name
        if quantity.operator_filed in _AFTER or any_of("targets", "lasting").search(name):
            return
        due = ctx.category == "时效" or is_timeliness(name) or is_time_point_or_span(name)
        start, end = quantity.number_span or (0, 0)
        day = ctx.text("value")[start:end]
        if "日" not in day and quantity.date:
            day, note = _day(quantity.date), "（日取期末，请核实）"
        else:
            note = ""
        yield self.found(
            ctx,
            location=operator_at(ctx),
            severity=Severity.ERROR if due else Severity.WARNING,
            subcode="deadline",
            related=[ctx.at("value")] if ctx.text("operator") else [],
            evidence=[Evidence("quote", ctx.filed_value)],
            reason="把期限写成了下限",
            impact="期限前加「≥」意味着越晚越好，拖延再久监控时也判为达标",
            advice="建议将「{value}」调整为「≤{day}」{note}",
            day=day,
            note=note,
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        if finding.subcode == "deadline":
            draft = deadline(ctx)
            if draft is not None:
                yield draft
            return
        yield from asked(ctx, why="指标值无法读取，请按名称所考核的内容重新填写")


def _reason(text: str) -> tuple[str, str] | None:
    """Return (subcode, reason) for a value in which a figure was meant and cannot be read."""
    numbers = _NUMBER.findall(text)
    signs = _OPERATOR.findall(text)
    if not numbers:
        bare = _SYMBOL.sub("", text).strip("%.,、。;:")
        if _SYMBOL.match(text) and not (_WORDS.search(bare) and len(bare) > 3):
            return "no-number", "只有计算符号，没有数字"
        return ("no-number", "没有数字") if text in ("%", "‰", "万", "万元", "元") else None
    wrong = _wrong_day(text)
    if wrong is not None:
        return "no-such-day", f"中的「{wrong}」不是有效日期"
    if len(text) <= 20 and _BROKEN.search(text):
        return "broken-number", "中的数字书写有误"
    if len(numbers) == 1 and len(text) <= 16 and len(signs) >= 2 and "且" not in text and "(含" not in text:
        return "two-operators", "有两个计算符号"
    return None


def _day(iso: str) -> str:
    """Return an ISO date (`--10-31` without a year) as 10月31日."""
    year, month, day = iso.rsplit("-", 2)
    dated = f"{int(month)}月{int(day)}日"
    return f"{year}年{dated}" if year.strip("-") else dated


def _wrong_day(text: str) -> str | None:
    for match in _DAY.finditer(text):
        try:
            date(2024, int(match[1]), int(match[2]))
        except ValueError:
            return match[0]
    return None


RULE = MalformedValue
