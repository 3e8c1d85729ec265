"""xlsx, xls and Excel-XML 2003: texts as people see them, merged cells, hidden sheets, formulas."""

from __future__ import annotations

import pytest

from service.ingest.numfmt import shown


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("0.95", "0%", "95%"),
        ("0.25", "0%", "25%"),
        ("0.995", "0.0%", "99.5%"),
        ("8.1", "0.00", "8.10"),
        ("12", "General", "12"),
        ("12.0", "General", "12"),
        ("1200000", "#,##0", "1,200,000"),
        ("1234.5", "#,##0.00", "1,234.50"),
        ("7.000000000000001", "General", "7"),
        ("0.30000000000000004", "General", "0.3"),
        ("2.5", "0", "3"),
        ("-1.005", "0.00", "-1.01"),
        ("-0.001", "0.00", "0.00"),
        ("-5", "0;(0)", "(5)"),
        ("0", '0;-0;"—"', "—"),
        ("240", '0"人"', "240人"),
        ("0.95", '"≥"0%', "≥95%"),
        ("30", 'G/通用格式"亩"', "30亩"),
        ("30", '[红色]General"亩"', "30亩"),
        ("8.1", "0.0#", "8.1"),
        ("5", "000", "005"),
        ("0.5", "#.##", ".5"),
        ("12000", '0.0,"千"', "12.0千"),
        ("120", '[>=100]"多";"少"', "多"),
        ("20", '[>=100]"多";"少"', "少"),
        ("1500", "[$¥-804]#,##0.00", "¥1,500.00"),
        ("0.5", "# ?/?", "0.5"),
        ("45292", "yyyy/m/d", "2024/1/1"),
        ("45292", 'yyyy"年"m"月"d"日"', "2024年1月1日"),
        ("45292.5", "yyyy-mm-dd hh:mm", "2024-01-01 12:00"),
        ("0.75", "h:mm AM/PM", "6:00 PM"),
        ("1.5", "[h]:mm", "36:00"),
        ("1", "yyyy/m/d", "1900/1/1"),
        ("13082222", "@", "13082222"),
        ("1e300", "0.00", "1e+300"),
        ("-3", "yyyy/m/d", "-3"),
        ("不是数", "0%", "不是数"),
        ("5", '"未闭合', "未闭合"),
        ("0.1", "0" + "." + "0" * 400, "0.1"),
    ],
)
def test_numbers_as_shown(value, code, text):
    assert shown(value, code) == text


def test_dates_of_the_other_epoch():
    assert shown("0", "yyyy/m/d", date1904=True) == "1904/1/1"


def test_xlsx_types_and_formats(make):
    cells = [
        '<c r="A1" t="s"><v>0</v></c>',
        make.inline("B1", "一行&#10;二行_x000D_"),
        '<c r="C1" s="1"><v>0.95</v></c>',
        '<c r="D1" t="b"><v>1</v></c>',
        '<c r="E1" t="e"><v>#REF!</v></c>',
        '<c r="F1" t="str"><f>A1</f><v>算出的文字</v></c>',
        '<c r="G1" s="9"><v>3</v></c>',
        '<c r="H1" t="d"><v>2024-05-01T00:00:00</v></c>',
    ]
    data = make.xlsx(
        {"表一": make.sheet(*cells)},
        formats=["0%"],
        strings=["<r><t>富</t></r><r><t>文本</t></r><rPh><t>fuwenben</t></rPh>"],
    )
    (table,) = make.tables(make.read(data))
    assert make.grid(table) == [
        ["富文本", "一行\n二行\n", "95%", "TRUE", "#REF!", "算出的文字", "3", "2024-05-01"]
    ]
    assert table.part == "表一"


def test_phonetic_guides_of_a_cell_are_left_out(make):
    text = '<c r="A1" t="inlineStr"><is><t>灌溉</t><rPh><t>guangai</t></rPh><t>面积</t></is></c>'
    assert make.grid(make.tables(make.read(make.xlsx({"a": make.sheet(text)})))[0]) == [["灌溉面积"]]


def test_xlsx_cells_without_references_follow_each_other(make):
    xml = "<sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row></sheetData>"
    assert make.grid(make.tables(make.read(make.xlsx({"a": xml})))[0]) == [["1", "2"], ["3", ""]]


def test_xlsx_with_prefixed_names_and_1904_dates(make):
    xml = '<c r="A1" s="1"><v>0</v></c>'
    data = make.xlsx({"a": make.sheet(xml)}, formats=["yyyy/m/d"], date1904=True)
    assert make.grid(make.tables(make.read(data))[0]) == [["1904/1/1"]]
    prefixed = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        '<x:row r="2"><x:c r="B2"><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    data = make.xlsx({"a": ""}, extra={})
    parts = {"xl/worksheets/sheet1.xml": prefixed}
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | parts
    (table,) = make.tables(make.read(make.container(parts)))
    assert [(c.text, c.source.row, c.source.col) for c in table.cells] == [("7", 2, 2)]


def test_xlsx_merges_hidden_sheets_and_macros(make):
    first = make.sheet(
        make.inline("A1", "标题"),
        make.inline("A2", "产出"),
        make.inline("B2", "甲"),
        make.inline("B3", "乙"),
        merges=["A1:B1", "A2:A3"],
    )
    data = make.xlsx(
        {"表一": first, "字典": make.sheet(make.inline("A1", "选项"))},
        hidden=["字典"],
        extra={"xl/vbaProject.bin": b"macro"},
    )
    document = make.read(data)
    assert make.grid(make.tables(document)[0]) == [["标题", "<"], ["产出", "甲"], ["^", "乙"]]
    assert make.grid(make.tables(document)[1]) == [["选项"]]
    problems = {problem.kind: problem.message for problem in document.problems}
    assert set(problems) == {"macro", "hidden-sheet"}
    assert "宏未读取" in problems["macro"]
    assert "字典" in problems["hidden-sheet"]


def test_text_under_a_merged_cell_is_reported_and_repeats_are_not(make):
    cells = (make.inline("A1", "甲"), make.inline("B1", "甲"), make.inline("C1", "丙"))
    document = make.read(make.xlsx({"a": make.sheet(*cells, merges=["A1:C1"])}))
    assert [problem.source.col for problem in document.problems] == [3]


def test_formula_without_stored_result_is_reported(make):
    cells = (make.inline("A1", "合计"), '<c r="B1"><f>SUM(C1:C9)</f></c>', '<c r="C1"><f>1+1</f><v>2</v></c>')
    document = make.read(make.xlsx({"a": make.sheet(*cells)}))
    assert make.grid(make.tables(document)[0]) == [["合计", "", "2"]]
    assert [(p.kind, p.source.row, p.source.col) for p in document.problems] == [("formula", 1, 2)]


def test_xls_numbers_texts_and_merges(make):
    import struct

    rk_percent = make.record(0x027E, struct.pack("<HHHI", 1, 1, 1, (95 << 2) | 3))
    multiple = make.record(0x00BD, struct.pack("<HHHIHIH", 2, 1, 0, (7 << 2) | 2, 1, (25 << 2) | 3, 2))
    formula = make.record(
        0x0006, struct.pack("<HHH", 3, 0, 0) + b"\x00\x00\x00\x00\x00\x00\xff\xff" + b"\x00" * 8
    )
    merged = make.record(0x00E5, struct.pack("<HHHHH", 1, 0, 0, 0, 1))
    data = make.xls(
        [
            make.xls_text(0, 0, "标题"),
            make.xls_text(1, 0, "合格率"),
            rk_percent,
            multiple,
            formula,
            make.record(0x0207, make.wide("公式文字")),
            make.xls_number(3, 1, 8.1),
            make.xls_number(3, 2, 45292, 2),
            merged,
        ],
        formats=["0%", 'yyyy"年"m"月"'],
        state=1,
        streams={"_VBA_PROJECT_CUR": b"macro"},
    )
    document = make.read(data, "a.xlsx")
    assert document.kind == "xls"
    assert make.grid(make.tables(document)[0]) == [
        ["标题", "<", ""],
        ["合格率", "95%", ""],
        ["", "7", "25%"],
        ["公式文字", "8.1", "2024年1月"],
    ]
    assert sorted(problem.kind for problem in document.problems) == ["hidden-sheet", "macro"]


def test_xls_shared_strings_over_record_seams(make):
    import struct

    def shared(text: str, double: int) -> bytes:
        raw = text.encode("utf-16-le" if double else "latin-1")
        return struct.pack("<HB", len(text), double) + raw

    whole = (
        struct.pack("<II", 3, 3) + shared("单次", 1) + struct.pack("<HB", 4, 1) + "前半".encode("utf-16-le")
    )
    # The seam falls inside a string: the continuation says anew how wide its characters are.
    rest = b"\x01" + "后半".encode("utf-16-le") + shared("abc", 0)
    strings = make.record(0x00FC, whole) + make.record(0x003C, rest)
    cells = [make.record(0x00FD, struct.pack("<HHHI", n, 0, 0, n)) for n in range(3)]
    (table,) = make.tables(make.read(make.xls(cells, globals_=strings)))
    assert make.grid(table) == [["单次"], ["前半后半"], ["abc"]]


def test_xls_written_by_a_real_program(make, convert):
    cells = (
        make.inline("A1", "泵站维护绩效目标表"),
        make.inline("A2", "开机完好率"),
        '<c r="B2" s="1"><v>0.985</v></c>',
        '<c r="A3" s="2"><v>45292</v></c>',
        '<c r="B3"><v>12.5</v></c>',
    )
    book = make.xlsx({"泵站": make.sheet(*cells, merges=["A1:B1"])}, formats=["0.0%", "yyyy-mm-dd"])
    from_office = convert(book, "xlsx", "xls")
    document = make.read(from_office)
    assert document.kind == "xls"
    assert (
        make.grid(make.tables(document)[0])
        == make.grid(make.tables(make.read(book))[0])
        == [
            ["泵站维护绩效目标表", "<"],
            ["开机完好率", "98.5%"],
            ["2024-01-01", "12.5"],
        ]
    )


XML2003 = """<?xml version="1.0" encoding="{encoding}"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="Default"/><Style ss:ID="p"><NumberFormat ss:Format="Percent"/></Style>
<Style ss:ID="q" ss:Parent="p"/><Style ss:ID="d"><NumberFormat ss:Format="yyyy\\-mm\\-dd"/></Style></Styles>
<Worksheet ss:Name="湿地"><Table ss:ExpandedColumnCount="9999999" ss:ExpandedRowCount="9999999">
<Column ss:Index="3" ss:StyleID="d"/>
<Row><Cell ss:MergeAcross="2"><Data ss:Type="String">湿地修复</Data></Cell></Row>
<Row ss:Index="3"><Cell ss:MergeDown="1"><Data ss:Type="String">产出</Data></Cell>
<Cell ss:StyleID="q"><Data ss:Type="Number">0.95</Data></Cell>
<Cell><Data ss:Type="DateTime">2024-05-01T00:00:00.000</Data></Cell></Row>
<Row><Cell ss:Index="2"><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>粗</B>体</ss:Data>
<Comment><ss:Data>批注</ss:Data></Comment></Cell><Cell ss:Formula="=1+1"/></Row></Table>
<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions>
</Worksheet></Workbook>"""


@pytest.mark.parametrize("encoding", ["utf-8", "gb2312", "utf-16"])
def test_xml2003(make, encoding):
    data = XML2003.format(encoding=encoding).encode(encoding)
    document = make.read(data, "导出.xls")
    assert document.kind == "xml2003"
    (table,) = make.tables(document)
    assert make.grid(table) == [
        ["湿地修复", "<", "<"],
        ["", "", ""],
        ["产出", "95.00%", "2024-05-01"],
        ["^", "粗体", ""],
    ]
    assert sorted(problem.kind for problem in document.problems) == ["formula", "hidden-sheet"]
