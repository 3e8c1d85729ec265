"""Tokens of an identity provider: what is taken, and everything that is not."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from service.auth.access import Auth
from service.auth.errors import Forbidden, Unauthenticated
from service.auth.oidc import Tokens
from service.auth.roles import Actor
from service.auth.settings import AuthSettings
from service.errors import SettingsError
from service.store.engine import Store
from tests.service.auth.auth_tools import application, ask, bearer
from tests.service.auth.oidc_tools import (
    AUDIENCE,
    ISSUER,
    NOW,
    claims,
    document,
    forged,
    key,
    public,
    settings,
    token,
    weak_key,
    with_public_key_as_secret,
)


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_bytes(document(key("RSA"), key("EC", "k2"), key("OKP", "k3"), key("P-384", "k4")))
    return path


@pytest.fixture
def tokens(jwks: Path) -> Tokens:
    return Tokens(settings(str(jwks)), clock=lambda: NOW)


def refused(tokens: Tokens, text: str) -> None:
    with pytest.raises(Unauthenticated, match="令牌无效"):
        tokens.verify(text)


@pytest.mark.parametrize(
    ("kind", "kid", "alg"),
    [("RSA", "k1", "RS256"), ("EC", "k2", "ES256"), ("OKP", "k3", "EdDSA"), ("OKP", "k3", "Ed25519")],
)
def test_algorithms_that_are_taken(tokens: Tokens, kind: str, kid: str, alg: str) -> None:
    actor = tokens.verify(token(signer=key(kind, kid), alg=alg))
    digest = hashlib.sha256(f"{ISSUER}\0u-17".encode()).hexdigest()
    assert actor == Actor(f"oidc{digest[:28]}", "张三", "drafter", frozenset({"教育局"}), "token")
    assert len(actor.id) == 32


def test_no_algorithm_at_all(tokens: Tokens) -> None:
    for alg in ("none", "None", "NONE", "", None, 0, ["RS256"], {}):
        for kid in ({"kid": "k1"}, {}):
            for signature in (b"", b"x"):
                refused(tokens, forged({"alg": alg, **kid}, claims(), signature))
    refused(tokens, forged({"kid": "k1"}, claims()))


def test_the_public_key_is_no_shared_secret(tokens: Tokens) -> None:
    refused(tokens, with_public_key_as_secret())


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256", "HS256", "ES384", "ES256K"])
def test_algorithms_that_are_not_on_the_list(tokens: Tokens, alg: str) -> None:
    signer = {"R": key("RSA"), "P": key("RSA"), "E": key("P-384", "k4")}.get(alg[0])
    if signer is None or alg == "ES256K":
        refused(tokens, forged({"alg": alg, "kid": "k1"}, claims(), b"x" * 64))
    else:
        refused(tokens, token(signer=signer, alg=alg))


def test_a_key_of_the_wrong_kind(tokens: Tokens) -> None:
    refused(tokens, token(signer=key("EC", "k2"), alg="ES256", kid="k1"))
    refused(tokens, token(signer=key("EC", "k2"), alg="ES256", kid="k4"))
    refused(tokens, token(kid="k2"))


def test_somebody_elses_signature(tokens: Tokens) -> None:
    other = RSAKey.generate_key(2048, {"kid": "k1"})
    refused(tokens, token(signer=other))
    good = token()
    refused(tokens, good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"))
    head, _, signature = good.split(".")
    changed = forged({}, claims(roles=["管理岗"])).split(".")[1]
    refused(tokens, f"{head}.{changed}.{signature}")


def test_keys_and_addresses_that_a_token_brings_along_are_not_looked_at(tokens: Tokens) -> None:
    own = ECKey.generate_key("P-256", {"kid": "own"})
    for extra in (
        {"jwk": own.as_dict(private=False)},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "http://127.0.0.1:1/chain"},
    ):
        refused(tokens, token(signer=own, alg="ES256", **extra))
        refused(tokens, token(signer=own, alg="ES256", kid="k2", **extra))


@pytest.mark.parametrize("kid", ["k9", "", "../../etc/passwd", "k1\0", "K1", "k" * 400])
def test_unknown_key_names(tokens: Tokens, kid: str) -> None:
    refused(tokens, token(kid=kid))


def test_without_a_name_only_a_single_key_is_meant(tokens: Tokens, tmp_path: Path) -> None:
    refused(tokens, token(kid=None))
    path = tmp_path / "one.json"
    path.write_bytes(document(key("RSA")))
    single = Tokens(settings(str(path)), clock=lambda: NOW)
    assert single.verify(token(kid=None)).role == "drafter"
    refused(single, token(signer=key("EC", "k2"), alg="ES256", kid=None))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": True},
        {"crit": []},
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": ["JWT"]},
        {"kid": ["k1"]},
        {"kid": 1},
    ],
)
def test_headers_that_mean_something_else(tokens: Tokens, header: dict[str, Any]) -> None:
    refused(tokens, forged({"alg": "RS256", "kid": "k1"} | header, claims(), b"x" * 256))


def test_headers_that_mean_nothing_to_us(tokens: Tokens) -> None:
    assert tokens.verify(token(typ="at+jwt", x5t="abc")).id


@pytest.mark.parametrize(
    ("change", "is_valid"),
    [
        ({"exp": NOW + 1}, True),
        ({"exp": NOW - 59}, True),
        ({"exp": NOW - 60}, False),
        ({"exp": NOW - 86_400}, False),
        ({"exp": None}, False),
        ({"exp": "4000000000"}, False),
        ({"exp": True}, False),
        ({"exp": 1e400}, False),
        ({"exp": [NOW + 300]}, False),
        ({"nbf": NOW + 60}, True),
        ({"nbf": NOW + 61}, False),
        ({"nbf": "soon"}, False),
        ({"nbf": None}, True),
        ({"iat": NOW + 60}, True),
        ({"iat": NOW + 61}, False),
        ({"iat": None}, True),
        ({"iss": ISSUER + "/"}, False),
        ({"iss": "https://evil.example"}, False),
        ({"iss": [ISSUER]}, False),
        ({"iss": None}, False),
        ({"iss": ""}, False),
        ({"aud": "other"}, False),
        ({"aud": AUDIENCE.upper()}, False),
        ({"aud": []}, False),
        ({"aud": None}, False),
        ({"aud": ["other", AUDIENCE]}, True),
        ({"aud": ["other"]}, False),
        ({"aud": {AUDIENCE: 1}}, False),
        ({"sub": None}, False),
        ({"sub": ""}, False),
        ({"sub": 17}, False),
        ({"sub": ["u-17"]}, False),
    ],
)
def test_claims(tokens: Tokens, change: dict[str, Any], is_valid: bool) -> None:
    text = token(claims(**change))
    if is_valid:
        assert tokens.verify(text).role == "drafter"
    else:
        refused(tokens, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b",
        "a.b.c.d.e",
        "=.=.=",
        "e30.e30.e30",
        "bnVsbA.bnVsbA.bnVsbA",
        "W10.W10.W10",
        "MQ.MQ.MQ",
        "9" * 8_000,
        forged({"alg": "RS256", "kid": "k1", "x": "y" * 3_000}, {}, b"x"),
        "W" * 1_500 + ".e30.e30",
    ],
)
def test_what_is_no_token(tokens: Tokens, text: str) -> None:
    refused(tokens, text)


def test_claims_that_are_no_object(tokens: Tokens) -> None:
    from joserfc import jws

    for payload in (b"[]", b"null", b"1", b"{", b"", b"\xff", b"[" * 5_000):
        refused(tokens, jws.serialize_compact({"alg": "RS256", "kid": "k1"}, payload, key("RSA")))


@pytest.mark.parametrize(
    ("change", "role", "departments"),
    [
        ({"roles": ["填报岗"], "departments": ["教育局", " 卫健委 "]}, "drafter", {"教育局", "卫健委"}),
        ({"roles": "审核岗", "departments": "教育局"}, "reviewer", {"教育局"}),
        ({"roles": ["填报岗", "审核岗"]}, "reviewer", {"教育局"}),
        ({"roles": ["别的", "portal"]}, "portal", {"教育局"}),
        ({"roles": ["审核岗"], "departments": ["*"]}, "reviewer", None),
        ({"roles": ["审核岗"], "departments": ["*", "教育局"]}, "reviewer", None),
        ({"roles": ["管理岗"], "departments": None}, "administrator", None),
        ({"roles": ["管理岗"]}, "administrator", {"教育局"}),
        # The sign for everything is nothing to a role that never sees everything.
        ({"departments": ["*", "教育局"]}, "drafter", {"教育局"}),
    ],
)
def test_roles_and_departments(
    tokens: Tokens, change: dict[str, Any], role: str, departments: set[str] | None
) -> None:
    actor = tokens.verify(token(claims(**change)))
    assert (actor.role, actor.departments) == (role, None if departments is None else frozenset(departments))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"roles": None}, "角色"),
        ({"roles": []}, "角色"),
        ({"roles": ["administrator"]}, "角色"),
        ({"roles": "管理岗,审核岗"}, "角色"),
        ({"roles": {"管理岗": True}}, "角色"),
        ({"roles": [["管理岗"]]}, "角色"),
        ({"departments": None}, "部门"),
        ({"departments": []}, "部门"),
        ({"departments": ["", " "]}, "部门"),
        ({"departments": ["*"]}, "部门"),
        ({"roles": ["portal"], "departments": ["*"]}, "部门"),
        ({"roles": ["审核岗"], "departments": None}, "部门"),
        ({"departments": {"教育局": 1}}, "部门"),
        ({"departments": [1, None]}, "部门"),
        ({"departments": ["局" * 201]}, "部门"),
        ({"departments": [f"第{i}局" for i in range(201)]}, "部门"),
    ],
)
def test_nobody_gets_in_because_a_claim_is_missing(tokens: Tokens, change: dict[str, Any], told: str) -> None:
    with pytest.raises(Forbidden, match=told):
        tokens.verify(token(claims(**change)))


def test_claims_inside_of_claims(jwks: Path) -> None:
    nested = Tokens(settings(str(jwks), role_claim="realm_access.roles", name_claim="a.b"), clock=lambda: NOW)
    actor = nested.verify(token(claims(roles=None, realm_access={"roles": ["审核岗"]}, a={"b": "李四"})))
    assert (actor.role, actor.name) == ("reviewer", "李四")
    assert nested.verify(token(claims(**{"realm_access.roles": ["审核岗"]}))).role == "reviewer"
    for wrong in ({"realm_access": ["审核岗"]}, {"realm_access": None}, {"realm_access": {}}):
        with pytest.raises(Forbidden):
            nested.verify(token(claims(**wrong)))


@pytest.mark.parametrize("name", [None, 5, "", " ", "张\n三", ["张三"]])
def test_a_name_that_is_none(tokens: Tokens, name: Any) -> None:
    assert tokens.verify(token(claims(name=name))).name == "统一身份认证用户"


def test_two_people_and_two_providers_are_different_actors(jwks: Path, tokens: Tokens) -> None:
    other = Tokens(settings(str(jwks), issuer="https://other.example"), clock=lambda: NOW)
    ids = {
        tokens.verify(token()).id,
        tokens.verify(token(claims(sub="u-18"))).id,
        other.verify(token(claims(iss="https://other.example"))).id,
    }
    assert len(ids) == 3


def test_weak_and_secret_keys_of_the_provider_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    secret = {"kty": "oct", "kid": "s1", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}
    encrypting = {**public(key("RSA", "e1"))["keys"][0], "use": "enc"}
    keys = [
        *public(weak_key("w1"), key("EC", "k2"))["keys"],
        secret,
        encrypting,
        7,
        {"kty": "RSA"},
        {"kty": []},
    ]
    path.write_text(json.dumps({"keys": keys}), "utf-8")
    tokens = Tokens(settings(str(path)), clock=lambda: NOW)
    assert tokens.verify(token(signer=key("EC", "k2"), alg="ES256"))
    refused(tokens, token(signer=weak_key("w1")))
    refused(tokens, token(signer=key("RSA", "e1")))


def test_the_optional_part_is_named_where_it_is_missing(jwks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("service.auth.jose")
    monkeypatch.setitem(sys.modules, "service.auth.jose", None)
    with pytest.raises(SettingsError, match=r"biaochi\[oidc\]"):
        Tokens(settings(str(jwks)))


def test_over_http(file_store: Store, jwks: Path, caplog: pytest.LogCaptureFixture) -> None:
    auth = Auth(file_store, AuthSettings(oidc=settings(str(jwks))), host="0.0.0.0")
    auth.tokens = Tokens(settings(str(jwks)), clock=lambda: NOW)
    app = application(auth)
    answer = ask(app, headers=bearer(token()))
    assert (answer.status_code, answer.json()["via"], answer.json()["departments"]) == (
        200,
        "token",
        ["教育局"],
    )
    assert "RateLimit-Remaining" in answer.headers
    text = token(claims(exp=NOW - 3_600))
    answer = ask(app, headers=bearer(text))
    assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated")
    assert text not in answer.text + caplog.text
    assert ask(app, headers={"X-API-Key": token()}).status_code == 401
    assert ask(app, headers=bearer(token(claims(roles=[])))).status_code == 403
    assert ask(app, "/may/review", headers=bearer(token())).status_code == 403
    assert ask(app, "/may/review", headers=bearer(token(claims(roles=["审核岗"])))).status_code == 200
