"""`biaochi classify` and `biaochi evaluate` as people use them."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    code = "from service.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], input=stdin, capture_output=True, check=False
    )


def lines(*records: object) -> bytes:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in records).encode()


def test_json_lines_as_the_contract_says() -> None:
    done = run(
        "classify",
        stdin=lines(
            {"id": "a1", "name": "健身步道验收合格率", "value": "100%", "project": "全民健身"},
            {"name": "参与人员满意度"},
        ),
    )
    assert done.returncode == 0, done.stderr.decode()
    first, second = (json.loads(line) for line in done.stdout.decode().splitlines())
    assert first["id"] == "a1"
    assert first["label"] == "质量指标"
    assert {"id", "label", "confidence", "abstain", "alternatives", "cues"} <= first.keys()
    assert all({"label", "p"} <= item.keys() for item in first["alternatives"])
    assert "合格率" in first["cues"]
    assert second["id"] is None
    assert second["label"] == "服务对象满意度指标"


def test_scheme_names_the_classes() -> None:
    done = run(
        "classify",
        "--scheme",
        "cn2021",
        stdin=lines({"name": "候车亭单座造价"}, {"name": "施工噪声扰民投诉起数", "value": "≤3起"}),
    )
    labels = [json.loads(line)["label"] for line in done.stdout.decode().splitlines()]
    assert labels == ["经济成本指标", "社会成本指标"]


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        (b"", "没有可分类的指标"),
        (b"{\n", "第 1 行不是有效的 JSON"),
        (b'{"name": "a"}\n[1]\n', "第 2 行应为 JSON 对象"),
        (b'{"value": "1"}\n', "第 1 行缺少指标名称"),
        (b'{"name": {"a": 1}}\n', "第 1 行的 name 应为文字"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "第 1 行不是有效的 JSON"),
    ],
)
def test_unusable_input_is_one_line(stdin: bytes, words: str) -> None:
    done = run("classify", stdin=stdin)
    assert done.returncode == 2
    assert done.stdout == b""
    message = done.stderr.decode()
    assert words in message
    assert message.count("\n") == 1


def test_csv_in_and_out_keeps_columns_and_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "指标库.csv"
    path.write_text(
        "序号,三级指标,指标值\n1,培训残疾人人次,≥300人次\n2,=1+1,3\n3,村民满意度,≥90%\n", encoding="gb18030"
    )
    done = run("classify", str(path))
    assert done.returncode == 0, done.stderr.decode()
    rows = list(csv.reader(io.StringIO(done.stdout.decode("utf-8-sig"))))
    assert rows[0] == [
        "序号",
        "三级指标",
        "指标值",
        "建议类型",
        "可信度",
        "是否存疑",
        "其他可能",
        "判断依据",
        "最相近的范例",
    ]
    assert [row[3] for row in rows[1:]][::2] == ["数量指标", "服务对象满意度指标"]
    assert rows[2][1] == "'=1+1"


def test_xlsx_out_opens_with_text_cells(tmp_path: Path) -> None:
    path, out = tmp_path / "库.csv", tmp_path / "结果.xlsx"
    path.write_text("指标名称,指标值\n老旧小区改造户数,≥300户\n=HYPERLINK(1),1\n", encoding="utf-8")
    done = run("classify", str(path), "--format", "xlsx", "-o", str(out))
    assert done.returncode == 0, done.stderr.decode()
    sheet = load_workbook(out).active
    assert sheet is not None
    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in sheet[2]][2] == "数量指标"
    assert sheet["A3"].data_type == "s"
    again = run("classify", str(out), "--format", "csv")
    assert again.returncode == 0, again.stderr.decode()


def test_table_without_names_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("甲,乙\n1,2\n", encoding="utf-8")
    done = run("classify", str(path))
    assert done.returncode == 2
    assert "指标名称" in done.stderr.decode()


GOLD = "name\tvalue\tgold_l2\torigin\n健身步道验收合格率\t100%\t质量指标\ta\n步道完成率\t100%\t数量指标|质量指标\tb\n参赛人员满意度\t≥90%\t服务对象满意度指标\tb\n"


def test_evaluate_prints_figures(tmp_path: Path) -> None:
    path = tmp_path / "gold.tsv"
    path.write_text(GOLD, encoding="utf-8")
    done = run("evaluate", str(path), "--format", "json")
    assert done.returncode == 0, done.stderr.decode()
    result = json.loads(done.stdout)
    assert result["rows"] == 3
    assert result["single_label_rows"] == 2
    assert result["any_of_accuracy"] == 1.0
    text = run("evaluate", str(path), "--errors", "5").stdout.decode()
    assert "可接受准确率 1.0000" in text
    assert "来源 b：2 行" in text


def test_evaluate_counts_an_error(tmp_path: Path) -> None:
    path = tmp_path / "gold.tsv"
    path.write_text(GOLD.replace("质量指标\ta", "时效指标\ta"), encoding="utf-8")
    result = json.loads(run("evaluate", str(path), "--format", "json").stdout)
    assert result["any_of_accuracy"] == round(2 / 3, 4)
    assert result["per_class"]["时效"]["recall"] == 0.0


def test_evaluate_names_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "gold.tsv"
    path.write_text(GOLD.replace("质量指标\ta", "好指标\ta"), encoding="utf-8")
    done = run("evaluate", str(path))
    assert done.returncode == 2
    assert "第 2 行的类别「好指标」" in done.stderr.decode()
