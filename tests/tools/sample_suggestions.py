"""Draws suggestions at random over poor tables, for somebody to read one by one.

`python -m tests.tools.sample_suggestions [COUNT [SEED [FOLDER]]]` prints them with the row and the finding they answer.
FOLDER is one of `tests/fixtures`: `tables` and `tables_held`, which the frames were improved on, or `tables_fresh`.
The last two were written by somebody who saw neither rules nor frames.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from models.records.document import Document
from models.records.finding import Finding, Suggestion
from models.records.report import Report
from rules.engine.paths import split_path
from rules.engine.run import with_schemes
from rules.engine.testing import build_document
from service import pipeline

TABLES = Path(__file__).resolve().parents[1] / "fixtures"


def tables(folder: str = "tables") -> Iterator[tuple[str, Document]]:
    """Yield (file stem, document) of every poor table."""
    for path in sorted((TABLES / folder).glob("*.yml")):
        yield (
            path.stem,
            with_schemes(build_document({"projects": [yaml.safe_load(path.read_text("utf-8"))]}), "auto"),
        )


def drawn(count: int, seed: int, folder: str = "tables") -> list[tuple[str, Report, Finding, Suggestion]]:
    """Return `count` suggestions, drawn evenly over the tables: the first of a finding, each row at most once."""
    rng = random.Random(seed)
    pool: dict[str, list[tuple[str, Report, Finding, Suggestion]]] = {}
    for stem, document in tables(folder):
        report = pipeline.check(document, pipeline.CheckOptions())
        rows: dict[str, list[tuple[str, Report, Finding, Suggestion]]] = {}
        for finding in report.findings:
            if finding.suggestions:
                where = split_path(finding.location.path)
                key = f"row{where.row}" if where.row is not None else finding.code
                rows.setdefault(key, []).append((stem, report, finding, finding.suggestions[0]))
        pool[stem] = [rng.choice(items) for _, items in sorted(rows.items())]
        rng.shuffle(pool[stem])
    out = []
    while len(out) < count and any(pool.values()):
        for stem in sorted(pool):
            if pool[stem] and len(out) < count:
                out.append(pool[stem].pop())
    return out


def shown(number: int, stem: str, report: Report, finding: Finding, suggestion: Suggestion) -> str:
    """Return one suggestion as text."""
    project = report.document.projects[0]
    where = split_path(finding.location.path)
    lines = [f"## {number} {stem}｜{project.name.text}｜{project.budget.purpose.text}"]
    if where.row is not None:
        row = project.rows[where.row]
        lines.append(
            "行："
            + "｜".join(cell.text for cell in (row.level2, row.name, row.description, row.value, row.basis))
        )
    lines.append(f"问题：{finding.code} {finding.wording.fact}")
    lines.append(f"建议：{suggestion.title}（{suggestion.rationale}）")
    for edit in suggestion.edits[:8]:
        new = (
            "删除"
            if edit.new is None
            else "｜".join(text for _, text in edit.new)
            if isinstance(edit.new, tuple)
            else edit.new
        )
        lines.append(f"    {edit.path.removeprefix('projects[0].')} → {new}")
    return "\n".join(lines)


def main() -> None:
    """Print the drawn suggestions."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261124
    folder = sys.argv[3] if len(sys.argv) > 3 else "tables"
    for number, item in enumerate(drawn(count, seed, folder), 1):
        print(shown(number, *item), end="\n\n")


if __name__ == "__main__":
    main()
