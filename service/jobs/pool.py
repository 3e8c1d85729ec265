"""Worker processes: started, watched, replaced when they die; what they held is taken back at once."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from service.jobs import queue, webhooks
from service.jobs.checking import Checker, check_task
from service.jobs.policy import policy_of
from service.jobs.settings import JobSettings, WebhookSettings
from service.jobs.stopping import Stop
from service.jobs.worker import WorkerSpec, new_owner, work
from service.settings import Limits
from service.store.engine import Store

_TICK: Final = 0.2
_LONGEST_PAUSE: Final = 30.0
_MARGIN: Final = 5.0
"""Seconds beyond the grace until a worker that does not stop is killed."""

_log = logging.getLogger("biaochi.jobs")


@dataclass(slots=True)
class _Slot:
    """A place for a worker."""

    owner: str = ""
    process: SpawnProcess | None = None
    pid: int | None = None
    idle_deaths: int = 0
    """Deaths in a row with nothing in hand: the fault is not in a document, so starting again at once is no use."""
    start_at: float = 0.0


@dataclass(slots=True)
class _Death:
    owner: str
    reason: str
    slot: _Slot = field(repr=False)


class Pool:
    """Keeps a number of worker processes going, and sends the messages about finished batches."""

    def __init__(
        self,
        store_url: str,
        limits: Limits,
        *,
        settings: JobSettings | None = None,
        messages: WebhookSettings | None = None,
        checker: Checker = check_task,
    ) -> None:
        self._settings = settings or JobSettings()
        self._spec = WorkerSpec(store_url=store_url, limits=limits, settings=self._settings, checker=checker)
        self._messages = messages
        self._policy = policy_of(self._settings)
        self._context = multiprocessing.get_context("spawn")
        self._slots = [_Slot() for _ in range(self._settings.processes)]
        self._deaths: list[_Death] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are running at the moment."""
        return tuple(pid for slot in self._slots if (pid := slot.pid) is not None)

    def run(self, stop: Stop) -> None:
        """Keep the workers going until told to stop; return when none is left."""
        store = Store(self._spec.store_url)
        senders = self._start_senders(store, stop)
        try:
            while not stop.is_set():
                self._start_missing()
                self._await_deaths(stop)
                self._take_back(store)
        finally:
            self._end(store)
            for thread in senders:
                # A message on its way is bounded by its own limit; one that is cut off is sent again.
                thread.join(self._messages.timeout if self._messages else None)
            store.close()

    def _start_senders(self, store: Store, stop: Stop) -> list[threading.Thread]:
        messages = self._messages
        if messages is None or not messages.secrets:
            return []
        threads = [
            threading.Thread(
                target=webhooks.run, args=(store, messages, stop), name=f"biaochi-messages-{i}", daemon=True
            )
            for i in range(messages.threads)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _start_missing(self) -> None:
        for slot in self._slots:
            if slot.process is None and time.monotonic() >= slot.start_at:
                slot.owner = new_owner()
                process = self._context.Process(
                    target=work, args=(self._spec, slot.owner), name="biaochi-worker", daemon=False
                )
                process.start()
                slot.process, slot.pid = process, process.pid

    def _await_deaths(self, stop: Stop) -> None:
        sentinels = [slot.process.sentinel for slot in self._slots if slot.process is not None]
        if sentinels:
            wait(sentinels, timeout=_TICK)
        else:
            stop.wait(_TICK)
        for slot in self._slots:
            if slot.process is not None and wait([slot.process.sentinel], timeout=0):
                self._bury(slot, slot.process)

    def _bury(self, slot: _Slot, process: SpawnProcess) -> None:
        _kill_group(process)
        process.join()
        reason = _reason(process.exitcode or 0, self._settings)
        _log.warning("worker %s ended with %s", slot.owner, process.exitcode)
        process.close()
        slot.process = slot.pid = None
        self._deaths.append(_Death(slot.owner, reason, slot))

    def _take_back(self, store: Store) -> None:
        remaining: list[_Death] = []
        for death in self._deaths:
            try:
                held = queue.abandon(store, death.owner, death.reason, policy=self._policy)
            except SQLAlchemyError as error:
                _log.warning("leases not taken back yet (%s)", type(error).__name__)
                remaining.append(death)
                continue
            slot = death.slot
            slot.idle_deaths = 0 if held else slot.idle_deaths + 1
            rest = (
                min(0.1 * 2.0 ** min(slot.idle_deaths, 16), _LONGEST_PAUSE) if slot.idle_deaths > 1 else 0.0
            )
            slot.start_at = time.monotonic() + rest
        self._deaths = remaining

    def _end(self, store: Store) -> None:
        running = [(slot, slot.process) for slot in self._slots if slot.process is not None]
        for _, process in running:
            process.terminate()
        until = time.monotonic() + self._settings.grace_seconds + _MARGIN
        for slot, process in running:
            wait([process.sentinel], timeout=max(until - time.monotonic(), 0))
            _kill_group(process)
            process.join()
            process.close()
            slot.process = slot.pid = None
            try:
                # Nothing of this is the document's fault, so it does not count as a failure.
                queue.release(store, slot.owner)
            except SQLAlchemyError as error:
                _log.warning("leases not given back (%s); they will pass", type(error).__name__)
        self._take_back(store)


def _kill_group(process: SpawnProcess) -> None:
    """Kill a worker and the programs it has started; the group is named by a process that is not yet reaped."""
    if process.pid is None:
        return
    for kill in (os.killpg, os.kill):
        try:
            kill(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # It has ended before it had a group, or altogether.


def _reason(exitcode: int, settings: JobSettings) -> str:
    """Return in words why a worker died."""
    if exitcode == -signal.SIGALRM:
        return f"检查超过 {settings.chunk_seconds:g} 秒的时限，请拆分文件或精简内容后再检查"
    if exitcode == -signal.SIGKILL:
        return "处理进程被系统终止，可能是内存不足"
    if exitcode < 0:
        return f"处理进程异常退出（信号 {-exitcode}）"
    return f"处理进程异常退出（状态 {exitcode}）"
