"""The model card with its pictures: `python -m nlp.training.card [FILE.tsv]` (make evaluate)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nlp.classify import CATEGORIES
from nlp.classify.artifact import FOLDER, load
from nlp.training.corpus import load as load_corpus
from nlp.training.corpus import split
from nlp.training.metrics import GoldRow, Result, evaluate, read_tsv

WORST = 50
_SHORT = ("数量", "质量", "时效", "成本", "社会成本", "生态成本", "经济", "社会", "生态", "可持续", "满意度")


def main(arguments: Sequence[str]) -> None:
    """Write CARD.md and the pictures beside the weights."""
    parts = split()
    results = {
        "留出领域": evaluate([GoldRow(row.query, row.labels) for row in parts.sectors], None),
        "留出句式": evaluate([GoldRow(row.query, row.labels) for row in parts.phrasings], None),
    }
    outside = {
        Path(name).name: evaluate(read_tsv(Path(name).read_text(encoding="utf-8"), name, "cn2015"), "cn2015")
        for name in arguments
    }
    text = "\n".join(_lines(results, outside)) + "\n"
    (FOLDER / "CARD.md").write_text(text, encoding="utf-8")
    _pictures({**results, **outside}, FOLDER)
    print(f"已写入 {FOLDER / 'CARD.md'}")


def _lines(results: dict[str, Result], outside: dict[str, Result]) -> Iterator[str]:
    artifact = load()
    parts = split()
    rows = load_corpus()
    sources = {name: sum(row.source == name for row in rows) for name in ("written", "contrast", "generated")}
    yield "# 模型说明：indicator-class"
    yield ""
    yield f"版本 {artifact.version}，sha256 `{artifact.sha256[:16]}`。判断三级指标属于哪一类二级指标，另判断是否管理要求、是否空泛。"
    yield ""
    yield "## 用途与限度"
    yield ""
    yield "- 供 `biaochi classify` 与类型、重复、量化类规则使用，结论以人工审核为准。`confidence` 是“细心的审核人会接受该类型”的概率，各类之和可以大于 1（两可的名称）。"
    yield f"- 可信度低于 {artifact.abstain_below:.2f} 时弃权（`abstain`），规则不据以提示。"
    yield "- 只看名称、描述、指标值与单位，不看申报的类型；描述、指标值可缺。"
    yield "- 语料由本项目自写，不含任何真实申报表；各地口径不一之处按两可处理。"
    yield ""
    yield "## 训练"
    yield ""
    yield f"- 语料共 {len(rows)} 行：手写 {sources['written']}、对照组 {sources['contrast']}、文法生成 {sources['generated']}；{len({row.query.name for row in rows})} 个不同名称，来源见 `corpora/SOURCES.md`。"
    yield f"- 训练 {len(parts.train)} 行；留出领域 {len(parts.sectors)} 行（整个领域不参与训练）；留出句式 {len(parts.phrasings)} 行（整种句式不参与训练）。"
    yield f"- 特征 {len(artifact.vocabulary)} 个：名称的 1–3 字序列与结尾 4、5 字、描述的 2 字序列、指标值的种类、符号与单位。每类一个逻辑回归，按整领域交叉验证校准（首选与其余各一条曲线）。与其他模型的比较见 `DECISIONS.md` 第 20 条。"
    yield "- `biaochi train` 重新训练，相同语料得到相同文件。"
    yield ""
    yield "## 成绩"
    yield ""
    yield "| 数据 | 行数 | 可接受准确率 | 单标签准确率 | 宏平均 F1 | 校准误差 | 覆盖 90% 时准确率 |"
    yield "|---|---|---|---|---|---|---|"
    for name, result in [*results.items(), *outside.items()]:
        at90 = next(accuracy for share, accuracy, _ in result.coverage() if share == 0.9)
        yield f"| {name} | {len(result.rows)} | {result.any_of:.4f} | {result.single_accuracy:.4f} | {result.macro_f1:.4f} | {result.ece:.4f} | {at90:.4f} |"
        for origin, part in result.by_origin().items():
            yield f"| {name}，来源 {origin} | {len(part.rows)} | {part.any_of:.4f} | {part.single_accuracy:.4f} | {part.macro_f1:.4f} | {part.ece:.4f} | |"
    for name, result in results.items():
        yield ""
        yield f"### {name}：各类（只计单标签行）"
        yield ""
        yield "| 类别 | 精确率 | 召回率 | F1 | 行数 |"
        yield "|---|---|---|---|---|"
        for category, item in result.per_class().items():
            yield f"| {category} | {item['precision']:.3f} | {item['recall']:.3f} | {item['f1']:.3f} | {item['support']:.0f} |"
    yield ""
    yield "![可靠性](reliability.png) ![准确率与覆盖](coverage.png) ![混淆矩阵](confusion.png)"
    yield ""
    yield "混淆矩阵为留出领域的单标签行；图中若以 1–11 标注，依次为" + "、".join(CATEGORIES) + "。"
    for name, result in results.items():
        yield ""
        yield f"## {name}中最有把握的错误（至多 {WORST} 条）"
        yield ""
        yield "| 名称 | 指标值 | 应为 | 判为 | 可信度 |"
        yield "|---|---|---|---|---|"
        for row, found in list(result.errors())[:WORST]:
            cells = (
                row.query.name,
                row.query.value,
                "或".join(row.gold),
                found.category,
                f"{found.confidence:.2f}",
            )
            yield "| " + " | ".join(cell.replace("|", "｜") for cell in cells) + " |"


def _pictures(results: dict[str, Result], folder: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib import font_manager

    wanted = ("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "SimHei")
    have = {font.name for font in font_manager.fontManager.ttflist}
    font = next((name for name in wanted if name in have), None)
    if font is not None:
        plt.rcParams["font.family"] = font
    latin = font is None
    names = {"留出领域": "held-out sectors", "留出句式": "held-out phrasings"} if latin else {}

    def words(chinese: str, english: str) -> str:
        return english if latin else chinese

    def save(figure: Any, name: str) -> None:
        figure.tight_layout()
        figure.savefig(folder / name, dpi=90, metadata={"Software": None})
        plt.close(figure)

    figure, axes = plt.subplots(figsize=(4.5, 4.2))
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for name, result in results.items():
        points = result.reliability()
        axes.plot(
            [c for c, _, _ in points],
            [a for _, a, _ in points],
            marker="o",
            label=f"{names.get(name, name)} ECE {result.ece:.3f}",
        )
    axes.set_xlabel(words("可信度", "confidence"))
    axes.set_ylabel(words("准确率", "accuracy"))
    axes.legend()
    save(figure, "reliability.png")
    figure, axes = plt.subplots(figsize=(4.5, 4.2))
    for name, result in results.items():
        answered = result.coverage()
        axes.plot(
            [s for s, _, _ in answered], [a for _, a, _ in answered], marker="o", label=names.get(name, name)
        )
    axes.set_xlabel(words("覆盖", "coverage"))
    axes.set_ylabel(words("准确率", "accuracy"))
    axes.legend()
    save(figure, "coverage.png")
    table = results["留出领域"].confusion()
    figure, axes = plt.subplots(figsize=(6, 5.6))
    axes.imshow(table / table.sum(axis=1, keepdims=True).clip(1), cmap="Blues")
    labels = [str(i + 1) for i in range(len(CATEGORIES))] if latin else list(_SHORT)
    axes.set_xticks(range(len(labels)), labels, rotation=60)
    axes.set_yticks(range(len(labels)), labels)
    for i in range(len(labels)):
        for j in range(len(labels)):
            if table[i, j]:
                axes.text(j, i, str(table[i, j]), ha="center", va="center", fontsize=7)
    axes.set_xlabel(words("判为", "predicted"))
    axes.set_ylabel(words("应为", "gold"))
    save(figure, "confusion.png")


if __name__ == "__main__":
    main(sys.argv[1:])
