"""What a basis cell should say: the kind of standard that suits the class, and a blank for the document."""

from __future__ import annotations

from typing import Final

from rules.engine.draft import Blank
from rules.rewriting.blanks import document_blank

_BY_CLASS: Final = {
    "数量": ("计划标准", "年度工作计划或实施方案的名称和文号"),
    "质量": ("行业标准", "行业标准、规范或验收办法的名称和编号"),
    "时效": ("计划标准", "实施方案、合同或办理时限规定的名称和文号"),
    "成本": ("预算支出标准", "定额标准、合同或询价结果的名称和文号"),
    "社会成本": ("历史标准", "近三年统计台账的名称和年份"),
    "生态环境成本": ("行业标准", "能耗、排放标准的名称和编号"),
    "经济效益": ("历史标准", "近三年统计数据的来源和年份"),
    "社会效益": ("历史标准", "近三年统计数据的来源和年份"),
    "生态效益": ("历史标准", "近三年监测数据的来源和年份"),
    "可持续影响": ("计划标准", "规划、管护制度的名称和文号"),
    "服务对象满意度": ("历史标准", "近三年满意度调查结果和年份"),
}
_OTHER: Final = ("计划标准", "所依据文件的名称和文号")


def basis_kind_of(category: str | None) -> str:
    """Return the kind of standard that usually supports a class."""
    return _BY_CLASS.get(category or "", _OTHER)[0]


def basis_text(category: str | None, kind: str | None = None) -> tuple[str, Blank]:
    """Return the text for a basis cell and its blank. `kind` keeps the kind that was filed.

    Rows of one class share the blank: one document usually supports them all.
    """
    usual, prompt = _BY_CLASS.get(category or "", _OTHER)
    label = (category or "指标").removeprefix("服务对象")
    blank = document_blank(f"{label}所依据的{prompt}")
    return f"{kind or usual}：{blank}", blank
