from __future__ import annotations

import pytest

from nlp.columns import is_level1_name
from nlp.scheme import CATEGORIES, GROUPS, best_other, choose_scheme, load_scheme, scheme_ids

NINE = [
    ("产出指标", "数量指标"),
    ("产出指标", "质量指标"),
    ("产出指标", "时效指标"),
    ("产出指标", "成本指标"),
    ("效益指标", "经济效益指标"),
    ("效益指标", "社会效益指标"),
    ("效益指标", "生态效益指标"),
    ("效益指标", "可持续影响指标"),
    ("满意度指标", "服务对象满意度指标"),
]
TEN = [
    ("成本指标", "经济成本指标"),
    ("成本指标", "社会成本指标"),
    ("成本指标", "生态环境成本指标"),
    ("产出指标", "数量指标"),
    ("产出指标", "质量指标"),
    ("产出指标", "时效指标"),
    ("效益指标", "经济效益指标"),
    ("效益指标", "社会效益指标"),
    ("效益指标", "生态效益指标"),
    ("满意度指标", "服务对象满意度指标"),
]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("数量指标", "数量"),
        ("数量", "数量"),
        ("产出数量", "数量"),
        ("数量指标（必填）", "数量"),
        ("二级指标", None),
        ("质量指标（必填硬性指标）", "质量"),
        ("质量指标(年度)", "质量"),
        ("时效指标（长期）", "时效"),
        ("进度指标", "时效"),
        ("进度", "时效"),
        ("产出成本", "成本"),
        ("经济成本指标", "成本"),
        ("社会成本指标", "社会成本"),
        ("生态环境成本指标", "生态环境成本"),
        ("环境效益", "生态效益"),
        ("可持续影响指标（选填）", "可持续影响"),
        ("满意度指标", "服务对象满意度"),
        ("社会公众或服务对象满意度指标", "服务对象满意度"),
        ("服务对象满意度指标等", "服务对象满意度"),
        ("★经济效益指标", "经济效益"),
        ("社会 效益\n指标", "社会效益"),
        ("11", "数量"),
        ("001004", "成本"),
        ("", None),
        ("综合指标", None),
    ],
)
def test_category(text: str, category: str | None) -> None:
    assert load_scheme("cn2015").category(text) == category


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("产出指标", "产出"),
        ("产出指标（50分）", "产出"),
        ("产出指标(50分)", "产出"),
        ("项目产出", "产出"),
        ("项目完成指标", "产出"),
        ("效果指标", "效益"),
        ("项目效果", "效益"),
        ("项目效益指标", "效益"),
        ("满意度指标（10分）", "满意度"),
        ("成本指标", "成本"),
        ("001", "产出"),
        ("2", "效益"),
        ("基础信息", None),
        ("", None),
    ],
)
def test_level1_group(text: str, group: str | None) -> None:
    assert load_scheme("cn2015").level1_group(text) == group


@pytest.mark.parametrize("scheme_id", scheme_ids())
def test_packs_are_consistent(scheme_id: str) -> None:
    scheme = load_scheme(scheme_id)
    assert scheme.id == scheme_id
    assert scheme.title
    for branch in scheme.level1:
        assert branch.group in GROUPS
        assert scheme.level1_group(branch.name) == branch.group
        for item in branch.level2:
            assert item.category in CATEGORIES
            assert scheme.category(item.name) == item.category
            assert scheme.legal(branch.name, item.name)
    assert set(scheme.required_categories) <= {item.category for b in scheme.level1 for item in b.level2}


def test_parent_and_names() -> None:
    old, new = load_scheme("cn2015"), load_scheme("cn2021")
    assert old.parent_group("成本") == "产出"
    assert new.parent_group("成本") == "成本"
    assert old.level2_name("成本") == "成本指标"
    assert new.level2_name("成本") == "经济成本指标"
    assert new.level1_name("效益") == "效益指标"
    assert new.parent_group("可持续影响") == "效益"
    with pytest.raises(KeyError):
        old.parent_group("其他")


def test_legal_pairs() -> None:
    old, new = load_scheme("cn2015"), load_scheme("cn2021")
    assert old.legal("产出指标", "成本指标")
    assert not new.legal("产出指标", "成本指标")
    assert new.legal("成本指标", "经济成本指标")
    assert not old.legal("效益指标", "数量指标")
    assert not new.legal("效益指标", "可持续影响指标")
    assert old.legal("", "数量指标")
    assert old.legal("产出指标", "")
    assert not old.legal("背景", "数量指标")
    assert not old.legal("产出指标", "其他指标")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (NINE, "cn2015"),
        (TEN, "cn2021"),
        ([*TEN, ("效益指标", "可持续影响指标")], "cn2015-2021-mix"),
        (
            [("产出指标", "数量指标"), ("产出指标", "进度指标"), ("效益指标", "环境效益指标")],
            "beijing-district",
        ),
        ([("产出指标", ""), ("效果指标", "")], "old-hebei"),
        ([("产出指标", ""), ("效益指标", ""), ("满意度指标", "")], "cn2015"),
        ([("产出与效果", "图书借阅"), ("社会评价", "读者评价")], "dept-frame"),
        ([("产出指标", "数量指标"), ("效益指标", "社会效益指标")], "cn2015"),
        ([("", "数量指标"), ("", "可持续影响指标")], "cn2015"),
        ([], "cn2015"),
    ],
)
def test_choose_scheme(labels: list[tuple[str, str]], expected: str) -> None:
    choice = choose_scheme(labels)
    assert choice.id == expected
    assert choice.fit == (1.0 if labels else 0.0)
    assert choice.runner_up != choice.id
    assert choice.runner_up_fit <= choice.fit


def test_choose_scheme_with_faulty_rows() -> None:
    choice = choose_scheme([*NINE, ("产出指标", "社会效益指标")])
    assert (choice.id, choice.fit) == ("cn2015", 0.9)


def test_best_other() -> None:
    other = best_other(NINE, "cn2021")
    assert other is not None
    assert (other.id, other.fit) == ("cn2015", 1.0)
    assert other.active_fit == pytest.approx(7 / 9)
    assert best_other(NINE, "cn2015") is None
    assert best_other([], "cn2015") is None
    # Half of the labels fit nothing: no pack is clearly better.
    assert best_other([*NINE[:4], *[("甲", "乙")] * 4], "cn2021") is None


def test_unknown_pack() -> None:
    with pytest.raises(KeyError):
        load_scheme("cn1999")


def test_level1_names() -> None:
    assert is_level1_name("产出指标（50分）")
    assert is_level1_name("项目效果")
    assert not is_level1_name("产出指标说明书")
