"""Accepted edits in the original's own cells. The reader judges: it must see exactly the edited document."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from docx import Document as WordDocument
from openpyxl import load_workbook
from rewrite_cases import (
    addition,
    change,
    flat_xlsx,
    form_docx,
    form_xlsx,
    judged,
    patched,
    read,
    removal,
    rewrite,
    shared,
    texts,
    wide_xlsx,
)

from models.records.document import ROW_FIELDS, Document
from models.records.finding import Edit
from service.errors import InputError
from service.export.rewrite_docx import rewrite_document
from service.export.rewrite_xlsx import rewrite_workbook
from service.pipeline import CheckOptions, check

ROOT = Path(__file__).resolve().parents[3]
SEED = ROOT.parent / "shared" / "seed"
FORMS = {
    "merged.xlsx": lambda: form_xlsx(merged=True),
    "shared.xlsx": lambda: shared(form_xlsx()),
    "blank.xlsx": lambda: form_xlsx(merged=False),
    "merged.docx": lambda: form_docx(merged=True),
    "blank.docx": lambda: form_docx(merged=False),
}
SHIPPED = [ROOT / "corpora/samples/sample.docx", ROOT / "corpora/samples/sample.xlsx"]
REAL = [SEED / "xinglong.docx", SEED / "xinglong.xlsx"]


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> tuple[bytes, str]:
    """One form in both formats: level cells merged, or left blank where they continue."""
    return FORMS[request.param](), request.param


def random_edits(document: Document, rng: random.Random, count: int) -> list[Edit]:
    """Edits of every kind that do not stand in each other's way."""
    edits: dict[str, Edit] = {}

    def take(*made: Edit) -> None:
        edits.update({edit.path: edit for edit in made})

    for _ in range(count):
        p = rng.randrange(len(document.projects))
        project, head = document.projects[p], f"projects[{p}]"
        row = rng.randrange(len(project.rows))
        kind = rng.randrange(7)
        if kind == 0:
            take(change(document, f"{head}.rows[{row}].{rng.choice(('level1', 'level2'))}", "社会效益指标"))
        elif kind == 1:
            fields = [f for f in ROW_FIELDS[2:] if f not in project.rows[row].absent]
            field = rng.choice([f for f in fields if project.rows[row].cell(f) is not None])
            take(change(document, f"{head}.rows[{row}].{field}", rng.choice(("≥97%", "=1+1", "改写后"))))
        elif kind == 2:
            take(removal(document, row, p))
        elif kind == 3:
            taken = sum(path.startswith(f"{head}.rows[") and edit.old is None for path, edit in edits.items())
            take(addition(document, taken, p))
        elif kind == 4 and project.goals:
            k = rng.randrange(len(project.goals))
            take(change(document, f"{head}.goals[{k}]", f"{project.goals[k].text}，且不少于10次"))
        elif kind == 5:
            path, new = rng.choice(
                (("code", f"9900{p}"), ("name", f"新名称{p}"), ("title", f"{p}.新绩效目标表"))
            )
            if getattr(project, path):
                take(change(document, f"{head}.{path}", new))
        elif project.budget.total and project.plan:
            take(change(document, f"{head}.budget.total", "77.75"))
            take(change(document, f"{head}.plan[{rng.randrange(len(project.plan))}]", "33%"))
    gone = {edit.path for edit in edits.values() if edit.new is None}
    return [edit for edit in edits.values() if edit.path.rpartition(".")[0] not in gone]


@pytest.mark.parametrize("path", [*SHIPPED, *REAL], ids=lambda path: path.name)
def test_shipped_and_real_files_read_back_as_edited(path: Path) -> None:
    if not path.exists():
        pytest.skip("样本文件 ../shared/seed 不在本机")
    data = path.read_bytes()
    document = read(data, path.name)
    assert rewrite(data, path.name, []).data == data
    for seed in range(12):
        rng = random.Random(seed)
        judged(data, path.name, *random_edits(document, rng, rng.choice((1, 2, 5, 25))))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_suggestion_of_the_samples_can_be_written(path: Path) -> None:
    data = path.read_bytes()
    report = check(read(data, path.name), CheckOptions())
    offered = {item.edits for finding in report.findings for item in finding.suggestions if item.edits}
    assert len(offered) > 20
    for edits in offered:
        judged(data, path.name, *edits)


def test_built_files_read_back_as_edited(form: tuple[bytes, str]) -> None:
    document = read(*form)
    for seed in range(25):
        rng = random.Random(seed)
        judged(*form, *random_edits(document, rng, rng.choice((1, 1, 3, 9))))


@pytest.mark.parametrize("style", ["repeated", "first", "merged"])
def test_rows_that_name_their_project_keep_it(style: str) -> None:
    data, name = flat_xlsx(style), "flat.xlsx"
    document = read(data, name)
    assert len(document.projects) == 2
    judged(data, name, removal(document, 0), removal(document, 0, 1))
    judged(
        data, name, change(document, "projects[0].name", "公路养护"), addition(document), removal(document, 0)
    )
    judged(data, name, change(document, "projects[1].code", "A009"), addition(document, 0, 1))
    for seed in range(15):
        judged(data, name, *random_edits(document, random.Random(seed), 3))


def test_goals_share_a_cell_and_keep_their_neighbours(form: tuple[bytes, str]) -> None:
    document = read(*form)
    head = "projects[0].goals"
    # Goals 1 and 3 differ in their number only; goal 2 runs over two lines.
    judged(*form, change(document, f"{head}[2]", "3.完成里程12公里"))
    judged(*form, change(document, f"{head}[1]", "2.保障出行安全，事故为0"))
    judged(*form, change(document, f"{head}[1]", "2.保障出行安全，\n不出事故，\n及时抢修"))
    judged(*form, *(change(document, f"{head}[{k}]", f"{k + 1}.目标") for k in range(3)))


def test_one_row_of_a_shared_level_cell_changes_alone(form: tuple[bytes, str]) -> None:
    document = read(*form)
    for row in range(3):
        judged(*form, change(document, f"projects[0].rows[{row}].level1", "成本指标"))
    judged(*form, *(change(document, f"projects[0].rows[{row}].level1", "成本指标") for row in range(3)))
    judged(*form, change(document, "projects[0].rows[1].level2", "质量指标"), removal(document, 0))


def test_rows_go_at_the_start_of_merges_and_two_come(form: tuple[bytes, str]) -> None:
    document = read(*form)
    judged(*form, removal(document, 0), removal(document, 3))
    judged(*form, removal(document, 0), removal(document, 1))
    judged(*form, addition(document), addition(document, 1), addition(document, 0, 1))
    judged(*form, removal(document, 5), addition(document, operator="≤", unit="公里", weight="10"))


def test_runs_keep_their_formatting() -> None:
    data = form_docx()
    document = read(data, "a.docx")
    edits = (
        change(document, "projects[0].rows[3].name", "带动沿线就业"),
        change(document, "projects[0].goals[1]", "2.保障安全"),
        addition(document),
    )
    table = WordDocument(io.BytesIO(judged(data, "a.docx", *edits))).tables[0]
    name = table.cell(8, 2).paragraphs[0]
    assert [(run.text, run.bold, run.italic) for run in name.runs] == [
        ("带动沿线就业", True, None),
        ("", None, True),
    ]
    goals = table.cell(3, 1).paragraphs
    assert [paragraph.text for paragraph in goals] == ["1.完成里程10公里；", "2.保障安全", "3.完成里程10公里"]
    assert goals[1].runs[0].bold
    assert table.cell(11, 2).paragraphs[0].runs[0].bold


def test_paragraphs_between_tables_are_edited_not_the_list_of_titles() -> None:
    data = form_docx()
    document = read(data, "a.docx")
    judged(data, "a.docx", change(document, "projects[1].department", "501002清河镇水务站"))
    done = judged(data, "a.docx", change(document, "projects[1].title", "2.桥梁养护绩效目标表"))
    shown = [paragraph.text for paragraph in WordDocument(io.BytesIO(done)).paragraphs]
    assert shown.count("2.桥梁检测绩效目标表") == shown.count("2.桥梁养护绩效目标表") == 1
    assert "501001清河镇人民政府本级    单位：万元" in shown


def test_a_label_keeps_its_place_before_the_name() -> None:
    document = read(wide_xlsx(), "wide.xlsx")
    done = judged(wide_xlsx(), "wide.xlsx", change(document, "projects[0].name", "公路养护"))
    assert load_workbook(io.BytesIO(done)).active["A2"].value == "项目名称：公路养护"


def test_a_name_read_from_the_title_is_written_there() -> None:
    data = patched(form_docx(), "word/document.xml", lambda text: text.replace(">项目名</w:t>", ">名</w:t>"))
    document = read(data, "a.docx")
    assert (document.projects[0].name.text, document.projects[0].title.text) == (
        "道路养护",
        "1.道路养护绩效目标表",
    )
    again = read(rewrite(data, "a.docx", [change(document, "projects[0].name", "公路养护")]).data, "a.docx")
    assert (again.projects[0].name.text, again.projects[0].title.text) == ("公路养护", "1.公路养护绩效目标表")


def test_cells_under_one_wide_header_change_one_by_one() -> None:
    data = wide_xlsx()
    document = read(data, "wide.xlsx")
    done = judged(data, "wide.xlsx", change(document, "projects[0].rows[1].value", "≥97%"))
    sheet = load_workbook(io.BytesIO(done)).active
    assert [cell.value for cell in sheet[5][4:7]] == ["≥", 97, "%"]
    # No row has a basis yet: the header tells its column.
    done = judged(data, "wide.xlsx", change(document, "projects[0].rows[0].basis", "养护合同"))
    assert load_workbook(io.BytesIO(done)).active["H4"].value == "养护合同"
    judged(data, "wide.xlsx", addition(document, value="≥10座"), removal(document, 0))


@pytest.mark.parametrize("name", FORMS)
def test_what_cannot_be_written_is_handed_back(name: str) -> None:
    data = FORMS[name]()
    document = read(data, name)
    stale = [
        Edit("projects[0].rows[0].name", "别的内容", "改写后"),
        Edit("projects[9].rows[0].name", "养护里程", "改写后"),
        Edit("projects[0].rows[99]", (("name", "没有"),), None),
        Edit("projects[0].rows[9]", None, (("name", "隔行新增"),)),
        Edit("projects[0].goals[9]", "没有", "改写后"),
        Edit("projects[0].rows[0].basis", "", "没有这一栏"),
        Edit("document", "", "改写后"),
    ]
    done = rewrite(data, name, stale)
    assert done.missed == tuple(stale)
    assert texts(read(done.data, name)) == texts(document)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 cut off", form_docx()[:4000], form_xlsx()[:3000]])
def test_odd_containers_are_refused_in_words(data: bytes) -> None:
    for run in (rewrite_document, rewrite_workbook):
        with pytest.raises(InputError, match=r"请用 .* 打开后重新另存"):
            run(data, Document(), [])


def test_the_other_format_is_refused() -> None:
    with pytest.raises(InputError):
        rewrite_document(form_xlsx(), Document(), [])
    with pytest.raises(InputError):
        rewrite_workbook(form_docx(), Document(), [])
