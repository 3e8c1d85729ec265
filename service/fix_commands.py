"""The commands around suggestions: fix, suggest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli_text import ChineseCommand
from service.commands import read_input
from service.errors import InputError, SettingsError
from service.settings import limits_from

if TYPE_CHECKING:
    from models.records.document import Project
    from models.records.finding import Edit, Finding
    from service.fixing import Fixed

_IN_PLACE = ("docx", "xlsx")


@click.command(cls=ChineseCommand)
@click.argument("path", metavar="文件")
@click.option("-o", "--output", "out", required=True, metavar="文件", help="写到此文件：原格式，或 .json")
@click.option(
    "--only",
    type=click.Choice(("safe",)),
    help="safe 只采用不改变含义的修改；默认另采用无需填写、请核实后使用的修改",
)
@click.option("--profile", metavar="名称或文件", help="检查配置，如 hebei，或 YAML 文件路径")
def fix(path: str, out: str, only: str | None, profile: str | None) -> int:
    """按建议修改文件，另存为新文件，并在旁边写一份修改清单。

    只采用经规则复核、不需要填写数字的建议；需要填写的列在清单的“尚需填写”页。docx、xlsx 在原文件的单元格中修改，
    其他格式写成 JSON 文档，可再交给 biaochi check -。
    """
    from service import fixing, pipeline
    from service.change_list import change_list
    from service.output import write_all

    limits = limits_from()
    target = Path(out)
    if target.is_dir() or not target.suffix:
        raise SettingsError("-o 应为文件名，如 修改后.docx")
    if path != "-" and target.exists() and Path(path).exists() and target.samefile(path):
        raise SettingsError("-o 不能是原文件，请另存为新文件")
    options = pipeline.CheckOptions(profile=profile)
    data, name = read_input(path, limits)
    try:
        document = pipeline.load(data, name=name, limits=limits)
    except InputError as error:
        raise type(error)(f"{path}：{error.message}") from error
    kind, suffix = document.input_kind, target.suffix.lower().lstrip(".")
    if suffix != "json" and (suffix != kind or kind not in _IN_PLACE):
        shown = (
            f"{kind} 只能写成 .json" if kind not in _IN_PLACE else f"原文件是 {kind}，请用 .{kind} 或 .json"
        )
        raise SettingsError(f"{name}：{shown}")
    missed: tuple[Edit, ...] = ()
    fixed = fixing.fix(document, options, only="safe" if only else "verified")
    filed = fixed.before.document
    if suffix == "json":
        written = _as_json(fixed)
    else:
        written, missed = _in_place(kind, data, fixed)
    listing = target.with_name(f"{target.stem}_修改清单.xlsx")
    write_all([(target, written), (listing, change_list(fixed, filed, missed))])
    click.echo(f"已写入 {target}，修改 {len(fixed.edits) - len(missed)} 处", err=True)
    if missed:
        click.echo(f"有 {len(missed)} 处未能写入原文件，已列在修改清单中，请手工修改", err=True)
    click.echo(f"已写入 {listing}", err=True)
    before, after = (_counts(report.findings) for report in (fixed.before, fixed.after))
    click.echo(f"修改前：{before}；修改后：{after}", err=True)
    return 0


def _as_json(fixed: Fixed) -> bytes:
    from models.records.codec import document_to_json, dumps
    from nlp.quantity import of_row

    text = dumps({"schema": "biaochi.document/v1", "document": document_to_json(fixed.document, of_row)})
    return (text.rstrip("\n") + "\n").encode("utf-8")


def _in_place(kind: str, data: bytes, fixed: Fixed) -> tuple[bytes, tuple[Edit, ...]]:
    if kind == "docx":
        from service.export.rewrite_docx import rewrite_document as rewrite
    else:
        from service.export.rewrite_xlsx import rewrite_workbook as rewrite

    done = rewrite(data, fixed.before.document, fixed.edits)
    return done.data, done.missed


def _counts(findings: Sequence[Finding]) -> str:
    from models.records.finding import Severity

    return "、".join(
        f"{severity.label} {sum(item.severity is severity for item in findings)} 条" for severity in Severity
    )


@click.command(cls=ChineseCommand)
@click.argument("project", metavar="项目名称或文件")
@click.option("--class", "category", metavar="类型", help="只要此类指标，如 社会效益、成本")
@click.option("--purpose", default="", metavar="文字", help="资金用途，写得越具体越准")
@click.option("--number", type=click.IntRange(1, 100_000), default=1, help="文件中的第几个项目，默认 1")
@click.option(
    "--scheme", type=click.Choice(("cn2015", "cn2021")), help="指标体系，默认 cn2015 或文件自身的体系"
)
@click.option("--limit", type=click.IntRange(1, 50), default=5, help="每类至多几条，默认 5")
@click.option("--format", "fmt", type=click.Choice(("text", "json")), default="text", help="输出格式")
def suggest(
    project: str, category: str | None, purpose: str, number: int, scheme: str | None, limit: int, fmt: str
) -> int:
    """为项目推荐绩效指标，按相关程度排列，并说明理由。

    只给出名称、口径、单位、符号与依据类型，目标值由填报人填写。参数是项目名称，或可读取的文件（用 --number 指定项目）。
    """
    from service import advising

    target = _project(project, purpose, number)
    found = advising.advise(target, category=category, scheme=scheme, limit=limit)
    if fmt == "json":
        click.echo(
            json.dumps(
                [{field: getattr(item, field) for field in type(item).__slots__} for item in found],
                ensure_ascii=False,
                indent=1,
            )
        )
        return 0
    sectors = advising.fields(target)
    click.echo(f"项目：{target.name.text or target.title.text}")
    click.echo(f"领域：{'、'.join(sectors) if sectors else '未能判断，可用 --purpose 补充资金用途'}")
    last = ""
    for item in found:
        if item.category != last:
            click.echo(f"\n{item.category}")
            last = item.category
        unit = "：日期〕" if item.unit == "日期" else f"〕{item.unit}"
        sign = "定性分级" if item.operator == "定性" else f"{item.operator}〔待填{unit}"
        click.echo(f"  {item.name}　{sign}　{item.basis}")
        click.echo(f"      口径：{item.description}")
        click.echo(f"      理由：{item.reason}")
    if not found:
        click.echo("没有合适的指标，请用 --purpose 补充资金用途，或换一个类型")
    return 0


def _project(text: str, purpose: str, number: int) -> Project:
    """Return the project of a file, or one made of a name. Raises InputError, SettingsError."""
    from dataclasses import replace

    from models.records.document import Budget, Cell, Project
    from service import pipeline

    path = Path(text)
    looks_like_file = len(text) < 240 and path.is_file()
    if text != "-" and not looks_like_file:
        if not text.strip():
            raise SettingsError("请给出项目名称或文件")
        return Project(name=Cell(text.strip()), budget=Budget(purpose=Cell(purpose)))
    limits = limits_from()
    data, name = read_input(text, limits)
    document = pipeline.normalised(pipeline.load(data, name=name, limits=limits))
    if number > len(document.projects):
        raise InputError(f"{name} 只有 {len(document.projects)} 个项目，--number 不能是 {number}")
    found = document.projects[number - 1]
    return replace(found, budget=replace(found.budget, purpose=Cell(purpose))) if purpose else found
