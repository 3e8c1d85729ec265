"""One POST to an address that was looked at: connected by number, no redirect, no proxy, bounded in time and size.

`http.client` as in `service.llm.client`, for the same reasons; the socket is opened here, so that a name that
resolves differently a moment later changes nothing.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping

from service.jobs.addresses import Target


class NotSent(Exception):
    """No answer came. The text is a word for the log and holds nothing that was received."""


def post(
    target: Target, headers: Mapping[str, str], body: bytes, *, timeout: float, max_answer_bytes: int
) -> int:
    """Return the status of the answer. Raises NotSent where there is none in time."""
    connection = _connection(target, timeout)
    cut = threading.Timer(timeout, connection.cut)
    cut.daemon = True
    cut.start()
    try:
        connection.request("POST", target.path, body, dict(headers) | {"Connection": "close"})
        with connection.getresponse() as response:
            # Read for the sake of the sender's connection; what it says is of no interest.
            response.read(max_answer_bytes)
            if connection.was_cut:
                # What looks like the end was our doing.
                raise TimeoutError
            return response.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent("timeout" if connection.was_cut else type(error).__name__) from error
    finally:
        cut.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to the first of the looked-at addresses that answers."""

    def __init__(self, target: Target, timeout: float, context: ssl.SSLContext | None = None) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self.was_cut = False
        self._target = target
        self._context = context
        self._open: socket.socket | None = None

    def connect(self) -> None:
        """Connect by number; the name is only shown to the server and compared with its certificate."""
        last: OSError | None = None
        for address in self._target.addresses:
            if self.was_cut:
                break
            try:
                self.sock = self._open = socket.create_connection((address, self._target.port), self.timeout)
                break
            except OSError as error:
                last = error
        else:
            raise last or OSError("no address")
        if self.was_cut:
            raise TimeoutError
        if self._context is not None:
            self.sock = self._open = self._context.wrap_socket(self.sock, server_hostname=self._target.host)

    def cut(self) -> None:
        """End it now, whatever it is doing; the time limit of a socket alone counts from byte to byte."""
        self.was_cut = True
        # `self.sock` is gone once the headers are read; the answer has the socket then.
        if self._open is not None:
            try:
                self._open.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It has just been closed.


def _connection(target: Target, timeout: float) -> _Pinned:
    if target.scheme == "http":
        return _Pinned(target, timeout)
    connection = _Pinned(target, timeout, ssl.create_default_context())
    # Else the port would be written into the Host header.
    connection.default_port = http.client.HTTPS_PORT
    return connection
