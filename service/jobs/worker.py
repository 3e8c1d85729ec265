"""A worker: takes one chunk at a time, checks it, writes the result. May be killed at any moment."""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from service import logs, memories
from service.errors import BiaochiError, InputError
from service.jobs import queue
from service.jobs.checking import Checker, check_task, problem
from service.jobs.policy import policy_of
from service.jobs.queue import Task
from service.jobs.settings import JobSettings
from service.jobs.stopping import SignalStop, Stop
from service.settings import Limits
from service.store.engine import Store, new_id

T = TypeVar("T")

NO_MEMORY: Final = "内存不足，文件可能过大，请拆分后再检查"
NOT_STORED: Final = "结果无法写入数据库"
_TICK: Final = 0.5
_LONGEST_WAIT: Final = 5.0
_PASSING: Final = (OperationalError, InterfaceError)
"""What a store that is restarted or locked raises; passes by itself."""

_log = logging.getLogger("biaochi.jobs")


def new_owner() -> str:
    """Return a name that no other worker has or will have."""
    return f"{socket.gethostname()[:30]}-{os.getpid()}-{new_id()[:12]}"


class Exhausted(Exception):
    """Memory has run out; the failure is noted, and this process should end."""


class Worker:
    """Works on what the store has to do.

    `hard` belongs to a process that does nothing else: the time limit then ends the process, whatever it is busy with,
    and whoever started it counts the failure (`service.jobs.pool`).
    """

    def __init__(
        self,
        store_url: str,
        limits: Limits,
        *,
        settings: JobSettings | None = None,
        checker: Checker = check_task,
        owner: str | None = None,
        hard: bool = False,
    ) -> None:
        self.owner = owner or new_owner()
        self._url = store_url
        self._limits = limits
        self._settings = settings or JobSettings()
        self._policy = policy_of(self._settings)
        self._checker = checker
        self._hard = hard
        self._is_busy = threading.Event()

    def run(self, stop: Stop) -> None:
        """Work until told to stop; the chunk in hand is finished, or given back once `grace_seconds` are over."""
        store = Store(self._url)
        over = threading.Event()
        thread = threading.Thread(
            target=self._watch, args=(store, stop, over), name="biaochi-heartbeat", daemon=True
        )
        thread.start()
        try:
            self._loop(store, stop)
        finally:
            over.set()
            thread.join()
            try:
                queue.release(store, self.owner)
            except SQLAlchemyError as error:
                _log.warning("leases not given back (%s); they will pass", type(error).__name__)
            store.close()

    def step(self, store: Store) -> bool:
        """Take one chunk and do it; return whether there was one. Raises Exhausted once memory has run out."""
        tasks = queue.lease(store, self.owner, self._settings.lease_seconds, policy=self._policy)
        for task in tasks:
            self._do(store, task)
        return bool(tasks)

    def _loop(self, store: Store, stop: Stop) -> None:
        failures = 0
        while not stop.is_set():
            try:
                found = self.step(store)
                failures = 0
            except _PASSING as error:
                failures += 1
                _log.warning("store not usable (%s), attempt %d", type(error).__name__, failures)
                stop.wait(min(0.1 * 2**failures, _LONGEST_WAIT))
                continue
            except Exhausted:
                # After a failed allocation nothing in this process can be relied on.
                return
            if not found:
                stop.wait(self._settings.poll_seconds)

    def _do(self, store: Store, task: Task) -> None:
        started = time.monotonic()
        self._is_busy.set()
        try:
            reason, final = self._checked(store, task)
            if reason is not None:
                self._patiently(lambda: queue.fail(store, task, reason, policy=self._policy, final=final))
        finally:
            self._is_busy.clear()
            memories.forget()
        seconds = time.monotonic() - started
        _log.info(
            "chunk %s/%d: %s, %.3f s", task.job_id, task.ordinal, "failed" if reason else "done", seconds
        )
        if reason == NO_MEMORY:
            raise Exhausted

    def _checked(self, store: Store, task: Task) -> tuple[str | None, bool]:
        """Check and store; return why that failed and whether another attempt is useless, (None, False) if it did not."""
        if task.payload is None:
            return queue.PURGED, True
        try:
            self._alarm(self._settings.chunk_seconds)
            try:
                result = self._checker(task, self._limits)
            finally:
                self._alarm(0)
        except InputError as error:
            result = problem(error)
        except MemoryError:
            return NO_MEMORY, False
        except BiaochiError as error:
            # Settings of the job: they will not become right by trying again.
            return error.message, True
        except Exception as error:
            # The exception's own text may quote the table, so only its type is kept.
            return f"程序内部错误（{type(error).__name__}）", False
        try:
            if not self._patiently(lambda: queue.complete(store, task, result)):
                _log.info("chunk %s/%d: no longer ours, result dropped", task.job_id, task.ordinal)
        except _PASSING:
            raise
        except SQLAlchemyError as error:
            return f"{NOT_STORED}（{type(error).__name__}）", False
        return None, False

    def _patiently(self, write: Callable[[], T]) -> T:
        """Write, and try again while the store is away, as long as the lease could hold."""
        until = time.monotonic() + self._settings.lease_seconds
        wait = 0.05
        while True:
            try:
                return write()
            except _PASSING:
                if time.monotonic() + wait > until:
                    raise
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _alarm(self, seconds: float) -> None:
        if self._hard:
            # The default action of SIGALRM ends the process even inside of a library that holds the interpreter.
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def _watch(self, store: Store, stop: Stop, over: threading.Event) -> None:
        """Keep the lease, notice a parent that has died, and end a process that does not come to an end."""
        parent = multiprocessing.parent_process()
        every = self._settings.lease_seconds / 3
        last = time.monotonic()
        stopped: float | None = None
        while not over.wait(min(_TICK, every / 2)):
            moment = time.monotonic()
            if self._hard and parent is not None and not parent.is_alive():
                stop.set()
            if stop.is_set():
                stopped = stopped or moment
                if self._hard and moment - stopped >= self._settings.grace_seconds:
                    self._leave(store)
            if moment - last >= every:
                last = moment
                self._beat(store)

    def _beat(self, store: Store) -> None:
        if not self._is_busy.is_set():
            return
        try:
            queue.heartbeat(store, self.owner, self._settings.lease_seconds)
        except SQLAlchemyError as error:
            _log.warning("heartbeat not written (%s)", type(error).__name__)

    def _leave(self, store: Store) -> None:
        """Give back the chunk in hand and end the process; the thread that checks cannot be interrupted."""
        try:
            queue.release(store, self.owner)
        except SQLAlchemyError as error:
            _log.warning("leases not given back (%s); they will pass", type(error).__name__)
        finally:
            os._exit(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """What a worker process is told."""

    store_url: str
    limits: Limits
    settings: JobSettings
    checker: Checker


def work(spec: WorkerSpec, owner: str) -> None:
    """Be a worker process: in a group of its own, ended by SIGTERM, bounded in memory."""
    # A group of its own takes the programs it has started along, and keeps Ctrl-C for the parent to pass on.
    os.setsid()
    # Readers of files warn about what they read, in words that must not reach the log.
    logs.configure()
    stop = SignalStop()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if spec.settings.memory_mb:
        most = spec.settings.memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    Worker(
        spec.store_url, spec.limits, settings=spec.settings, checker=spec.checker, owner=owner, hard=True
    ).run(stop)
