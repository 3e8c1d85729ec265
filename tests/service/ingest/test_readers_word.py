"""docx by own walk; doc by the binary reader, measured against what LibreOffice writes."""

from __future__ import annotations

import pytest

RESTART = '<w:vMerge w:val="restart"/>'
CONTINUE = "<w:vMerge/>"


def span(n: int) -> str:
    return f'<w:gridSpan w:val="{n}"/>'


def form(make) -> str:
    """A form with spans, merges, several paragraphs in a cell and text around it."""
    return (
        make.para("河道清淤绩效目标表")
        + make.table(
            make.row(make.cell("编制单位", span(2)), "单位：万元"),
            make.row(make.cell("产出指标", RESTART), "清淤长度", "≥8公里"),
            make.row(make.cell("<w:p/>", CONTINUE), "清淤合格率", "≥95%"),
            make.row("绩效目标", make.cell(make.para("1.河道畅通") + make.para("2.水质改善"), span(2))),
            columns=3,
        )
        + make.para("填表说明")
    )


EXPECTED = [
    ["编制单位", "<", "单位：万元"],
    ["产出指标", "清淤长度", "≥8公里"],
    ["^", "清淤合格率", "≥95%"],
    ["绩效目标", "1.河道畅通\n2.水质改善", "<"],
]


def test_spans_merges_and_order(make):
    document = make.read(make.docx(form(make)))
    assert [getattr(block, "text", "table") for block in document.blocks] == [
        "河道清淤绩效目标表",
        "table",
        "填表说明",
    ]
    (table,) = make.tables(document)
    assert make.grid(table) == EXPECTED
    place = next(cell.source for cell in table.cells if cell.text == "≥95%")
    assert (place.kind, place.part, place.row, place.col) == ("docx", "table 1", 3, 3)


def test_grid_before_shifts_a_row(make):
    body = make.table(make.row("甲", "乙", "丙"), make.row("丁", properties='<w:gridBefore w:val="2"/>'))
    assert make.grid(make.tables(make.read(make.docx(body)))[0]) == [["甲", "乙", "丙"], ["", "", "丁"]]


def test_tracked_changes_fields_breaks_and_symbols(make):
    text = (
        "<w:p><w:ins><w:r><w:t>新增</w:t></w:r></w:ins><w:del><w:r><w:delText>删去</w:delText></w:r></w:del>"
        "<w:r><w:br/><w:t>第二行</w:t><w:tab/><w:noBreakHyphen/></w:r>"
        '<w:r><w:sym w:font="Symbol" w:char="F0B3"/><w:t>95%</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="begin"/><w:instrText>PAGE</w:instrText></w:r></w:p>'
    )
    document = make.read(make.docx(text))
    assert make.paragraphs(document) == ["新增\n第二行\t-≥95%"]


def test_deleted_row_is_left_out(make):
    body = make.table(make.row("甲", "1"), make.row("乙", "2", properties="<w:del/>"), make.row("丙", "3"))
    assert make.grid(make.tables(make.read(make.docx(body)))[0]) == [["甲", "1"], ["丙", "3"]]


def test_content_controls_count_as_if_absent(make):
    inner = make.table(f"<w:sdt><w:sdtPr/><w:sdtContent>{make.row('甲', '乙')}</w:sdtContent></w:sdt>")
    document = make.read(make.docx(f"<w:sdt><w:sdtContent>{inner}</w:sdtContent></w:sdt>"))
    assert make.grid(make.tables(document)[0]) == [["甲", "乙"]]


def test_text_box_is_read_once(make):
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    box = f"<w:txbxContent>{make.para('框内文字')}</w:txbxContent>"
    body = (
        f"<w:p><w:r><w:t>框外</w:t><mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    assert make.paragraphs(make.read(make.docx(body, namespaces=mc))) == ["框外", "框内文字"]


def test_table_inside_a_cell_stands_between_the_rows_around_it(make):
    inner = make.table(make.row("甲", "乙"))
    body = make.table(
        make.row("第一张"),
        make.row(make.cell(inner + "<w:p/>")),
        make.row("第二张"),
        make.row(make.cell(inner)),
    )
    document = make.read(make.docx(body))
    assert [getattr(b, "text", "table") for b in document.blocks] == ["第一张", "table", "第二张", "table"]


def test_old_way_of_merging_to_the_right(make):
    begin, go_on = '<w:hMerge w:val="restart"/>', "<w:hMerge/>"
    body = make.table(
        make.row(make.cell("甲", begin), make.cell("<w:p/>", go_on), "乙"), make.row("丙", "丁", "戊")
    )
    assert make.grid(make.tables(make.read(make.docx(body)))[0]) == [["甲", "<", "乙"], ["丙", "丁", "戊"]]


def test_text_below_a_merged_cell_is_reported(make):
    body = make.table(make.row(make.cell("甲", RESTART), "1"), make.row(make.cell("被遮盖", CONTINUE), "2"))
    document = make.read(make.docx(body))
    assert [problem.kind for problem in document.problems] == ["hidden-text"]
    assert make.grid(make.tables(document)[0]) == [["甲", "1"], ["^", "2"]]


def test_pictures_are_reported_where_no_table_was_read(make):
    with_picture = {"word/media/image1.png": b"x"}
    assert [p.kind for p in make.read(make.docx(make.para("文字"), with_picture)).problems] == ["unread-part"]
    assert not make.read(make.docx(form(make), with_picture)).problems


@pytest.fixture(scope="module")
def doc(make, convert) -> bytes:
    nested = make.table(make.row("内一", "内二"), make.row("内三", "内四"), columns=2)
    outer = make.table(
        make.row("外层标题", "右"),
        make.row(make.cell(nested + "<w:p/>"), "旁边"),
        make.row("外层末行", "右"),
        columns=2,
    )
    deleted = "<w:p><w:r><w:t>保留</w:t></w:r><w:del w:id='1' w:author='a'><w:r><w:delText>删去</w:delText></w:r></w:del></w:p>"
    return convert(
        make.docx(form(make) + outer + deleted + make.table(make.row("末表", "末格"), columns=2)),
        "docx",
        "doc",
    )


def test_doc_has_the_same_tables_as_docx(make, doc):
    document = make.read(doc, "form.docx")
    assert document.kind == "doc"
    first, top, inner, bottom = make.tables(document)[:4]
    assert make.grid(first) == EXPECTED
    assert make.grid(top)[0] == ["外层标题", "右"]
    assert make.grid(inner) == [["内一", "内二"], ["内三", "内四"]]
    assert make.grid(bottom)[-1] == ["外层末行", "右"]
    assert make.paragraphs(document) == ["河道清淤绩效目标表", "填表说明", "保留"]


def test_doc_that_ends_in_a_table_keeps_it(make, doc):
    assert make.grid(make.tables(make.read(doc))[-1]) == [["末表", "末格"]]


def test_rtf_goes_through_libreoffice(make, convert):
    document = make.read(convert(make.docx(form(make)), "docx", "rtf"), "form.doc")
    assert document.kind == "rtf"
    assert make.grid(make.tables(document)[0]) == EXPECTED


def test_missing_libreoffice_says_what_to_install(make, monkeypatch):
    from service.errors import MissingTool
    from service.ingest import office

    monkeypatch.setattr(office, "find_program", lambda: None)
    with pytest.raises(MissingTool, match="请安装 LibreOffice") as caught:
        make.read(b"{\\rtf1 text}")
    assert "\n" not in caught.value.message


def test_the_conversion_is_told_no_secret(make, monkeypatch, tmp_path):
    from service.errors import DamagedInput
    from service.ingest import office

    told = tmp_path / "told"
    spy = tmp_path / "soffice"
    spy.write_text(f"#!/bin/sh\nenv > {told}\n")
    spy.chmod(0o755)
    monkeypatch.setattr(office, "find_program", lambda: str(spy))
    for name in ("BIAOCHI_DATABASE", "BIAOCHI_WEBHOOK_SECRET", "PGPASSWORD", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "机密")
    with pytest.raises(DamagedInput, match="无法打开"):
        make.read(b"{\\rtf1 text}")
    # PWD, SHLVL and _ are the shell's own.
    names = {line.partition("=")[0] for line in told.read_text().splitlines()} - {
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    }
    assert {"PATH", "HOME", "TMPDIR"} <= names <= {*office._PASSED_ON, "HOME", "TMPDIR", "TEMP", "TMP"}
    assert "机密" not in told.read_text()


def test_conversion_ends_at_its_time_limit(make, monkeypatch, tmp_path):
    from service.errors import TooLarge
    from service.ingest import office

    slow = tmp_path / "soffice"
    slow.write_text("#!/bin/sh\nsleep 60 &\nwait\n")
    slow.chmod(0o755)
    monkeypatch.setattr(office, "find_program", lambda: str(slow))
    with pytest.raises(TooLarge, match="1 秒"):
        make.read(b"{\\rtf1 text}", convert_seconds=1)


def test_conversion_that_yields_nothing_is_damaged_input(make, monkeypatch, tmp_path):
    from service.errors import DamagedInput
    from service.ingest import office

    failing = tmp_path / "soffice"
    failing.write_text("#!/bin/sh\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(office, "find_program", lambda: str(failing))
    with pytest.raises(DamagedInput):
        make.read(b"{\\rtf1 text}")
