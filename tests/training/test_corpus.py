"""The corpora: size, sectors, split, and that the shipped weights come from them."""

import os
from pathlib import Path

import numpy as np
import pytest

from nlp.classify import CATEGORIES, classify_many
from nlp.classify.artifact import FOLDER
from nlp.text import core_name, normalise
from nlp.training import corpus
from nlp.training.grammar import generate, sectors

SHARED = Path(__file__).resolve().parents[3] / "shared"


def test_size_and_breadth() -> None:
    rows = corpus.load()
    assert len({normalise(row.query.name) for row in rows}) >= 12_000
    assert len({row.sector for row in rows if row.source == "written"}) >= 40
    assert {label for row in rows for label in row.labels} == set(CATEGORIES)


def test_held_out_parts_share_no_name_with_training() -> None:
    parts = corpus.split()
    train = {normalise(row.query.name) for row in parts.train}
    held_sectors = {row.sector for row in parts.sectors}
    assert len(held_sectors) == 8
    assert not held_sectors & {row.sector for row in parts.train}
    assert not train & {normalise(row.query.name) for row in (*parts.sectors, *parts.phrasings)}


def test_generated_names_are_reproducible_and_distinct() -> None:
    slug, frame = next(iter(sectors().items()))
    first, again = list(generate(slug, frame)), list(generate(slug, frame))
    assert first == again
    assert len({draft.name for draft in first}) == len(first)
    assert all("{" not in draft.name + draft.description + draft.value for draft in first)


def test_no_name_of_the_evaluation_file_is_in_the_corpora() -> None:
    path = SHARED / "eval" / "dev.tsv"
    if not path.is_file():
        pytest.skip("没有 ../shared/eval/dev.tsv，跳过与评测数据的比对")
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    names = {core_name(row.query.name) for row in corpus.load()}
    assert not {core_name(cells[1]) for cells in lines} & names


def test_training_again_gives_the_same_answers(tmp_path: Path) -> None:
    """Slow (about half a minute): trains on all rows, without calibration folds."""
    pytest.importorskip("sklearn", reason="未安装 scikit-learn（可选部件 train）")
    from nlp.classify.artifact import load
    from nlp.training.fit import fit, raw_probabilities

    parts = corpus.split()
    held = [row.query for row in (*parts.sectors, *parts.phrasings)]
    fitted = fit(parts.train)
    raw = raw_probabilities(fitted, held)[:, : len(CATEGORIES)]
    again = [CATEGORIES[i] for i in raw.argmax(axis=1)]
    shipped = [item.category for item in classify_many(held)]
    assert load(FOLDER).vocabulary.keys() == set(fitted.features)
    top = np.sort(raw, axis=1)
    clear = top[:, -1] - top[:, -2] > 1e-3
    assert [a for a, ok in zip(again, clear, strict=True) if ok] == [
        s for s, ok in zip(shipped, clear, strict=True) if ok
    ]
    assert clear.mean() > 0.99


@pytest.mark.skipif(
    not os.environ.get("BIAOCHI_FULL_TRAINING"),
    reason="完整训练约 1 分钟，设置 BIAOCHI_FULL_TRAINING=1 时运行",
)
def test_full_training_gives_the_same_files(tmp_path: Path) -> None:
    from nlp.training.fit import train

    train(tmp_path)
    for name in ("weights.npz", "meta.json", "exemplars.tsv"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()
