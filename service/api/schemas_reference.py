"""Answers that only change with the version or the settings: rules, profiles, limits, manifest, health."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from service.api.schemas_report import Model, ModelRef


class RuleSummary(Model):
    """规则目录的一行。"""

    code: str = Field(examples=["BC301"])
    name: str = Field(examples=["unit-missing"])
    title: str
    severity: Literal["error", "warning", "info"]
    grain: str = Field(description="检查的对象", examples=["指标行"])
    dimension: str
    opinion_code: str
    handbook: list[str]
    since: str
    status: Literal["preview", "stable", "deprecated", "removed"]
    enabled_by_default: bool
    has_suggestions: bool
    aliases: list[str] = Field(description="曾用名，仍可用来查询")


class RuleList(Model):
    """规则目录，按编号排列。"""

    rules: list[RuleSummary]


class RuleOption(Model):
    """规则的选项及其默认值，可在配置中改变。"""

    name: str
    default: Any


class RulePage(RuleSummary):
    """一条规则的说明。"""

    summary: str
    sections: dict[str, str] = Field(description="为什么、反例、正例、依据等，Markdown")
    bad: list[dict[str, Any]] = Field(description="反例")
    good: list[dict[str, Any]] = Field(description="正例")
    options: list[RuleOption]
    markdown: str = Field(description="整页说明")


class ProfileSummary(Model):
    """一份检查配置。"""

    name: str = Field(examples=["hebei"])
    title: str
    chain: list[str] = Field(description="继承关系，从最底层起", examples=[["base", "cn2015", "hebei"]])


class ProfileList(Model):
    """随附的检查配置。"""

    profiles: list[ProfileSummary]


class Set(Model):
    """一个取值，以及由哪个文件的哪一行设定。"""

    value: Any
    where: str = Field(examples=["rules/profiles/cn2015.yml:4"])


class ProfileRule(Model):
    """一条规则在配置中的取值。"""

    code: str
    name: str
    enabled: Set
    severity: Set
    opinion_code: Set
    options: dict[str, Set]


class ProfilePage(ProfileSummary):
    """一份配置中每个取值及其来处。"""

    digest: str
    ruleset_digest: str
    scheme: Set
    rules: list[ProfileRule]


class Limits(Model):
    """各项上限。"""

    max_bytes: int = Field(description="单个文件字节数")
    max_body_bytes: int = Field(description="JSON 正文字节数")
    max_unpacked_bytes: int
    max_zip_entries: int
    max_rows: int
    max_columns: int
    max_cells: int
    max_cell_chars: int
    max_pages: int
    max_projects: int
    max_classify_items: int
    convert_seconds: int
    request_seconds: float
    upload_seconds: float
    max_concurrency: int


class ProfileDigest(Model):
    """一份配置的摘要。"""

    name: str
    chain: list[str]
    profile_digest: str
    ruleset_digest: str


class ServiceManifest(Model):
    """服务的版本与数据摘要。"""

    tool: str
    schemas: list[str]
    formats: list[str] = Field(description="可读取的文件格式")
    report_formats: list[str]
    schemes: list[str]
    profiles: list[ProfileDigest]
    models: list[ModelRef]
    corpora: dict[str, str]


class Health(Model):
    """服务在运行。"""

    status: Literal["ok"]


class Ready(Model):
    """服务可以接受请求。"""

    status: Literal["ready"]
    checks: dict[str, Literal["ok"]]
