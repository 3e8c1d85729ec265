"""Settings of sign-in, quotas and the identity provider, from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from service.auth.network import is_loopback
from service.auth.roles import Role, is_role
from service.config.source import environment
from service.errors import SettingsError

_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Quota:
    """Requests that one key may make."""

    per_minute: int
    per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """The identity provider whose tokens are accepted. Every field can be set as BIAOCHI_OIDC_<NAME>."""

    issuer: str
    """Has to stand in `iss`, letter for letter."""
    audience: str
    """Has to stand in `aud`."""
    jwks: str
    """Address (https, or http on this machine) or file of the public keys."""
    roles: tuple[tuple[str, Role], ...]
    """Value of the claim → role; the first that the token has counts."""
    role_claim: str = "roles"
    """Name of the claim with the roles; dots lead into objects."""
    department_claim: str = "departments"
    all_departments: str = "*"
    """What the claim holds where somebody may see all departments."""
    name_claim: str = "name"

    def __post_init__(self) -> None:
        for name, value in (("ISSUER", self.issuer), ("AUDIENCE", self.audience), ("JWKS", self.jwks)):
            if not value or len(value) > _LONGEST or not value.isprintable():
                raise SettingsError(f"启用统一身份认证须设置 BIAOCHI_OIDC_{name}，且为一行文字")
        if not self.roles:
            raise SettingsError(
                "启用统一身份认证须用 BIAOCHI_OIDC_ROLES 写明角色对应，如 绩效审核岗=reviewer"
            )
        if is_address(self.jwks) and not _is_safe(self.jwks):
            # The address itself is not shown: a wrong one may hold a password.
            raise SettingsError(
                "BIAOCHI_OIDC_JWKS 应为 https:// 地址（本机可用 http://），不含用户名和密码，或为文件路径"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """How callers are known and how much they may ask."""

    auth: Literal["auto", "keys"] = "auto"
    """auto: open to this machine while there is no key. keys: always with keys; the first start makes one."""
    rate_drafter: Quota = Quota(120, 5_000)
    rate_reviewer: Quota = Quota(300, 20_000)
    rate_administrator: Quota = Quota(600, 50_000)
    rate_portal: Quota = Quota(3_000, 500_000)
    sign_ins_per_minute: int = 10
    """Attempts to sign in from one address."""
    session_hours: int = 12
    """A session ends this long after sign-in, whatever happens."""
    session_idle_minutes: int = 60
    """A session ends this long after its last request."""
    cookie_secure: Literal["auto", "always"] = "auto"
    """auto: `Secure` unless the page itself is open over http on this machine."""
    key_cache_seconds: int = 1
    """So long may a key that another process has revoked still work here; 0 asks the store every time."""
    oidc: OidcSettings | None = None

    def quota(self, role: Role) -> Quota:
        """Return the quota of a role."""
        quotas = {
            "drafter": self.rate_drafter,
            "reviewer": self.rate_reviewer,
            "administrator": self.rate_administrator,
            "portal": self.rate_portal,
        }
        return quotas[role]


def auth_from(environ: Mapping[str, str] | None = None) -> AuthSettings:
    """Return the settings that the environment gives. Raises SettingsError."""
    env = environment() if environ is None else environ
    plain = AuthSettings()
    return AuthSettings(
        auth="keys" if _choice(env, "BIAOCHI_AUTH", ("auto", "keys")) == "keys" else "auto",
        rate_drafter=_quota(env, "BIAOCHI_RATE_DRAFTER", plain.rate_drafter),
        rate_reviewer=_quota(env, "BIAOCHI_RATE_REVIEWER", plain.rate_reviewer),
        rate_administrator=_quota(env, "BIAOCHI_RATE_ADMINISTRATOR", plain.rate_administrator),
        rate_portal=_quota(env, "BIAOCHI_RATE_PORTAL", plain.rate_portal),
        sign_ins_per_minute=_number(env, "BIAOCHI_SIGN_INS_PER_MINUTE", plain.sign_ins_per_minute, 1, 10_000),
        session_hours=_number(env, "BIAOCHI_SESSION_HOURS", plain.session_hours, 1, 720),
        session_idle_minutes=_number(
            env, "BIAOCHI_SESSION_IDLE_MINUTES", plain.session_idle_minutes, 2, 43_200
        ),
        cookie_secure="always"
        if _choice(env, "BIAOCHI_COOKIE_SECURE", ("auto", "always")) == "always"
        else "auto",
        key_cache_seconds=_number(env, "BIAOCHI_KEY_CACHE_SECONDS", plain.key_cache_seconds, 0, 60),
        oidc=_oidc(env),
    )


def is_address(jwks: str) -> bool:
    """Whether the public keys are fetched, not read from a file."""
    return "://" in jwks


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & set(" #\\") and "@" not in parts.netloc
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    return plain and secure and bool(host) and port != 0


def _oidc(env: Mapping[str, str]) -> OidcSettings | None:
    given = {
        name: env.get(f"BIAOCHI_OIDC_{name.upper()}", "").strip()
        for name in (
            "issuer",
            "audience",
            "jwks",
            "role_claim",
            "department_claim",
            "all_departments",
            "name_claim",
        )
    }
    if not given["issuer"]:
        if given["audience"] or given["jwks"]:
            # Half a configuration must not quietly leave the door on other terms than the operator believes.
            raise SettingsError(
                "设置了 BIAOCHI_OIDC_AUDIENCE 或 BIAOCHI_OIDC_JWKS，还须设置 BIAOCHI_OIDC_ISSUER"
            )
        return None
    texts = {name: value for name, value in given.items() if value or name in ("audience", "jwks")}
    return OidcSettings(**texts, roles=_roles(env.get("BIAOCHI_OIDC_ROLES", "")))


def _roles(text: str) -> tuple[tuple[str, Role], ...]:
    """Read `绩效审核岗=reviewer,系统管理员=administrator`."""
    pairs: list[tuple[str, Role]] = []
    for part in filter(None, (item.strip() for item in text.split(","))):
        value, _, role = (piece.strip() for piece in part.rpartition("="))
        if not value or not is_role(role):
            raise SettingsError(
                "BIAOCHI_OIDC_ROLES 应如 绩效审核岗=reviewer,系统管理员=administrator，"
                "角色只有 drafter、reviewer、administrator、portal"
            )
        pairs.append((value, role))
    return tuple(pairs)


def _choice(env: Mapping[str, str], key: str, allowed: tuple[str, ...]) -> str:
    text = env.get(key, "").strip() or allowed[0]
    if text not in allowed:
        raise SettingsError(f"环境变量 {key} 只能是 {'、'.join(allowed)}，请改正后重试")
    return text


def _number(env: Mapping[str, str], key: str, default: int, least: int, most: int) -> int:
    text = env.get(key, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= most):
        raise SettingsError(f"环境变量 {key} 应为 {least} 到 {most} 的整数，请改正后重试")
    return int(text)


def _quota(env: Mapping[str, str], key: str, default: Quota) -> Quota:
    """Read `120/5000`: requests a minute and a day."""
    text = env.get(key, "").strip()
    if not text:
        return default
    numbers = text.split("/")
    if len(numbers) != 2 or not all(
        part.isascii() and part.isdecimal() and 0 < len(part) <= 9 and int(part) > 0 for part in numbers
    ):
        raise SettingsError(f"环境变量 {key} 应如 120/5000（每分钟次数/每天次数），请改正后重试")
    return Quota(int(numbers[0]), int(numbers[1]))
