"""Reads rule docstrings: the page of a rule, its examples, and the catalogue."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from rules.engine.base import DocumentRule, ProjectRule, RowRule, Rule
from rules.engine.registry import all_rules

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
BAD, GOOD = "反例", "正例"
REQUIRED = ("为什么", BAD, GOOD, "依据")


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed docstring: summary line, sections by heading, examples as parsed YAML."""

    summary: str
    sections: Mapping[str, str]
    bad: tuple[Mapping[str, Any], ...]
    good: tuple[Mapping[str, Any], ...]


@cache
def page(rule: type[Rule]) -> Page:
    """Return the parsed page of a rule. Raises ValueError when the docstring breaks the form."""
    text = rule.__doc__ or ""
    first, _, rest = text.partition("\n")
    body = textwrap.dedent(rest)
    parts = _HEADING.split(body)
    if parts[0].strip():
        raise ValueError(f"{rule.code}：规则说明的首行之后、第一个标题之前不应有文字")
    sections = {
        title.strip(): content.strip() for title, content in zip(parts[1::2], parts[2::2], strict=True)
    }
    return Page(first.strip(), sections, _examples(rule, sections, BAD), _examples(rule, sections, GOOD))


def _examples(rule: type[Rule], sections: Mapping[str, str], heading: str) -> tuple[Mapping[str, Any], ...]:
    blocks = [yaml.safe_load(block) for block in _BLOCK.findall(sections.get(heading, ""))]
    if not all(isinstance(block, dict) for block in blocks):
        raise ValueError(f"{rule.code}：「{heading}」中的 YAML 应为“键: 值”的形式")
    return tuple(blocks)


def grain(rule: type[Rule]) -> str:
    """Return the Chinese word for what the rule looks at."""
    for base, label in ((RowRule, "指标行"), (ProjectRule, "项目表"), (DocumentRule, "整份文件")):
        if issubclass(rule, base):
            return label
    return "检查过程"


def render_page(rule: type[Rule]) -> str:
    """Return the page of a rule as Markdown."""
    parsed = page(rule)
    lines = [
        f"# {rule.code} {rule.name} {rule.title}",
        "",
        parsed.summary,
        "",
        f"- 级别：{rule.severity.label}（{rule.severity.value}）",
        f"- 对象：{grain(rule)}　审核维度：{rule.dimension}　审核意见代码：{rule.opinion_code}",
        f"- 手册编号：{'、'.join(rule.handbook) or '无'}　自版本 {rule.since}　状态：{rule.status}",
        "" if rule.enabled_by_default else "- 默认不启用，可在配置中打开",
    ]
    for title, content in parsed.sections.items():
        lines += ["", f"## {title}", "", content]
    return "\n".join(line for i, line in enumerate(lines) if line or lines[i - 1]) + "\n"


def render_catalogue() -> str:
    """Return the catalogue of all rules as Markdown; kept as rules/CATALOGUE.md."""
    lines = [
        "# 规则目录",
        "",
        "本文件由 `make docs` 生成，请勿手工修改。",
        "",
        "| 编号 | 名称 | 问题 | 级别 | 对象 | 维度 | 意见代码 | 手册编号 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for entry in all_rules().values():
        rule = entry.cls
        off = "" if rule.enabled_by_default else "（默认不启用）"
        lines.append(
            f"| {rule.code} | {rule.name} | {rule.title}{off} | {rule.severity.label} | {grain(rule)} "
            f"| {rule.dimension} | {rule.opinion_code} | {'、'.join(rule.handbook)} |"
        )
    return "\n".join(lines) + "\n"
