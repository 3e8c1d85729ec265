"""A small client of the interface: check, rows, suggestions, portal projects, batches, signed messages.

Standard library only. Proxies of the environment are not used: table text stays between the caller and the service.
"""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from service.errors import BiaochiError
from service.portal.receiving import BadSignature, Message, Receiver, Replayed

__all__ = [
    "ApiError", "BadSignature", "Batch", "Client", "ClientError", "Conflict", "Invalid", "Message", "NotAllowed",
    "NotFound", "Receiver", "Replayed", "TooMany", "TooSlow", "Unavailable", "Unreachable",
]  # fmt: skip

JSON: TypeAlias = dict[str, Any]
Project: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A project message, records in an object by kind, or an array of rows."""

_MAX_ANSWER: Final = 256 * 1024 * 1024
_LONGEST_PAUSE: Final = 60.0
_BASE: Final = "服务地址应如 https://biaochi.example，请改正后重试"
_REPEATABLE: Final = frozenset({429, 502, 503, 504})


class ClientError(BiaochiError):
    """Base of everything that a call may raise."""

    code = "client"


class Unreachable(ClientError):
    """The service cannot be reached, or the connection broke."""

    code = "unreachable"


class TooSlow(ClientError):
    """No answer, or no end of a batch, within the time given."""

    code = "too-slow"


class ApiError(ClientError):
    """The service refused. `type` is stable and says why, `message` is Chinese and says what to do."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.type = str(problem.get("type", "about:blank"))
        self.title = str(problem.get("title", ""))
        self.request_id = str(problem.get("request_id", ""))
        found = problem.get("errors")
        self.errors: tuple[tuple[str, str], ...] = tuple(
            (str(item.get("path", "")), str(item.get("detail", "")))
            for item in (found if isinstance(found, list) else [])
            if isinstance(item, Mapping)
        )
        """(path, detail) of what does not fit."""
        self.retry_after = retry_after
        super().__init__(str(problem.get("detail") or self.title or f"服务返回状态 {status}"))

    @property
    def slug(self) -> str:
        """The last part of the type, such as `too-large`."""
        return self.type.rpartition(":")[2]


class NotAllowed(ApiError):
    """No key, a wrong key, or not this key's business (401, 403)."""


class NotFound(ApiError):
    """No such address or object (404, 410)."""


class Conflict(ApiError):
    """The same idempotency key came with other content, or somebody was faster (409, 412)."""


class Invalid(ApiError):
    """What was sent cannot be used; sending it again does not help (400, 408, 413, 415, 422)."""


class TooMany(ApiError):
    """Over the quota (429)."""


class Unavailable(ApiError):
    """Busy or failing (5xx); worth another try later."""


@dataclass(frozen=True, slots=True)
class Batch:
    """How far a batch is."""

    job: str
    state: str
    """queued, running, done, cancelled."""
    total: int
    finished: int
    counts: Mapping[str, int]
    seconds_left: int | None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "cancelled")


class Client:
    """Calls one service. A connection is made for every call, so one client may serve many threads.

    `base` is the address without path, `https://biaochi.example`. Calls are tried again `retries` times where the
    service is busy or cannot be reached; submissions carry an idempotency key, so that this never makes two of one.
    """

    def __init__(
        self,
        base: str,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        retries: int = 3,
        context: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            parts = urlsplit(base)
            self._port = parts.port
        except ValueError as error:
            raise ClientError(_BASE) from error
        is_http = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
        if not is_http or " " in base or not base.isprintable() or not parts.path.isascii():
            raise ClientError(_BASE)
        if key is not None and not _is_plain(key):
            raise ClientError("密钥应为一行英文字母、数字和符号，请核对是否完整复制")
        self._host = parts.hostname or ""
        self._prefix = parts.path.rstrip("/")
        self._context = (context or ssl.create_default_context()) if parts.scheme == "https" else None
        self._key = key
        self._timeout, self._retries = timeout, retries
        self._sleep, self._clock = sleep, clock

    # ---- Checking ---------------------------------------------------------------------------------------------------

    def check(
        self, file: Path | bytes, *, name: str | None = None, profile: str | None = None, suggest: bool = True
    ) -> JSON:
        """Return the report of a file."""
        data = file if isinstance(file, bytes) else file.read_bytes()
        shown = name or ("file" if isinstance(file, bytes) else file.name)
        body, kind = _form(shown, data)
        return self._object("POST", "/v1/check", _query(profile, suggest), body, kind)

    def check_json(
        self, document: Mapping[str, Any], *, profile: str | None = None, suggest: bool = True
    ) -> JSON:
        """Return the report of a `document` object or of one project."""
        return self._post("/v1/check", _query(profile, suggest), document)

    def check_row(
        self,
        row: Mapping[str, Any],
        *,
        project: Mapping[str, Any] | None = None,
        position: int | None = None,
        profile: str | None = None,
        suggest: bool = False,
    ) -> JSON:
        """Return what is to be said of the row that is being filled in."""
        body = {"row": row, "project": project, "position": position}
        return self._post("/v1/check/row", _query(profile, suggest), _filled(body))

    def suggest(
        self,
        project: Mapping[str, Any],
        *,
        category: str | None = None,
        scheme: str | None = None,
        limit: int | None = None,
    ) -> JSON:
        """Return indicators that a project could have."""
        body = {"project": project, "category": category, "scheme": scheme, "limit": limit}
        return self._post("/v1/suggest", {}, _filled(body))

    def preview(
        self,
        document: Mapping[str, Any],
        choices: Sequence[tuple[Mapping[str, Any], Mapping[str, str]]],
        *,
        profile: str | None = None,
        suggest: bool = True,
    ) -> JSON:
        """Return the report of a document as it would be with suggestions taken: (suggestion, values of its slots)."""
        taken = [{"suggestion": suggestion, "values": values} for suggestion, values in choices]
        return self._post("/v1/preview", _query(profile, suggest), {"document": document, "choices": taken})

    # ---- Portal -----------------------------------------------------------------------------------------------------

    def portal_check(
        self,
        project: Project,
        *,
        department: str | None = None,
        profile: str | None = None,
        suggest: bool = True,
    ) -> JSON:
        """Return the result of one project of the budget system."""
        query = _query(profile, suggest) | _filled({"department": department})
        return self._post("/v1/portal/check", query, project)

    def submit(
        self,
        projects: Iterable[Project],
        *,
        webhook: str | None = None,
        department: str | None = None,
        profile: str | None = None,
        suggest: bool = True,
        idempotency_key: str | None = None,
    ) -> str:
        """Hand in a batch and return its number. With the same key and content it is the same batch."""
        key = secrets.token_hex(16) if idempotency_key is None else idempotency_key
        if len(key) > 200 or not _is_plain(key):
            raise ClientError("幂等键应为 1 至 200 个英文字母、数字和符号，请改正后重试")
        body = _filled({"projects": list(projects), "webhook": webhook, "department": department})
        headers = {"Idempotency-Key": key}
        done = self._post("/v1/portal/batches", _query(profile, suggest), body, headers)
        return str(done["job"])

    def batch(self, job: str) -> Batch:
        """Return how far a batch is."""
        found = self._object("GET", f"{_batch(job)}")
        return Batch(
            job=found["job"],
            state=found["state"],
            total=found["total"],
            finished=found["finished"],
            counts=found["counts"],
            seconds_left=found["seconds_left"],
        )

    def wait(self, job: str, *, timeout: float = 3600.0, poll: float = 1.0) -> Batch:
        """Return a batch once it is over. Raises TooSlow."""
        until = self._clock() + timeout
        while not (found := self.batch(job)).is_over:
            if self._clock() + poll > until:
                raise TooSlow(f"批次未在 {timeout:g} 秒内完成，请稍后再取结果")
            self._sleep(poll)
        return found

    def results(self, job: str, *, page: int = 50) -> Iterator[JSON]:
        """Yield the items of a batch in the order of submission; those not finished have no result."""
        after: int | None = -1
        while after is not None:
            found = self._object("GET", f"{_batch(job)}/results", {"after": after, "limit": page})
            yield from found["items"]
            after = found["next_after"]

    def withdraw(self, job: str) -> str:
        """Stop a batch and return its state: cancelled, or done where it was over already."""
        return str(self._object("POST", f"{_batch(job)}/withdraw")["state"])

    def webhook_secrets(self) -> tuple[str, ...]:
        """Return the secrets by which messages about this key's batches are verified."""
        return tuple(self._object("GET", "/v1/portal/webhook")["secrets"])

    # ---- Requests ---------------------------------------------------------------------------------------------------

    def _post(
        self, path: str, query: Mapping[str, Any], value: Any, headers: Mapping[str, str] | None = None
    ) -> JSON:
        try:
            body = json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (TypeError, ValueError, RecursionError) as error:
            raise ClientError("内容不能写成 JSON，请只用文字、数字、真假、空、数组和对象") from error
        return self._object("POST", path, query, body, "application/json", headers)

    def _object(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JSON:
        target = self._prefix + path + (f"?{urlencode(query)}" if query else "")
        sent = {"Accept": "application/json", "User-Agent": "biaochi-client", **(headers or {})}
        if kind is not None:
            sent["Content-Type"] = kind
        if self._key is not None:
            sent["Authorization"] = f"Bearer {self._key}"
        tried = 0
        while True:
            try:
                return self._once(method, target, body, sent)
            except (Unreachable, TooMany, Unavailable) as error:
                may = isinstance(error, Unreachable) or (
                    isinstance(error, ApiError) and error.status in _REPEATABLE
                )
                if not may or tried >= self._retries:
                    raise
                asked = error.retry_after if isinstance(error, ApiError) else None
                if asked is not None and asked > _LONGEST_PAUSE:
                    # A quota of the day: waiting for it is not this call's business.
                    raise
                self._sleep(asked if asked is not None else min(2.0**tried, _LONGEST_PAUSE))
                tried += 1

    def _once(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> JSON:
        connection = (
            http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
            if self._context is None
            else http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=self._context
            )
        )
        try:
            try:
                connection.request(method, target, body, dict(headers))
            except (BrokenPipeError, ConnectionResetError):
                # A body that is too large is refused before it is read; why stands in the answer.
                if body is None:
                    raise
            answer = connection.getresponse()
            data = answer.read(_MAX_ANSWER + 1)
        except TimeoutError as error:
            raise TooSlow(f"服务未在 {self._timeout:g} 秒内回答，请稍后重试") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable("无法连接标尺服务，请检查地址与网络后重试") from error
        finally:
            connection.close()
        if len(data) > _MAX_ANSWER:
            raise ClientError("服务的回答过大，请缩小每页条数后重试")
        try:
            value = json.loads(data)
        except ValueError:
            value = None
        if not 200 <= answer.status < 300:
            problem = value if isinstance(value, dict) else {}
            raise _error(answer.status, problem, _seconds(answer.headers.get("Retry-After")))
        if not isinstance(value, dict):
            raise ClientError("回答不是约定的 JSON，请核对服务地址是否正确")
        return value


def _error(status: int, problem: Mapping[str, Any], retry_after: float | None) -> ApiError:
    kinds: dict[int, type[ApiError]] = {
        401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: Conflict, 410: NotFound, 412: Conflict, 429: TooMany,
    }  # fmt: skip
    kind = kinds.get(status, Unavailable if status >= 500 else Invalid)
    return kind(status, problem, retry_after)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text and text != ""


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdecimal() and len(text) < 9 else None


def _query(profile: str | None, suggest: bool) -> JSON:
    return _filled({"profile": profile, "suggest": "true" if suggest else "false"})


def _filled(values: Mapping[str, Any]) -> JSON:
    return {key: value for key, value in values.items() if value is not None}


def _batch(job: str) -> str:
    return f"/v1/portal/batches/{quote(job, safe='')}"


def _form(name: str, data: bytes) -> tuple[bytes, str]:
    """Return a form with one file and its content type."""
    border = secrets.token_hex(16)
    # As browsers do it: UTF-8, and the three characters that would end the value escaped.
    shown = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = (
        f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{shown}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    whole = head.encode("utf-8", "replace") + data + f"\r\n--{border}--\r\n".encode()
    return whole, f"multipart/form-data; boundary={border}"
