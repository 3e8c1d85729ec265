"""BC402 vague-wording."""

from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import goal_phrase, has_measurable_noun, vague_words, weak_phrase
from rules.engine.base import DOC_88, FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.measurable import measurable
from rules.support.cells import has_scale, marked_qualitative
from rules.support.wording import graded_in_description, official_grade, same_text

_IN_NAME: Final = ("degree", "trend", "adverb")
# 可持续 repeats the class 可持续影响; 全面覆盖 is quantified by its percentage.
_FINE_IN_NAME: Final = frozenset({"可持续", "全面覆盖"})
_GOAL_VERB: Final = ("goal_verb",)


class VagueWording(RowRule):
    """指标值或名称使用较好、逐年、显著、明显、进一步等模糊用语，或者名称是「提高……」一类的工作目标。

    ## 为什么
    模糊用语没有衡量标准，验收时各说各话。以「提高」「确保」开头的是工作目标，不是指标名称，看不出用什么衡量。
    已注明定性、写出分级的，以及名称中已有可衡量内容、指标值有确定数量或金额的，
    不提示。

    ## 反例
    ```yaml
    row: {level2: 社会效益指标, name: 村容村貌, value: 显著提升}
    fires: [value]
    severity: warning
    ```
    ```yaml
    row: {level2: 可持续影响指标, name: 促进乡村旅游发展, value: ≥90%}
    fires: [name]
    severity: info
    ```

    ## 正例
    ```yaml
    row: {level2: 社会效益指标, name: 村容村貌评比得分, value: ≥90分}
    ```
    ```yaml
    row: {level2: 质量指标, name: 有效投诉处理率, value: ≥98%}
    ```

    ## 建议的把握
    换成本项目可以统计的内容，表内的百分比保留，其余数字由填报人填写。

    ## 依据
    财预〔2015〕88号（绩效目标应当具体细化）。条文未经人工核对。
    """

    code = "BC402"
    name = "vague-wording"
    title = "表述模糊"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.INFO})
    handbook = ("VAL-04", "NAM-05")
    dimension = "相关性"
    opinion_code = "2"
    source = Source(DOC_88, "绩效目标应当细化量化，避免模糊表述")
    fact = "{label}「{text}」使用了模糊用语「{word}」"
    impact = "{why}，评价时容易被认为目标不可考核"
    advice = "建议将「{word}」替换为可核对的内容，{hint}"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        value = ctx.text("value")
        if (
            ctx.quantity.kind == "text"
            and value
            and not marked_qualitative(ctx)
            and not official_grade(ctx)
            and not graded_in_description(ctx)
            and not same_text(ctx, "value", "name")
        ):
            yield from self._vague(ctx, "value", "指标值", vague_words(value))
        name = ctx.text("name")
        if not name:
            return
        # A degree with grades (社区稳定程度) is judged by its grades.
        if not has_measurable_noun(name) and not (has_scale(ctx) or graded_in_description(ctx)):
            hits = tuple(hit for hit in vague_words(name, _IN_NAME) if hit[0] not in _FINE_IN_NAME)
            if hits:
                yield from self._vague(ctx, "name", "三级指标", hits)
                return
        verb = goal_phrase(name)
        counted = ctx.quantity.kind in ("count", "money") and ctx.quantity.unit is not None
        if verb is not None and not counted:
            yield self._goal(ctx, verb)

    def _vague(
        self, ctx: RowContext, place: str, label: str, hits: tuple[tuple[str, int, int, str], ...]
    ) -> Iterator[Finding]:
        if not hits:
            return
        word, start, end, entry_id = hits[0]
        entry = weak_phrase(entry_id)
        yield self.found(
            ctx,
            place,
            span=(start, end),
            subcode=entry_id,
            evidence=[Evidence("lexicon", f"「{hit[0]}」") for hit in hits],
            label=label,
            text=ctx.words()[place],
            word=word,
            why=entry.why,
            hint=entry.hint,
        )

    def _goal(self, ctx: RowContext, verb: str) -> Finding:
        entry = next((item[3] for item in vague_words(verb, _GOAL_VERB)), None)
        hint = weak_phrase(entry).hint if entry is not None else "改为可衡量的结果"
        start = ctx.text("name").find(verb)
        return self.found(
            ctx,
            "name",
            span=(start, start + len(verb)) if start >= 0 else None,
            severity=Severity.INFO,
            subcode="goal-phrase",
            evidence=[Evidence("lexicon", f"以「{verb}」开头")],
            fact="三级指标「{name}」以「" + verb + "」开头，是工作目标，不是指标名称",
            impact="看不出用什么衡量，实际完成值无从取得",
            advice=f"请核实要衡量的内容，建议{hint}",
            source=Source(FORM, "指标名称应当写明衡量的内容"),
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from measurable(ctx, why="模糊用语换成可以核对的内容")


RULE = VagueWording
