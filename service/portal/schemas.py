"""What the routes of the portal take and give, as published. Keys of `results` and `amounts` are the site's own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from service.api.schemas import Request
from service.api.schemas_report import Evidence, Model, Slot

Severity = Literal["error", "warning", "info"]

_MESSAGE: dict[str, Any] = {
    "项目代码": "99010224P004000000043",
    "项目名称": "儿童公园改造",
    "单位代码": "406001",
    "单位名称": "某县园林所",
    "项目内容": "更新游乐设施",
    "预算年度": "2027",
    "本年度预算资金总额": "812000.00",
    "本年度绩效目标": "更新游乐设施12套，改善游园条件。",
    "本年度绩效指标": [
        {
            "一级绩效指标": "产出指标",
            "二级绩效指标": "数量指标",
            "三级绩效指标": "更新设施数量",
            "计算符号": "≥",
            "指标值": "12",
            "计量单位": "套",
        }
    ],
}
_RECORDS: dict[str, Any] = {
    "project": {"MAINGUID": "m1", "PRO_CODE": "99010224P004000000041", "PRO_NAME": "公园绿地养护"},
    "goals": [{"KPI_TARGET": "养护绿地52公顷，保持绿地完好。"}],
    "rows": [
        {
            "GUID": "r1",
            "MAINGUID": "m1",
            "FINDEX": "1",
            "SINDEX": "11",
            "NAME": "养护绿地面积",
            "COMPUTESIGN": "1",
            "INDEXVAL": "52",
            "METERUNIT": "公顷",
            "KPI_CONTENT": "全年养护面积",
            "INDEXSTANDARDS": "1",
            "YEARFLAG": "0",
            "IS_DELETED": "2",
        }
    ],
}
PROJECT_SCHEMA: dict[str, Any] = {
    "title": "PortalProject",
    "description": "一个项目：中文键的项目报文，或一体化系统的数据行（数组，或 project、goals、rows 三部分）。字段名以本站的映射文件为准。",
    "anyOf": [
        {"type": "object", "additionalProperties": True, "minProperties": 1},
        {"type": "array", "items": {"type": "object", "additionalProperties": True}, "minItems": 1},
    ],
}
PROJECT_EXAMPLES: dict[str, Any] = {
    "message": {"summary": "项目报文", "value": _MESSAGE},
    "records": {"summary": "数据行", "value": _RECORDS},
}


class BatchIn(Request):
    """一批项目。"""

    projects: list[Any] = Field(min_length=1, description="各项目，写法同 /v1/portal/check 的正文，可以混用")
    webhook: Annotated[str, Field(strict=True, min_length=1, max_length=2000)] | None = Field(
        None, description="处理完毕后通知的地址；通知带签名，不含表内文字"
    )
    department: (
        Annotated[str, Field(strict=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
        | None
    ) = Field(None, description="所属部门；密钥只对应一个部门时可不写")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"projects": [_MESSAGE, _RECORDS], "webhook": "https://portal.example/biaochi"}]
        }
    )


class MappingRef(Model):
    """所用的映射文件。"""

    name: str
    sha256: str


class PortalManifest(Model):
    """由什么得出本结果。"""

    tool: str
    ruleset_digest: str
    profile_chain: list[str]


class PortalProjectRef(Model):
    """所检查的项目。"""

    key: str = Field(description="MAINGUID，没有则为项目代码")
    code: str
    name: str
    department: str
    scheme: str | None


class PortalRow(Model):
    """一行指标的预警与意见。"""

    guid: str | None = Field(description="行的 GUID；报文没有时以 number 定位")
    path: str
    number: int | None = Field(description="在所提交的数组中的序号，从 1 起数")
    name: str
    severity: Severity | None
    light: str = Field(examples=["红"])
    opinion_code: str | None = Field(description="最重一条的审核意见代码", examples=["4"])
    opinion_codes: list[str]
    opinion: str = Field(max_length=4000)
    findings: list[int] = Field(description="findings 中的序号，从 0 起数")


class PortalPlace(Model):
    """问题涉及的其他单元格。"""

    guid: str | None
    column: str | None
    path: str


class PortalEdit(Model):
    """把 column 的 old 改为 new；代码列为代码，金额为原单位，text 为可读的文字。整行的增删，column 为 null。"""

    guid: str | None
    column: str | None
    path: str
    old: str | dict[str, str] | None
    new: str | dict[str, str] | None
    text: str | None


class PortalSuggestion(Model):
    """一条建议；slots 为须由填报人填写的内容，在 new 中写作〔待填：prompt〕。"""

    title: str
    rationale: str
    edits: list[PortalEdit]
    slots: list[Slot]
    applicability: Literal["safe", "confirm", "display"]
    verification: Literal["verified", "needs_input"]


class PortalFinding(Model):
    """一个问题。"""

    rule_id: str = Field(examples=["BC301"])
    rule_name: str
    severity: Severity
    guid: str | None
    column: str | None = Field(examples=["INDEXVAL"])
    path: str
    original: str | None = Field(description="所提交的原文")
    span: tuple[int, int] | None
    evidence: list[Evidence]
    reason: str
    document: str = Field(description="依据的文件")
    dimension: str
    opinion_code: str
    opinion_text: str
    confidence: float | None
    alternatives: list[str] = Field(description="该单元格可改成的写法")
    related: list[PortalPlace]
    suggestions: list[PortalSuggestion]
    fingerprint: str


class PortalResult(Model):
    """一个项目的审核结果。"""

    schema_: Literal["biaochi.portal/v1"] = Field(alias="schema")
    mapping: MappingRef
    manifest: PortalManifest
    complete: bool
    project: PortalProjectRef
    conclusion: str = Field(examples=["完善后通过"])
    score: float
    grade: str
    dimensions: dict[str, float]
    severity: Severity | None
    light: str
    amounts: dict[str, str] = Field(description="金额，键与单位同所提交的，文字不变")
    results: list[dict[str, str | int]] = Field(description="审核结果，每个审核点一行，键为映射文件中的列名")
    rows: list[PortalRow]
    findings: list[PortalFinding]


class Submitted(Model):
    """已收下的批次。"""

    job: str
    total: int = Field(description="项目数")


class Poisoned(Model):
    """多次失败、已搁置的项目。"""

    ordinal: int
    label: str
    attempts: int
    reason: str


class PortalProgress(Model):
    """批次的进度。"""

    job: str
    state: Literal["queued", "running", "done", "cancelled"]
    total: int
    counts: dict[str, int]
    finished: int
    poison: list[Poisoned]
    per_second: float | None
    seconds_left: int | None


class PortalItem(Model):
    """批次中一个项目的结果；没有结果时 error 说明原因。"""

    ordinal: int = Field(description="在批次中的序号，从 0 起数")
    key: str
    state: Literal["queued", "leased", "done", "poison", "cancelled"]
    result: PortalResult | None
    error: str | None


class PortalItems(Model):
    """一页结果；next_after 不为 null 时以 after 续取。"""

    job: str
    state: Literal["queued", "running", "done", "cancelled"]
    items: list[PortalItem]
    next_after: int | None


class Withdrawn(Model):
    """撤回之后的状态；done 表示撤回之前已全部完成。"""

    job: str
    state: Literal["done", "cancelled"]


class WebhookSecrets(Model):
    """核对回调签名所用的密钥，只与当前密钥提交的批次有关；更换期间有多个，任一相符即可。"""

    secrets: list[str]
    tolerance: int = Field(description="允许的时差，秒")
