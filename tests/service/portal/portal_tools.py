"""A service with the routes of the portal behind real sockets, and a portal that files, is called back and withdraws."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import uvicorn
from fastapi import FastAPI

from service.api import errors, openapi, portal, stateless
from service.api.deps import Services
from service.api.guard import Guard
from service.api.wiring import Kept
from service.api.workers import Workers
from service.auth.access import Auth
from service.auth.dependencies import current_actor
from service.auth.roles import Role
from service.auth.settings import AuthSettings
from service.client import BadSignature, Message, Receiver, Replayed
from service.jobs import webhooks
from service.jobs.settings import JobSettings, WebhookSettings
from service.jobs.worker import Worker
from service.settings import Limits, ServerSettings
from service.store.engine import Store
from service.store.retention import Retention
from tests.service.auth.auth_tools import make

SITE_SECRET = "site-secret-of-the-tests"
MESSAGES = WebhookSettings(secrets=(SITE_SECRET,), allow_ranges=(ip_network("127.0.0.0/8"),))


@dataclass
class Service:
    """An application with its store."""

    app: FastAPI
    store: Store
    auth: Auth
    url: str = ""

    def key(self, role: Role = "portal", *departments: str) -> str:
        return make(self.auth.keys, role, *departments).text

    def work(self) -> None:
        """Do all batches that wait."""
        worker = Worker("", Limits())  # `step` is given its store
        while worker.step(self.store):
            pass

    def deliver(self, settings: WebhookSettings = MESSAGES) -> str | None:
        """Send one message that is due."""
        return webhooks.deliver_due(self.store, settings)


def service(store: Store, settings: ServerSettings | None = None) -> Service:
    settings = settings or ServerSettings()
    workers = Workers(0, 30.0)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        await workers.start()
        yield
        await workers.stop()

    app = FastAPI(
        title="标尺", version="0", lifespan=lifespan, generate_unique_id_function=lambda route: route.name
    )
    auth = Auth(store, AuthSettings(key_cache_seconds=0), host="127.0.0.1")
    app.state.services = Services(settings, workers)
    app.state.kept = Kept(
        store=store, retention=Retention(), jobs=JobSettings(max_files=50), messages=MESSAGES
    )
    app.state.auth = auth
    app.state.identify = current_actor
    app.include_router(stateless.router)
    app.include_router(portal.router)
    errors.install(app)
    openapi.install(app)
    app.add_middleware(Guard, settings=settings)
    return Service(app, store, auth)


@contextmanager
def listening(found: Service) -> Iterator[Service]:
    """Let a service answer on a port of this machine."""
    config = uvicorn.Config(found.app, host="127.0.0.1", port=0, log_config=None, timeout_keep_alive=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    started = threading.Event()
    while not server.started and thread.is_alive():
        started.wait(0.01)
    found.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class MockPortal:
    """The other side: takes messages as docs/portal.md says."""

    receiver: Receiver
    port: int = 0
    messages: list[Message] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Status of each answer given."""
    broken: int = 0
    """So many messages are met by a failure of the portal itself."""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/biaochi"

    def take(self, headers: dict[str, str], body: bytes) -> int:
        self.requests.append((headers, body))
        try:
            message = self.receiver.receive(headers, body)
        except BadSignature:
            return 401
        except Replayed:
            return 200
        if self.broken:
            self.broken -= 1
            self.receiver.forget(message)
            return 500
        self.messages.append(message)
        return 204


@contextmanager
def mock_portal(secrets: tuple[str, ...]) -> Iterator[MockPortal]:
    found = MockPortal(Receiver(secrets))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = found.take(dict(self.headers), body)
            found.answers.append(status)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def record(**given: Any) -> dict[str, Any]:
    """A row of the system; None leaves a column out."""
    values: dict[str, Any] = {
        "GUID": "r1",
        "MAINGUID": "m1",
        "PRO_CODE": "99010224P004000000041",
        "PRO_NAME": "公园绿地养护",
        "AGENCY_CODE": "406001",
        "AGENCY_NAME": "某县园林所",
        "FINDEX": "1",
        "SINDEX": "11",
        "NAME": "养护绿地面积",
        "COMPUTESIGN": "1",
        "INDEXVAL": "52",
        "METERUNIT": "公顷",
        "KPI_CONTENT": "全年养护的绿地面积",
        "INDEXSTANDARDS": "1",
        "WEIGHT": "20",
        "KPI_TARGET": "全年养护绿地52公顷，保持绿地完好。",
        "YEARFLAG": "0",
        "IS_DELETED": "2",
        "FISCAL_YEAR": "2027",
        **given,
    }
    return {key: value for key, value in values.items() if value is not None}


def message_row(**given: Any) -> dict[str, Any]:
    return {
        "一级绩效指标": "产出指标",
        "二级绩效指标": "数量指标",
        "三级绩效指标": "更新设施数量",
        "计算符号": "≥",
        "指标值": "12",
        "计量单位": "套",
        **given,
    }


def message(**given: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "项目代码": "99010224P004000000043",
        "项目名称": "儿童公园改造",
        "单位代码": "406001",
        "单位名称": "某县园林所",
        "项目内容": "更新游乐设施",
        "预算年度": "2027",
        "本年度预算资金总额": "812000.50",
        "本年度绩效目标": "更新游乐设施12套，改善游园条件。",
        "本年度绩效指标": [
            message_row(),
            message_row(三级绩效指标="设施验收合格率", 二级绩效指标="质量指标", 指标值="95", 计量单位=""),
        ],
        **given,
    }
    return {key: value for key, value in values.items() if value is not None}


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8")
