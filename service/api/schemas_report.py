"""The report of the contract as a published schema (biaochi.report/v1). Only routes, converters and clients use it.

Keys that a report may leave out have a default here; everything else is always there. Fields may be added, so readers
should ignore what they do not know.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Base of what the interface gives out."""

    model_config = ConfigDict(frozen=True, title=None)


class Source(Model):
    """单元格在原文件中的位置，行、列从 1 起数。"""

    kind: str = Field(description="识别出的格式", examples=["docx"])
    part: str | None = Field(description="工作表名、table 3、page 2", examples=["table 3"])
    row: int | None
    col: int | None
    line: int | None


class Quantity(Model):
    """解析后的指标值。"""

    kind: Literal["count", "money", "ratio", "duration", "date", "text"]
    operator: Literal["≥", "＞", "＝", "＜", "≤"] | None
    number: str | None = Field(None, description="十进制数字的文字", examples=["20000"])
    unit: str | None = Field(None, examples=["张"])
    date: str | None = Field(None, description="2024-10-31，没有年份时为 --10-31")
    upper: str | None = Field(None, description="范围的上限")
    per: list[str] = Field([], description="复合单位的分母")
    grades: list[str] = Field([], description="定性分级")
    trend: str | None = Field(None, description="代替数字的趋势词")


class Row(Model):
    """一行指标。operator、unit、weight 为 null 表示版式没有该列。"""

    level1: str = Field(examples=["产出指标"])
    level2: str = Field(examples=["数量指标"])
    name: str = Field(examples=["印制宣传材料数量"])
    description: str
    operator: str | None
    value: str = Field(examples=["≥2万张"])
    unit: str | None
    basis: str
    weight: str | None
    quantity: Quantity
    source: Source | None
    extra: dict[str, str] = Field({}, description="其他列，键为表头")
    absent: list[str] = Field([], description="版式没有的列")
    sources: dict[str, Source | None]
    raw: dict[str, str] = Field({}, description="与显示文字不同的原文")


class Budget(Model):
    """预算。金额为十进制数字的文字，读不出数字时为原文，未填为 null。"""

    total: str | None = Field(examples=["8.12"])
    fiscal: str | None
    other: str | None
    unit: Literal["元", "千元", "万元", "亿元"]
    purpose: str


class PlanPoint(Model):
    """资金支出计划的一个时点。"""

    label: str = Field(examples=["3月底"])
    percent: str | None = Field(examples=["25"])


class Project(Model):
    """一个项目的绩效目标表。"""

    title: str
    code: str
    name: str
    department: str
    budget: Budget
    plan: list[PlanPoint]
    goals: list[str]
    scheme: str | None = Field(examples=["cn2015"])
    rows: list[Row]
    source: Source | None
    absent: list[str] = []
    filed: dict[str, str] = {}
    sources: dict[str, Source | None]
    raw: dict[str, str] = {}


class DepartmentItem(Model):
    """分项绩效目标的一项。"""

    number: str
    name: str
    goal: str
    indicator: str


class Department(Model):
    """部门文件的第一部分。"""

    goals: list[str]
    items: list[DepartmentItem]
    measures: list[str]
    sources: dict[str, Source | None]
    raw: dict[str, str] = {}


class InputProblem(Model):
    """未能读取的部分。"""

    kind: str
    message: str
    source: Source | None


class Document(Model):
    """规范化后的文件。"""

    title: str
    year: int | None
    department: Department | None
    projects: list[Project]
    problems: list[InputProblem] = []
    sources: dict[str, Source | None]
    raw: dict[str, str] = {}


class ParsedDocument(Model):
    """只读取、不检查的结果。"""

    schema_: Literal["biaochi.document/v1"] = Field(alias="schema")
    document: Document


class Edit(Model):
    """把 path 处的 old 改为 new；行的路径上 new 为 null 表示删除，old 为 null 表示在最后一行之后新增。"""

    path: str = Field(max_length=200, examples=["projects[0].rows[2].value"])
    old: str | dict[str, str] | None = Field(examples=["≥100"])
    new: str | dict[str, str] | None = Field(examples=["≥100%"])


class Slot(Model):
    """待填项，在 new 中写作〔待填：prompt〕。"""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$", examples=["value"])
    prompt: str = Field(max_length=500, examples=["近三年平均值"])
    kind: Literal["number", "unit", "date", "text"]


class Suggestion(Model):
    """一条建议。"""

    title: str
    rationale: str
    edits: list[Edit] = Field(max_length=1000)
    slots: list[Slot] = Field(max_length=100)
    applicability: Literal["safe", "confirm", "display"] = Field(
        description="safe 可直接采用；confirm 请核实后采用；display 仅供参考"
    )
    verification: Literal["verified", "needs_input"]


class Wording(Model):
    """意见的四个部分。"""

    fact: str
    impact: str
    basis: str
    advice: str


class Location(Model):
    """问题所在，span 为单元格文字中的起止位置。"""

    path: str = Field(examples=["projects[0].rows[2].value"])
    span: tuple[int, int] | None = Field(examples=[[0, 4]])
    source: Source | None


class Evidence(Model):
    """证据。"""

    kind: Literal["quote", "lexicon", "arithmetic", "peer", "model"]
    text: str


class Basis(Model):
    """依据的文件；checked 为条文是否经人工核对。"""

    document: str
    checked: bool


class Fold(Model):
    """合并了多处同类问题。"""

    level: Literal["table", "file"]
    hits: int
    eligible: int
    tables: int


class Display(Model):
    """报告中的显示方式。"""

    state: Literal["shown", "nested", "collapsed"]
    parent: str | None


class Finding(Model):
    """一个问题。"""

    code: str = Field(pattern=r"^BC\d{3}$", examples=["BC301"])
    name: str = Field(examples=["unit-missing"])
    subcode: str | None
    severity: Literal["error", "warning", "info"] = Field(
        description="error 必须修改；warning 建议修改；info 可优化"
    )
    message: str
    wording: Wording
    location: Location
    related: list[str] = Field(description="问题涉及的其他单元格")
    evidence: list[Evidence]
    basis: Basis
    dimension: Literal["完整性", "相关性", "适当性", "可行性"]
    opinion_code: str = Field(examples=["4"])
    confidence: float | None = Field(description="只有模型参与的问题才有")
    suggestions: list[Suggestion]
    fold: Fold | None
    display: Display
    fingerprint: str


class WaivedFinding(Model):
    """因豁免或基线而不列的问题。"""

    finding: Finding
    reason: str
    author: str


class ModelRef(Model):
    """参与检查的模型。"""

    id: str
    version: str
    sha256: str


class Manifest(Model):
    """由什么得出本报告。"""

    tool: str
    ruleset_digest: str
    profile_chain: list[str]
    profile_digest: str
    models: list[ModelRef]
    corpora: dict[str, str]
    rules: list[str]
    input_sha256: str


class Deduction(Model):
    """一项扣分。"""

    code: str
    name: str
    dimension: str
    count: int
    points: str


class ProjectScore(Model):
    """一个项目的评分。"""

    score: float = Field(examples=[62.5])
    grade: Literal["优", "良", "中", "差"]
    dimensions: dict[str, float]
    conclusion: Literal["通过", "完善后通过", "不通过"]
    deductions: list[Deduction]


class Scores(Model):
    """各项目的评分，与 document.projects 同序。"""

    projects: list[ProjectScore]


class Report(Model):
    """检查报告，与 `biaochi check --format json` 的输出逐字节相同。"""

    schema_: Literal["biaochi.report/v1"] = Field(alias="schema")
    manifest: Manifest
    complete: bool = Field(description="false 表示有内容没有读取或没有检查，原因见问题清单")
    document: Document
    findings: list[Finding]
    waived: list[WaivedFinding]
    scores: Scores


def as_json(model: BaseModel) -> dict[str, Any]:
    """Return a model as JSON, with the names of the contract and without what was left out."""
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)
