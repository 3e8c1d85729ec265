"""Settings of batches and of the messages they send; every field can be set by environment variable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network

from service.config.source import environment
from service.errors import SettingsError

_LEAST_SECRET = 16
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """How batches are worked off. Every field can be set as BIAOCHI_JOB_<NAME>."""

    processes: int = 2
    """Worker processes of one pool."""
    lease_seconds: float = 60.0
    """How long a chunk stays with a worker that is not heard of any more."""
    max_attempts: int = 5
    """Failures after which a chunk is set aside."""
    backoff_seconds: float = 2.0
    """Pause after the first failure; doubles with each further one."""
    backoff_max_seconds: float = 300.0
    chunk_seconds: float = 300.0
    """Time limit of one document; the process is ended by the system when it passes."""
    memory_mb: int = 0
    """Address space of a worker in MB (RLIMIT_AS); 0 sets no bound."""
    grace_seconds: float = 20.0
    """How long the document in hand may go on after SIGTERM before it is given back."""
    poll_seconds: float = 0.5
    """Pause of an idle worker."""
    max_files: int = 10_000
    max_total_bytes: int = 1024 * 1024 * 1024
    """Sum of the files of one batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """How signed messages leave. Every field can be set as BIAOCHI_WEBHOOK_<NAME>."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets of this site (BIAOCHI_WEBHOOK_SECRET, comma-separated); messages are signed with each, so that one can
    be replaced without a gap. Receivers get `signing.receiver_secret` of it, never the secret itself."""
    allow_hosts: frozenset[str] = frozenset()
    """Host names that may stand for any address (BIAOCHI_WEBHOOK_ALLOW, together with the ranges)."""
    allow_ranges: tuple[Network, ...] = ()
    """Private ranges that may be called."""
    timeout: float = 10.0
    """Seconds for one message altogether, after the name is resolved."""
    max_answer_bytes: int = 64 * 1024
    """How much of an answer is read at most."""
    retry_hours: float = 24.0
    """How long an address that does not answer is tried again."""
    threads: int = 2


def jobs_from(environ: Mapping[str, str] | None = None) -> JobSettings:
    """Return the settings with BIAOCHI_JOB_* applied. Raises SettingsError on a value that cannot be used."""
    env = environment() if environ is None else environ
    values: dict[str, float] = {}
    for item in fields(JobSettings):
        key = f"BIAOCHI_JOB_{item.name.upper()}"
        if key in env:
            values[item.name] = _number(
                key, env[key], whole=item.type == "int", zero=item.name == "memory_mb"
            )
    return JobSettings(**values)  # type: ignore[arg-type]


def webhooks_from(environ: Mapping[str, str] | None = None) -> WebhookSettings:
    """Return the settings with BIAOCHI_WEBHOOK_* applied. Raises SettingsError on a value that cannot be used."""
    env = environment() if environ is None else environ
    values: dict[str, float] = {}
    for name in ("timeout", "max_answer_bytes", "retry_hours", "threads"):
        key = f"BIAOCHI_WEBHOOK_{name.upper()}"
        if key in env:
            values[name] = _number(key, env[key], whole=name in ("max_answer_bytes", "threads"))
    secrets = tuple(part for part in _parts(env.get("BIAOCHI_WEBHOOK_SECRET", "")))
    if any(len(secret) < _LEAST_SECRET for secret in secrets):
        raise SettingsError(
            f"环境变量 BIAOCHI_WEBHOOK_SECRET 的每个密钥不应少于 {_LEAST_SECRET} 个字符，请改正后重试"
        )
    hosts, ranges = _allowed(env.get("BIAOCHI_WEBHOOK_ALLOW", ""))
    return WebhookSettings(secrets=secrets, allow_hosts=hosts, allow_ranges=ranges, **values)  # type: ignore[arg-type]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _allowed(text: str) -> tuple[frozenset[str], tuple[Network, ...]]:
    """Return the hosts and the ranges of an allow-list such as `10.1.0.0/16, portal.example`."""
    hosts: set[str] = set()
    ranges: list[Network] = []
    for part in _parts(text):
        try:
            ranges.append(ip_network(part))
            continue
        except ValueError:
            pass
        plain = part.rstrip(".").lower()
        if "/" in part or not plain.isascii() or not all(c.isalnum() or c in ".-" for c in plain):
            raise SettingsError(
                f"环境变量 BIAOCHI_WEBHOOK_ALLOW 中的「{part}」既不是网段也不是主机名，应如 10.1.0.0/16,portal.example，请改正后重试"
            )
        hosts.add(plain)
    return frozenset(hosts), tuple(ranges)


def _number(key: str, text: str, *, whole: bool, zero: bool = False) -> float:
    kind = "整数" if whole else "数"
    try:
        value: float = int(text) if whole else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise SettingsError(f"环境变量 {key}={text} 不是{'非负' if zero else '正'}{kind}，请改正后重试")
    return value
