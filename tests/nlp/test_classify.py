"""The class model through its interface: equal answers, missing cells, abstention, damaged files."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.store import CorpusError
from nlp.classify import CATEGORIES, Query, classify, classify_many, cues, load, nearest
from nlp.classify.artifact import FOLDER
from nlp.classify.artifact import load as load_artifact
from nlp.classify.batch import known
from nlp.classify.features import pieces

# Names written for this test; none stands in the corpora.
PLAIN = {
    "数字影院观众满意度": "服务对象满意度",
    "老人助餐服务申请受理及时率": "时效",
    "候车亭更换座数": "数量",
    "候车亭安装验收合格率": "质量",
    "候车亭单座造价": "成本",
    "带动沿街商户销售收入增长": "经济效益",
    "居民对急救知识的知晓率": "社会效益",
    "湖区水质改善程度": "生态效益",
    "助餐点长效运营机制": "可持续影响",
}


@pytest.mark.parametrize(("name", "category"), PLAIN.items())
def test_plain_names(name: str, category: str) -> None:
    found = classify(Query(name))
    assert (found.category, found.abstain) == (category, False)


def test_batch_and_single_agree() -> None:
    queries = [Query(name, "", "≥95%") for name in PLAIN] * 700
    many = classify_many(queries)
    assert many[: len(PLAIN)] == [classify(query) for query in queries[: len(PLAIN)]]
    assert many[-1] == many[len(PLAIN) - 1]


# Words of which the vocabulary holds many sequences, and characters that folding drops, doubles or changes.
_PARTS = st.lists(
    st.sampled_from([*PLAIN, "（", "①", "Ａ", "\ud800", "\U00020000", "ﬁ", "\n", "≥95%", "甲"]), max_size=6
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(_PARTS, _PARTS, st.text(max_size=8), st.sampled_from(["", "%", "万元"])), max_size=6)
)
def test_a_batch_finds_the_features_of_every_row(cells: list[tuple[list[str], list[str], str, str]]) -> None:
    queries = [
        Query("".join(name), "".join(description), value, unit) for name, description, value, unit in cells
    ]
    queries += [Query("候车亭更换座数"), Query("")]
    vocabulary = load().vocabulary
    rows, places = known(load(), queries)
    assert list(zip(rows.tolist(), places.tolist(), strict=True)) == [
        (row, place)
        for row, query in enumerate(queries)
        for place in sorted({vocabulary[piece] for piece in pieces(query) if piece in vocabulary})
    ]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30), st.text(max_size=10))
def test_any_text_gets_a_ranked_answer(name: str, description: str, value: str, unit: str) -> None:
    found = classify(Query(name, description, value, unit))
    shares = [share for _, share in found.ranked]
    assert found.ranked[0] == (found.category, found.confidence)
    assert {item for item, _ in found.ranked} == set(CATEGORIES)
    assert all(0 < share < 1 for share in shares)
    assert shares[1:] == sorted(shares[1:], reverse=True)


@pytest.mark.parametrize(("name", "category"), PLAIN.items())
def test_missing_cells_do_not_change_the_class(name: str, category: str) -> None:
    assert classify(Query(name, "按实际情况统计", "达到预期")).category == category


def test_classes_of_the_pack_only() -> None:
    ten = frozenset(CATEGORIES) - {"可持续影响"}
    found = classify(Query("长效管护机制健全性"), ten)
    assert {item for item, _ in found.ranked} == ten
    assert found.probability("可持续影响") == 0.0


def test_nonsense_is_not_answered_with_confidence() -> None:
    assert classify(Query("甲乙丙丁戊")).abstain


def test_management_and_vagueness_are_seen() -> None:
    assert (
        classify(Query("项目预算资金执行率")).management > 0.5 > classify(Query("候车亭更换座数")).management
    )
    assert classify(Query("提高整体工作水平")).vague > 0.5 > classify(Query("候车亭更换座数")).vague


def test_cues_stand_in_the_name_or_name_the_value() -> None:
    found = cues(Query("老人助餐服务申请受理及时率", "", "≥95%"), "时效")
    assert "及时率" in found
    assert all(cue in "老人助餐服务申请受理及时率" or cue.startswith("指标值为") for cue in found)


def test_nearest_are_similar_and_of_the_class() -> None:
    found = nearest("设备安装验收合格率", "质量")
    assert found
    assert all(item.category == "质量" and item.similarity >= 0.55 for item in found)
    assert nearest("zzzz") == ()


def test_artifact_is_small_and_named_by_its_hash() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 10_000_000
    assert len(load().sha256) == 64


@pytest.mark.parametrize("damage", ["missing", "changed", "format"])
def test_damaged_artifact_is_a_clear_error(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / damage
    shutil.copytree(FOLDER, folder)
    if damage == "missing":
        (folder / "weights.npz").unlink()
    elif damage == "changed":
        data = bytearray((folder / "weights.npz").read_bytes())
        data[len(data) // 2] ^= 1
        (folder / "weights.npz").write_bytes(bytes(data))
    else:
        (folder / "meta.json").write_text('{"format": 99}', encoding="utf-8")
    with pytest.raises(CorpusError, match="biaochi train"):
        load_artifact(folder)
