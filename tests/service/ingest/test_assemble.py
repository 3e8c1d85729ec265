"""Rows, traps, many projects, and that nothing goes unread in silence (handbook 4.4)."""

from __future__ import annotations

import pytest
from ingest_grids import HEADER, ROW, read, table

from service.errors import NoTableFound, TooLarge
from service.ingest.assemble import assemble
from service.ingest.grid import Block, RawDocument
from service.settings import Limits

# --- rows ------------------------------------------------------------------------------------------------------------


def test_blank_level_cells_continue_the_row_above() -> None:
    rows = (
        read(
            table(
                HEADER,
                ROW,
                ["", "成本指标", "每公里成本", "", "≤80元", ""],
                ["", "质量指标", "巡护到位率", "", "≥95%", ""],
                ["", "", "台账完整率", "", "≥95%", ""],
                ["效益指标", "", "火灾次数", "", "≤2次", ""],
            )
        )
        .projects[0]
        .rows
    )
    assert [(row.level1.text, row.level2.text) for row in rows] == [
        ("产出指标", "数量指标"),
        ("产出指标", "成本指标"),
        ("产出指标", "质量指标"),
        ("产出指标", "质量指标"),
        ("效益指标", ""),
    ]


def test_merged_levels_reach_down_but_an_own_blank_class_stays_blank() -> None:
    rows = (
        read(
            table(
                HEADER,
                ROW,
                ["-", "-", "巡护次数", "", "≥12次", ""],
                ["-", "", "队员人数", "", "≥30人", ""],
                spans={(1, 0): (3, 1), (1, 1): (2, 1)},
            )
        )
        .projects[0]
        .rows
    )
    assert [(row.level1.text, row.level2.text) for row in rows] == [
        ("产出指标", "数量指标"),
        ("产出指标", "数量指标"),
        ("产出指标", ""),
    ]


def test_template_rows_are_rows_but_filler_rows_are_not() -> None:
    rows = (
        read(
            table(
                HEADER,
                ROW,
                ["", "质量指标", "", "", "", ""],
                ["", "", "", "", "", ""],
                ["合计", "", "", "", "", ""],
                ["填表说明：一式两份", "", "", "", "", ""],
                ["填表人：", "", "联系电话：", "", "", ""],
            )
        )
        .projects[0]
        .rows
    )
    assert [(row.level2.text, row.name.text) for row in rows] == [("数量指标", "巡护里程"), ("质量指标", "")]


def test_rows_below_an_empty_merged_class_are_filler() -> None:
    rows = (
        read(
            table(
                HEADER,
                ROW,
                ["-", "质量指标", "", "", "", ""],
                ["-", "-", "", "", "", ""],
                spans={(1, 0): (3, 1), (2, 1): (2, 1)},
            )
        )
        .projects[0]
        .rows
    )
    assert len(rows) == 2


def test_wholly_empty_template_is_no_filing() -> None:
    blank = table(HEADER, ["产出指标", "数量指标", "", "", "", ""], ["", "质量指标", "", "", "", ""])
    with pytest.raises(NoTableFound, match="空白"):
        read("1.林区巡护绩效目标表", blank)
    named = table(["项目名称", "林区巡护", "", "", "", ""], HEADER, ["产出指标", "数量指标", "", "", "", ""])
    assert read(named).projects[0].rows == ()


@pytest.mark.parametrize(
    "name",
    [
        "指标1：巡护里程",
        "★巡护里程",
        "★★★巡护里程",
        "*巡护里程",
        "巡护里程（≥**公里）",
        "补助金额(≤**万元)",
        "]巡护里程",
        "巡护900公里",
        "本项目不适用此指标",
        "无",
        "组织护林员在防火期内对重点林班开展不间断巡护",
    ],
)
def test_names_are_shown_as_filed(name: str) -> None:
    rows = read(table(HEADER, ["产出指标", "数量指标", name, "", "≥900公里", ""])).projects[0].rows
    assert [(row.name.text, row.name.raw) for row in rows] == [(name, None)]


@pytest.mark.parametrize(
    "value",
    [
        "≥95%",
        ">=95%",
        "≧95％",
        "＞95%",
        "═100%",
        "》3次",
        "不低于95%",
        "95%以上",
        "无",
        "≥  3 次",
        "逐年提升",
    ],
)
def test_values_are_shown_as_filed(value: str) -> None:
    assert read(table(HEADER, [*ROW[:4], value, ""])).projects[0].rows[0].value.text == value


def test_bookmarks_are_residue_and_nothing_else_is() -> None:
    project = read(
        "[bookmark: _Toc_4_4_0000000005]2.]巡护装备绩效目标表",
        table(["项目名称", "[bookmark: _GoBack]]巡护装备", "", "", "", ""], HEADER, ROW),
    ).projects[0]
    assert project.title.text == "2.]巡护装备绩效目标表"
    assert project.title.raw == "[bookmark: _Toc_4_4_0000000005]2.]巡护装备绩效目标表"
    assert (project.name.text, project.name.raw) == ("]巡护装备", "[bookmark: _GoBack]]巡护装备")
    assert project.rows[0].name.raw is None


def test_row_with_its_level_one_only_is_no_row() -> None:
    rows = read(table(HEADER, ROW, ["效益指标", "", "", "", "", ""])).projects[0].rows
    assert len(rows) == 1


def test_label_beside_the_rows_is_no_name_column() -> None:
    rows = (
        read(
            table(
                ["绩效指标", "一级指标", "二级指标", "指标值"],
                ["-", "产出指标", "巡护里程", "≥900公里"],
                ["-", "效果指标", "火灾次数", "≤2次"],
                spans={(0, 0): (3, 1)},
            )
        )
        .projects[0]
        .rows
    )
    assert [(row.level1.text, row.name.text) for row in rows] == [
        ("产出指标", "巡护里程"),
        ("效果指标", "火灾次数"),
    ]


def test_same_header_word_is_the_name_column_where_names_stand_below() -> None:
    rows = (
        read(table(["一级指标", "绩效指标", "指标值"], ["产出指标", "巡护里程", "≥900公里"])).projects[0].rows
    )
    assert [row.name.text for row in rows] == ["巡护里程"]


@pytest.mark.parametrize("annual_first", [False, True])
def test_period_named_in_the_upper_header_row(annual_first: bool) -> None:
    long, annual = ("长期绩效指标", "年度绩效指标")
    upper = [annual, long] if annual_first else [long, annual]
    halves = [["巡护总里程", "≥2700公里"], ["巡护里程", "≥900公里"]]
    left, right = reversed(halves) if annual_first else halves
    rows = (
        read(
            table(
                ["一级指标", upper[0], "-", upper[1], "-"],
                ["-", "三级指标", "指标值", "三级指标", "指标值"],
                ["产出指标", *left, *right],
                spans={(0, 0): (2, 1), (0, 1): (1, 2), (0, 3): (1, 2)},
            )
        )
        .projects[0]
        .rows
    )
    assert [(row.level1.text, row.name.text, row.value.text) for row in rows] == [
        ("产出指标", "巡护里程", "≥900公里")
    ]
    assert {cell.text for cell in rows[0].extra.values()} == {"巡护总里程", "≥2700公里"}


# --- many projects ------------------------------------------------------------------------------------------------------


def test_many_projects_in_one_sheet_one_under_another() -> None:
    def block(name: str, title: bool) -> list[list[str]]:
        head = [[f"{name}绩效目标表", "", "", "", "", ""]] if title else []
        return [
            *head,
            ["项目名称", name, "", "项目编码", f"99{name}", ""],
            HEADER,
            ROW,
            ["", "质量指标", "到位率", "", "≥95%", ""],
        ]

    for title in (True, False):
        rows = [row for name in ("巡护", "苗圃", "科普") for row in block(name, title)]
        projects = read(table(*rows, part="Sheet1"), kind="xlsx").projects
        assert [(p.name.text, p.code.text, len(p.rows)) for p in projects] == [
            ("巡护", "99巡护", 2),
            ("苗圃", "99苗圃", 2),
            ("科普", "99科普", 2),
        ]


def test_one_sheet_one_project_even_without_labels() -> None:
    projects = read(table(HEADER, ROW, part="甲"), table(HEADER, ROW, ROW, part="乙"), kind="xlsx").projects
    assert [len(p.rows) for p in projects] == [1, 2]


def test_page_breaks_do_not_split_a_project() -> None:
    head = table(["项目名称", "巡护", "", "", "", ""], HEADER, ROW)
    tail = table(
        ["", "质量指标", "到位率", "", "≥95%", ""],
        ["满意度指标", "服务对象满意度指标", "居民满意度", "", "≥90%", ""],
    )
    projects = read(head, "- 3 -", tail, kind="pdf").projects
    assert [[row.level1.text for row in p.rows] for p in projects] == [["产出指标", "产出指标", "满意度指标"]]


def test_header_repeated_inside_a_table_is_one_project() -> None:
    projects = read(table(["项目名称", "巡护", "", "", "", ""], HEADER, ROW, HEADER, ROW)).projects
    assert [len(p.rows) for p in projects] == [2]


def test_block_and_rows_in_two_tables() -> None:
    projects = read(table(["项目名称", "巡护"], ["绩效目标", "保护森林"]), table(HEADER, ROW)).projects
    assert [(p.name.text, len(p.goals), len(p.rows)) for p in projects] == [("巡护", 1, 1)]


def test_other_tables_are_not_read_as_rows() -> None:
    other = table(["科目", "金额", "说明", "备注", "排序", "附注"], ["工资", "12", "", "", "1", ""])
    document = read("1.巡护绩效目标表", table(HEADER, ROW), other)
    assert [len(p.rows) for p in document.projects] == [1]
    assert document.problems == ()


def test_flat_rows_with_blank_project_cells_continue_the_project() -> None:
    head = ["project_code", "project_name", "level1", "level2", "name", "value"]
    projects = read(
        table(
            head,
            ["P1", "巡护", "产出指标", "数量指标", "里程", "≥9公里"],
            ["", "", "", "质量指标", "到位率", "≥95%"],
            ["P2", "苗圃", "", "数量指标", "株数", "≥3株"],
        ),
        kind="csv",
    ).projects
    assert [(p.code.text, [(r.level1.text, r.name.text) for r in p.rows]) for p in projects] == [
        ("P1", [("产出指标", "里程"), ("产出指标", "到位率")]),
        # A row that names its project stands for itself: its blank level is an empty cell.
        ("P2", [("", "株数")]),
    ]
    assert projects[0].rows[0].absent == {"description", "operator", "unit", "basis", "weight"}
    assert projects[0].absent == {"budget", "plan", "goals"}


# --- titles, year, limits, problems -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "year"),
    [
        ("某县林业局2027年度部门预算绩效目标", 2027),
        ("2027年部门预算绩效目标", 2027),
        ("2026年度绩效目标与2027年度绩效目标对照", None),
        ("某县林业局部门预算绩效目标", None),
        ("自2019年成立以来", None),
    ],
)
def test_fiscal_year_only_where_stated(line: str, year: int | None) -> None:
    assert read(line, "1.巡护绩效目标表", table(HEADER, ROW)).year == year


def test_document_title_is_the_first_title_like_paragraph() -> None:
    document = read(
        "目  录",
        "某县林业局2027年部门预算绩效目标",
        "一、总体绩效目标",
        "保护森林。",
        "1.巡护绩效目标表",
        table(HEADER, ROW),
    )
    assert document.title.text == "某县林业局2027年部门预算绩效目标"
    assert document.projects[0].title.text == "1.巡护绩效目标表"


def test_table_that_looks_like_indicators_but_cannot_be_read_is_reported() -> None:
    odd = table(
        ["类", "做什么", "做到多少"],
        ["数量指标", "巡护", "900公里"],
        ["质量指标", "到位", "95%"],
        part="table 2",
    )
    document = read("1.巡护绩效目标表", table(HEADER, ROW), odd)
    assert [len(p.rows) for p in document.projects] == [1]
    (problem,) = document.problems
    assert problem.kind == "unread-table"
    assert problem.source is not None
    assert problem.source.part == "table 2"


def test_only_an_unread_table_is_a_document_with_a_problem() -> None:
    document = read(table(["类", "做什么"], ["数量指标", "巡护"], ["质量指标", "到位"]))
    assert document.projects == ()
    assert [problem.kind for problem in document.problems] == ["unread-table"]


@pytest.mark.parametrize("blocks", [("今天开会。",), (table(["科目", "金额"], ["工资", "12"]),), ()])
def test_nothing_like_a_target_table(blocks: tuple[Block | str, ...]) -> None:
    with pytest.raises(NoTableFound):
        read(*blocks)


def test_reader_problems_are_kept() -> None:
    raw = RawDocument(
        "docx", (table(HEADER, ROW),), read(table(["类", "x"], ["数量指标", "a"], ["质量指标", "b"])).problems
    )
    assert [problem.kind for problem in assemble(raw, limits=Limits()).problems] == ["unread-table"]


def test_too_many_projects() -> None:
    sheets = [table(HEADER, ROW, part=f"S{n}") for n in range(4)]
    assert len(read(*sheets, kind="xlsx", limits=Limits(max_projects=4)).projects) == 4
    with pytest.raises(TooLarge, match="3"):
        read(*sheets, kind="xlsx", limits=Limits(max_projects=3))
    rows = [[f"P{n}", "巡护", "里程", "≥9"] for n in range(4)]
    with pytest.raises(TooLarge):
        read(
            table(["项目编码", "项目名称", "三级指标", "指标值"], *rows),
            kind="csv",
            limits=Limits(max_projects=3),
        )
