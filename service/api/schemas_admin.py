"""Requests and answers about batches, keys, sessions and the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictInt, StringConstraints
from pydantic_core import PydanticCustomError

from service.api.schemas import Request
from service.api.schemas_report import Model, Report
from service.api.schemas_store import Id, Line, Moment

RoleName = Literal["drafter", "reviewer", "administrator", "portal"]
BatchState = Literal["queued", "running", "done", "cancelled"]
MOST_PRIORITY = 9


class BatchOptions(Request):
    """怎样检查一个批次。"""

    department: Line | None = Field(
        None, description="属于哪个部门；密钥只有一个部门时可以不写", examples=["教育局"]
    )
    profile: str | None = Field(None, max_length=200, description="检查配置的名称，见 /v1/profiles")
    suggest: bool = Field(True, description="是否给出建议；不需要时更快")
    priority: int = Field(0, ge=0, le=MOST_PRIORITY, description="大的先处理")
    webhook: str | None = Field(None, max_length=2000, description="结束时回调的地址，只能指向允许的网段")


class BatchItem(Request):
    """批次中的一份。"""

    label: Line = Field(description="在结果中用以辨认", examples=["990101270501001A0077"])
    document: dict[str, Any] = Field(description="document 对象、单个项目或整个报告，与 /v1/check 相同")


class BatchNew(BatchOptions):
    """以 JSON 提交的批次；上传文件时为表单字段 file（可多个）及同名字段。"""

    items: list[BatchItem] = Field(min_length=1, max_length=100_000)


class BatchOut(Model):
    """一个批次。"""

    id: Id
    state: BatchState
    priority: int
    department: str | None
    total: int
    has_webhook: bool
    created_by: str
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class BatchPage(Model):
    """若干批次，新的在前。"""

    batches: list[BatchOut]
    next: str | None


class ChunkCounts(Model):
    """各状态的份数；poison 为多次处理失败而搁置的。"""

    queued: int
    leased: int
    done: int
    poison: int
    cancelled: int


class PoisonOut(Model):
    """搁置的一份。"""

    ordinal: int
    label: str
    attempts: int
    reason: str


class BatchProgress(BatchOut):
    """一个批次及其进度。"""

    complete: bool = Field(description="true 表示每一份都有结果；已结束而为 false 的，有搁置或取消的")
    finished: int
    counts: ChunkCounts
    poison: list[PoisonOut] = Field(description="至多一百份，总数见 counts")
    per_second: float | None
    seconds_left: float | None


class ProblemResult(Model):
    """不可用的文件及原因。"""

    kind: Literal["problem"]
    code: str
    message: str


class ReportResult(Model):
    """检查报告。"""

    kind: Literal["report"]
    report: Report


class ChunkOut(Model):
    """批次中一份的结果。"""

    ordinal: int
    label: str
    state: Literal["queued", "leased", "done", "poison", "cancelled"]
    attempts: int
    sha256: str
    error: str | None
    finished_at: Moment | None
    result: ReportResult | ProblemResult | None = Field(
        description="没有处理完、没有要求或已按期限清除的为 null"
    )


class ResultPage(Model):
    """若干结果，按提交的次序。"""

    state: BatchState
    complete: bool
    results: list[ChunkOut]
    next: str | None


def _utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise PydanticCustomError("moment", "not a usable moment") from error


class KeyNew(Request):
    """建立密钥。"""

    name: Line = Field(examples=["教育局填报"])
    role: RoleName = Field(description="drafter 填报；reviewer 审核；administrator 管理；portal 系统对接")
    departments: Annotated[list[Line], Field(min_length=1, max_length=200)] | None = Field(
        None, description="可用的部门；null 为全部部门，只用于审核与管理", examples=[["教育局"]]
    )
    expires_at: Annotated[datetime, AfterValidator(_utc)] | None = Field(
        None, description="不写时区的视为 UTC"
    )
    per_minute: StrictInt | None = Field(None, ge=1, le=1_000_000_000)
    per_day: StrictInt | None = Field(None, ge=1, le=1_000_000_000)


class KeyOut(Model):
    """一个密钥，不含密钥内容。"""

    id: Id
    name: str
    role: RoleName
    departments: list[str] | None
    state: Literal["active", "expired", "revoked"]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Moment | None
    per_minute: int | None
    per_day: int | None


class KeyPage(Model):
    """若干密钥，新的在前。"""

    keys: list[KeyOut]
    next: str | None


class KeyMade(Model):
    """新密钥；text 只出现这一次。"""

    text: str
    key: KeyOut


class SignIn(Request):
    """以密钥登录网页。"""

    key: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Caller(Model):
    """当前身份。"""

    id: str
    name: str
    role: RoleName
    departments: list[str] | None = Field(description="null 为全部部门")
    via: Literal["key", "session", "token", "local"]
    rights: list[str] = Field(description="可做的事，见访问控制说明")
    csrf: str | None = Field(description="网页登录时，修改数据的请求须以 X-CSRF-Token 带回")


class AuditEntry(Model):
    """一条审计记录：谁在何时做了什么，不含表内文字。"""

    seq: int
    at: Moment
    actor: str
    role: str
    action: str
    object_type: str
    object_id: str
    sha256: str | None
    request_id: str
    outcome: str
    previous: str
    digest: str


class AuditPage(Model):
    """若干审计记录，新的在前。"""

    entries: list[AuditEntry]
    next: str | None
