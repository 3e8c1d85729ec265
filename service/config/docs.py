"""The table of settings in docs/operate.md, made from the list of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from service.config.registry import FILE_SUFFIX, PREFIX, SECTIONS, by_name
from service.config.report import default_of

BEGIN: Final = "<!-- 以下由 make docs 生成 -->"
END: Final = "<!-- 以上由 make docs 生成 -->"


def table() -> str:
    """Return the settings as Markdown, a table for each section."""
    parts: list[str] = []
    for section in SECTIONS:
        parts += [f"### {section.title}", "", "| 变量 | 默认 | 单位 | 含义 |", "|---|---|---|---|"]
        parts += [
            f"| `{section.full_name(item)}` | {default_of(section, item)} | {item.unit} | {item.meaning} |"
            for item in section.settings
        ]
        parts.append("")
    hidden = [name for name, (_, item) in by_name().items() if item.hides]
    parts.append(
        f"{'、'.join(f'`{name}`' for name in hidden)} 另可由文件给出：在名称之后加 `{FILE_SUFFIX}`，"
        f"如 `{hidden[0]}{FILE_SUFFIX}=/run/secrets/{hidden[0].removeprefix(PREFIX).lower()}`。"
    )
    return "\n".join(parts)


def refreshed(page: str) -> str:
    """Return a page with its table renewed. Raises ValueError where the marks are missing."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page lacks the marks of the table")
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"


def refresh(path: Path) -> None:
    """Renew the table in a file."""
    path.write_text(refreshed(path.read_text("utf-8")), encoding="utf-8")
