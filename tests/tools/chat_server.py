"""A local server that speaks the chat-completions protocol of OpenAI, well or badly, for tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler"], None]


class ChatServer(ThreadingHTTPServer):
    """Counts and keeps what it is asked; `answer` says how it behaves."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.paths: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""

    def user_texts(self) -> list[dict[str, Any]]:
        """What the user messages hold, one a request."""
        return [json.loads(body["messages"][1]["content"]) for body in self.bodies]


class Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.paths.append(self.path)
        self.server.bodies.append(json.loads(raw))
        self.server.headers.append(dict(self.headers.items()))
        self.server.answer(self)

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def say(self, content: object) -> None:
        """Answer as the protocol has it, with `content` as the text of the first choice."""
        message = {"role": "assistant", "content": content}
        body = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }
        self.send(json.dumps(body).encode(), Content_Type="application/json")


def says(content: object) -> Answer:
    """Return an answer with this content."""
    return lambda handler: handler.say(content)


def proposes(*proposals: object) -> Answer:
    """Return an answer that holds proposals as the prompt asks for them."""
    return says(json.dumps({"proposals": proposals}, ensure_ascii=False))


@contextmanager
def serving(answer: Answer) -> Iterator[ChatServer]:
    """Run a server for the block."""
    server = ChatServer(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
