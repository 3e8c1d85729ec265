"""`biaochi doctor` about the service: it looks, says, and changes nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from service import doctor_service
from service.store import audit, schema
from service.store.engine import Store, now
from service.store.tables import Job

SECRET = "a-secret-of-this-site"


def told(env: dict[str, str]) -> str:
    return "\n".join(doctor_service.lines({"BIAOCHI_PROCESSES": "1", **env}))


def test_looking_makes_no_database(tmp_path: Path) -> None:
    text = told({"BIAOCHI_DATA": str(tmp_path / "data")})
    assert "数据库尚未建立" in text
    assert "[有] 设置没有问题" in text
    assert "[有] 工作进程可以启动" in text
    assert "[有] 时钟" in text
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_order(store: Store, store_url: str, tmp_path: Path) -> None:
    text = told({"BIAOCHI_DATABASE": store_url, "BIAOCHI_DATA": str(tmp_path)})
    assert f"结构 {schema.head()} 为最新" in text
    assert "[未用] 没有设置 BIAOCHI_WEBHOOK_SECRET" in text
    assert "[错]" not in text


def test_a_store_of_an_older_schema(empty_url: str, tmp_path: Path) -> None:
    opened = Store(empty_url)
    schema.upgrade(opened, "0001")
    opened.close()
    assert "[错] 数据库：数据库结构为 0001" in told(
        {"BIAOCHI_DATABASE": empty_url, "BIAOCHI_DATA": str(tmp_path)}
    )


def test_a_store_that_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all " * 100, encoding="utf-8")
    env = {"BIAOCHI_DATA": str(tmp_path)}
    assert "[错] 数据库：" in told({**env, "BIAOCHI_DATABASE": f"sqlite:///{tmp_path / 'text.db'}"})
    away = f"postgresql://biaochi:{SECRET}@127.0.0.1:1/none?connect_timeout=2"
    text = told({**env, "BIAOCHI_DATABASE": away})
    assert "[错] 数据库：" in text
    assert SECRET not in text


def test_messages_without_a_secret(store: Store, store_url: str, tmp_path: Path) -> None:
    with store.session() as session:
        session.add(
            Job(
                id="j", state="running", priority=0, department=None, options={}, total=1, created_by="k",
                created_at=now(), webhook="https://portal.example/",
            )
        )  # fmt: skip
    env = {"BIAOCHI_DATABASE": store_url, "BIAOCHI_DATA": str(tmp_path)}
    assert "[缺] 有 1 个批次等待回调消息，但没有设置 BIAOCHI_WEBHOOK_SECRET" in told(env)
    text = told({**env, "BIAOCHI_WEBHOOK_SECRET": SECRET})
    assert "[有] 已设置回调消息的签名密钥" in text
    assert SECRET not in text
    assert "portal.example" not in text


def test_a_clock_that_is_behind(store: Store, store_url: str, tmp_path: Path) -> None:
    with store.session() as session:
        entry = audit.Entry(actor="k", role="reviewer", action="check", object_type="document")
        audit.append(session, entry, at=now() + timedelta(hours=2))
    assert "[错] 时钟：本机时间早于数据库" in told(
        {"BIAOCHI_DATABASE": store_url, "BIAOCHI_DATA": str(tmp_path)}
    )


def test_wrong_settings_and_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "[错] 设置：" in told({"BIAOCHI_PORT": "many"})
    assert "1 处有误，见 biaochi config --check" in told({"BIAOCHI_PROT": "1", "BIAOCHI_DATA": str(tmp_path)})
    monkeypatch.setattr(doctor_service, "_LEAST_FREE", 1 << 62)
    monkeypatch.setattr(doctor_service, "_MEMORY_EACH", 1 << 62)
    text = told({"BIAOCHI_DATA": str(tmp_path)})
    assert "[缺] 数据文件夹所在的磁盘" in text
    assert "[缺] 工作进程：可以启动，但" in text
