"""Settings from the environment, frozen once per process entry."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

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
    env = os.environ if environ is None else environ
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
    env = os.environ if environ is None else environ
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
