"""Settings from the environment, frozen once per process entry."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from service.config.source import environment
from service.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on hostile or broken input. Every bound can be set as BIAOCHI_<NAME>."""

    max_bytes: int = 64 * 1024 * 1024
    """Size of one input file."""
    max_unpacked_bytes: int = 256 * 1024 * 1024
    """Sum of the unpacked parts of a zip container (docx, xlsx)."""
    max_zip_entries: int = 10_000
    max_rows: int = 100_000
    """Rows of all sheets and tables together."""
    max_columns: int = 256
    max_cells: int = 1_000_000
    max_cell_chars: int = 20_000
    """Longer cells are cut and reported as unread."""
    max_pages: int = 1_000
    max_projects: int = 5_000
    convert_seconds: int = 120
    """Time limit of a LibreOffice conversion."""


def limits_from(environ: Mapping[str, str] | None = None) -> Limits:
    """Return the limits with BIAOCHI_MAX_BYTES and the like applied. Raises SettingsError on a bad number."""
    env = environment() if environ is None else environ
    values: dict[str, int] = {}
    for item in fields(Limits):
        key = f"BIAOCHI_{item.name.upper()}"
        if key not in env:
            continue
        text = env[key]
        if not text.isdecimal() or int(text) == 0:
            raise SettingsError(f"环境变量 {key}={text} 不是正整数，请改正后重试")
        values[item.name] = int(text)
    return Limits(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingSettings:
    """The optional language model that may propose wordings. Every field can be set as BIAOCHI_LLM_<NAME>.

    Raises SettingsError for a value that cannot be used.
    """

    url: str
    """Base address of an OpenAI-compatible endpoint, http://127.0.0.1:8000/v1."""
    model: str
    """Name of the model as the endpoint knows it."""
    key: str = field(default="", repr=False)
    """Bearer token, where the endpoint asks for one."""
    timeout: float = 10.0
    """Seconds for one request."""
    budget: float = 60.0
    """Seconds that one check may wait for the model altogether."""

    def __post_init__(self) -> None:
        if not _is_endpoint(self.url):
            # The address itself is not shown: a wrong one may hold a password.
            raise SettingsError(
                "环境变量 BIAOCHI_LLM_URL 应为 http:// 或 https:// 开头的地址，不含用户名、密码和参数，如 http://127.0.0.1:8000/v1，请改正后重试"
            )
        if not self.model:
            raise SettingsError("设置了 BIAOCHI_LLM_URL，还需用 BIAOCHI_LLM_MODEL 写明模型名称")
        if len(self.model) > 200 or not self.model.isprintable():
            raise SettingsError("环境变量 BIAOCHI_LLM_MODEL 应为不超过 200 字的一行文字，请改正后重试")
        if not all("!" <= char <= "~" for char in self.key):
            raise SettingsError("环境变量 BIAOCHI_LLM_KEY 只能含英文字母、数字和符号，不含空格，请改正后重试")
        for name, seconds in (("TIMEOUT", self.timeout), ("BUDGET", self.budget)):
            if not 0 < seconds <= 3600:
                raise SettingsError(
                    f"环境变量 BIAOCHI_LLM_{name} 应为大于 0、不超过 3600 的秒数，请改正后重试"
                )


def wording_from(environ: Mapping[str, str] | None = None) -> WordingSettings | None:
    """Return the language model that the environment names, None (the default) where BIAOCHI_LLM_URL is not set."""
    env = environment() if environ is None else environ
    url = env.get("BIAOCHI_LLM_URL", "").strip()
    if not url:
        return None
    return WordingSettings(
        url=url,
        model=env.get("BIAOCHI_LLM_MODEL", "").strip(),
        key=env.get("BIAOCHI_LLM_KEY", "").strip(),
        timeout=_seconds(env.get("BIAOCHI_LLM_TIMEOUT"), 10.0),
        budget=_seconds(env.get("BIAOCHI_LLM_BUDGET"), 60.0),
    )


def _seconds(text: str | None, default: float) -> float:
    """Return a number of seconds, not a number where the text is none."""
    if text is None or not text.strip():
        return default
    try:
        return float(text)
    except ValueError:
        return math.nan


def _is_endpoint(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & set(" ?#\\")
    return (
        plain
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and port != 0
    )


MetricsMode = Literal["off", "local", "open"]
LogLevel = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The HTTP service. Every field except `limits` can be set as BIAOCHI_<NAME>."""

    host: str = "127.0.0.1"
    """Address to listen at."""
    port: int = 8000
    data: Path = Path("biaochi-data")
    """Folder of the database and of kept files."""
    database: str = field(default="", repr=False)
    """Address of the database; empty: SQLite in the data folder."""
    processes: int = 0
    """Processes that read and check; 0: threads of the server itself, for tests and tools."""
    max_concurrency: int = 64
    """Requests with a body that are in hand at the same time; more are asked to come back."""
    max_body_bytes: int = 8 * 1024 * 1024
    """Size of a JSON body; files may be as large as the limits of input say."""
    request_seconds: float = 30.0
    """Time limit of reading and checking one request, the wait for a free process included."""
    upload_seconds: float = 60.0
    """Time limit of receiving one body."""
    shutdown_seconds: int = 30
    """How long requests in hand may go on after the service was told to stop."""
    batch_workers: int = 0
    """Worker processes for batches beside the server; 0: `biaochi worker` runs elsewhere."""
    metrics: MetricsMode = "local"
    """Who may read /metrics: nobody, callers on this machine and administrators, or everybody."""
    log_level: LogLevel = "info"
    cors_origins: tuple[str, ...] = ()
    """Origins of foreign pages that may call the interface; empty: none."""
    limits: Limits = field(default_factory=Limits)

    @property
    def database_url(self) -> str:
        """The address of the database."""
        return self.database or f"sqlite:///{self.data / 'biaochi.db'}"


def server_from(environ: Mapping[str, str] | None = None) -> ServerSettings:
    """Return the settings of the service with BIAOCHI_HOST and the like applied. Raises SettingsError."""
    env = environment() if environ is None else environ

    def text(name: str, default: str) -> str:
        return env.get(f"BIAOCHI_{name}", "").strip() or default

    def whole(name: str, default: int, least: int, most: int) -> int:
        given = text(name, str(default))
        if not (given.isascii() and given.isdecimal() and len(given) <= 12 and least <= int(given) <= most):
            raise SettingsError(f"环境变量 BIAOCHI_{name} 应为 {least} 到 {most} 的整数，请改正后重试")
        return int(given)

    def seconds(name: str, default: float) -> float:
        found = _seconds(env.get(f"BIAOCHI_{name}"), default)
        if not 0 < found <= 3600:
            raise SettingsError(f"环境变量 BIAOCHI_{name} 应为大于 0、不超过 3600 的秒数，请改正后重试")
        return found

    def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
        found = text(name, default)
        if found not in allowed:
            raise SettingsError(f"环境变量 BIAOCHI_{name} 只能是 {'、'.join(allowed)}，请改正后重试")
        return found

    origins = tuple(part.strip() for part in text("CORS_ORIGINS", "").split(",") if part.strip())
    if not all(_is_origin(origin) for origin in origins):
        raise SettingsError(
            "环境变量 BIAOCHI_CORS_ORIGINS 应为逗号分隔的来源，如 https://portal.example，不含路径，请改正后重试"
        )
    return ServerSettings(
        host=text("HOST", "127.0.0.1"),
        port=whole("PORT", 8000, 0, 65_535),
        data=Path(text("DATA", "biaochi-data")).expanduser(),
        database=text("DATABASE", ""),
        processes=whole("PROCESSES", os.cpu_count() or 1, 0, 256),
        max_concurrency=whole("MAX_CONCURRENCY", 64, 1, 100_000),
        max_body_bytes=whole("MAX_BODY_BYTES", 8 * 1024 * 1024, 1024, 1024**3),
        request_seconds=seconds("REQUEST_SECONDS", 30.0),
        upload_seconds=seconds("UPLOAD_SECONDS", 60.0),
        shutdown_seconds=whole("SHUTDOWN_SECONDS", 30, 0, 3600),
        batch_workers=whole("BATCH_WORKERS", 1, 0, 256),
        metrics=cast(MetricsMode, choice("METRICS", "local", get_args(MetricsMode))),
        log_level=cast(LogLevel, choice("LOG_LEVEL", "info", get_args(LogLevel))),
        cors_origins=origins,
        limits=limits_from(env),
    )


def _is_origin(text: str) -> bool:
    """Whether a text is scheme and host, as browsers send it in `Origin`."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and text == f"{parts.scheme}://{parts.netloc}"
        and "@" not in parts.netloc
        and port != 0
        and text.isascii()
        and text.isprintable()
    )
