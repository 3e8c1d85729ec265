"""The real file beside the project: five formats, one content."""

from __future__ import annotations

import re

import pytest


def rows_of(make, seed, suffix: str) -> list[list[str]]:
    """Return the filled cells of every table row without white space and importer marks."""
    document = make.read((seed / f"xinglong.{suffix}").read_bytes())
    rows = []
    for table in make.tables(document):
        for line in make.grid(table):
            texts = [re.sub(r"\[bookmark:[^\]]*\]|\s", "", text) for text in line if text not in ("^", "<")]
            rows.append([text for text in texts if text])
    # A sheet holds its title as a row; the other formats hold it as a paragraph.
    return [row for row in rows if row and not (len(row) == 1 and row[0].endswith("绩效目标表"))]


@pytest.mark.parametrize("suffix", ["docx", "xlsx", "doc", "pdf"])
def test_every_format_reads_the_same(make, seed, suffix):
    assert rows_of(make, seed, suffix) == rows_of(make, seed, "txt")


def test_tables_and_indicator_rows_are_complete(make, seed):
    document = make.read((seed / "xinglong.txt").read_bytes())
    rows = rows_of(make, seed, "txt")
    kinds = re.compile(r"(?:数量|质量|时效|成本|经济效益|社会效益|生态效益|可持续影响|满意度)指标$")
    assert len(make.tables(document)) == 14
    assert sum(1 for row in rows if any(kinds.search(text) for text in row[:2]) and len(row) >= 5) == 113


def test_numbered_goals_keep_their_lines_in_pdf(make, seed):
    def goals(suffix: str) -> list[str]:
        document = make.read((seed / f"xinglong.{suffix}").read_bytes())
        cells = (cell for table in make.tables(document) for cell in table.cells)
        return [re.sub(r"[ \t]", "", cell.text) for cell in cells if re.match(r"\s*1[.．]", cell.text)]

    assert goals("pdf") == goals("docx")
