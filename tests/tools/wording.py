"""One small table with one fault, and a check of it with a language model; for the tests of proposed wordings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models.records.document import Document
from models.records.finding import Suggestion
from models.records.report import Report
from rules.engine.testing import build_document
from service import pipeline
from service.settings import WordingSettings
from tests.tools.chat_server import Answer, serving

QUICK = 0.3
COUNT = {
    "level2": "数量指标",
    "name": "培训医生人数",
    "description": "全年参加培训并签到的医生人数；数据来源：签到表",
    "value": "≥120人",
    "basis": "计划标准：《培训计划》（某卫发〔2026〕3号）",
}
RATE = {
    "level2": "质量指标",
    "name": "培训考核合格率",
    "description": "培训考核合格率",
    "value": "≥95%",
    "basis": "历史标准：2023年至2025年培训考核台账",
}
PROJECT = {
    "name": "基层医生培训",
    "code": "990101A0011",
    "department": "某县卫生健康局",
    "purpose": "用于乡镇卫生院医生培训",
    "goals": ["完成乡镇卫生院医生培训，提高基层诊疗水平，合格率比上年的90%有提高"],
    "budget": "61.37",
}
GOOD = {
    "name": "培训考核合格率",
    "description": "考核合格的医生人数÷参加考核的医生人数×100%；数据来源：培训考核台账",
    "value": "≥95%",
    "reason": "描述写明分子分母和数据来源",
}
OTHER = {
    **GOOD,
    "name": "培训考核优良率",
    "description": "考核优良的医生人数÷参加考核的医生人数×100%；数据来源：〔待填：台账名称〕",
    "value": "≥〔待填：上年考核优良率〕%",
}


def document(*rows: dict[str, Any], **project: Any) -> Document:
    return build_document({"projects": [{**PROJECT, **project, "rows": rows or [COUNT, RATE]}]})


def settings(url: str, **changes: Any) -> WordingSettings:
    return replace(WordingSettings(url=url, model="甲/qwen3", timeout=10.0), **changes)


def checked(answer: Answer, filed: Document | None = None, **changes: Any) -> Report:
    with serving(answer) as server:
        return pipeline.check(
            filed or document(), pipeline.CheckOptions(wording=settings(server.url, **changes))
        )


def offered(report: Report) -> tuple[Suggestion, ...]:
    return tuple(
        item
        for finding in report.findings
        for item in finding.suggestions
        if item.title.endswith("（语言模型拟定）")
    )
