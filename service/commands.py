"""The commands: check, parse, rules, explain, doctor; the other `…_commands` modules have the others."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from models.records.finding import Severity
from models.records.report import Report
from service.cli_text import ChineseCommand
from service.errors import InputError, SettingsError
from service.progress import Progress
from service.settings import Limits, limits_from, wording_from

FORMATS = ("text", "json", "xlsx", "docx", "html")
HAS_ERRORS = 1


def register(cli: click.Group) -> None:
    """Attach the commands to the group."""
    from service import config_commands, store_commands
    from service import fix_commands as fixing
    from service import key_commands as keys
    from service import model_commands as model
    from service import serve_commands as serving
    from service import worker_commands as working

    for command in (
        check, parse, fixing.fix, fixing.suggest, rules, explain, doctor, model.classify, model.train, model.evaluate,
        serving.serve, working.worker, keys.keys, config_commands.config, store_commands.store,
    ):  # fmt: skip
        cli.add_command(command)


def read_input(path: str, limits: Limits) -> tuple[bytes, str]:
    """Return the bytes and the shown name of a path; `-` is standard input."""
    if path == "-":
        data = sys.stdin.buffer.read(limits.max_bytes + 1)
        name = "标准输入"
    else:
        file = Path(path)
        if file.is_dir():
            raise InputError(f"{path} 是文件夹，请给出其中的文件")
        if file.exists() and not file.is_file():
            raise InputError(f"{path} 不是普通文件，请给出文件的路径")
        if not file.is_file():
            raise InputError(f"找不到文件 {path}，请检查路径")
        try:
            with file.open("rb") as stream:
                data = stream.read(limits.max_bytes + 1)
        except OSError as error:
            raise InputError(f"无法读取 {path}（{error.strerror}），请检查权限") from error
        name = file.name
    if len(data) > limits.max_bytes:
        raise InputError(
            f"{name}：文件超过 {limits.max_bytes // 1024 // 1024} MB 的上限，请拆分后再检查，或调整 BIAOCHI_MAX_BYTES"
        )
    return data, name


@click.command(cls=ChineseCommand)
@click.argument("paths", nargs=-1, required=True, metavar="文件…")
@click.option("--format", "fmt", type=click.Choice(FORMATS), default="text", help="报告格式，默认 text")
@click.option("-o", "--output", "out", metavar="路径", help="写到此文件或文件夹；多个文件时须为文件夹")
@click.option(
    "--profile",
    metavar="名称或文件",
    help="检查配置，如 hebei，或 YAML 文件路径；不指定时按表内标签选择指标体系",
)
@click.option("--waivers", metavar="文件", type=click.Path(path_type=Path), help="豁免清单（YAML）")
@click.option(
    "--baseline",
    metavar="文件",
    type=click.Path(path_type=Path),
    help="基线：此前的 JSON 报告，其中的问题不再列出",
)
def check(
    paths: tuple[str, ...],
    fmt: str,
    out: str | None,
    profile: str | None,
    waivers: Path | None,
    baseline: Path | None,
) -> int:
    """检查文件，输出报告；- 表示从标准输入读取 JSON。

    退出状态：0 没有必须修改的问题；1 有必须修改的问题；2 输入或参数不可用。
    """
    return run_check(paths, fmt, out, profile=profile, waivers=waivers, baseline=baseline)


def run_check(
    paths: Sequence[str],
    fmt: str,
    out: str | None,
    *,
    profile: str | None = None,
    waivers: Path | None = None,
    baseline: Path | None = None,
) -> int:
    """Check files and print or write the reports; return the exit status. Raises BiaochiError."""
    from service import pipeline
    from service.export import render

    limits = limits_from()
    options = pipeline.CheckOptions(
        profile=profile,
        waivers=pipeline.read_waivers(waivers) if waivers else (),
        baseline=pipeline.read_baseline(baseline) if baseline else frozenset(),
        today=date.today() if waivers else None,
        wording=wording_from(),
    )
    pipeline.ruleset_for(profile)
    if out is not None and len(paths) > 1 and Path(out).is_file():
        raise SettingsError("检查多个文件时，-o 应为文件夹")
    to_stdout = out is None and fmt in ("text", "json", "html")
    if to_stdout and fmt == "html" and len(paths) > 1:
        raise SettingsError("多个文件的 HTML 报告请用 -o 指定文件夹")
    to_terminal = to_stdout and fmt == "text" and sys.stdout.isatty()
    reports: list[tuple[Report, str]] = []
    artifacts: list[tuple[str, bytes]] = []
    stems: set[str] = set()
    with Progress("已检查", len(paths)) as progress:
        for done, path in enumerate(paths, 1):
            data, name = read_input(path, limits)
            try:
                report = pipeline.check_bytes(data, name=name, options=options, limits=limits)
            except InputError as error:
                raise type(error)(f"{path}：{error.message}") from error
            stem = _stem(name, stems)
            reports.append((report, stem))
            if not to_terminal:
                kind = report.document.input_kind
                rendered = render(report, fmt, original=data, original_kind=kind, name=stem)
                artifacts += [(item.filename, item.data) for item in rendered]
            progress.show(done, name)
    if to_terminal:
        from service.export.console import print_report
        from service.export.view import build

        for report, stem in reports:
            print_report(build(report, stem))
    elif to_stdout:
        _print(fmt, [data for _, data in artifacts])
    else:
        _save(artifacts, out, single=len(paths) == 1)
    has_error = any(item.severity is Severity.ERROR for report, _ in reports for item in report.findings)
    return HAS_ERRORS if has_error else 0


def _stem(name: str, taken: set[str]) -> str:
    """Return the file's stem, numbered when two inputs share it."""
    stem = base = Path(name).stem or "报告"
    number = 2
    while stem in taken:
        stem, number = f"{base}_{number}", number + 1
    taken.add(stem)
    return stem


def _print(fmt: str, parts: list[bytes]) -> None:
    stream = sys.stdout.buffer
    if fmt == "json" and len(parts) > 1:
        stream.write(b"[\n" + b",\n".join(part.rstrip() for part in parts) + b"\n]\n")
    else:
        stream.write(b"\n".join(parts))
    stream.flush()


def _save(artifacts: list[tuple[str, bytes]], out: str | None, *, single: bool) -> None:
    from service.output import write_all

    target = Path(out) if out is not None else Path.cwd()
    as_file = (
        out is not None and single and not target.is_dir() and not out.endswith("/") and bool(target.suffix)
    )
    files: list[tuple[Path, bytes]] = []
    for i, (filename, data) in enumerate(artifacts):
        if as_file and i == 0:
            files.append((target, data))
        else:
            files.append(((target.parent if as_file else target) / filename, data))
    write_all(files)
    for path, _ in files:
        click.echo(f"已写入 {path}", err=True)


@click.command(cls=ChineseCommand)
@click.argument("path", metavar="文件")
@click.option("--format", "fmt", type=click.Choice(("json",)), default="json", help="输出格式")
@click.option("-o", "--output", "out", metavar="文件", help="写到此文件，默认标准输出")
def parse(path: str, fmt: str, out: str | None) -> int:
    """只读取文件，输出规范化后的 JSON，不检查。"""
    from models.records.codec import document_to_json, dumps
    from nlp.quantity import of_row
    from service import pipeline
    from service.output import write_all

    limits = limits_from()
    data, name = read_input(path, limits)
    try:
        document = pipeline.normalised(pipeline.load(data, name=name, limits=limits))
    except InputError as error:
        raise type(error)(f"{path}：{error.message}") from error
    text = dumps({"schema": "biaochi.document/v1", "document": document_to_json(document, of_row)})
    encoded = (text.rstrip("\n") + "\n").encode("utf-8")
    if out is None:
        _print(fmt, [encoded])
    else:
        write_all([(Path(out), encoded)])
    return 0


@click.command(cls=ChineseCommand)
@click.argument("code", required=False, metavar="[编号]")
def rules(code: str | None) -> int:
    """列出规则目录；给出编号、名称时显示该规则的说明。"""
    from rules.engine.docs import grain, render_page
    from rules.engine.registry import all_rules, resolve

    if code is not None:
        try:
            click.echo(render_page(resolve(code).cls), nl=False)
        except KeyError:
            raise SettingsError(f"没有编号或名称为「{code}」的规则，用 biaochi rules 查看目录") from None
        return 0
    for entry in all_rules().values():
        rule = entry.cls
        off = "" if rule.enabled_by_default else "（默认不启用）"
        click.echo(f"{rule.code}  {rule.severity.label}  {grain(rule)}\t{rule.name}\t{rule.title}{off}")
    return 0


@click.command(cls=ChineseCommand)
@click.argument("code", metavar="编号")
@click.option("--profile", metavar="名称或文件", help="检查配置，默认 base")
def explain(code: str, profile: str | None) -> int:
    """说明某条规则在某个配置下的取值，以及由哪个文件的哪一行设定。"""
    from rules.engine.registry import resolve
    from service.pipeline import ruleset_for

    try:
        entry = resolve(code)
    except KeyError:
        raise SettingsError(f"没有编号或名称为「{code}」的规则，用 biaochi rules 查看目录") from None
    resolved = ruleset_for(profile).profile
    rule = entry.cls
    click.echo(f"{rule.code} {rule.name} {rule.title}")
    click.echo(f"配置：{' → '.join(resolved.chain)}")
    labels = {"enabled": "是否启用", "severity": "级别"}
    for (owner, key), setting in resolved.settings.items():
        if owner != rule.code:
            continue
        value = setting.value
        if key == "severity":
            shown = (value or rule.severity).label
        elif isinstance(value, bool):
            shown = "是" if value else "否"
        else:
            shown = "、".join(value) if isinstance(value, tuple) else str(value)
        click.echo(f"  {labels.get(key, key)}：{shown}\t（{setting.where}）")
    opinion = resolved.opinion_codes.get(rule.code)
    click.echo(
        f"  审核意见代码：{opinion.value if opinion else rule.opinion_code}\t"
        f"（{opinion.where if opinion else entry.origin}）"
    )
    click.echo(f"  指标体系：{resolved.scheme.value}\t（{resolved.scheme.where}）")
    return 0


@click.command(cls=ChineseCommand)
def doctor() -> int:
    """检查运行环境：已安装什么，缺少哪些可选部件，如何安装。"""
    from service.doctor import lines

    for line in lines():
        click.echo(line)
    return 0
