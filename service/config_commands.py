"""The command `config`."""

from __future__ import annotations

import json

import click

from service.cli_text import ChineseCommand

UNUSABLE = 2


@click.command(cls=ChineseCommand)
@click.option("--check", is_flag=True, help="只说明哪些设置有误；有误时退出状态为 2")
@click.option(
    "--format", "fmt", type=click.Choice(("text", "json")), default="text", help="输出格式，默认 text"
)
def config(check: bool, fmt: str) -> int:
    """列出全部设置：取值、来自默认、文件还是环境变量、单位与含义；密钥不显示。"""
    from service.config.report import ORIGINS, lines, problems
    from service.config.source import collect, strangers

    given = collect()
    if check:
        found = problems(given)
        if fmt == "json":
            click.echo(
                json.dumps({"schema": "biaochi.config/v1", "problems": found}, ensure_ascii=False, indent=1)
            )
        else:
            for problem in found or ("设置没有问题",):
                click.echo(problem)
        return UNUSABLE if found else 0
    if fmt == "json":
        shown = [
            {
                "name": line.name, "value": line.value, "origin": line.origin, "default": line.default,
                "unit": line.unit, "meaning": line.meaning,
            }
            for _, settings in lines(given)
            for line in settings
        ]  # fmt: skip
        click.echo(
            json.dumps({"schema": "biaochi.config/v1", "settings": shown}, ensure_ascii=False, indent=1)
        )
        return 0
    for section, settings in lines(given):
        click.echo(f"{section.title}：")
        for line in settings:
            unit = f" {line.unit}" if line.unit and line.value[:1].isdecimal() else ""
            click.echo(f"  {line.name} = {line.value}{unit}　（{ORIGINS[line.origin]}）　{line.meaning}")
    for told in strangers(given):
        click.echo(told, err=True)
    return 0
