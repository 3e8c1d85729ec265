"""Requests and answers about what is kept: documents, rounds, runs, decisions, opinions, waivers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StrictInt, StringConstraints

from service.api.schemas import Request
from service.api.schemas_report import Document, Manifest, Model, ProjectScore

Moment = Annotated[str, Field(examples=["2026-09-01T02:03:04.000005Z"], description="UTC")]
Id = Annotated[str, Field(examples=["0f8fad5bd9cb469fa16570867728950e"])]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
State = Literal["draft", "submitted", "returned", "approved"]
Action = Literal["accepted", "edited", "rejected"]


class DocumentNew(Request):
    """建立一份文件。"""

    department: Line = Field(examples=["教育局"])
    label: Line = Field(
        description="名称，由填报人取，不必与表内项目名称相同", examples=["2026年部门绩效目标"]
    )
    fiscal_year: StrictInt | None = Field(None, ge=1949, le=2199, examples=[2026])


class FilingNew(Request):
    """提交或撤回。"""

    state: Literal["submitted", "draft"] = Field(
        description="submitted 提交；draft 撤回", examples=["submitted"]
    )


class VerdictNew(Request):
    """退回或通过。"""

    state: Literal["returned", "approved"] = Field(
        description="returned 退回；approved 通过", examples=["returned"]
    )


class DocumentOut(Model):
    """一份文件，经历若干轮次。"""

    id: Id
    department: str
    label: str
    fiscal_year: int | None
    state: State
    created_by: str
    created_at: Moment
    updated_at: Moment


class DocumentPage(Model):
    """若干文件，新的在前。"""

    documents: list[DocumentOut]
    next: str | None = Field(description="下一页的 cursor，最后一页为 null")


class RoundOut(Model):
    """一轮填报，不含表内文字。"""

    id: Id
    document: Id
    number: int = Field(description="第几轮，从 1 起数")
    round: str = Field(examples=["一上"])
    sha256: str = Field(description="所提交文件的 SHA-256")
    input_kind: str = Field(examples=["docx"])
    created_by: str
    created_at: Moment
    purge_after: Moment | None = Field(description="表内文字的清除时间")
    purged: bool = Field(description="true 表示表内文字已清除")


class RoundList(Model):
    """全部轮次，先后为序。"""

    rounds: list[RoundOut]


class Counts(Model):
    """问题数。"""

    error: int
    warning: int
    info: int
    waived: int = Field(description="因豁免而不列的")


class RunOut(Model):
    """一次检查，不含表内文字。"""

    id: Id
    document: Id
    round: Id
    number: int = Field(description="第几轮")
    profile: str | None
    complete: bool = Field(description="false 表示有内容没有读取或没有检查")
    counts: Counts
    scores: list[ProjectScore]
    manifest: Manifest
    report_sha256: str = Field(description="JSON 报告的 SHA-256")
    created_at: Moment
    purged: bool


class RunPage(Model):
    """若干次检查，新的在前。"""

    runs: list[RunOut]
    next: str | None


class Filed(Model):
    """一轮填报及其检查。"""

    round: RoundOut
    run: RunOut


class RoundText(Model):
    """一轮填报规范化后的内容，可再提交检查。"""

    schema_: Literal["biaochi.document/v1"] = Field(alias="schema")
    document: Document


class DecisionOut(Model):
    """对一个问题的处理。"""

    id: Id
    document: Id
    run: Id | None
    fingerprint: str
    code: str
    action: Action
    reason: str
    decided_by: str
    decided_at: Moment


class DecisionNew(Request):
    """处理一个问题；同一问题以最后一次为准。"""

    fingerprint: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    action: Action = Field(description="accepted 采纳；edited 修改后采纳；rejected 不采纳，须写明理由")
    reason: Annotated[str, StringConstraints(max_length=400)] = ""
    run: str | None = Field(None, max_length=32, description="在哪次检查中看到；不写为最近一次")


class DecisionPage(Model):
    """若干处理，新的在前。"""

    decisions: list[DecisionOut]
    next: str | None


class FindingOut(Model):
    """一个问题，不含表内文字；文字见报告。"""

    ordinal: int
    fingerprint: str
    code: str = Field(examples=["BC301"])
    severity: Literal["error", "warning", "info"]
    path: str = Field(examples=["projects[0].rows[2].value"])
    opinion_code: str
    waived: bool
    decision: DecisionOut | None = Field(description="最后一次处理")


class FindingPage(Model):
    """若干问题，按报告中的次序。"""

    complete: bool
    findings: list[FindingOut]
    next: str | None


class FindingRef(Model):
    """比较结果中的一个问题。"""

    fingerprint: str
    code: str
    severity: Literal["error", "warning", "info"]
    path: str
    opinion_code: str


class Comparison(Model):
    """两次检查之间问题的变化，按指纹比较。"""

    old: RunOut
    new: RunOut
    complete: bool = Field(description="false 表示其中一次检查不完整，“已解决”可能只是没有读到")
    solved: list[FindingRef]
    remaining: list[FindingRef]
    added: list[FindingRef]
    waived: list[FindingRef] = Field(description="仍在，但已豁免")
    unchecked: list[FindingRef] = Field(description="后一次检查没有启用该规则，无从判断")


class Replay(Model):
    """以所存原文按所记条件重新检查的结果。"""

    run: Id
    same: bool = Field(description="两份 JSON 报告是否逐字节相同")
    report_sha256: str
    replayed_sha256: str
    changed: list[str] = Field(description="报告 manifest 中与当时不同的项，如 tool、ruleset_digest、models")
    findings: dict[Literal["gone", "added"], int] = Field(description="不再出现的与新出现的问题数")


class OpinionNew(Request):
    """对一个项目的审核意见。"""

    text: Annotated[str, StringConstraints(max_length=20_000)] = Field(
        examples=["请补充数量指标的计量单位。"]
    )
    conclusion: Literal["通过", "完善后通过", "不通过"]


class OpinionOut(Model):
    """审核意见；text 按保存期限清除后为 null。"""

    run: Id
    project: int = Field(description="项目在报告中的序号，从 0 起数")
    state: Literal["draft", "issued"]
    conclusion: str
    text: str | None
    updated_by: str
    updated_at: Moment


class OpinionList(Model):
    """若干意见，按项目次序。"""

    opinions: list[OpinionOut]
    next: str | None


class WaiverNew(Request):
    """一条豁免：写明指纹，或写明规则并可限定项目与指标。"""

    department: Line | None = Field(None, description="适用的部门；不写适用于全部部门", examples=["教育局"])
    fingerprint: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    rule: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = Field(
        None, examples=["unit-missing"]
    )
    project: Line | None = Field(None, description="项目代码或名称")
    name: Line | None = Field(None, description="指标名称")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=400)] = Field(
        examples=["沿用上级统一口径"]
    )
    expires: date | None = Field(None, description="用到这一天为止", examples=["2026-12-31"])


class WaiverOut(Model):
    """一条豁免。"""

    id: Id
    department: str | None
    fingerprint: str | None
    rule: str | None
    project: str | None
    name: str | None
    reason: str
    author: str
    expires: str | None
    created_at: Moment
    revoked_at: Moment | None


class WaiverPage(Model):
    """若干豁免，新的在前。"""

    waivers: list[WaiverOut]
    next: str | None
