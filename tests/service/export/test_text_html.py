"""The terminal report and the page, read as a person or a browser reads them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from lxml import html as lxml_html
from rich.cells import cell_len

from models.records.finding import Display, Finding, Severity
from models.records.report import Report
from service.errors import SettingsError
from service.export import render
from service.export.console import print_report, wrap
from service.export.suggestions import EditView, SuggestionView
from service.export.view import build

Build = Callable[..., Report]
Make = Callable[..., Finding]

HOSTILE = (
    (
        "产出指标",
        "数量指标",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(2)>',
        "=cmd|'/c calc'!A0",
        "+1+1",
    ),
    ("产出指标", "质量指标", "红\x1b[31m字\x07", "\u202e反向", "@SUM(A1)", "-2"),
    ("产出指标", "时效指标", "长" * 20_000, "\ttab", "{{ 7*7 }}", "{% raw %}"),
)


def text_of(report: Report) -> str:
    return render(report, "text", name="示例.txt")[0].data.decode("utf-8")


def page_of(report: Report) -> str:
    return render(report, "html", name="示例.txt")[0].data.decode("utf-8")


def test_text_fits_eighty_columns_and_has_no_control_codes(build_report: Build, build_finding: Make) -> None:
    hostile = build_finding(
        "BC402", "projects[0].rows[2].name", fact="甲" * 900 + "\x1b]0;x\x07" + "abc " * 200
    )
    for report in (build_report(3), build_report(1, rows=HOSTILE, findings=[hostile])):
        text = text_of(report)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
        assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_text_says_score_place_fact_and_advice(build_report: Build) -> None:
    text = text_of(build_report(1))
    assert "得分 62.5 等级 中 结论 完善后通过" in text.replace("　", " ")
    assert "【必须修改】BC302 unit-mismatch" in text
    assert "三级指标「坑槽修补及时率」的指标值（第75行）" in text
    assert text.index("全部项目共性问题") < text.index("项目 1")
    nested = next(line for line in text.splitlines() if "BC101" in line)
    parent = next(line for line in text.splitlines() if "BC302" in line)
    assert len(nested) - len(nested.lstrip()) > len(parent) - len(parent.lstrip())
    assert "BC504" not in text
    assert "其余 1 条折叠，详见 json/xlsx" in text
    assert "另有 1 条已登记豁免" in text


def test_text_shows_at_most_eight_findings_of_a_project(build_report: Build, build_finding: Make) -> None:
    many = [build_finding(f"BC{400 + n}", f"projects[0].rows[{n % 8}].value") for n in range(300)]
    text = text_of(build_report(1, findings=many))
    assert text.count("【建议修改】") == 8
    assert "其余 292 条折叠" in text
    assert "建议修改 300" in text


def test_text_without_findings_and_without_projects(build_report: Build) -> None:
    assert "未发现问题" in text_of(build_report(1, findings=[]))
    assert "合计 0 个项目" in text_of(build_report(0, findings=[]))


def test_incomplete_run_is_said(build_report: Build) -> None:
    report = build_report(1, complete=False)
    assert "本次检查不完整" in text_of(report)
    assert "本次检查不完整" in page_of(report)
    assert "本次检查不完整" not in page_of(build_report(1))


def test_printing_into_a_file_has_no_colour(build_report: Build) -> None:
    out = io.StringIO()
    print_report(build(build_report(1), "示例.txt"), out)
    assert "\x1b" not in out.getvalue()
    assert out.getvalue() == text_of(build_report(1))


def test_wrap_keeps_punctuation_with_its_word() -> None:
    lines = wrap("绩效目标应当明确、具体，指标值（含单位）须可核实。" * 4, 20)
    assert "".join(lines) == "绩效目标应当明确、具体，指标值（含单位）须可核实。" * 4
    assert all(cell_len(line) <= 20 for line in lines)
    assert not any(line[0] in "，。、）" or line[-1] == "（" for line in lines)
    assert wrap("规则 BC302 unit-mismatch", 16) == ["规则 BC302", "unit-mismatch"]


def test_page_is_self_contained(build_report: Build) -> None:
    page = page_of(build_report(2))
    tree = lxml_html.fromstring(page)
    assert not tree.xpath("//script | //link | //img | //iframe | //object | //base")
    assert not re.search(r"url\(|@import|https?://", page)
    anchors = set(tree.xpath("//@id"))
    targets = [href[1:] for href in tree.xpath("//a/@href")]
    assert targets
    assert all(target in anchors for target in targets)
    assert len(tree.xpath("//@id")) == len(anchors)


def test_page_escapes_everything(build_report: Build, build_finding: Make) -> None:
    findings = [
        build_finding("BC402", f"projects[0].rows[{n}].{field}", fact="<b>粗</b>", name="<i>x</i>")
        for n in range(3)
        for field in ("name", "description", "value", "basis")
    ]
    page = page_of(build_report(1, rows=HOSTILE, findings=findings, names=["<script>x</script>"]))
    tree = lxml_html.fromstring(page)
    assert not tree.xpath("//script | //img | //dd//b[text()='粗'] | //*[@onerror]")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "（共 20000 字）" in page


def test_page_marks_the_span_and_links_to_the_finding(build_report: Build) -> None:
    tree = lxml_html.fromstring(page_of(build_report(1)))
    (table,) = tree.xpath("//table[contains(@class,'filed')]")
    cells = {cell.text_content().strip(): cell for cell in table.xpath(".//td")}
    vague = next(cell for text, cell in cells.items() if text.startswith("显著提升"))
    assert [mark.text for mark in vague.xpath("./mark")] == ["显著"]
    assert vague.xpath("./a/@href") == ["#p1-f3"]
    card = tree.get_element_by_id("p1-f3")
    assert "指标值「显著提升」为模糊表述" in card.text_content()
    assert [dt.text for dt in card.xpath("./dl/dt")] == ["事实", "影响", "依据", "建议"]
    assert table.xpath(".//td[@rowspan='4']")[0].text_content().strip() == "产出指标"
    assert len(table.xpath(".//mark[contains(@class,'folded')]")) == 7 + 7


def test_overlapping_marks_show_the_worst_without_a_seam(build_report: Build, build_finding: Make) -> None:
    path = "projects[0].rows[4].value"
    findings = [
        build_finding("BC402", path, span=(0, 2)),
        build_finding("BC403", path, span=(0, 4)),
        build_finding("BC404", path, span=(3, 99), severity=Severity.ERROR),
    ]
    tree = lxml_html.fromstring(page_of(build_report(1, findings=findings)))
    (cell,) = [td for td in tree.xpath("//td") if td.text_content().strip().startswith("显著提升")]
    assert [(mark.text, mark.get("class")) for mark in cell.xpath("./mark")] == [
        ("显著提", "warning"),
        ("升", "error"),
    ]
    assert [link.text for link in cell.xpath("./a")] == ["1", "2", "3"]


def test_page_nests_and_collapses(build_report: Build) -> None:
    tree = lxml_html.fromstring(page_of(build_report(1)))
    assert tree.xpath("//article[@id='p1-f1']/details/article[@id='p1-f1-1']")
    assert tree.xpath("//details/div/article[.//span[contains(.,'BC504')]]")
    text = tree.get_element_by_id("p1-f1").text_content()
    assert "〔待填：坑槽修补及时率，参考养护合同〕" in text
    assert "采用前请核实" in text


def test_no_finding_is_lost_whatever_its_parent_says(build_report: Build, build_finding: Make) -> None:
    path = "projects[0].rows[0].value"
    findings = [
        build_finding("BC401", path, fingerprint="a", display=Display("nested", "b")),
        build_finding("BC402", path, fingerprint="b", display=Display("nested", "a")),
        build_finding("BC403", path, fingerprint="c", display=Display("nested", "gone")),
        build_finding("BC404", path, fingerprint="d", display=Display("nested", "d")),
        build_finding("BC405", "projects[99].rows[0]", fingerprint="e"),
        build_finding("BC406", "nonsense", fingerprint="f"),
    ]
    view = build(build_report(1, findings=findings), "示例.txt")
    codes = sorted(item.finding.code for group in view.groups for item in group.walk())
    assert codes == ["BC401", "BC402", "BC403", "BC404", "BC405", "BC406"]


@pytest.mark.parametrize(
    ("kind", "part", "expected"),
    [
        ("txt", None, "第75行"),
        ("docx", "table 1", "表「1.县乡公路日常养护绩效目标表」第10行「指标值」列"),
        ("pdf", "page 2", "表「1.县乡公路日常养护绩效目标表」第2页第10行「指标值」列"),
        ("xlsx", "表一", "工作表「表一」单元格 E10"),
    ],
)
def test_places_in_words(build_report: Build, kind: str, part: str | None, expected: str) -> None:
    view = build(build_report(1, kind=kind, parts=[part] if part else ()), "示例")
    assert view.projects[0].shown[0].entry.place.where == expected


def test_same_bytes_twice_and_unknown_format(build_report: Build) -> None:
    for fmt in ("text", "html", "json", "xlsx", "docx"):
        assert render(build_report(2), fmt, name="示例.txt") == render(build_report(2), fmt, name="示例.txt")
    with pytest.raises(SettingsError, match="不支持报告格式「pdf」"):
        render(build_report(1), "pdf", name="x")


def test_file_names(build_report: Build) -> None:
    one = render(build_report(1, names=["甲/乙:丙"]), "html", name="x.docx")[0].filename
    assert one == "[13999924P000000000001]甲_乙_丙_审核结果.html"
    assert (
        render(build_report(2), "html", name="/tmp/年度 目标.v2.docx")[0].filename
        == "年度 目标.v2_审核结果.html"
    )
    long = render(build_report(1, names=["长" * 300]), "html", name="x")[0].filename
    assert len(long.encode()) <= 255


def test_of_many_changes_a_line_says_the_first_and_how_many_follow() -> None:
    edits = tuple(EditView(f"第{k}行", "≥95%", f"≥{k}%") for k in range(51))
    view = SuggestionView("逐行修改", "", edits, (), "采用前请核实", True)
    assert "第7行：「≥95%」→「≥7%」" in view.text
    assert "第8行" not in view.text
    assert "另有 43 处修改，见网页报告" in view.text
    assert "另有" not in SuggestionView("逐行修改", "", edits[:8], (), "采用前请核实", True).text
