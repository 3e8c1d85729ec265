"""Small facts about the wording of a row, shared by the rules on weak targets."""

from __future__ import annotations

import re
from typing import Final

from nlp.lexicon import any_of
from nlp.valuewords import value_words
from rules.engine.context import RowContext

BENEFITS: Final = ("经济效益", "社会效益", "生态效益", "可持续影响", "社会成本", "生态环境成本")

_MEASURE: Final = re.compile(
    r"[÷×=]|\d+%|[^/]{2,}/[^/]{2,}|公式|占[^,。;]{0,30}(?:比例|比率|比重|百分比|之比)|(?:比例|比率|比值|百分比)[,。;]?$"
    r"|问卷|测评|评分|得分|指数|以[^,。;]{1,20}(?:率|数|次数|人数)(?:计|衡量|反映|表示)|按[^,。;]{1,20}计算|除以"
)

_GRADE_CLAUSES: Final = re.compile(r"[。;:()]")
_GRADE_INTRO: Final = re.compile(r"(?:分为|划分为|分成|划分|分别为|档次为|等次为|等级为|分(?=优|好|高))")
_GRADE_LIST: Final = re.compile(r"[、/|,和或]")
_GRADE_TAIL: Final = re.compile(
    r"(?:等?[两三四五2345]个?(?:档次?|等级|等次|等|级|类))?(?:\(?含\)?)?(?:及|或|含)?(?:其)?(?:以上)?$"
)

_GRADED_BY_STANDARD: Final = re.compile(r"(?:空气质量|水质|水环境质量|等级|等次|星级|级别|类别)(?:状况)?$")


def official_grade(ctx: RowContext) -> bool:
    """Whether the target is one grade of an official scale (空气质量 优良, 水质 三类, 评估等次 优秀)."""
    return len(ctx.norm("value")) <= 6 and _GRADED_BY_STANDARD.search(ctx.name) is not None


def graded_in_description(ctx: RowContext) -> bool:
    """Whether the description lists the grades of which the target is one (分为优、良、中、差, value 良 or 良及以上)."""
    description = ctx.norm("description")
    value = _GRADE_TAIL.sub("", ctx.norm("value").lstrip("≥=").removeprefix("定性").lstrip(":,"))
    if not value or not description:
        return False
    for clause in _GRADE_CLAUSES.split(description):
        found = _GRADE_INTRO.search(clause)
        parts = [
            _GRADE_TAIL.sub("", part) for part in _GRADE_LIST.split(clause[found.end() if found else 0 :])
        ]
        if value not in parts or len(set(parts) - {""}) < 2:
            continue
        if found is not None or all(_grade_like(part, value) for part in parts if part):
            return True
    return False


def _grade_like(part: str, value: str) -> bool:
    return part in value_words().grades or (len(value) >= 2 and part[-2:] == value[-2:])


def same_text(ctx: RowContext, first: str, second: str) -> bool:
    """Whether two cells of the row say the same after normalising."""
    return ctx.norm(first) == ctx.norm(second)


def explains_measure(ctx: RowContext) -> bool:
    """Whether the description (or an official term) says how the figure is worked out: formula, share, survey."""
    if any_of("targets", "official_levels").search(ctx.name):
        return True
    description = ctx.norm("description")
    return bool(description) and description != ctx.norm("name") and _MEASURE.search(description) is not None
