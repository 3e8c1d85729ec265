"""The list of all settings: what they are called, what they mean, which class holds them and which function reads them.

A new setting is a field of its class and one line here; command, check, documents and the names that a file may hold
follow from the line, default and bounds from the class and its reader. A test finds settings without a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

PREFIX: Final = "BIAOCHI_"
FILE_SUFFIX: Final = "_FILE"
"""BIAOCHI_<NAME>_FILE names a file that holds the value, for settings with something to hide."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `name` is without prefix, and without that of its section."""

    name: str
    meaning: str
    unit: str = ""
    default: str | None = None
    """What is shown as default where the class has none that says something."""
    hides: Literal["", "secret", "address"] = ""
    """secret: never shown. address: shown without what may be a password."""
    environment_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Settings that one class holds."""

    title: str
    prefix: str = ""
    holder: str = ""
    """Module and class, loaded when asked for; empty where no class holds them."""
    reader: str = ""
    """Module and function that takes the mapping and raises SettingsError."""
    settings: tuple[Setting, ...]

    def full_name(self, setting: Setting) -> str:
        """Return the name as it stands in the environment."""
        return f"{PREFIX}{self.prefix}{setting.name}"


SECTIONS: Final = (
    Section(
        title="程序",
        settings=(
            Setting("CONFIG", "设置文件（TOML）的路径", default="不设置", environment_only=True),
            Setting("DEBUG", "设为 1 时，命令行遇到内部错误显示详情，其中可能有表内文字", default="不设置", environment_only=True),
        ),
    ),
    Section(
        title="服务",
        holder="service.settings:ServerSettings",
        reader="service.settings:server_from",
        settings=(
            Setting("HOST", "监听的地址"),
            Setting("PORT", "监听的端口"),
            Setting("DATA", "存放数据库与文件的文件夹"),
            Setting("DATABASE", "数据库地址，如 `postgresql://用户@主机/库`", default="数据文件夹中的 biaochi.db", hides="address"),
            Setting("PROCESSES", "读取与检查所用的进程数，每个约占 200 MB 内存；0 为服务自身的线程，只宜试用", "个", default="处理器个数"),
            Setting("MAX_CONCURRENCY", "同时处理的带正文请求数，超过时为 503", "个"),
            Setting("MAX_BODY_BYTES", "JSON 正文的大小", "字节"),
            Setting("REQUEST_SECONDS", "一个请求读取与检查的时限，含排队", "秒"),
            Setting("UPLOAD_SECONDS", "接收一个正文的时限", "秒"),
            Setting("SHUTDOWN_SECONDS", "停止时等待手中请求的时间", "秒"),
            Setting("BATCH_WORKERS", "随服务启动、处理批次的工作进程数；0 表示另用 `biaochi worker` 处理", "个", default="1"),
            Setting("CORS_ORIGINS", "允许跨站调用的来源，逗号分隔", default="空（不允许）"),
            Setting("METRICS", "/metrics 的开放范围：off 关闭；local 本机或管理员密钥；open 任何人"),
            Setting("LOG_LEVEL", "日志级别：debug、info、warning、error"),
        ),
    ),
    Section(
        title="读取限额",
        holder="service.settings:Limits",
        reader="service.settings:limits_from",
        settings=(
            Setting("MAX_BYTES", "单个文件的大小", "字节"),
            Setting("MAX_UNPACKED_BYTES", "压缩容器解开后的总大小", "字节"),
            Setting("MAX_ZIP_ENTRIES", "压缩容器内的文件数", "个"),
            Setting("MAX_ROWS", "全部表格的行数", "行"),
            Setting("MAX_COLUMNS", "列数", "列"),
            Setting("MAX_CELLS", "单元格数", "个"),
            Setting("MAX_CELL_CHARS", "单元格字数，超出部分截断并列为未读取", "字"),
            Setting("MAX_PAGES", "PDF 页数", "页"),
            Setting("MAX_PROJECTS", "项目数", "个"),
            Setting("CONVERT_SECONDS", "LibreOffice 转换的时限", "秒"),
        ),
    ),
    Section(
        title="身份与限额",
        holder="service.auth.settings:AuthSettings",
        reader="service.auth.settings:auth_from",
        settings=(
            Setting("AUTH", "auto：从未建立密钥时本机免密；keys：始终需要密钥，首次启动建立一个"),
            Setting("RATE_DRAFTER", "填报的限额", "每分钟次数/每天次数"),
            Setting("RATE_REVIEWER", "审核的限额", "每分钟次数/每天次数"),
            Setting("RATE_ADMINISTRATOR", "管理的限额", "每分钟次数/每天次数"),
            Setting("RATE_PORTAL", "系统对接的限额", "每分钟次数/每天次数"),
            Setting("SIGN_INS_PER_MINUTE", "每个地址每分钟的登录次数", "次"),
            Setting("SESSION_HOURS", "登录后最长有效时间", "小时"),
            Setting("SESSION_IDLE_MINUTES", "无操作多久后退出", "分钟"),
            Setting("COOKIE_SECURE", "always：任何情形都加 Secure，用于代理不转达主机名的部署"),
            Setting("KEY_CACHE_SECONDS", "密钥在内存中沿用的时间，0 为每次查库", "秒"),
        ),
    ),
    Section(
        title="统一身份认证",
        prefix="OIDC_",
        holder="service.auth.settings:OidcSettings",
        reader="service.auth.settings:auth_from",
        settings=(
            Setting("ISSUER", "签发者，与令牌的 iss 逐字相同；设置后启用", default="不设置"),
            Setting("AUDIENCE", "受众，须在令牌的 aud 中", default="无"),
            Setting("JWKS", "公钥地址（https，本机可用 http）或文件", default="无"),
            Setting("ROLES", "角色对应，如 `绩效审核岗=reviewer,系统管理员=administrator`，写在前面的优先", default="无"),
            Setting("ROLE_CLAIM", "角色所在的项，可用点号写层级"),
            Setting("DEPARTMENT_CLAIM", "部门所在的项"),
            Setting("ALL_DEPARTMENTS", "表示全部部门的取值，只对审核与管理有效"),
            Setting("NAME_CLAIM", "姓名所在的项"),
        ),
    ),
    Section(
        title="批次",
        prefix="JOB_",
        holder="service.jobs.settings:JobSettings",
        reader="service.jobs.settings:jobs_from",
        settings=(
            Setting("PROCESSES", "`biaochi worker` 的工作进程数", "个"),
            Setting("LEASE_SECONDS", "工作进程失去联系后，其手中文件被收回的时间", "秒"),
            Setting("MAX_ATTEMPTS", "一份文件失败多少次后搁置", "次"),
            Setting("BACKOFF_SECONDS", "第一次失败后的间隔，其后每次加倍", "秒"),
            Setting("BACKOFF_MAX_SECONDS", "失败后间隔的上限", "秒"),
            Setting("CHUNK_SECONDS", "一份文件的检查时限", "秒"),
            Setting("MEMORY_MB", "一个工作进程的内存上限，0 为不限", "MB"),
            Setting("GRACE_SECONDS", "停止时等待手中文件的时间，超过则退回", "秒"),
            Setting("POLL_SECONDS", "空闲时查看新任务的间隔", "秒"),
            Setting("MAX_FILES", "一个批次的文件数", "个"),
            Setting("MAX_TOTAL_BYTES", "一个批次的文件总大小", "字节"),
        ),
    ),
    Section(
        title="回调消息",
        prefix="WEBHOOK_",
        holder="service.jobs.settings:WebhookSettings",
        reader="service.jobs.settings:webhooks_from",
        settings=(
            Setting("SECRET", "签名密钥，每个不少于 16 个字符，逗号分隔时逐个签名以便更换；不设置则不发送", default="不设置", hides="secret"),
            Setting("ALLOW", "允许回调的内部网段与主机名，如 `10.1.0.0/16,portal.example`", default="空（只允许公网地址）"),
            Setting("TIMEOUT", "发送一条消息的时限", "秒"),
            Setting("MAX_ANSWER_BYTES", "至多读取的回答大小", "字节"),
            Setting("RETRY_HOURS", "无人应答时继续重试的时间", "小时"),
            Setting("THREADS", "发送消息的线程数", "个"),
        ),
    ),
    Section(
        title="申报系统",
        reader="service.portal.mapping:mapping_from",
        settings=(
            Setting("PORTAL_MAPPING", "字段映射文件的路径，或随附映射的名称（portal、english）；修改后须重新启动", default="portal"),
        ),
    ),
    Section(
        title="保存期限",
        holder="service.store.retention:Retention",
        reader="service.store.retention:retention_from",
        settings=(
            Setting("KEEP_DAYS", "每轮填报的表内文字保存的时间，填报时即写定", "天"),
            Setting("KEEP_JOB_DAYS", "批次结束后原文与结果保存的时间", "天"),
            Setting("KEEP_ANSWER_HOURS", "带幂等键的请求，其回答保存的时间", "小时"),
        ),
    ),
    Section(
        title="语言模型（可选）",
        prefix="LLM_",
        holder="service.settings:WordingSettings",
        reader="service.settings:wording_from",
        settings=(
            Setting("URL", "接口的基础地址，如 `http://127.0.0.1:8000/v1`；设置后启用", default="不设置"),
            Setting("MODEL", "模型名称，设置地址后必填", default="无"),
            Setting("KEY", "接口密钥", default="空", hides="secret"),
            Setting("TIMEOUT", "一次询问的时限", "秒"),
            Setting("BUDGET", "检查一份文件时询问的总时间", "秒"),
        ),
    ),
)  # fmt: skip
"""All settings, in the order in which they are shown."""


def by_name() -> Mapping[str, tuple[Section, Setting]]:
    """Return all settings by their names in the environment."""
    return MappingProxyType(
        {
            section.full_name(setting): (section, setting)
            for section in SECTIONS
            for setting in section.settings
        }
    )
