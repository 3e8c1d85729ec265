"""Links between names and figures."""

from __future__ import annotations

import pytest

from nlp.linking import (
    SAME_OBJECT,
    clause_at,
    is_delivered,
    link_items,
    object_of,
    same_object,
    sentence_at,
    speaks_of_other_base,
)


def _pairs(items: list[str], projects: list[str]) -> list[tuple[int, int, bool]]:
    return [(link.item, link.project, link.exact) for link in link_items(items, projects)]


def test_equal_names_win_over_similar_ones() -> None:
    items = ["镇级河道保洁办经费", "河道保洁办经费"]
    assert _pairs(items, ["河道保洁办经费", "镇级河道保洁经费"]) == [(0, 1, False), (1, 0, True)]


@pytest.mark.parametrize(
    ("item", "project"),
    [
        ("校舍维修", "校舍维修经费"),
        ("学生意外险", "学生伤害意外险"),
        ("农村公路养护值守经费", "农村公路养护经费"),
        ("图书采购", "]图书采购"),
        ("1.图书采购", "图书采购"),
    ],
)
def test_links_different_spellings(item: str, project: str) -> None:
    assert [(i, p) for i, p, _ in _pairs([item], [project])] == [(0, 0)]


@pytest.mark.parametrize(
    ("item", "project"),
    [
        ("小学教师培训", "中学教师培训"),
        ("河道治理一期工程", "河道治理二期工程"),
        ("奖励经费", "专项经费"),
        ("农村饮水安全", "城市供热补贴"),
        ("2023年度培训", "2024年度培训"),
        ("", ""),
    ],
)
def test_does_not_link_different_projects(item: str, project: str) -> None:
    assert _pairs([item], [project]) == []


def test_links_are_one_to_one() -> None:
    links = link_items(["公路养护", "公路养护"], ["公路养护经费"])
    assert len(links) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("印发防溺水宣传折页20000余张", "制作防溺水折页"),
        ("资助困难学生120名", "家庭经济困难学生人数"),
        ("全年河道巡查6次", "全年重要时期河道巡查次数"),
        ("清淤河道12.5公里", "河道清淤公里数"),
    ],
)
def test_same_object(first: str, second: str) -> None:
    assert same_object(first, second) >= SAME_OBJECT
    assert same_object(second, first) == same_object(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("发放宣传手册500份", "发放宣传明白纸"), ("新建公厕5座", "道路养护里程"), ("3次", "次数"), ("", "河道")],
)
def test_other_object(first: str, second: str) -> None:
    assert same_object(first, second) < SAME_OBJECT


def test_object_of_drops_figures_verbs_and_measures() -> None:
    assert object_of("发放防疫手册4500余份") == "防疫手册"
    assert object_of("受训教师人数") == "受训教师"


def test_bounds_keep_thousands_together() -> None:
    text = "发放手册20,000份，举办讲座3场。其他"
    start = text.index("20")
    assert text[slice(*clause_at(text, start, start + 2))] == "发放手册20,000份"
    assert text[slice(*sentence_at(text, start, start + 2))] == "发放手册20,000份，举办讲座3场"


def test_delivery_and_scope() -> None:
    assert is_delivered("发放安全手册")
    assert not is_delivered("为辖区内")
    assert not is_delivered("对参训教师发放")
    assert not is_delivered("教师")


def test_other_base() -> None:
    assert speaks_of_other_base("较上年增长5%")
    assert not speaks_of_other_base("培训教师300人")
