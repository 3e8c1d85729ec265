"""Edits on a copy: exact, refused when stale, filled, told apart when they meet, and found again as a difference."""

from __future__ import annotations

from typing import Any

import pytest

from models.records.document import Document
from models.records.finding import Edit, Slot
from rules.engine.edits import (
    EditError,
    StaleEdit,
    apply,
    check_value,
    difference,
    fill,
    kept_rows,
    open_blanks,
    overlap,
    row_cells,
)
from rules.engine.testing import document_of

ROWS = [
    {"level2": "数量指标", "name": "检修灯具数量", "value": "≥120盏", "basis": "计划标准"},
    {"level2": "质量指标", "name": "检修合格率", "value": "≥95%", "basis": "行业标准"},
]


def _document(**project: Any) -> Document:
    return document_of(
        {"project": {"name": "路灯检修", "goals": ["1.检修路灯", "2.保持照明"], "rows": ROWS, **project}}
    )


def _row(document: Document, row: int) -> dict[str, str]:
    return dict(row_cells(document.projects[0].rows[row]))


def test_a_cell_changes_and_nothing_else_does() -> None:
    before = _document()
    after = apply(before, [Edit("projects[0].rows[1].value", "≥95%", "≥98%")])
    assert _row(after, 1) == {**_row(before, 1), "value": "≥98%"}
    assert after.projects[0].rows[0] is before.projects[0].rows[0]
    assert before.projects[0].rows[1].value.text == "≥95%"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("projects[0].goals[1]", "2.保持照明", "2.主干道夜间照明"),
        ("projects[0].name", "路灯检修", "城区路灯检修"),
        ("projects[0].budget.total", "50.00", "60.00"),
        ("projects[0].plan[1]", "60", "70"),
    ],
)
def test_other_places_of_a_project_can_be_edited(path: str, old: str, new: str) -> None:
    before = _document(budget="50.00", plan=["30", "60", "80", "100"])
    after = apply(before, [Edit(path, old, new)])
    assert difference(before, after, {0: {0: 0, 1: 1}}) == (Edit(path, old, new),)


def test_amounts_are_read_again() -> None:
    after = apply(_document(budget="50.00"), [Edit("projects[0].budget.total", "50.00", "60.5")])
    total = after.projects[0].budget.total
    assert total is not None
    assert str(total.amount) == "60.5"


def test_rows_are_added_behind_the_last_and_removed() -> None:
    before = _document()
    new = (("level2", "时效指标"), ("name", "报修处理时限"), ("value", "≤2天"))
    gone = row_cells(before.projects[0].rows[0])
    after = apply(before, [Edit("projects[0].rows[2]", None, new), Edit("projects[0].rows[0]", gone, None)])
    assert [row.name.text for row in after.projects[0].rows] == ["检修合格率", "报修处理时限"]
    assert after.projects[0].rows[1].absent == before.projects[0].rows[0].absent


@pytest.mark.parametrize(
    "edit",
    [
        Edit("projects[0].rows[1].value", "≥90%", "≥98%"),
        Edit("projects[0].rows[7].value", "≥95%", "≥98%"),
        Edit("projects[0].rows[3]", None, (("name", "甲"),)),
        Edit("projects[0].rows[0]", (("name", "别的"),), None),
        Edit("projects[0].goals[5]", "", "目标"),
    ],
)
def test_a_stale_edit_is_refused(edit: Edit) -> None:
    with pytest.raises(StaleEdit, match="重新检查"):
        apply(_document(), [edit])


@pytest.mark.parametrize(
    "edit",
    [
        Edit("projects[3].name", "路灯检修", "甲"),
        Edit("department.items[0]", "甲", "乙"),
        Edit("projects[0].rows[0].operator", "", "≥"),
        Edit("projects[0].rows[0].weight", "", "10"),
        Edit("projects[0].scheme", "cn2015", "cn2021"),
        Edit("projects[0].rows[2]", None, (("price", "1"),)),
    ],
)
def test_a_place_that_cannot_be_edited_is_refused(edit: Edit) -> None:
    with pytest.raises(EditError):
        apply(_document(), [edit])


def test_two_edits_of_one_cell_are_refused() -> None:
    path = "projects[0].rows[1].value"
    with pytest.raises(EditError, match="两处修改"):
        apply(_document(), [Edit(path, "≥95%", "≥98%"), Edit(path, "≥95%", "≥99%")])


def test_edits_that_meet_are_told() -> None:
    cell = Edit("projects[0].rows[1].value", "≥95%", "≥98%")
    gone = Edit("projects[0].rows[1]", (("name", "检修合格率"),), None)
    added = Edit("projects[0].rows[2]", None, (("name", "甲"),))
    assert overlap([cell], [cell]) == cell.path
    assert overlap([cell], [gone]) == cell.path
    assert overlap([gone], [cell]) == cell.path
    assert overlap([added], [added]) is None
    assert overlap([cell], [added]) is None


def test_blanks_are_filled_in_cells_and_new_rows() -> None:
    edits = [
        Edit("projects[0].rows[1].value", "≥95%", "≥〔待填：近三年平均值〕%"),
        Edit("projects[0].rows[2]", None, (("name", "甲"), ("value", "≤〔待填：合同日期〕"))),
    ]
    assert open_blanks(edits) == ("近三年平均值", "合同日期")
    done = fill(edits, {"近三年平均值": "96.5", "合同日期": "10月31日"})
    assert done[0].new == "≥96.5%"
    assert dict(done[1].new or ())["value"] == "≤10月31日"  # type: ignore[arg-type]
    assert open_blanks(done) == ()


@pytest.mark.parametrize("value", ["", "  ", "约十个", "1e9", "９６", "〔待填：甲〕", "9" * 16])
def test_a_number_blank_takes_numbers_only(value: str) -> None:
    with pytest.raises(EditError):
        check_value(Slot("slot1", "近三年平均值", "number"), value)


def test_a_text_blank_takes_one_line() -> None:
    slot = Slot("slot1", "文件名称", "text")
    assert check_value(slot, " 《示例办法》 ") == "《示例办法》"
    for value in ("甲\n乙", "\x07", "长" * 201):
        with pytest.raises(EditError):
            check_value(slot, value)


def test_the_difference_of_two_documents_leads_from_one_to_the_other() -> None:
    before = _document()
    edits = (
        Edit("projects[0].rows[1].name", "检修合格率", "路灯检修合格率"),
        Edit(
            "projects[0].rows[2]", None, (("level2", "时效指标"), ("name", "报修处理时限"), ("value", "≤2天"))
        ),
        Edit("projects[0].rows[0]", row_cells(before.projects[0].rows[0]), None),
    )
    after = apply(before, edits)
    found = difference(before, after, {0: kept_rows(before.projects[0], edits, 0)})
    assert apply(before, found) == after
