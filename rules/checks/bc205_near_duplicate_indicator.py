"""BC205 near-duplicate-indicator."""

import re
from collections.abc import Hashable, Iterator
from itertools import combinations

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import is_satisfaction, is_timeliness
from nlp.sameness import same
from nlp.text import normalise
from rules.engine.base import LOGIC, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at
from rules.rewriting.merge import merged
from rules.support.cells import CEILINGS
from rules.support.repeats import bigrams, near_key, overlap, telling_number, value_key, without_common
from rules.support.same_thing import same_beneficiaries

_BENEFICIARY = re.compile(r"受益|惠及")
_COUNTING = re.compile(r"受益|惠及|覆盖|直接|间接|数量|个数|人数|户数|总数|人口数|的|数$")
_TIMELY = re.compile(r"及时|按时|按期|准时|率|性|的")
_EFFECTS = ("社会效益", "经济效益", "可持续影响", "生态效益")
_MIN_CLASSES = 3


class NearDuplicateIndicator(ProjectRule):
    """同一项目里疑似用不同名称或类型重复考核同一件事。

    ## 为什么
    同一个数在产出和效益、成本里各用一次，效益只是重述产出，评价时重复的一侧不得分。只在数值相同且对象相同、同一
    数值出现在三个及以上类型，或两个名称只是词序、虚词、同义词不同时提示；对象、方向、量和率不同的不算。

    ## 反例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 安装路灯的村庄, value: ≥26个}
        - {level2: 社会效益指标, name: 受益村庄数量, value: ≥26个}
    fires: ["rows[1].value"]
    severity: warning
    ```
    ```yaml
    project:
      rows:
        - {level2: 成本指标, name: 助学金总额, value: ≤38万元}
        - {level2: 时效指标, name: 助学金及时发放, value: ≥38万元}
        - {level2: 经济效益指标, name: 助学金涉及金额, value: ≥38万元}
    fires: ["rows[0].value"]
    ```
    ```yaml
    project:
      rows:
        - {level2: 质量指标, name: 困难群众慰问金发放及时率, value: ≥95%}
        - {level2: 时效指标, name: 及时发放困难群众慰问金, value: ≥98%}
    fires: ["rows[1].value"]
    ```

    ## 正例
    ```yaml
    project:
      rows:
        - {level2: 质量指标, name: 新建泵站验收合格率, value: ≥95%}
        - {level2: 质量指标, name: 改建泵站验收合格率, value: ≥95%}
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 安装路灯的村庄, value: ≥26个}
        - {level2: 社会效益指标, name: 受益群众人数, value: ≥5200人}
    ```
    ```yaml
    project:
      rows:
        - {level2: 质量指标, name: 设备完好率, value: ≥95%}
        - {level2: 时效指标, name: 维修及时率, value: ≥95%}
    ```

    ## 建议的把握
    合并时保留要求较高的一行；合并后某类没有指标的，改为该类自身的指标。由填报人核实是否同一内容。

    ## 依据
    数据逻辑。
    """

    code = "BC205"
    name = "near-duplicate-indicator"
    title = "疑似重复考核"
    cure = True
    severity = Severity.WARNING
    handbook = ("STR-08", "BEN-02")
    dimension = "完整性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows", "goals"})
    opinion_code = "11"
    source = Source(LOGIC, "一个项目内同一内容只设一个指标")
    fact = "三级指标「{name}」（{level2}，{value}）与{others}{why}，疑似重复考核同一内容"
    impact = "效益或其他类型没有独立的目标，评价时重复的一侧可能不得分"
    advice = "建议核实，如为同一内容请保留一行，另一行改为该类型自身的目标〔待填：指标及数值〕"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        rows = [row for row in ctx.live_rows if row.category is not None and row.quantity.is_number]
        blocks: dict[tuple[Hashable, ...], list[RowContext]] = {}
        by_number: dict[Hashable, list[RowContext]] = {}
        for row in rows:
            key = value_key(row.quantity)
            if key is not None:
                blocks.setdefault(key, []).append(row)
            by_number.setdefault(row.quantity.number, []).append(row)
        taken: set[tuple[int, int]] = set()
        for members in blocks.values():
            if telling_number(members[0].quantity) and len({row.category for row in members}) >= _MIN_CLASSES:
                taken.update((a.index, b.index) for a in members for b in members)
                yield self._found(
                    members[0], members[1:], "same-value", "指标值相同，同一数值用于三个及以上类型"
                )
        for first, second in combinations([row for row in ctx.live_rows if len(row.name) >= 4], 2):
            if _one_measure(first, second) and (first.index, second.index) not in taken:
                taken.add((first.index, second.index))
                yield self._found(second, [first], "same-measure", "考核的是同一内容")
        for members in by_number.values():
            for i, first in enumerate(members):
                for second in members[i + 1 :]:
                    if (first.index, second.index) in taken or first.category == second.category:
                        continue
                    pair = _same_thing(ctx, first, second)
                    if pair is not None:
                        subcode, why, head, other = pair
                        yield self._found(head, [other], subcode, why)

    def _found(self, head: RowContext, others: list[RowContext], subcode: str, why: str) -> Finding:
        named = "、".join(
            "「{}」（{}，{}）".format(row.words()["name"], row.text("level2"), row.filed_value)
            for row in others
        )
        return self.found(
            head,
            "value",
            subcode=subcode,
            related=[loc for row in others for loc in (row.at("value"), row.at("name"))],
            evidence=[
                Evidence(
                    "peer", f"相同的数值：{head.filed_value}；{'、'.join(r.filed_value for r in others)}"
                )
            ],
            others=named,
            why=why,
        )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        rows: dict[int, RowContext] = {}
        for place in (finding.location, *finding.related):
            row = row_at(ctx, place.path)
            if row is not None:
                rows.setdefault(row.index, row)
        yield from merged(list(rows.values()))


def _one_measure(first: RowContext, second: RowContext) -> bool:
    """Whether two names are one measure in other words (慰问金发放及时率, 及时发放慰问金) with values of one kind."""
    if first.quantity.kind != second.quantity.kind or first.quantity.operator in CEILINGS:
        return False
    if first.name == second.name or is_satisfaction(first.text("name")):
        return False
    return same(first.text("name"), second.text("name"))


def _same_thing(
    ctx: ProjectContext, first: RowContext, second: RowContext
) -> tuple[str, str, RowContext, RowContext] | None:
    """Return subcode, reason, the row to report and the other one."""
    if first.name == second.name:
        # Equal names are duplicate-indicator's.
        return None
    if is_satisfaction(first.text("name")) or is_satisfaction(second.text("name")):
        return None
    if first.quantity.upper is not None or second.quantity.upper is not None or not first.quantity.number:
        return None
    a, b = first.quantity, second.quantity
    if same_beneficiaries(first.text("name"), a, second.text("name"), b) and {
        first.category,
        second.category,
    } & {"数量"}:
        head, other = (second, first) if first.category == "数量" else (first, second)
        return "same-beneficiaries", "救助或受益的对象与数目一致", head, other
    key = value_key(a)
    if key is None or key != value_key(b):
        return None
    for output, effect in ((first, second), (second, first)):
        if output.category == "数量" and effect.category in _EFFECTS and _restates(output, effect):
            return "benefit-restates-output", "指标值一致，效益重述产出", effect, output
    if (
        a.kind == "duration"
        and a.unit in ("小时", "天", "日", "分钟")
        and bigrams(first.name) & bigrams(second.name)
    ):
        if a.operator not in ("≤", "＜") and b.operator not in ("≤", "＜"):
            return "same-topic", "指标值和内容一致", second, first
        return None
    if near_key(first.name) == near_key(second.name):
        return "same-topic", "名称和指标值一致", second, first
    if is_timeliness(first.text("name")) and is_timeliness(second.text("name")) and a.kind == "ratio":
        project = normalise(ctx.project.name.text)
        left, right = (_TIMELY.sub("", without_common(row.name, project)) for row in (first, second))
        if (
            min(len(left), len(right)) >= 3
            and overlap(left, right) >= 0.75
            and bigrams(left) & bigrams(right)
        ):
            return "same-topic", "都考核同一事项是否及时，指标值一致", second, first
    return None


def _restates(output: RowContext, effect: RowContext) -> bool:
    quantity = effect.quantity
    if quantity.kind != "count" or (quantity.number or 0) < 2 or _BENEFICIARY.search(effect.name) is None:
        return False
    noun = _COUNTING.sub("", effect.name)
    if quantity.dimension in ("person", "household"):
        return True
    return bool(bigrams(noun) & bigrams(output.name))


RULE = NearDuplicateIndicator
