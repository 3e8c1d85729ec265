from __future__ import annotations

import pytest

from service.auth.settings import AuthSettings, OidcSettings, Quota, auth_from
from service.errors import SettingsError

OIDC = {
    "BIAOCHI_OIDC_ISSUER": "https://id.example/realm",
    "BIAOCHI_OIDC_AUDIENCE": "biaochi",
    "BIAOCHI_OIDC_JWKS": "https://id.example/keys",
    "BIAOCHI_OIDC_ROLES": "绩效审核岗=reviewer, a=b=administrator ,",
}


def test_nothing_set() -> None:
    settings = auth_from({})
    assert settings == AuthSettings()
    assert settings.auth == "auto"
    assert settings.oidc is None


def test_everything_set() -> None:
    settings = auth_from(
        {
            "BIAOCHI_AUTH": "keys",
            "BIAOCHI_RATE_DRAFTER": "10/100",
            "BIAOCHI_RATE_REVIEWER": "20/200",
            "BIAOCHI_RATE_ADMINISTRATOR": "30/300",
            "BIAOCHI_RATE_PORTAL": "40/400",
            "BIAOCHI_SIGN_INS_PER_MINUTE": "3",
            "BIAOCHI_SESSION_HOURS": "8",
            "BIAOCHI_SESSION_IDLE_MINUTES": "30",
            "BIAOCHI_COOKIE_SECURE": "always",
            "BIAOCHI_KEY_CACHE_SECONDS": "0",
            "BIAOCHI_OIDC_ROLE_CLAIM": "realm_access.roles",
            "BIAOCHI_OIDC_DEPARTMENT_CLAIM": "org",
            "BIAOCHI_OIDC_ALL_DEPARTMENTS": "全部",
            "BIAOCHI_OIDC_NAME_CLAIM": "preferred_username",
        }
        | OIDC
    )
    assert settings == AuthSettings(
        auth="keys",
        rate_drafter=Quota(10, 100),
        rate_reviewer=Quota(20, 200),
        rate_administrator=Quota(30, 300),
        rate_portal=Quota(40, 400),
        sign_ins_per_minute=3,
        session_hours=8,
        session_idle_minutes=30,
        cookie_secure="always",
        key_cache_seconds=0,
        oidc=OidcSettings(
            issuer="https://id.example/realm",
            audience="biaochi",
            jwks="https://id.example/keys",
            roles=(("绩效审核岗", "reviewer"), ("a=b", "administrator")),
            role_claim="realm_access.roles",
            department_claim="org",
            all_departments="全部",
            name_claim="preferred_username",
        ),
    )
    assert settings.quota("portal") == Quota(40, 400)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BIAOCHI_AUTH", "open"),
        ("BIAOCHI_AUTH", "none"),
        ("BIAOCHI_RATE_DRAFTER", "10"),
        ("BIAOCHI_RATE_DRAFTER", "0/100"),
        ("BIAOCHI_RATE_DRAFTER", "-1/100"),
        ("BIAOCHI_RATE_PORTAL", "1/2/3"),
        ("BIAOCHI_RATE_PORTAL", "１/２"),
        ("BIAOCHI_RATE_PORTAL", "9999999999/1"),
        ("BIAOCHI_SIGN_INS_PER_MINUTE", "0"),
        ("BIAOCHI_SESSION_HOURS", "1.5"),
        ("BIAOCHI_SESSION_IDLE_MINUTES", "1"),
        ("BIAOCHI_KEY_CACHE_SECONDS", "61"),
        ("BIAOCHI_COOKIE_SECURE", "never"),
    ],
)
def test_values_that_cannot_be_used(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        auth_from({name: value})


@pytest.mark.parametrize(
    "change",
    [
        {"BIAOCHI_OIDC_ISSUER": ""},
        {"BIAOCHI_OIDC_AUDIENCE": ""},
        {"BIAOCHI_OIDC_JWKS": ""},
        {"BIAOCHI_OIDC_ROLES": ""},
        {"BIAOCHI_OIDC_ROLES": "审核岗"},
        {"BIAOCHI_OIDC_ROLES": "审核岗=root"},
        {"BIAOCHI_OIDC_ROLES": "=reviewer"},
        {"BIAOCHI_OIDC_JWKS": "http://id.example/keys"},
        {"BIAOCHI_OIDC_JWKS": "http://127.0.0.1.example/keys"},
        {"BIAOCHI_OIDC_JWKS": "ftp://127.0.0.1/keys"},
        {"BIAOCHI_OIDC_JWKS": "file:///etc/passwd"},
        {"BIAOCHI_OIDC_JWKS": "https://geheim:geheim@id.example/keys"},
        {"BIAOCHI_OIDC_JWKS": "https:///keys"},
        {"BIAOCHI_OIDC_JWKS": "https://id.example:99999/keys"},
        {"BIAOCHI_OIDC_JWKS": "https://id.example/a b"},
    ],
)
def test_half_or_unsafe_providers(change: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="BIAOCHI_OIDC") as caught:
        auth_from(OIDC | change)
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize(
    "jwks", ["http://127.0.0.1:9/keys", "http://[::1]/keys", "http://localhost/k", "/etc/keys.json"]
)
def test_keys_from_this_machine(jwks: str) -> None:
    settings = auth_from(OIDC | {"BIAOCHI_OIDC_JWKS": jwks})
    assert settings.oidc is not None
    assert settings.oidc.jwks == jwks
