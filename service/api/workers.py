"""Where the computing is done: processes that can be ended when a request takes too long."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

import anyio
import anyio.to_process
import anyio.to_thread
from anyio import BrokenWorkerProcess, CapacityLimiter

from service import logs, memories
from service.api.errors import Problem

P = ParamSpec("P")
T = TypeVar("T")

_RETRY: Final = {"Retry-After": "2"}


def warm_up() -> None:
    """Load what the first request would wait for: rules, class model, dictionary."""
    from models.records.document import Cell, Document, Indicator, Project
    from nlp.classify import Query
    from service import pipeline
    from service.classifying import Item, answers

    row = Indicator(level2=Cell("数量指标"), name=Cell("工作完成率"), value=Cell("≥95"))
    document = Document(projects=(Project(name=Cell("示例"), rows=(row,)),))
    pipeline.check(document, pipeline.CheckOptions())
    answers([Item(None, Query("工作完成率"))], "cn2015")


def _begin() -> None:
    """Prepare a process. It ends when its server's pipe closes, not by the signals meant for the server."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # Readers of files warn about what they read, in words that must not reach the log.
    logs.configure()
    warm_up()
    _settle()


def _bounded(function: Callable[..., T], *args: Any) -> T:
    """Call a function; what it has remembered of texts stays only while it is little."""
    try:
        return function(*args)
    finally:
        memories.forget()


def _settle() -> None:
    """Keep the garbage collector from walking through rules and model again and again; each walk is a pause."""
    gc.collect()
    gc.freeze()


class Workers:
    """Runs functions of a module within the time limit of a request, in `processes` processes or as many threads.

    A process that is still busy when the limit passes is killed; threads cannot be, so they are for tests and tools.
    """

    def __init__(self, processes: int, seconds: float) -> None:
        self.processes = processes
        self.seconds = seconds
        self._limiter: CapacityLimiter | None = None
        self._warming: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin, and load everything."""
        limiter = CapacityLimiter(self.processes or 4)
        await anyio.to_thread.run_sync(warm_up)
        async with anyio.create_task_group() as group:
            for _ in range(self.processes):
                group.start_soon(self._warm, limiter)
        if self.processes:
            _settle()
        self._limiter = limiter

    async def is_ready(self) -> bool:
        """Whether everything is loaded."""
        return self._limiter is not None

    async def stop(self) -> None:
        """Stop warming; the processes end with the event loop."""
        for task in self._warming:
            task.cancel()
        await asyncio.gather(*self._warming, return_exceptions=True)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the function returns. Raises what it raises, or Problem where it takes too long or dies."""
        assert not kwargs, "arguments go by position"
        limiter = self._limiter
        if limiter is None:
            raise Problem("unready", "服务正在启动，请稍后重试", headers=_RETRY)
        try:
            with anyio.fail_after(self.seconds):
                if self.processes:
                    return await anyio.to_process.run_sync(
                        _bounded, function, *args, cancellable=True, limiter=limiter
                    )
                return await anyio.to_thread.run_sync(
                    _bounded, function, *args, abandon_on_cancel=True, limiter=limiter
                )
        except TimeoutError:
            self._replace()
            raise Problem(
                "overdue",
                f"未能在 {self.seconds:g} 秒内完成，请拆分成较小的文件，或稍后重试",
                headers=_RETRY,
            ) from None
        except BrokenWorkerProcess:
            self._replace()
            raise Problem(
                "interrupted",
                "处理该请求的进程意外结束，请稍后重试；如再次出现，请换一种格式提交",
                headers=_RETRY,
            ) from None

    def _replace(self) -> None:
        """Let a new process be ready before the next request asks for one."""
        if self.processes and self._limiter is not None:
            task = asyncio.get_running_loop().create_task(self._warm(self._limiter))
            self._warming.add(task)
            task.add_done_callback(self._warming.discard)

    async def _warm(self, limiter: CapacityLimiter) -> None:
        await anyio.to_process.run_sync(_begin, cancellable=True, limiter=limiter)
