"""Parts, traps and residue (handbook 1.1, 1.2, 4.4), and that nothing goes unread in silence."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models.records.document import Department, Document, SourceRef
from service.errors import NoTableFound, TooLarge
from service.ingest.assemble import assemble
from service.ingest.grid import Block, GridCell, Paragraph, RawDocument, Table
from service.settings import Limits

HEADER = ["一级指标", "二级指标", "三级指标", "绩效指标描述", "指标值", "指标值确定依据"]
ROW = ["产出指标", "数量指标", "巡护里程", "全年巡护", "≥900公里", "计划标准"]


def table(*rows: list[str], part: str | None = None, spans: dict[tuple[int, int], tuple[int, int]] | None = None) -> Table:
    """Return a grid; `spans` gives (rowspan, colspan) of a cell. "-" is a position without a cell."""
    cells = [
        GridCell(text, r, c, *(spans or {}).get((r, c), (1, 1)), source=SourceRef(kind="docx", part=part, row=r + 1, col=c + 1))
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
        if text != "-"
    ]
    return Table(tuple(cells), len(rows), max(map(len, rows)), part)


def read(*blocks: Block | str, kind: str = "docx", limits: Limits | None = None) -> Document:
    filed = tuple(Paragraph(block) if isinstance(block, str) else block for block in blocks)
    return assemble(RawDocument(kind, filed), limits=limits or Limits())


def department(*lines: str) -> Department:
    found = read(*lines, "第二部分", "预算项目绩效目标", "1.林区巡护绩效目标表", table(HEADER, ROW)).department
    assert found is not None
    return found


# --- part one ---------------------------------------------------------------------------------------------------


def test_part_one_with_its_three_sections() -> None:
    part = department(
        "第一部分",
        "部门整体绩效目标",
        "一、总体绩效目标",
        "（一）总体绩效目标",
        "完成国土绿化任务。",
        "森林火灾受害率保持低位。",
        "二、分项绩效目标",
        "（一）林区巡护",
        "绩效目标：保护森林资源",
        "绩效指标：全年巡护900公里",
        "（二）苗圃建设绩效目标：培育乡土树种",
        "绩效指标：出圃苗木3万株",
        "（四）科普宣传",
        "绩效目标：提高爱林意识；绩效指标：发放手册2000册",
        "三、工作保障措施",
        "一是加强领导。三是强化督查。",
    )
    assert [cell.text for cell in part.goals] == ["完成国土绿化任务。", "森林火灾受害率保持低位。"]
    assert [(i.number, i.name.text, i.goal.text, i.indicator.text) for i in part.items] == [
        ("（一）", "林区巡护", "保护森林资源", "全年巡护900公里"),
        ("（二）", "苗圃建设", "培育乡土树种", "出圃苗木3万株"),
        ("（四）", "科普宣传", "提高爱林意识", "发放手册2000册"),
    ]
    assert [cell.text for cell in part.measures] == ["一是加强领导。三是强化督查。"]


@pytest.mark.parametrize(
    "line",
    [
        "（七）苗圃建设绩效目标：培育树种绩效指标：出圃3万株",
        "（七）苗圃建设。绩效目标：培育树种；绩效指标：出圃3万株",
        "（七）苗圃建设：培育树种",
    ],
)
def test_name_and_goal_on_one_line(line: str) -> None:
    item = department("二、分项绩效目标", line).items[0]
    assert (item.number, item.name.text, item.goal.text) == ("（七）", "苗圃建设", "培育树种")


def test_item_goal_without_label_and_over_two_lines() -> None:
    items = department("二、分项绩效目标", "（一）苗圃建设", "培育乡土树种", "扩大育苗面积", "（二）巡护").items
    assert items[0].goal.text == "培育乡土树种\n扩大育苗面积"
    assert (items[1].name.text, items[1].goal.text) == ("巡护", "")


def test_contents_list_is_no_part() -> None:
    document = read(
        "一、总体绩效目标................1",
        "1.林区巡护绩效目标表……………2",
        "1.林区巡护绩效目标表",
        table(HEADER, ROW),
    )
    assert document.department is None
    assert len(document.projects) == 1


# --- the block above the rows --------------------------------------------------------------------------------------


def test_unit_of_money_in_the_header_only() -> None:
    project = read(table(["某局", "单位：元"], ["预算数", "81,200"], ["三级指标", "指标值"], ["里程", "≥9公里"])).projects[0]
    assert project.budget.unit == "元"
    assert project.budget.total is not None
    assert project.budget.total.amount == 81200


@pytest.mark.parametrize(
    ("filed", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("8.12万元", "8.12"),
        ("８．１２", "8.12"),
        ("81200元", "8.12"),
        ("-3.00", "-3.00"),
        ("约8万", None),
        ("待定", None),
    ],
)
def test_amounts(filed: str, amount: str | None) -> None:
    project = read(table(["预算数", filed], ["三级指标", "指标值"], ["里程", "≥9公里"])).projects[0]
    assert project.budget.total is not None
    assert project.budget.total.cell.text == filed
    assert project.budget.total.amount == (None if amount is None else Decimal(amount))


def test_blank_other_money_is_none_and_spaces_inside_labels_do_not_count() -> None:
    budget = read(
        table(
            ["预算规模及资金用途", "预算数", "9.00", "其中：财政    资金", "9.00", "其他资金"],
            ["-", "购买巡护装备", "-", "-", "-", "-"],
            ["一级指标", "二级指标", "三级指标", "绩效指标描述", "指标值", "指标值确定依据"],
            ROW,
            spans={(0, 0): (2, 1), (1, 1): (1, 5)},
        )
    ).projects[0].budget
    assert budget.fiscal is not None
    assert (budget.fiscal.amount, budget.other, budget.purpose.text) == (Decimal("9.00"), None, "购买巡护装备")


def test_labels_with_their_value_in_one_cell() -> None:
    project = read(
        table(["项目名称：林区巡护", "项目编码：99010224P001"], ["年度目标：巡护900公里", "预算数（万元）：9"], ["三级指标", "指标值"], ["里程", "≥9公里"])
    ).projects[0]
    assert (project.name.text, project.code.text) == ("林区巡护", "99010224P001")
    assert [goal.text for goal in project.goals] == ["巡护900公里"]
    assert project.budget.total is not None
    assert project.budget.total.amount == 9


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1.巡护\n2.宣传", ["1.巡护", "2.宣传"]),
        ("1.目标内容1巡护\n2.目标内容2宣传", ["1.目标内容1巡护", "2.目标内容2宣传"]),
        ("1.巡护；2.宣传；3.培训", ["1.巡护；", "2.宣传；", "3.培训"]),
        ("目标1：巡护\n目标2：宣传", ["目标1：巡护", "目标2：宣传"]),
        ("（1）巡护\n（2）宣传", ["（1）巡护", "（2）宣传"]),
        ("1.巡护\n覆盖全部林班\n2.宣传", ["1.巡护\n覆盖全部林班", "2.宣传"]),
        ("巡护全部林班\n开展宣传", ["巡护全部林班\n开展宣传"]),
        ("完成1.5万亩造林", ["完成1.5万亩造林"]),
        ("", []),
    ],
)
def test_goal_items(text: str, items: list[str]) -> None:
    project = read(table(["绩效目标", text], ["三级指标", "指标值"], ["里程", "≥9公里"])).projects[0]
    assert [goal.text for goal in project.goals] == items
    assert "goals" not in project.absent


def test_later_goal_lines_of_a_text_dump_know_their_line() -> None:
    cells = (
        GridCell("绩效目标", 0, 0, source=SourceRef(kind="txt", line=7)),
        GridCell("1.巡护\n2.宣传", 0, 1, source=SourceRef(kind="txt", line=8)),
        *(GridCell(text, r, c) for r, row in enumerate([["三级指标", "指标值"], ["里程", "≥9"]], 1) for c, text in enumerate(row)),
    )
    goals = read(Table(cells, 3, 2), kind="txt").projects[0].goals
    assert [goal.source.line for goal in goals if goal.source] == [8, 9]


def test_plan_pairs_label_and_percentage_by_column() -> None:
    project = read(
        table(
            ["资金支出计划（%）", "3月底", "6月底", "12月底"],
            ["-", "20%", "", "100%"],
            ["一级指标", "三级指标", "指标值", "-"],
            ["产出指标", "里程", "≥9公里", "-"],
            spans={(0, 0): (2, 1)},
        )
    ).projects[0]
    assert [(p.label.text, p.percent.amount) for p in project.plan] == [("3月底", 20), ("6月底", None), ("12月底", 100)]


# --- rows ------------------------------------------------------------------------------------------------------------


def test_blank_level_cells_continue_the_row_above() -> None:
    rows = read(
        table(
            HEADER,
            ROW,
            ["", "成本指标", "每公里成本", "", "≤80元", ""],
            ["", "质量指标", "巡护到位率", "", "≥95%", ""],
            ["", "", "台账完整率", "", "≥95%", ""],
            ["效益指标", "", "火灾次数", "", "≤2次", ""],
        )
    ).projects[0].rows
    assert [(row.level1.text, row.level2.text) for row in rows] == [
        ("产出指标", "数量指标"),
        ("产出指标", "成本指标"),
        ("产出指标", "质量指标"),
        ("产出指标", "质量指标"),
        ("效益指标", ""),
    ]


def test_merged_levels_reach_down_but_an_own_blank_class_stays_blank() -> None:
    rows = read(
        table(
            HEADER,
            ROW,
            ["-", "-", "巡护次数", "", "≥12次", ""],
            ["-", "", "队员人数", "", "≥30人", ""],
            spans={(1, 0): (3, 1), (1, 1): (2, 1)},
        )
    ).projects[0].rows
    assert [(row.level1.text, row.level2.text) for row in rows] == [
        ("产出指标", "数量指标"),
        ("产出指标", "数量指标"),
        ("产出指标", ""),
    ]


def test_template_rows_are_rows_but_filler_rows_are_not() -> None:
    rows = read(
        table(
            HEADER,
            ROW,
            ["", "质量指标", "", "", "", ""],
            ["", "", "", "", "", ""],
            ["合计", "", "", "", "", ""],
            ["填表说明：一式两份", "", "", "", "", ""],
            ["填表人：", "", "联系电话：", "", "", ""],
        )
    ).projects[0].rows
    assert [(row.level2.text, row.name.text) for row in rows] == [("数量指标", "巡护里程"), ("质量指标", "")]


def test_rows_below_an_empty_merged_class_are_filler() -> None:
    rows = read(
        table(HEADER, ROW, ["-", "质量指标", "", "", "", ""], ["-", "-", "", "", "", ""], spans={(1, 0): (3, 1), (2, 1): (2, 1)})
    ).projects[0].rows
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


@pytest.mark.parametrize("value", ["≥95%", ">=95%", "≧95％", "＞95%", "═100%", "》3次", "不低于95%", "95%以上", "无", "≥  3 次", "逐年提升"])
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


# --- many projects ------------------------------------------------------------------------------------------------------


def test_many_projects_in_one_sheet_one_under_another() -> None:
    def block(name: str, title: bool) -> list[list[str]]:
        head = [[f"{name}绩效目标表", "", "", "", "", ""]] if title else []
        return [*head, ["项目名称", name, "", "项目编码", f"99{name}", ""], HEADER, ROW, ["", "质量指标", "到位率", "", "≥95%", ""]]

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
    tail = table(["", "质量指标", "到位率", "", "≥95%", ""], ["满意度指标", "服务对象满意度指标", "居民满意度", "", "≥90%", ""])
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
        table(head, ["P1", "巡护", "产出指标", "数量指标", "里程", "≥9公里"], ["", "", "", "质量指标", "到位率", "≥95%"], ["P2", "苗圃", "", "数量指标", "株数", "≥3株"]),
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
    document = read("目  录", "某县林业局2027年部门预算绩效目标", "一、总体绩效目标", "保护森林。", "1.巡护绩效目标表", table(HEADER, ROW))
    assert document.title.text == "某县林业局2027年部门预算绩效目标"
    assert document.projects[0].title.text == "1.巡护绩效目标表"


def test_table_that_looks_like_indicators_but_cannot_be_read_is_reported() -> None:
    odd = table(["类", "做什么", "做到多少"], ["数量指标", "巡护", "900公里"], ["质量指标", "到位", "95%"], part="table 2")
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
    raw = RawDocument("docx", (table(HEADER, ROW),), read(table(["类", "x"], ["数量指标", "a"], ["质量指标", "b"])).problems)
    assert [problem.kind for problem in assemble(raw, limits=Limits()).problems] == ["unread-table"]


def test_too_many_projects() -> None:
    sheets = [table(HEADER, ROW, part=f"S{n}") for n in range(4)]
    assert len(read(*sheets, kind="xlsx", limits=Limits(max_projects=4)).projects) == 4
    with pytest.raises(TooLarge, match="3"):
        read(*sheets, kind="xlsx", limits=Limits(max_projects=3))
    rows = [[f"P{n}", "巡护", "里程", "≥9"] for n in range(4)]
    with pytest.raises(TooLarge):
        read(table(["项目编码", "项目名称", "三级指标", "指标值"], *rows), kind="csv", limits=Limits(max_projects=3))
