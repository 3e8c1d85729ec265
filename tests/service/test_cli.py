"""The command line, through the installed command as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "corpora" / "samples"
BIAOCHI = [sys.executable, "-c", "from service.cli import main; main()"]


def run(*args: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*BIAOCHI, *args], input=stdin, capture_output=True, cwd=cwd or ROOT, check=False, timeout=120
    )


def report(*args: str, stdin: bytes = b"") -> dict[str, object]:
    done = run("check", *args, "--format", "json", stdin=stdin)
    assert done.returncode in (0, 1), done.stderr.decode()
    assert done.stderr == b""
    data: dict[str, object] = json.loads(done.stdout)
    return data


def test_check_json_holds_the_report_and_nothing_else() -> None:
    data = report(str(SAMPLES / "sample.docx"))
    assert data["schema"] == "biaochi.report/v1"
    assert set(data) >= {"manifest", "complete", "document", "findings", "scores"}
    manifest = data["manifest"]
    assert isinstance(manifest, dict)
    assert manifest["profile_chain"] == ["base"]
    assert len(manifest["input_sha256"]) == 64


def test_check_reads_a_document_or_a_whole_report_from_standard_input() -> None:
    whole = report(str(SAMPLES / "sample.docx"))
    again = report("-", stdin=json.dumps(whole, ensure_ascii=False).encode())
    bare = report("-", stdin=json.dumps(whole["document"], ensure_ascii=False).encode())
    codes = [item["fingerprint"] for item in whole["findings"]]  # type: ignore[attr-defined]
    assert [item["fingerprint"] for item in again["findings"]] == codes  # type: ignore[attr-defined]
    assert [item["fingerprint"] for item in bare["findings"]] == codes  # type: ignore[attr-defined]


def test_same_bytes_under_different_hash_seeds(tmp_path: Path) -> None:
    outputs = []
    for seed in ("1", "2"):
        for fmt in ("json", "xlsx", "docx", "html"):
            target = tmp_path / f"{seed}.{fmt}"
            subprocess.run(
                [*BIAOCHI, "check", str(SAMPLES / "sample.xlsx"), "--format", fmt, "-o", str(target)],
                env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
                cwd=ROOT,
                check=False,
                capture_output=True,
                timeout=120,
            )
        outputs.append(
            [(tmp_path / f"{seed}.{fmt}").read_bytes() for fmt in ("json", "xlsx", "docx", "html")]
        )
    assert outputs[0] == outputs[1]


def test_exit_status_says_whether_errors_were_found(tmp_path: Path) -> None:
    assert run("check", str(SAMPLES / "sample.docx")).returncode == 1
    whole = report(str(SAMPLES / "sample.docx"))
    document = whole["document"]
    assert isinstance(document, dict)
    clean = {**document, "department": None, "projects": document["projects"][:1]}
    assert run("check", "-", stdin=json.dumps(clean).encode()).returncode == 0


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("check", "没有.docx"), "找不到文件"),
        (("check", "corpora"), "文件夹"),
        (("check", "README.md"), ""),
        (("check",), "缺少参数"),
        (("check", "x", "--format", "pdf"), "可用：text"),
        (("check", "x", "--profile", "火星"), "没有名为「火星」的配置"),
        (("check", "x", "--nonsense"), "没有选项"),
        (("fly",), "没有命令「fly」"),
        (("rules", "BC999"), "没有编号或名称"),
        (("explain", "BC999"), "没有编号或名称"),
        (("parse", "没有.docx"), "找不到文件"),
    ],
)
def test_unusable_input_is_one_chinese_line_and_exit_2(args: tuple[str, ...], says: str) -> None:
    done = run(*args)
    assert done.returncode == 2
    lines = done.stderr.decode().strip().splitlines()
    assert len(lines) == 1
    assert says in lines[0]
    assert "Traceback" not in lines[0]
    assert done.stdout == b""


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("check", str(SAMPLES / "sample.xlsx"), "没有.xlsx", "--format", "xlsx", "-o", f"{out}/")
    assert done.returncode == 2
    assert not out.exists()


def test_output_formats_are_written_where_asked(tmp_path: Path) -> None:
    for fmt, magic in (("xlsx", b"PK"), ("docx", b"PK"), ("html", b"<!"), ("json", b"{"), ("text", b"")):
        target = tmp_path / f"r.{fmt}"
        assert run("check", str(SAMPLES / "sample.xlsx"), "--format", fmt, "-o", str(target)).returncode == 1
        assert target.read_bytes().startswith(magic)
        assert not list(tmp_path.glob(".biaochi-*"))


def test_parse_prints_the_document() -> None:
    done = run("parse", str(SAMPLES / "sample.xlsx"))
    assert done.returncode == 0
    data = json.loads(done.stdout)
    assert set(data) == {"schema", "document"}
    assert len(data["document"]["projects"]) == 6
    assert [project["scheme"] for project in data["document"]["projects"]] == ["cn2015"] * 5 + ["cn2021"]


def test_rules_explain_and_doctor_speak() -> None:
    listed = run("rules")
    assert listed.returncode == 0
    assert "unit-missing" in listed.stdout.decode()
    assert "反例" in run("rules", "unit-missing").stdout.decode()
    explained = run("explain", "BC301", "--profile", "hebei").stdout.decode()
    assert "base → cn2015 → hebei" in explained
    assert "rules/checks/bc301_unit_missing.py" in explained
    doctor = run("doctor")
    assert doctor.returncode == 0
    assert "LibreOffice" in doctor.stdout.decode()


def test_waivers_and_baseline_from_files(tmp_path: Path) -> None:
    sample = str(SAMPLES / "sample.xlsx")
    first = report(sample)
    findings = first["findings"]
    assert isinstance(findings, list)
    waiver = tmp_path / "w.yml"
    waiver.write_text(
        f"waivers:\n  - {{fingerprint: {findings[0]['fingerprint']}, reason: 已沟通, author: 张某}}\n"
        "  - {fingerprint: abcdef, reason: 旧, author: 李某}\n",
        encoding="utf-8",
    )
    second = report(sample, "--waivers", str(waiver))
    kept = [item["fingerprint"] for item in second["findings"]]  # type: ignore[attr-defined]
    assert findings[0]["fingerprint"] not in kept
    assert any(item["name"] == "unused-waiver" for item in second["findings"])  # type: ignore[attr-defined]
    baseline = tmp_path / "b.json"
    baseline.write_text(json.dumps(first), encoding="utf-8")
    assert report(sample, "--baseline", str(baseline))["findings"] == []
