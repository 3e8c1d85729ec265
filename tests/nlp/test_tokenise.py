"""Words: the two engines agree, nothing is lost, the field's dictionary is used."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import tokenise
from nlp.classify.exemplars import _index


def test_words_join_to_the_text() -> None:
    assert (
        "".join(tokenise.words("0-6岁儿童眼保健(含视力)检查≥300人次"))
        == "0-6岁儿童眼保健(含视力)检查≥300人次"
    )


def test_field_words_are_kept_whole() -> None:
    assert tokenise.words("设备验收合格率")[-1] == "合格率"
    assert "服务对象" in tokenise.words("服务对象满意度")


def test_engines_agree_on_every_labelled_name(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rjieba", reason="未安装 rjieba（可选部件 fast）")
    names = [name for name, _ in _index()[0]]
    found = {}
    for engine in ("jieba", "rjieba"):
        monkeypatch.setattr(tokenise, "engine", lambda engine=engine: engine)
        tokenise.words.cache_clear()
        found[engine] = [tokenise.words(name) for name in names]
    tokenise.words.cache_clear()
    assert len(names) > 5000
    assert found["jieba"] == found["rjieba"]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_cut_without_loss(text: str) -> None:
    assert "".join(tokenise.words(text)) == text
