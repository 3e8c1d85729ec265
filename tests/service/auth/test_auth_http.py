"""Credentials on the wire: headers, smuggling, rights."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from service.auth.access import Auth
from service.auth.dependencies import MAX_HEADER, SECURITY_SCHEMES, Require, must_see, require
from service.auth.errors import Forbidden
from service.auth.keys import Keys
from service.auth.roles import RIGHTS, ROLES, Actor, Permission
from tests.service.auth.auth_tools import ROOT, Clock, application, ask, bearer, make

FOREIGN = "bc_aaaaaaaa_" + "A" * 43


@pytest.fixture
def app(auth: Auth) -> FastAPI:
    make(auth.keys, "administrator")
    return application(auth)


def refused(answer: Any) -> None:
    assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="biaochi"'


def test_a_key_in_either_header(app: FastAPI, auth: Auth) -> None:
    made = make(auth.keys)
    headers: list[dict[str, str]] = [
        bearer(made),
        {"authorization": f"bearer {made.text}"},
        {"Authorization": f"BEARER   {made.text} "},
        {"X-API-Key": made.text},
        {"X-API-Key": f" {made.text}\t"},
    ]
    for given in headers:
        answer = ask(app, headers=given)
        assert answer.status_code == 200
        assert answer.json() == {
            "id": made.key.id,
            "role": "drafter",
            "via": "key",
            "departments": ["教育局"],
            "csrf": None,
        }


def test_nobody(app: FastAPI) -> None:
    answer = ask(app)
    refused(answer)
    assert "X-API-Key" in answer.json()["detail"]
    assert "RateLimit-Limit" not in answer.headers


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Basic {key}",
        "Digest username={key}",
        "Bearer{key}",
        "Bearer\t{key}",
        "Bearer {key}, Bearer {key}",
        "Bearer {key} {key}",
        "Bearer {key},",
        "Bearer '{key}'",
        "Bearer key={key}",
        "Bearer Bearer {key}",
        "{key}",
        "Bearer {key}\x00",
        "Bearer {key}\x7f",
        "Bearer " + FOREIGN,
        "Bearer bc_",
        "Bearer " + "A" * 43,
        "Bearer e30.e30.e30",
    ],
)
def test_authorization_that_is_none(app: FastAPI, auth: Auth, value: str) -> None:
    text = value.format(key=make(auth.keys).text)
    answer = ask(app, headers=[(b"authorization", text.encode("latin-1"))])
    refused(answer)
    assert FOREIGN not in answer.text


def test_credentials_that_are_not_ascii(app: FastAPI, auth: Auth) -> None:
    made = make(auth.keys)
    for name in (b"authorization", b"x-api-key"):
        start = b"Bearer " if name == b"authorization" else b""
        for tail in ("密".encode(), b"\xff", b"\xa0", "é".encode("latin-1"), b"\x85"):
            refused(ask(app, headers=[(name, start + made.text.encode() + tail)]))
            refused(ask(app, headers=[(name, start + tail + made.text.encode())]))
    wide = made.text.replace("b", "ｂ", 1)
    refused(ask(app, headers=[(b"x-api-key", wide.encode())]))


def test_oversized_credentials(app: FastAPI, auth: Auth) -> None:
    made = make(auth.keys)
    refused(ask(app, headers=bearer("A" * (MAX_HEADER + 1))))
    refused(ask(app, headers={"X-API-Key": "A" * 60_000}))
    padded = "Bearer" + " " * MAX_HEADER + made.text
    refused(ask(app, headers={"Authorization": padded}))


def test_several_credentials_are_none(app: FastAPI, auth: Auth) -> None:
    first, second = make(auth.keys), make(auth.keys, "administrator")
    one, two = f"Bearer {first.text}".encode(), f"Bearer {second.text}".encode()
    for headers in (
        [(b"authorization", one), (b"authorization", two)],
        [(b"authorization", one), (b"authorization", one)],
        [(b"Authorization", one), (b"AUTHORIZATION", b"")],
        [(b"authorization", one), (b"x-api-key", first.text.encode())],
        [(b"x-api-key", first.text.encode()), (b"x-api-key", second.text.encode())],
    ):
        answer = ask(app, headers=headers)
        refused(answer)
        assert "只能带一个" in answer.json()["detail"]


def test_a_key_is_taken_from_nowhere_else(app: FastAPI, auth: Auth) -> None:
    made = make(auth.keys, "administrator")
    refused(ask(app, f"/who?api_key={made.text}&access_token={made.text}"))
    refused(ask(app, method="POST", data={"access_token": made.text, "key": made.text}))
    refused(ask(app, headers={"Cookie": f"biaochi={made.text}; __Host-biaochi={made.text}"}))
    refused(ask(app, headers={"Proxy-Authorization": f"Bearer {made.text}", "X-Api_Key": made.text}))
    refused(ask(app, base=f"http://user:{made.text}@127.0.0.1:8000"))


def test_headers_that_name_somebody_else_say_nothing(app: FastAPI, auth: Auth) -> None:
    made = make(auth.keys)
    answer = ask(
        app,
        "/who?role=administrator&departments=财政局",
        headers=bearer(made)
        | {"X-Role": "administrator", "X-Departments": "*", "X-Forwarded-User": "root", "X-User-Id": "1"},
    )
    assert (answer.json()["role"], answer.json()["departments"]) == ("drafter", ["教育局"])


def test_a_revoked_key_ends_at_once(app: FastAPI, auth: Auth) -> None:
    made = make(auth.keys)
    assert ask(app, headers=bearer(made)).status_code == 200
    auth.keys.revoke(made.key.id, by=ROOT)
    refused(ask(app, headers=bearer(made)))


def test_keys_are_in_no_answer_and_no_log(app: FastAPI, auth: Auth, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "biaochi")
    made = make(auth.keys)
    texts = [ask(app, headers=bearer(text)).text for text in (made.text, made.text[:-1] + "!", FOREIGN)]
    for secret in (made.text[12:], FOREIGN):
        assert secret not in "".join(texts) + caplog.text


@pytest.mark.parametrize("role", ROLES)
def test_every_right_for_every_role(app: FastAPI, auth: Auth, role: Any) -> None:
    made = make(auth.keys, role)
    for permission in get_args(Permission):
        answer = ask(app, f"/may/{permission}", headers=bearer(made))
        if role in RIGHTS[permission]:
            assert (answer.status_code, answer.json()) == (200, {"id": made.key.id})
        else:
            assert (answer.status_code, answer.json()["type"]) == (403, "forbidden")
            assert "需要的身份" in answer.json()["detail"]
        refused(ask(app, f"/may/{permission}"))


def test_the_right_of_a_route_can_be_read_off_it(app: FastAPI) -> None:
    def needed(dependant: Dependant) -> set[str]:
        found = {dependant.call.permission} if isinstance(dependant.call, Require) else set()
        return found.union(*(needed(inner) for inner in dependant.dependencies))

    read = {
        route.path.rpartition("/")[2]: needed(route.dependant)
        for route in app.routes
        if isinstance(route, APIRoute) and route.path.startswith("/may/")
    }
    assert read == {permission: {permission} for permission in RIGHTS}


def test_a_right_that_does_not_exist_fails_where_the_route_is_made() -> None:
    with pytest.raises(ValueError, match="no such right"):
        require("everything")  # type: ignore[arg-type]


def test_departments_of_others() -> None:
    actor = Actor("k", "张三", "drafter", frozenset({"教育局"}))
    must_see(actor, "教育局")
    for name in ("财政局", None, ""):
        with pytest.raises(Forbidden) as caught:
            must_see(actor, name)
        assert "财政局" not in caught.value.message


def test_a_valid_key_asks_the_store_once_a_second(
    app: FastAPI, auth: Auth, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(auth.keys)
    assert ask(app, headers=bearer(made)).status_code == 200
    asked: list[str] = []
    verify = Keys.verify
    monkeypatch.setattr(Keys, "verify", lambda self, text: (asked.append(text), verify(self, text))[1])
    for _ in range(5):
        assert ask(app, headers=bearer(made)).status_code == 200
    assert asked == []
    clock.forward(1)
    assert ask(app, headers=bearer(made)).status_code == 200
    assert len(asked) == 1


def test_the_schemes_of_the_document() -> None:
    assert set(SECURITY_SCHEMES) == {"bearer", "apiKey", "session"}


@pytest.mark.parametrize(
    "host", [b"", b"[", b"]", b"[::1", b"a b", b"\xff", b"127.0.0.1:99999", b"@", b"x" * 9_000]
)
def test_hosts_that_are_none_are_refused_and_no_more(app: FastAPI, auth: Auth, host: bytes) -> None:
    refused(ask(app, headers=[(b"host", host)]))
    refused(ask(app, headers=[(b"host", host), (b"cookie", b"biaochi=" + b"A" * 43)]))
    assert (
        ask(app, headers=[(b"host", host), (b"x-api-key", make(auth.keys).text.encode())]).status_code == 200
    )


@pytest.mark.parametrize(
    "host", [b"", b"[", b"a b", b"\xff", b"127.0.0.1@evil", b"evil@127.0.0.1", b"127.0.0.1#"]
)
def test_hosts_that_are_none_do_not_pass_for_this_machine(auth: Auth, host: bytes) -> None:
    assert ask(application(auth), headers=[(b"host", host)]).status_code == 403
