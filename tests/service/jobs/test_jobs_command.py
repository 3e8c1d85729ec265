"""The command, from a filed batch to the verified message."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from click.testing import CliRunner
from jobs_cases import submit
from jobs_receiver import receiver

from service.jobs import queue, webhooks
from service.jobs.signing import receiver_secret, verify
from service.jobs.view import find
from service.store.engine import Store
from service.worker_commands import worker

SECRET = "site-secret-of-tests"
DOCUMENT = '{"title": "", "projects": [{"name": "养护", "rows": [{"level2": "数量指标", "name": "里程", "value": "100"}]}]}'


def test_the_command_works_off_a_batch_and_tells_the_portal(store: Store, store_url: str) -> None:
    with receiver() as portal:
        files = [(f"{i}.json", DOCUMENT.encode()) for i in range(3)]
        job_id = submit(store, [*files, ("x.txt", b"")], webhook=f"http://127.0.0.1:{portal.port}/")
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from service.worker_commands import worker; worker()",
                "--processes",
                "1",
            ],
            # The marks of the tests themselves would be warned of.
            env={name: text for name, text in os.environ.items() if not name.startswith("BIAOCHI_")}
            | {
                "BIAOCHI_DATABASE": store_url,
                "BIAOCHI_WEBHOOK_SECRET": SECRET,
                "BIAOCHI_WEBHOOK_ALLOW": "127.0.0.0/8",
                "BIAOCHI_JOB_POLL_SECONDS": "0.05",
            },
            stderr=subprocess.PIPE,
        )
        try:
            while process.poll() is None and not portal.requests:
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate()
    lines = told.decode().splitlines()
    assert (process.returncode, [line for line in lines if not line.startswith("{")]) == (
        0, ["已启动 1 个工作进程，按 Ctrl-C 停止", "已停止"],
    )  # fmt: skip
    assert find(store, job_id).state == "done"
    results = [item.result or {} for item in queue.results(store, job_id).items]
    assert [item["kind"] for item in results] == ["report", "report", "report", "problem"]
    assert [item.state for item in webhooks.deliveries(store, job_id)] == ["sent"]
    ((_, head, body),) = portal.requests
    assert verify(receiver_secret(SECRET, "k1"), head, body, time.time())["counts"] == {"done": 4}


def test_the_page_of_the_command_is_chinese() -> None:
    shown = CliRunner().invoke(worker, ["--help"])
    assert shown.exit_code == 0
    assert "工作进程个数" in shown.output
