"""The report for a terminal: 80 columns, right with wide characters, readable without colour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from service.export.base import FINAL_WORD, one_line
from service.export.view import FindingView, Group, ReportView

if TYPE_CHECKING:
    from typing import TextIO

MAX_SHOWN: Final = 8
WIDTH: Final = 80
_LEAST_WIDTH: Final = 40
_STYLES: Final = {
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "head": "bold",
    "dim": "dim",
    "": "",
}
_NEVER_FIRST: Final = frozenset("，。；：、？！）」』】〕》%％,.;:)]}")
_NEVER_LAST: Final = frozenset("（「『【〔《([{")

Line = tuple[str, str]
"""Style name and text of one printed line."""


def text_report(view: ReportView, width: int = WIDTH) -> str:
    """Return the report as plain text, without colour codes."""
    return "\n".join(text.rstrip() for _, text in lines(view, width)) + "\n"


def print_report(view: ReportView, file: TextIO | None = None) -> None:
    """Print the report; in colour and in the terminal's width only where `file` is a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.file.write(text_report(view))
        return
    for style, text in lines(view, max(_LEAST_WIDTH, min(console.width, 120))):
        console.print(Text(text, style=_STYLES[style]), no_wrap=True, overflow="ignore", crop=False)


def lines(view: ReportView, width: int = WIDTH) -> Iterator[Line]:
    """Yield the report line by line, wrapped to `width` terminal columns."""
    width = max(width, _LEAST_WIDTH)
    yield from _wrapped("head", f"标尺 绩效目标复核报告：{view.title}", width)
    yield from _wrapped("dim", f"输入 {view.name}", width)
    if not view.report.complete:
        yield from _wrapped("error", "本次检查不完整：有内容未读取或未检查，见文件问题", width)
    for group in view.groups:
        if group.index or group.shown or group.collapsed:
            yield ("", "")
            yield from _group(group, width)
    yield ("", "")
    yield from _summary(view, width)


def _group(group: Group, width: int) -> Iterator[Line]:
    yield ("dim", "─" * width if width <= WIDTH else "─" * WIDTH)
    head = f"项目 {group.index}　{group.title}" if group.index else group.title
    yield from _wrapped("head", head, width)
    errors, warnings, infos = group.counts
    parts = [f"必须修改 {errors}", f"建议修改 {warnings}", f"可优化 {infos}"]
    if group.score is not None:
        score = group.score
        parts = [f"得分 {score.score}", f"等级 {score.grade}", f"结论 {score.conclusion}", *parts]
    yield from _wrapped("", "　".join(parts), width, indent=2)
    for view in group.shown[:MAX_SHOWN]:
        yield ("", "")
        yield from _finding(view, width, 2)
    rest = sum(1 for view in (*group.shown[MAX_SHOWN:], *group.collapsed) for _ in view.walk())
    if rest:
        yield ("", "")
        yield from _wrapped("dim", f"其余 {rest} 条折叠，详见 json/xlsx", width, indent=2)
    if not (group.shown or group.collapsed):
        yield from _wrapped("dim", "未发现问题", width, indent=2)


def _finding(view: FindingView, width: int, indent: int) -> Iterator[Line]:
    finding = view.finding
    head = f"{view.label:<3} 【{view.severity_label}】{finding.code} {finding.name}"
    yield from _wrapped(view.severity, head, width, indent=indent)
    body = indent + 4
    rows = [("位置", view.entry.place.short), ("合并", view.fold_words.removeprefix("合并提示："))]
    rows += [(label, text) for label, text in view.sentences if label in ("事实", "建议")]
    rows += [("提示", view.confidence)]
    rows += [("修改", item.text) for item in view.suggestions]
    for label, text in rows:
        if text:
            yield from _wrapped("", f"{label} {one_line(text, 400)}", width, indent=body, hang=5)
    # One row, one cause: what else the row has is a line each.
    for child in (inner for top in view.nested for inner in top.walk()):
        text = f"{child.label} 【{child.severity_label}】{child.finding.code} {one_line(child.finding.wording.fact, 200)}"
        yield from _wrapped(child.severity, text, width, indent=body, hang=4)


def _summary(view: ReportView, width: int) -> Iterator[Line]:
    yield ("dim", "─" * min(width, WIDTH))
    yield ("head", "汇总")
    numbers = ("得分", "等级", "必须修改", "建议修改", "可优化")
    tail_width = sum(cell_len(word) + 2 for word in numbers) + 12
    name_width = max(10, min(width, 100) - tail_width - 6)
    head = "  ".join(("序号", pad("项目", name_width), *numbers, "结论"))
    yield ("head", head)
    for group in view.projects:
        score = group.score
        values = ("—", "—") if score is None else (str(score.score), score.grade)
        cells = [
            pad(text, cell_len(word), right=True)
            for text, word in zip((*values, *map(str, group.counts)), numbers, strict=True)
        ]
        conclusion = score.conclusion if score is not None else "未评定"
        row = [pad(str(group.index), 4, right=True), pad(cut(group.title, name_width), name_width)]
        yield (_worst(group), "  ".join((*row, *cells, conclusion)))
    errors, warnings, infos = view.counts
    yield from _wrapped(
        "", f"合计 {len(view.projects)} 个项目：必须修改 {errors}，建议修改 {warnings}，可优化 {infos}", width
    )
    if view.report.waived:
        yield from _wrapped("dim", f"另有 {len(view.report.waived)} 条已登记豁免，不计入以上数字", width)
    chain = one_line(" → ".join(view.manifest.profile_chain))
    digest = view.manifest.ruleset_digest[:12]
    yield from _wrapped("dim", f"标尺 {view.manifest.tool}　规则集 {digest}　方案 {chain}", width)
    yield from _wrapped("", f"{FINAL_WORD}。", width)


def _worst(group: Group) -> str:
    errors, warnings, _ = group.counts
    return "error" if errors else "warning" if warnings else ""


def cell_len(text: str) -> int:
    """Return the number of terminal columns that `text` takes."""
    from rich.cells import cell_len as measure

    return measure(text)


def cut(text: str, width: int) -> str:
    """Return `text` cut to `width` terminal columns, with 「…」 where something was cut."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 2:
        text = text[:-1]
    return text + "…"


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` filled with spaces to `width` terminal columns."""
    blank = " " * max(0, width - cell_len(text))
    return blank + text if right else text + blank


def _wrapped(style: str, text: str, width: int, *, indent: int = 0, hang: int = 0) -> Iterator[Line]:
    for number, line in enumerate(wrap(text, width - indent - hang)):
        lead = indent if number == 0 else indent + hang
        yield (style, " " * lead + line)


def wrap(text: str, width: int) -> list[str]:
    """Break `text` into lines of at most `width` columns.

    Chinese breaks between any two characters, but no line starts with closing or ends with opening
    punctuation; a run of latin letters or digits stays whole where it fits on a line.
    """
    out: list[str] = []
    line: list[str] = []
    used = 0
    for char in text:
        size = cell_len(char)
        if used + size > width and line:
            keep = _break_at(line, char)
            rest = line[keep:]
            out.append("".join(line[:keep]).rstrip())
            line = rest if "".join(rest).strip() else []
            used = cell_len("".join(line))
            if char == " " and not line:
                continue
        line.append(char)
        used += size
    out.append("".join(line).rstrip())
    return out


def _break_at(line: list[str], following: str) -> int:
    """Return the index at which the full line breaks, given the character that no longer fits."""
    lowest = max(1, len(line) - 24)
    after = following
    for index in range(len(line), lowest, -1):
        before = line[index - 1]
        glued = _is_word(before) and _is_word(after)
        if after not in _NEVER_FIRST and before not in _NEVER_LAST and not glued:
            return index
        after = before
    return len(line)


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "-_.%")
