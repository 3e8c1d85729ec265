"""The commands around the class model: classify, train, evaluate."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from corpora.store import CorpusError
from service.cli_text import ChineseCommand
from service.commands import read_input
from service.errors import InputError, SettingsError
from service.progress import Progress
from service.settings import limits_from

_CHUNK = 2048


@click.command(cls=ChineseCommand)
@click.argument("path", required=False, default="-", metavar="[文件]")
@click.option(
    "--scheme", type=click.Choice(("cn2015", "cn2021")), default="cn2015", help="指标体系，默认 cn2015"
)
@click.option(
    "--format",
    "fmt",
    type=click.Choice(("jsonl", "csv", "xlsx")),
    help="输出格式；默认与输入相同，标准输入为 jsonl",
)
@click.option("-o", "--output", "out", metavar="文件", help="写到此文件，默认标准输出")
def classify(path: str, scheme: str, fmt: str | None, out: str | None) -> int:
    """判断三级指标属于哪一类二级指标：标准输入每行一个 JSON 对象，或给出 jsonl、csv、xlsx 文件。"""
    from service import classifying
    from service.output import write_all

    limits = limits_from()
    data, name = read_input(path, limits)
    kind = Path(name).suffix.lower().lstrip(".") if path != "-" else "jsonl"
    is_table = kind not in ("jsonl", "ndjson", "json", "")
    fmt = fmt or (kind if kind in ("csv", "xlsx") else "jsonl" if not is_table else "csv")
    if fmt == "xlsx" and out is None and sys.stdout.isatty():
        raise SettingsError("输出 xlsx 时请用 -o 指定文件")
    if is_table:
        sheet = classifying.read_sheet(data, name, limits)
        items: Sequence[classifying.Item] = sheet.items
    else:
        sheet = None
        items = list(classifying.read_lines(data, limits))
    found = []
    with Progress("已分类", len(items), above=_CHUNK) as progress:
        for start in range(0, len(items), _CHUNK):
            found += classifying.answers(items[start : start + _CHUNK], scheme)
            progress.show(min(start + _CHUNK, len(items)))
    if fmt == "jsonl":
        encoded = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in found).encode("utf-8")
    else:
        if sheet is None:
            sheet = classifying.sheet_of(items)
        table = classifying.filled(sheet, found)
        encoded = classifying.as_csv(table) if fmt == "csv" else classifying.as_xlsx(table)
    if out is None:
        sys.stdout.buffer.write(encoded)
        sys.stdout.buffer.flush()
    else:
        write_all([(Path(out), encoded)])
        click.echo(f"已写入 {out}", err=True)
    return 0


@click.command(cls=ChineseCommand)
@click.option("-o", "--output", "out", metavar="文件夹", help="写到此文件夹，默认替换随附模型")
def train(out: str | None) -> int:
    """由 corpora/ 的语料训练分类模型；相同语料得到相同的文件。需要 scikit-learn。"""
    try:
        from nlp.training.fit import train as run
    except ImportError as error:
        raise SettingsError(_MISSING) from error
    from nlp.classify.artifact import FOLDER

    folder = Path(out) if out else FOLDER
    meta = run(folder)
    click.echo(
        f"已训练：{meta['rows']} 行，{meta['names']} 个不同名称，{meta['features']} 个特征；写入 {folder}"
    )
    return 0


_MISSING = "训练与评测需要 scikit-learn，请运行 pip install 'biaochi[train]'，或在项目目录运行 make test 安装"


@click.command(cls=ChineseCommand)
@click.argument("path", metavar="文件.tsv")
@click.option(
    "--scheme", type=click.Choice(("cn2015", "cn2021")), default="cn2015", help="指标体系，默认 cn2015"
)
@click.option("--format", "fmt", type=click.Choice(("text", "json")), default="text", help="输出格式")
@click.option(
    "--errors",
    "shown",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="个数",
    help="列出最有把握的若干处错误",
)
def evaluate(path: str, scheme: str, fmt: str, shown: int) -> int:
    """用带标注的表（制表符分隔，列 name、gold_l2，可有 description、value、unit、declared_l2、origin）评测分类。"""
    from nlp.training import metrics

    limits = limits_from()
    data, name = read_input(path, limits)
    try:
        rows = metrics.read_tsv(data.decode("utf-8-sig"), name, scheme)
        result = metrics.evaluate(rows, scheme)
    except UnicodeDecodeError as error:
        raise InputError(f"{name} 不是 UTF-8 编码，请转换后重试") from error
    except CorpusError as error:
        raise InputError(str(error)) from error
    if fmt == "json":
        click.echo(json.dumps(result.as_json(), ensure_ascii=False, indent=1))
    else:
        for line in result.lines(shown):
            click.echo(line)
    return 0
