"""What a basis cell should say: the kind of standard that suits the class, and a blank for the document."""

from __future__ import annotations

from typing import Final

from rules.engine.draft import Blank
from rules.rewriting.blanks import document_blank

_BY_CLASS: Final = {
    "数量": "计划标准",
    "质量": "行业标准",
    "时效": "计划标准",
    "成本": "预算支出标准",
    "社会成本": "历史标准",
    "生态环境成本": "行业标准",
    "经济效益": "历史标准",
    "社会效益": "历史标准",
    "生态效益": "历史标准",
    "可持续影响": "计划标准",
    "服务对象满意度": "历史标准",
}
_DOCUMENTS: Final = {
    "计划标准": "年度计划、实施方案或合同的名称和文号",
    "历史标准": "近三年统计数据或调查结果的来源和年份",
    "行业标准": "标准、规范或办法的名称和编号",
    "预算支出标准": "定额标准、合同或询价结果的名称和文号",
    "其他标准": "测算方法和数据来源",
}


def basis_kind_of(category: str | None) -> str:
    """Return the kind of standard that usually supports a class."""
    return _BY_CLASS.get(category or "", "计划标准")


def basis_text(category: str | None, kind: str | None = None) -> tuple[str, Blank]:
    """Return the text for a basis cell and its blank. `kind` is the kind of standard, by default the usual one.

    Rows of one class share the blank: one document usually supports them all.
    """
    chosen = kind if kind in _DOCUMENTS else basis_kind_of(category)
    label = (category or "指标").removeprefix("服务对象")
    blank = document_blank(f"{label}所依据的{_DOCUMENTS[chosen]}")
    return f"{chosen}：{blank}", blank
