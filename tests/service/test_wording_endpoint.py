"""The endpoint of the optional language model: never in the way of a check, and told no more than it needs."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from pathlib import Path

import pytest

from models.records.document import Document
from rules.checks.bc201_description_repeats_name import RULE
from rules.checks.bc601_cost_over_budget import RULE as COST
from rules.engine.context import DocumentContext
from rules.engine.run import with_schemes
from rules.engine.testing import build_document
from service import pipeline
from service.commands import run_check
from service.llm.prompt import question
from tests.tools.chat_server import Answer, Handler, proposes, says, serving
from tests.tools.wording import COUNT, GOOD, PROJECT, QUICK, RATE, checked, document, offered, settings


@pytest.fixture(autouse=True)
def _nothing_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule itself suggests nothing here, so that its findings are open to the model."""
    monkeypatch.setattr(RULE, "cures", lambda self, ctx, finding: iter(()))


def _status(status: int, **headers: str) -> Answer:
    return lambda handler: handler.send(b"{}", status, **headers)


def _slow(handler: Handler) -> None:
    handler.server.closing.wait(5)


def _drip(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(b"X-More: yes\r\n")


def _drip_body(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(b" ")


def _raw(data: bytes) -> Answer:
    def answer(handler: Handler) -> None:
        handler.wfile.write(data)

    return answer


BROKEN: dict[str, Answer] = {
    "no JSON": lambda handler: handler.send("服务维护中".encode()),
    "status 500": _status(500),
    "status 401": _status(401),
    "status 204": _status(204),
    "nothing": lambda handler: handler.send(b""),
    "no HTTP": _raw(b"\x00\xff\x00\xff\r\n\r\n"),
    "hung up": _raw(b""),
    "half a body": _raw(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"choices": ['),
    "no UTF-8": lambda handler: handler.send('{"choices": "中文"}'.encode("gb18030")),
    "deep": lambda handler: handler.send(b"[" * 100_000),
    "huge": lambda handler: handler.send(b" " * 300_000 + b"{}"),
    "slow": _slow,
    "header by header": _drip,
    "byte by byte": _drip_body,
    "no choices": lambda handler: handler.send(b'{"choices": []}'),
    "error object": lambda handler: handler.send(b'{"error": {"message": "overloaded"}}'),
    "content null": says(None),
    "content list": says([{"type": "text", "text": "{}"}]),
    "prose": says("很抱歉，我不能协助修改绩效目标。"),
    "proposals no list": says('{"proposals": {"name": "培训考核合格率"}}'),
    "deep content": says('{"a":' * 3_000),
    "another schema": says(json.dumps(GOOD, ensure_ascii=False)),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_changes_nothing_and_takes_no_time(answer: Answer) -> None:
    filed = document()
    plain = pipeline.check(filed, pipeline.CheckOptions())
    with serving(answer) as server:
        started = time.monotonic()
        options = pipeline.CheckOptions(wording=settings(server.url, timeout=QUICK))
        report = pipeline.check(filed, options)
        assert time.monotonic() - started < 5
        assert len(server.bodies) == 1
    assert report.findings == plain.findings
    assert (report.scores, report.complete) == (plain.scores, plain.complete)


def test_a_redirect_is_not_followed() -> None:
    with serving(proposes(GOOD)) as elsewhere:
        for status in (301, 302, 307, 308):
            report = checked(_status(status, Location=f"{elsewhere.url}/chat/completions"))
            assert offered(report) == ()
        assert elsewhere.paths == []


def test_an_endpoint_that_is_not_there_is_no_error() -> None:
    with serving(proposes(GOOD)) as server:
        gone = server.url
    assert offered(pipeline.check(document(), pipeline.CheckOptions(wording=settings(gone)))) == ()


def _many() -> Document:
    names = ("培训考核合格率", "医生到课率", "教材发放率", "证书发放率", "课程开设率", "线上学习完成率")
    projects = [
        {**PROJECT, "name": f"{name}项目", "rows": [COUNT, {**RATE, "name": name, "description": name}]}
        for name in names
    ]
    return build_document({"projects": projects})


@pytest.fixture
def _unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RULE, "fold", "never")


@pytest.mark.usefixtures("_unfolded")
def test_after_three_failures_in_a_row_it_is_asked_no_more() -> None:
    for answer, asked in ((_status(500), 3), (says("不"), 3), (proposes(), 6)):
        with serving(answer) as server:
            pipeline.check(_many(), pipeline.CheckOptions(wording=settings(server.url)))
            assert len(server.bodies) == asked


@pytest.mark.usefixtures("_unfolded")
def test_after_the_budget_is_spent_it_is_asked_no_more() -> None:
    with serving(_slow) as server:
        options = pipeline.CheckOptions(wording=settings(server.url, timeout=5.0, budget=QUICK))
        started = time.monotonic()
        pipeline.check(_many(), options)
        assert len(server.bodies) == 1
        assert time.monotonic() - started < 4


def test_nothing_is_sent_unless_configured() -> None:
    with serving(proposes(GOOD)) as server:
        plain = pipeline.check(document(), pipeline.CheckOptions())
        off = pipeline.CheckOptions(suggest=False, wording=settings(server.url))
        quiet = pipeline.check(document(), off)
        assert server.paths == []
    for report in (plain, quiet):
        assert not [item for item in report.manifest.models if item.id.startswith("llm")]


@pytest.mark.usefixtures("_unfolded")
def test_only_the_row_and_the_project_are_sent() -> None:
    with serving(proposes()) as server:
        wording = settings(server.url, key="sk-1")
        filed = document(COUNT, RATE, {**RATE, "name": "教材发放率", "description": "教材发放率"})
        pipeline.check(filed, pipeline.CheckOptions(wording=wording))
        assert server.paths == ["/v1/chat/completions"] * 2
        assert {headers["Authorization"] for headers in server.headers} == {"Bearer sk-1"}
        assert {tuple(sorted(body)) for body in server.bodies} == {
            ("messages", "model", "stream", "temperature")
        }
        asked = server.user_texts()
        bodies = [json.dumps(body, ensure_ascii=False) for body in server.bodies]
    assert all(set(item) == {"项目名称", "资金用途", "绩效目标", "指标", "审核意见"} for item in asked)
    fields = {"一级指标", "二级指标", "三级指标", "绩效指标描述", "指标值", "指标值确定依据"}
    assert all(set(item["指标"]) == fields for item in asked)
    assert "三级指标「培训考核合格率」的描述与名称相同" in asked[0]["审核意见"]
    for secret in ("990101A0011", "某县卫生健康局", "61.37", "613700", "培训医生人数", "签到表", "120"):
        assert not any(secret in body for body in bodies)
    assert ("教材" in bodies[0], "教材" in bodies[1]) == (False, True)
    assert ("培训考核合格率" in bodies[0], "培训考核合格率" in bodies[1]) == (True, False)
    assert "sk-1" not in repr(wording)


def test_a_finding_that_quotes_the_budget_or_another_row_is_sent_without_it() -> None:
    cost = {"level2": "成本指标", "name": "培训费用", "description": "场地租金", "value": "≤80万元"}
    rows = DocumentContext(with_schemes(document(COUNT, RATE, cost), "auto")).projects[0].rows
    (over,) = COST().check(rows[2])
    assert "61.37" in over.message
    assert question(rows[2], over).sentence.startswith(f"{COST.title}；成本目标没有资金来源")
    (found,) = RULE().check(rows[1])
    for fact in ("与「培训医生人数」重复", "超过613700元", "某县卫生健康局的项目"):
        sentence = question(rows[1], replace(found, wording=replace(found.wording, fact=fact))).sentence
        assert sentence.startswith(f"{RULE.title}；")
        assert fact not in sentence


def test_logs_hold_no_text_of_the_table_or_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in (_status(500), says("培训考核合格率"), _raw("培训\r\n\r\n".encode())):
        checked(answer, timeout=QUICK)
    mine = [record.getMessage() for record in caplog.records if record.name == "biaochi.llm"]
    assert len(mine) == 3
    assert not any("培训" in text or "合格" in text for text in mine)
    assert all(record.exc_info is None for record in caplog.records)


def test_the_command_takes_the_model_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.records.codec import document_to_json, dumps
    from nlp.quantity import of_row

    source, target = tmp_path / "甲.json", tmp_path / "乙.json"
    source.write_text(dumps(document_to_json(document(), of_row)), encoding="utf-8")
    with serving(proposes(GOOD)) as server:
        monkeypatch.setenv("BIAOCHI_LLM_URL", f"{server.url}/")
        monkeypatch.setenv("BIAOCHI_LLM_MODEL", "qwen3")
        run_check((str(source),), "json", str(target))
        assert server.paths == ["/v1/chat/completions"]
    report = json.loads(target.read_text("utf-8"))
    assert "llm:qwen3" in {item["id"] for item in report["manifest"]["models"]}
    assert "（语言模型拟定）" in target.read_text("utf-8")
