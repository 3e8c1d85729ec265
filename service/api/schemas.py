"""Requests and answers of the interface, version 1. Only routes, converters and clients use these models."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictInt, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.api.schemas_report import Document, Edit, Finding, Model, Report, Suggestion

MOST_ITEMS = 1000
SchemeId = Literal["cn2015", "cn2021"]


def _cell(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if value is None or isinstance(value, str) or is_number:
        return value
    raise PydanticCustomError("cell_type", "a cell is a text, a number or null")


Cell = Annotated[Any, PlainValidator(_cell), WithJsonSchema({"type": ["string", "number", "null"]})]
"""What may stand in a cell of a form: text or a number; null is an empty cell."""


class Request(BaseModel):
    """Base of what callers send: unknown keys are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Filed(BaseModel):
    """Base of filed tables: further keys of a report (quantity, source …) are taken along."""

    model_config = ConfigDict(extra="allow", frozen=True)


class RowIn(Filed):
    """一行指标。不写的键表示版式没有该列，写 null 或空文字表示该格没有填。"""

    level1: Cell = None
    level2: Cell = None
    name: Cell = None
    description: Cell = None
    operator: Cell = None
    value: Cell = None
    unit: Cell = None
    basis: Cell = None
    weight: Cell = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "level1": "产出指标",
                    "level2": "质量指标",
                    "name": "培训合格率",
                    "description": "考核合格人数占参训人数的比例",
                    "value": "≥95",
                    "basis": "计划标准",
                }
            ]
        }
    )


class BudgetIn(Filed):
    """预算，金额用 unit 所写的单位，默认万元。"""

    total: Cell = None
    fiscal: Cell = None
    other: Cell = None
    unit: Literal["元", "千元", "万元", "亿元"] | None = None
    purpose: Cell = None


class PlanPointIn(Filed):
    """资金支出计划的一个时点。"""

    label: Cell = None
    percent: Cell = None


class ProjectIn(Filed):
    """一个项目。只需要填报的单元格；不写的部分视为版式没有。"""

    code: Cell = None
    name: Cell = None
    department: Cell = None
    budget: BudgetIn | None = None
    plan: list[PlanPointIn] | None = None
    goals: list[Cell] | None = None
    rows: list[RowIn] | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "基层干部培训",
                    "budget": {"total": "8.12", "unit": "万元", "purpose": "培训场地、教材与师资费用"},
                    "goals": ["全年举办培训班4期，培训基层干部200人次。"],
                    "rows": [
                        {
                            "level1": "产出指标",
                            "level2": "数量指标",
                            "name": "培训人次",
                            "description": "参加培训的人次数",
                            "value": "≥200人次",
                            "basis": "年度培训计划",
                        },
                        {
                            "level1": "产出指标",
                            "level2": "质量指标",
                            "name": "培训合格率",
                            "description": "考核合格人数占参训人数的比例",
                            "value": "≥95",
                            "basis": "计划标准",
                        },
                    ],
                }
            ]
        }
    )


class DepartmentItemIn(Filed):
    """分项绩效目标的一项。"""

    number: Cell = None
    name: Cell = None
    goal: Cell = None
    indicator: Cell = None


class DepartmentIn(Filed):
    """部门文件的第一部分。"""

    goals: list[Cell] | None = None
    items: list[DepartmentItemIn] | None = None
    measures: list[Cell] | None = None


class DocumentIn(Filed):
    """报告中的 document 对象，只需要填报的单元格。"""

    title: Cell = None
    year: StrictInt | None = None
    department: DepartmentIn | None = None
    projects: list[ProjectIn] = Field(min_length=1)


class ReportIn(Filed):
    """整个报告；只读取其中的 document。"""

    document: DocumentIn


class RowRequest(Request):
    """单行检查：正在填写的一行，以及所在项目中已知的内容。"""

    row: RowIn
    project: ProjectIn | None = Field(None, description="所在项目；rows 为其他各行")
    position: Annotated[int, Field(strict=True, ge=0, le=100_000)] | None = Field(
        None, description="该行在其他各行中的位置，从 0 起数；不写为最后一行"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "row": {"level1": "产出指标", "level2": "质量指标", "name": "培训合格率", "value": "≥95"},
                    "project": {"name": "基层干部培训", "budget": {"total": "8.12", "purpose": "培训费"}},
                }
            ]
        }
    )


class Exemplar(Model):
    """语料中最相近的范例。"""

    name: str
    label: str
    similarity: float


class Alternative(Model):
    """其他可能的类型。"""

    label: str
    p: float


class Classified(Model):
    """归类的结果。label 总是最可能的类型，abstain 为 true 时没有把握，请人工判断。"""

    id: Any = Field(description="与请求中的相同")
    label: str = Field(examples=["时效指标"])
    confidence: float = Field(examples=[0.9982])
    abstain: bool
    alternatives: list[Alternative]
    cues: list[str] = Field(description="判断依据；逐行检查时，与申报的类型相同则为空")
    exemplars: list[Exemplar] = Field(description="逐行检查时，与申报的类型相同则为空")


class RowAnswer(Model):
    """单行检查的结果。findings 未合并，路径以 path 为准。"""

    path: str = Field(examples=["projects[0].rows[0]"])
    scheme: str = Field(examples=["cn2015"])
    findings: list[Finding]
    classification: Classified | None


Text = Annotated[str, Field(strict=True, max_length=4000)]


class ClassifyItem(Request):
    """一个指标；id 原样返回。"""

    id: Cell = None
    name: Annotated[str, Field(strict=True, min_length=1, max_length=4000, pattern=r"\S")]
    description: Text | None = None
    value: Text | None = None
    unit: Text | None = None
    operator: Text | None = None
    project: Text | None = Field(None, description="目前不影响结果")


class ClassifyRequest(Request):
    """批量归类。"""

    items: list[ClassifyItem] = Field(min_length=1, max_length=MOST_ITEMS)
    scheme: SchemeId = "cn2015"

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"id": 1, "name": "设备维修及时率", "value": "≥95%"}]}]}
    )


class ClassifyAnswer(Model):
    """归类的结果，与请求同序。"""

    items: list[Classified]


class SuggestRequest(Request):
    """推荐指标。"""

    project: ProjectIn
    category: Annotated[str, Field(strict=True, min_length=1, max_length=40)] | None = Field(
        None, description="只要此类，如 社会效益、成本指标；不写为各类"
    )
    scheme: SchemeId | None = Field(None, description="不写时用项目的 scheme，再无则 cn2015")
    limit: Annotated[int, Field(strict=True, ge=1, le=50)] = Field(5, description="每类至多几条")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "project": {"name": "农村公路养护补助", "budget": {"purpose": "日常养护、小修保养"}},
                    "category": "成本",
                    "limit": 3,
                }
            ]
        }
    )


class Advice(Model):
    """推荐的一个指标。没有目标值，由填报人填写。"""

    category: str
    name: str
    description: str
    operator: str
    unit: str
    basis: str
    reason: str


class SuggestAnswer(Model):
    """推荐的指标，按类、按相关程度排列。"""

    fields: list[str] = Field(description="判断出的领域，可为空")
    suggestions: list[Advice]


class Choice(Request):
    """采用的一条建议，values 为待填项的名称与填写的内容。"""

    suggestion: Suggestion
    values: dict[str, Annotated[str, Field(strict=True, max_length=1000)]] = Field({}, max_length=100)


class PreviewRequest(Request):
    """试采用若干建议后重新检查，什么也不保存。"""

    document: DocumentIn
    choices: list[Choice] = Field(min_length=1, max_length=MOST_ITEMS)


class FixedEdit(Edit):
    """一处修改，路径按原文件计。"""


class Counts(Model):
    """各级别问题的条数。"""

    error: int
    warning: int
    info: int


class TakenOut(Model):
    """采用或未采用的一条建议，及其所答的问题。"""

    code: str
    path: str
    fingerprint: str
    title: str
    why: str | None = Field(description="未采用的原因")


class FixAnswer(Model):
    """采用全部无需填写的建议之后的文件。"""

    schema_: Literal["biaochi.fix/v1"] = Field(alias="schema")
    document: Document
    edits: list[FixedEdit]
    taken: list[TakenOut]
    left: list[TakenOut]
    before: Counts
    after: Counts


class Fault(Model):
    """一处不符合约定的内容。"""

    path: str = Field(examples=["items[0].name"])
    detail: str = Field(examples=["缺少此项"])


class ProblemOut(Model):
    """拒绝的原因（RFC 9457）。type 不会改变，detail 说明怎样处理。"""

    type: str = Field(pattern=r"^urn:biaochi:problem:[a-z-]+$", examples=["urn:biaochi:problem:too-large"])
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Fault] = Field([])


__all__ = [
    "MOST_ITEMS",
    "ClassifyAnswer",
    "ClassifyRequest",
    "DocumentIn",
    "FixAnswer",
    "PreviewRequest",
    "ProblemOut",
    "ProjectIn",
    "Report",
    "ReportIn",
    "RowAnswer",
    "RowRequest",
    "SuggestAnswer",
    "SuggestRequest",
]
