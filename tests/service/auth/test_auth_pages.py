"""Signing in by browser: the cookie, the token against forged requests, the throttle."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.auth.access import Auth
from service.auth.key_values import NewKey
from service.auth.settings import AuthSettings
from service.store.engine import Store
from tests.service.auth.auth_tools import Clock, application, ask, bearer, make

HOME = "http://127.0.0.1:8000"
SITE = "https://biaochi.example"


@pytest.fixture
def made(auth: Auth) -> NewKey:
    return make(auth.keys)


@pytest.fixture
def app(auth: Auth, made: NewKey) -> FastAPI:
    return application(auth)


def enter(app: FastAPI, key: str, **given: Any) -> httpx.Response:
    return ask(app, "/session", "POST", data={"key": key}, **given)


def cookie(answer: httpx.Response) -> tuple[str, str, SimpleCookie]:
    jar = SimpleCookie(answer.headers["set-cookie"])
    ((name, morsel),) = jar.items()
    return name, morsel.value, jar


def signed_in(app: FastAPI, key: NewKey) -> tuple[dict[str, str], str]:
    answer = enter(app, key.text)
    assert answer.status_code == 200
    name, value, _ = cookie(answer)
    return {"Cookie": f"{name}={value}"}, answer.json()["csrf"]


def forged(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["type"]) == (403, "csrf")


def test_the_cookie_on_this_machine(app: FastAPI, made: NewKey) -> None:
    name, value, jar = cookie(enter(app, made.text))
    assert name == "biaochi"
    assert len(value) == 43
    assert made.text not in value
    assert jar[name]["httponly"]
    assert jar[name]["samesite"].lower() == "strict"
    assert jar[name]["path"] == "/"
    assert not jar[name]["secure"]
    # It goes with the browser; the server ends the session earlier.
    assert not jar[name]["max-age"]
    assert not jar[name]["expires"]
    assert not jar[name]["domain"]


@pytest.mark.parametrize(
    "base", [SITE, "http://biaochi.example", "http://10.0.0.8:8000", "https://127.0.0.1"]
)
def test_the_cookie_everywhere_else_travels_over_https_only(app: FastAPI, made: NewKey, base: str) -> None:
    name, value, jar = cookie(enter(app, made.text, base=base))
    assert name == "__Host-biaochi"
    assert jar[name]["secure"]
    assert jar[name]["httponly"]
    assert jar[name]["samesite"].lower() == "strict"
    assert jar[name]["path"] == "/"
    assert not jar[name]["domain"]
    assert ask(app, base=base, headers={"Cookie": f"{name}={value}"}).status_code == 200
    # The weaker name is not read there: a neighbouring host could set it.
    assert ask(app, base=base, headers={"Cookie": f"biaochi={value}"}).status_code == 401


def test_an_operator_can_ask_for_secure_cookies_always(file_store: Store, clock: Clock) -> None:
    auth = Auth(file_store, AuthSettings(cookie_secure="always"), host="127.0.0.1", clock=clock)
    name, _, jar = cookie(enter(application(auth), make(auth.keys).text))
    assert (name, bool(jar[name]["secure"])) == ("__Host-biaochi", True)


def test_reading_needs_the_cookie_alone(app: FastAPI, made: NewKey) -> None:
    headers, csrf = signed_in(app, made)
    answer = ask(app, headers=headers)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": made.key.id,
        "role": "drafter",
        "via": "session",
        "departments": ["教育局"],
        "csrf": csrf,
    }


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_changing_needs_the_token_too(app: FastAPI, made: NewKey, method: str) -> None:
    headers, csrf = signed_in(app, made)
    other = signed_in(app, made)[1]
    assert ask(app, method=method, headers=headers | {"X-CSRF-Token": csrf}).status_code == 200
    forged(ask(app, method=method, headers=headers))
    for wrong in ("", "A" * 43, other, csrf[:-1], csrf + "A", csrf.swapcase()):
        forged(ask(app, method=method, headers=headers | {"X-CSRF-Token": wrong}))
    forged(ask(app, f"/who?csrf_token={csrf}", method=method, headers=headers))


def test_two_tokens_are_none(app: FastAPI, made: NewKey) -> None:
    headers, csrf = signed_in(app, made)
    raw = [(b"cookie", headers["Cookie"].encode()), (b"x-csrf-token", csrf.encode())]
    assert ask(app, method="POST", headers=raw).status_code == 200
    forged(ask(app, method="POST", headers=[*raw, (b"x-csrf-token", csrf.encode())]))
    forged(ask(app, method="POST", headers=[*raw, (b"x-csrf-token", b"x")]))
    forged(ask(app, method="POST", headers=[raw[0], (b"x-csrf-token", "令".encode())]))


def test_the_token_in_the_form(app: FastAPI, made: NewKey) -> None:
    headers, csrf = signed_in(app, made)
    given = {"title": "甲", "csrf_token": csrf}
    for kind in ({"data": given}, {"data": given, "files": {"file": ("a.txt", b"x")}}):
        answer = ask(app, "/form", "POST", headers=headers, **kind)
        assert (answer.status_code, answer.json()) == (200, {"title": "甲"})
    forged(ask(app, "/form", "POST", headers=headers, data={"title": "甲"}))
    forged(ask(app, "/form", "POST", headers=headers, data=given | {"csrf_token": "A" * 43}))
    # A token that stands in a file or in JSON was not put there by our form.
    forged(
        ask(
            app,
            "/form",
            "POST",
            headers=headers,
            data={"title": "甲"},
            files={"csrf_token": ("a", csrf.encode())},
        )
    )
    forged(ask(app, "/who", "POST", headers=headers, json=given))
    forged(
        ask(
            app,
            "/who",
            "POST",
            headers=headers | {"Content-Type": "text/plain"},
            content=f"csrf_token={csrf}",
        )
    )


def test_the_header_goes_before_the_form(app: FastAPI, made: NewKey) -> None:
    headers, csrf = signed_in(app, made)
    forged(
        ask(
            app,
            "/form",
            "POST",
            headers=headers | {"X-CSRF-Token": "A"},
            data={"title": "甲", "csrf_token": csrf},
        )
    )


def test_a_route_can_still_read_the_body(app: FastAPI, made: NewKey) -> None:
    headers, csrf = signed_in(app, made)
    answer = ask(app, "/raw", "POST", headers=headers | {"X-CSRF-Token": csrf}, data={"a": "b"})
    assert (answer.status_code, answer.json()) == (200, {"size": 3})


def test_programs_with_a_key_need_no_token(app: FastAPI, made: NewKey) -> None:
    assert ask(app, method="POST", headers=bearer(made)).status_code == 200


def test_a_key_in_the_header_goes_before_the_cookie_and_is_not_made_up_for_by_it(
    app: FastAPI, auth: Auth, made: NewKey
) -> None:
    headers, _ = signed_in(app, made)
    other = make(auth.keys, "reviewer")
    assert ask(app, method="POST", headers=headers | bearer(other)).json()["id"] == other.key.id
    assert ask(app, headers=headers | bearer("bc_aaaaaaaa_" + "A" * 43)).status_code == 401


@pytest.mark.parametrize("value", ["", "A" * 43, "A" * 9_000, "%00", '"A"', "密"])
def test_cookies_that_are_none(app: FastAPI, value: str) -> None:
    assert ask(app, headers=[(b"cookie", f"biaochi={value}".encode())]).status_code == 401


def test_signing_out_ends_the_session_and_the_cookie(app: FastAPI, made: NewKey) -> None:
    headers, csrf = signed_in(app, made)
    forged(ask(app, "/session", "DELETE", headers=headers))
    answer = ask(app, "/session", "DELETE", headers=headers | {"X-CSRF-Token": csrf})
    assert answer.status_code == 200
    name, value, jar = cookie(answer)
    assert (name, value, jar[name]["max-age"]) == ("biaochi", "", "0")
    assert ask(app, headers=headers).status_code == 401


def test_signing_in_gives_a_new_session_and_ends_the_old_one(app: FastAPI, made: NewKey) -> None:
    headers, csrf = signed_in(app, made)
    answer = enter(app, made.text, headers=headers)
    _, value, _ = cookie(answer)
    assert value not in headers["Cookie"]
    assert answer.json()["csrf"] != csrf
    assert ask(app, headers=headers).status_code == 401


def test_a_failed_sign_in_leaves_the_old_session_alone(app: FastAPI, made: NewKey) -> None:
    headers, _ = signed_in(app, made)
    answer = enter(app, "bc_aaaaaaaa_" + "A" * 43, headers=headers)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert ask(app, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "nonsense"},
    ],
)
def test_a_foreign_page_cannot_sign_a_browser_in(app: FastAPI, made: NewKey, headers: dict[str, str]) -> None:
    answer = enter(app, made.text, headers=headers)
    forged(answer)
    assert "set-cookie" not in answer.headers


def test_our_own_page_can(app: FastAPI, made: NewKey) -> None:
    assert (
        enter(app, f" {made.text}\n", headers={"Origin": HOME, "Sec-Fetch-Site": "same-origin"}).status_code
        == 200
    )
    assert enter(app, made.text, base=SITE, headers={"Origin": SITE}).status_code == 200


def test_attempts_are_throttled_by_address(file_store: Store, clock: Clock) -> None:
    settings = AuthSettings(sign_ins_per_minute=3)
    auth = Auth(file_store, settings, host="0.0.0.0", clock=clock, ticks=clock.ticks)
    app, made = application(auth), make(auth.keys)
    for _ in range(3):
        assert enter(app, "bc_aaaaaaaa_" + "A" * 43).status_code == 401
    # From here on even the right key waits, so that guessing cannot go on.
    answer = enter(app, made.text)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert enter(app, made.text, client="10.0.0.7").status_code == 200
    # A header that claims another address is no other address.
    assert enter(app, made.text, headers={"X-Forwarded-For": "10.0.0.8"}).status_code == 429
    clock.forward(60)
    assert enter(app, made.text).status_code == 200


def test_a_page_ends_with_its_key(app: FastAPI, auth: Auth, made: NewKey) -> None:
    from tests.service.auth.auth_tools import ROOT

    headers, _ = signed_in(app, made)
    auth.keys.revoke(made.key.id, by=ROOT)
    assert ask(app, headers=headers).status_code == 401
