"""Mapping files of a site: what they may say, and what they are told when it is wrong."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from rules.engine.registry import all_rules
from service.errors import SettingsError
from service.ingest.load import load
from service.portal.mapping import (
    AUDIT_COLUMNS,
    DIMENSIONS,
    OPINION_CODES,
    PortalMapping,
    mapping,
    mapping_from,
    read_mapping,
    shipped_names,
)
from service.settings import Limits
from tests.service.portal.portal_tools import encoded, record


def written(tmp_path: Path, text: str) -> PortalMapping:
    path = tmp_path / "本站.yml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as error:
        written(tmp_path, text)
    return error.value.message


@pytest.mark.parametrize("name", shipped_names())
def test_the_shipped_mappings_hold(name: str) -> None:
    found = read_mapping(name)
    assert found.name == name
    assert tuple(found.result.columns) == AUDIT_COLUMNS
    assert set(found.result.opinions) == set(OPINION_CODES)
    codes = {code for point in found.result.points for code in point.rules}
    assert codes <= set(all_rules())
    assert {item for point in found.result.points for item in point.dimensions} == set(DIMENSIONS)


def test_every_finding_has_an_opinion_text() -> None:
    assert {entry.cls.opinion_code for entry in all_rules().values()} <= set(mapping().result.opinions)


def test_a_site_writes_only_what_differs(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        "extends: portal\n"
        "row: {name: [ZB_NAME, NAME], weight: }\n"
        "codes: {operator: {01: ≥, a-guid: ≤}}\n"
        "money: \n"
        "result: {lights: {error: P0}, columns: {point: SHD}}\n",
    )
    assert found.row["name"] == ("ZB_NAME", "NAME")
    assert "weight" not in found.row
    assert found.row["value"] == mapping().row["value"]
    # The leading zero stays, and what is not mentioned stays.
    assert found.codes["operator"]["01"] == "≥"
    assert found.codes["operator"]["2"] == "＞"
    assert (found.result.lights["error"], found.result.lights["warning"]) == ("P0", "黄")
    assert (found.result.columns["point"], found.result.columns["content"]) == ("SHD", "审核内容")
    assert found.name == "本站.yml"
    assert found.sha256 != mapping().sha256


def test_the_digest_covers_what_is_extended(tmp_path: Path) -> None:
    text = "extends: portal\nrow: {name: [ZB]}\n"
    assert written(tmp_path, text).sha256 == written(tmp_path, text).sha256
    assert written(tmp_path, text).sha256 != written(tmp_path, text.replace("portal", "english")).sha256


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends: portal\nrow:\n  name: NAME\n", "第 3 行 row.name 应为列表"),
        ("extends: portal\nrow:\n  name: [{a: 1}]\n", "第 3 行 row.name[0] 应为文字"),
        ("extends: portal\nrow:\n  name: ['']\n", "row.name[0] 不应为空"),
        ("extends: portal\nrow:\n  name: []\n", "row.name 至少应写一个名称"),
        ("extends: portal\nrow:\n  nmae: [NAME]\n", "第 3 行 row.nmae 不是可用的项"),
        ("extends: portal\nrow:\n  value: [NAME, INDEXVAL]\n", "第 3 行 row.value 的「NAME」已用于 name"),
        ("extends: portal\nrow:\n  name:\n", "缺少 name"),
        ("extends: portal\nrow: [a]\n", "第 2 行 row 应为“键: 值”的表"),
        ("row: {name: [NAME], value: [V], project_code: [P]}\n", "缺少 codes（只写不同之处的，请在开头写 extends: portal）"),
        ("extends: 河北\n", "第 1 行 extends 应为随附的映射：portal、english"),
        ("extends: ../portal\n", "extends 应为随附的映射"),
        ("extends: [portal]\n", "extends 应为文字"),
        ("extends: portal\ncodes:\n  operator:\n    '1': [≥]\n", "第 4 行 codes.operator.1 应为文字"),
        ("extends: portal\ncodes:\n  operator: {'1': ' '}\n", "codes.operator.1 不应为空"),
        ("extends: portal\ncodes:\n  period: {'1': 全程}\n", "codes.period.1 只能是 annual（年度）或 long（总体）"),
        ("extends: portal\ncodes:\n  valid: 2\n", "codes.valid 应为列表"),
        ("extends: portal\ncodes:\n  colour: {a: b}\n", "codes.colour 不是可用的项"),
        ("extends: portal\nrow_money_unit: 美元\n", "row_money_unit 只能是 元、千元、万元、亿元"),
        ("extends: portal\nmessage: {money_unit: 万}\n", "message.money_unit 只能是"),
        ("extends: portal\nmessage: {row: {vaule: [指标值]}}\n", "message.row.vaule 不是可用的项"),
        ("extends: portal\nmessage: {code: [项目名称]}\n", "第 2 行 message.code 的「项目名称」已用于 name"),
        ("extends: portal\nresult: {columns: {point: 审核内容}}\n", "result.columns 有两列同名"),
        ("extends: portal\nresult: {columns: {points: 审核点}}\n", "result.columns.points 不是可用的项"),
        ("extends: portal\nresult: {lights: {error: }}\n", "result.lights 缺少 error"),
        ("extends: portal\nresult: {passed: {pass: [a]}}\n", "result.passed.pass 应为文字"),
        ("extends: portal\nresult: {points: [{point: a, content: b, dimensions: [完整性]}]}\n", "result.points 没有审核点包含维度 相关性"),
        ("extends: portal\nresult: {points: [{point: a}]}\n", "result.points[0] 缺少 content"),
        ("extends: portal\nresult: {points: [{point: a, content: b, rules: [301]}]}\n", "result.points[0].rules[0] 应为规则编号，如 BC301"),
        ("extends: portal\nresult: {points: [{point: a, content: b, dimensions: [质量]}]}\n", "result.points[0].dimensions[0] 只能是"),
        ("extends: portal\nresult: {opinions: {四: 不匹配}}\n", "result.opinions.四 的键应为审核意见代码"),
        ("extends: portal\ndepartments: [教育局]\n", "departments 应为“键: 值”的表"),
        ("extends: portal\nextends: portal\n", "第 2 行 extends 重复"),
        ("extends: portal\nrow:\n  name: [A]\n  name: [B]\n", "第 4 行 row.name 重复"),
        ("extends: portal\nrow:\n name: [A\n", "不是有效的 YAML"),
        ("", "没有内容"),
        ("- a\n", "第 1 行 顶层 应为“键: 值”的表"),
        ("extends: portal\n? [a]\n: b\n", "的键应为文字"),
        ("a: " + "[" * 30 + "]" * 30 + "\n", "嵌套过深"),
        ("a: " + "[" * 5000 + "]" * 5000 + "\n", "请改正后重试"),
        ("#" * (1024 * 1024 + 1), "超过 1024 KB"),
    ],
)  # fmt: skip
def test_errors_name_file_line_and_field(tmp_path: Path, text: str, said: str) -> None:
    message = refused(tmp_path, text)
    assert said in message
    assert "本站.yml" in message
    assert "\n" not in message


def test_an_anchor_cannot_blow_up_a_file(tmp_path: Path) -> None:
    lines = ["extends: portal", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 9)]
    tracemalloc.start()
    try:
        assert "第 3 行使用了引用 *a0，请写全内容后重试" in refused(tmp_path, "\n".join(lines))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"无法读取映射文件 没有\.yml"):
        read_mapping(tmp_path / "没有.yml")
    (tmp_path / "g.yml").write_bytes("extends: portal # 映射".encode("gb18030"))
    with pytest.raises(SettingsError, match="不是 UTF-8 编码"):
        read_mapping(tmp_path / "g.yml")
    with pytest.raises(SettingsError, match="无法读取映射文件"):
        read_mapping(tmp_path)


def test_the_setting_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "site.yml"
    path.write_text("extends: portal\nrow: {name: [ZB_NAME]}\nsignature: [ZB_NAME]\n", encoding="utf-8")
    assert mapping_from({}).name == "portal"
    assert mapping_from({"BIAOCHI_PORTAL_MAPPING": "english"}).result.columns["point"] == "audit_point"
    assert mapping().name == "portal"
    monkeypatch.setenv("BIAOCHI_PORTAL_MAPPING", str(path))
    assert mapping().row["name"] == ("ZB_NAME",)
    # Files of the system are read by the same names.
    document = load(encoded([record(NAME=None, ZB_NAME="补植株数")]), name=None, limits=Limits())
    assert document.projects[0].rows[0].name.text == "补植株数"
    monkeypatch.setenv("BIAOCHI_PORTAL_MAPPING", str(tmp_path / "gone.yml"))
    with pytest.raises(SettingsError):
        load(encoded([record()]), name=None, limits=Limits())
