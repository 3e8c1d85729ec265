"""The worked examples of the handbook and the coverage on the real file (skipped where ../shared is absent)."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.records.finding import Edit, Severity, Suggestion
from models.records.report import Report
from service import fixing, pipeline
from service.settings import Limits

SEED = Path(__file__).resolve().parents[3] / "shared" / "seed" / "xinglong.docx"
pytestmark = pytest.mark.skipif(not SEED.is_file(), reason="样本文件 ../shared/seed 不在本机")


@pytest.fixture(scope="module")
def report() -> Report:
    document = pipeline.load(SEED.read_bytes(), name=SEED.name, limits=Limits())
    return pipeline.check(document, pipeline.CheckOptions())


def _words(edit: Edit) -> str:
    return " ".join(text for _, text in edit.new) if isinstance(edit.new, tuple) else str(edit.new)


def _of_row(report: Report, project: int, name: str) -> list[Suggestion]:
    rows = report.document.projects[project].rows
    paths = [f"projects[{project}].rows[{k}]" for k, row in enumerate(rows) if row.name.text.startswith(name)]
    assert paths, name
    return [
        suggestion
        for finding in report.findings
        for suggestion in finding.suggestions
        if any(
            finding.location.path == path or finding.location.path.startswith(f"{path}.") for path in paths
        )
    ]


# Number of the example, project, begin of the row's name, texts that one suggestion holds together.
WORKED = [
    (1, 0, "各项工作支付完成率", ["劳务派遣人员考核合格率", "≥〔待填"]),
    (2, 1, "按照合同时间缴纳费用", ["缴纳完成日期", "≤〔待填"]),
    (3, 2, "预算经费支持工作保障完成", ["明白纸", "元/张"]),
    (4, 3, "信息准确、及时率", ["信息准确率", "信息及时率", "≥90%", "时效指标"]),
    (5, 4, "重要时期无重大事件发生", ["社会效益指标", "重大事件发生数", "＝0起", "时效指标"]),
    (6, 5, "社会影响力", ["见义勇为政策知晓率", "知晓见义勇为政策"]),
    (7, 7, "对救助困难家庭及时补助", ["≤〔待填", "个工作日"]),
    (8, 7, "促进信访案件化解", ["息诉罢访率"]),
    (9, 9, "铁路护路无重大事件发生", ["铁路护路重大事件发生数", "＝0起", "元/公里"]),
    (10, 11, "按照时间节点缴纳保费", ["保费缴纳完成日期", "≤10月31日"]),
    (11, 13, "治安保险每户参保金额", ["≤10元/户"]),
    (12, 13, "参保对象满意度", ["服务对象满意度指标"]),
]


@pytest.mark.parametrize(
    ("project", "name", "texts"), [pytest.param(*rest, id=f"example-{n}") for n, *rest in WORKED]
)
def test_worked_example(report: Report, project: int, name: str, texts: list[str]) -> None:
    told = [" ".join(_words(edit) for edit in item.edits) for item in _of_row(report, project, name)]
    assert any(all(text in words for text in texts) for words in told), told


def test_the_stricter_number_of_the_department_is_taken(report: Report) -> None:
    told = [_words(edit) for item in _of_row(report, 7, "司法救助困难家庭个数") for edit in item.edits]
    assert any("≥12" in words for words in told)


def test_most_warnings_and_errors_have_a_suggestion(report: Report) -> None:
    grave = [item for item in report.findings if item.severity is not Severity.INFO]
    without = [item for item in grave if not item.suggestions]
    assert len(without) <= 0.1 * len(grave), [(item.code, item.location.path) for item in without]


def test_fixing_helps_and_a_second_time_changes_nothing() -> None:
    document = pipeline.load(SEED.read_bytes(), name=SEED.name, limits=Limits())
    fixed = fixing.fix(document, pipeline.CheckOptions())
    grave = [
        sum(item.severity is not Severity.INFO for item in r.findings) for r in (fixed.before, fixed.after)
    ]
    assert grave[1] < grave[0]
    for severity in (Severity.ERROR, Severity.WARNING):
        counts = [sum(item.severity is severity for item in r.findings) for r in (fixed.before, fixed.after)]
        assert counts[1] <= counts[0]
    assert all(a.score >= b.score for a, b in zip(fixed.after.scores, fixed.before.scores, strict=True))
    again = fixing.fix(fixed.document, pipeline.CheckOptions())
    assert again.edits == ()
