"""Small facts about the wording of a row, shared by the rules on weak targets."""

from __future__ import annotations

import re
from typing import Final

from nlp.lexicon import any_of
from rules.engine.context import RowContext

BENEFITS: Final = ("经济效益", "社会效益", "生态效益", "可持续影响", "社会成本", "生态环境成本")

_MEASURE: Final = re.compile(
    r"[÷×=]|\d+%|[^/]{2,}/[^/]{2,}|公式|占[^,。;]{0,30}(?:比例|比率|比重|百分比|之比)|(?:比例|比率|比值|百分比)[,。;]?$"
    r"|问卷|测评|评分|得分|指数|以[^,。;]{1,20}(?:率|数|次数|人数)(?:计|衡量|反映|表示)|按[^,。;]{1,20}计算|除以"
)

_GRADED_BY_STANDARD: Final = re.compile(r"(?:空气质量|水质|水环境质量|等级|等次|星级|级别|类别)(?:状况)?$")


def official_grade(ctx: RowContext) -> bool:
    """Whether the target is one grade of an official scale (空气质量 优良, 水质 三类, 评估等次 优秀)."""
    return len(ctx.norm("value")) <= 6 and _GRADED_BY_STANDARD.search(ctx.name) is not None


def same_text(ctx: RowContext, first: str, second: str) -> bool:
    """Whether two cells of the row say the same after normalising."""
    return ctx.norm(first) == ctx.norm(second)


def explains_measure(ctx: RowContext) -> bool:
    """Whether the description (or an official term) says how the figure is worked out: formula, share, survey."""
    if any_of("targets", "official_levels").search(ctx.name):
        return True
    description = ctx.norm("description")
    return bool(description) and description != ctx.norm("name") and _MEASURE.search(description) is not None
