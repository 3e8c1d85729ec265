"""Hostile and broken input: bounded, typed errors of one line, nothing silent."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import pytest

from service.errors import (
    BiaochiError,
    DamagedInput,
    EmptyInput,
    EncryptedInput,
    InputError,
    TooLarge,
    UnsupportedFormat,
)

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "哈哈哈哈哈哈哈哈"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


def refused(make, data: bytes, kind: type[BiaochiError], name: str | None = None, **limits: int) -> str:
    with pytest.raises(kind) as caught:
        make.read(data, name, **limits)
    assert type(caught.value) is kind
    assert "\n" not in caught.value.message
    return caught.value.message


# --- what it is -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b" \r\n\t ", b"\x00" * 5000, b"\xef\xbb\xbf", b"<html></html>"])
def test_empty(make, data):
    refused(make, data, EmptyInput)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "PNG"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 50, "JPEG"),
        (b"Rar!\x1a\x07\x00" + b"\x01" * 50, "RAR"),
        (b"7z\xbc\xaf\x27\x1c" + b"\x01" * 50, "7z"),
        (bytes(range(256)) * 20, "无法识别"),
        (b"<?xml version='1.0'?><svg/>", "XML"),
        (b'{"a": 1}', "JSON"),
    ],
)
def test_foreign_formats_say_what_is_read(make, data, word):
    message = refused(make, data, UnsupportedFormat, "申报表.docx")
    assert word in message
    assert message.startswith("申报表.docx：")
    assert word == "JSON" or "docx、xlsx" in message


def test_archives_are_sent_elsewhere(make):
    assert "压缩包" in refused(make, make.container({"a.txt": "x"}), UnsupportedFormat)
    assert "演示文稿" in refused(
        make,
        make.container({"[Content_Types].xml": "<a/>", "ppt/presentation.xml": "<a/>"}),
        UnsupportedFormat,
    )
    assert "OFD" in refused(make, make.container({"OFD.xml": "<a/>"}), UnsupportedFormat)


def test_wrong_extension_is_of_no_account(make):
    assert make.read(make.docx(make.para("正文")), "表.xlsx").kind == "docx"
    assert make.read(make.xlsx({"a": make.sheet(make.inline("A1", "甲"))}), "表.pdf").kind == "xlsx"
    assert make.read(make.pdf([[make.pdf_text(60, 40, "说明")]]), "表.txt").kind == "pdf"


# --- size -------------------------------------------------------------------------------------------------------------


def test_file_over_the_size_limit(make):
    assert "0.001" in refused(make, b"x" * 1100, TooLarge, max_bytes=1049)


def test_zip_bomb_by_its_own_words(make):
    data = make.docx(make.para("甲" * 2_000_000))
    assert len(data) < 100_000
    refused(make, data, TooLarge, max_unpacked_bytes=1_000_000)


def test_zip_bomb_that_lies_about_its_size(make):
    """The directory says 10 bytes; unpacking must stop by what really comes."""
    data = bytearray(make.docx(make.para("甲" * 500_000)))
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        struct.pack_into("<I", data, at + 24, 10)
        at += 4
    tracemalloc.start()
    with pytest.raises((TooLarge, DamagedInput)):
        make.read(bytes(data), max_unpacked_bytes=100_000)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_one_part_read_again_and_again(make):
    """A small container whose sheets are all the same part: each reading counts."""
    sheets = {f"s{n}": "" for n in range(30)}
    same = "".join(
        f'<Relationship Id="s{n}" Type="x/worksheet" Target="worksheets/sheet1.xml"/>' for n in range(1, 31)
    )
    relations = f"<Relationships>{same}</Relationships>"
    data = make.xlsx(
        sheets,
        extra={
            "xl/_rels/workbook.xml.rels": relations,
            "xl/worksheets/sheet1.xml": f"<worksheet>{' ' * 100_000}</worksheet>",
        },
    )
    refused(make, data, TooLarge, max_unpacked_bytes=1_000_000)


def test_zip_with_too_many_parts(make):
    parts = {f"part{n}": b"" for n in range(60)}
    refused(make, make.docx(make.para("甲"), parts), TooLarge, max_zip_entries=50)


def test_zip_inside_a_zip_is_never_opened(make):
    inner = make.container({"x": b"0" * 1_000_000})
    document = make.read(make.docx(make.para("甲"), {"word/embeddings/o.zip": inner}))
    assert make.paragraphs(document) == ["甲"]


def test_path_tricks_touch_no_disk(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = make.docx(make.para("甲"), {"../../evil.txt": b"x", "/etc/evil": b"x"})
    assert make.paragraphs(make.read(data)) == ["甲"]
    assert not list(tmp_path.iterdir())


def test_many_rows_in_every_format(make):
    refused(make, b"a,b,c\n" * 200, TooLarge, max_rows=100)
    refused(make, b"<table>" + b"<tr><td>1" * 200, TooLarge, max_rows=100)
    refused(make, "\t甲\n\t乙\n\n".encode() * 200, TooLarge, max_rows=100)
    body = make.table(*[make.row("甲", "乙")] * 200)
    refused(make, make.docx(body), TooLarge, max_rows=100)
    rows = "".join(f"<row><c><v>{n}</v></c></row>" for n in range(200))
    refused(make, make.xlsx({"a": f"<sheetData>{rows}</sheetData>"}), TooLarge, max_rows=100)
    refused(make, make.xls([make.xls_number(n, 0, n) for n in range(200)]), TooLarge, max_rows=100)


def test_many_cells_over_many_tables(make):
    refused(make, make.docx((make.table(make.row("甲", "乙")) + make.para("间")) * 60), TooLarge, max_rows=50)
    body = make.table(make.row("甲", "乙")) * 60
    refused(make, make.docx(body), TooLarge, max_cells=100)
    refused(make, make.docx(make.para("段") * 200), TooLarge, max_cells=100)


def test_one_shared_string_in_a_million_places(make):
    cells = '<c t="s"><v>0</v></c>' * 200
    data = make.xlsx({"a": f"<sheetData><row>{cells}</row></sheetData>"}, strings=[f"<t>{'甲' * 10_000}</t>"])
    refused(make, data, TooLarge, max_bytes=1_000_000)


def test_sheet_that_claims_to_be_huge_costs_nothing(make):
    data = make.xlsx({"a": make.sheet(make.inline("A1", "甲"), dimension="A1:XFD1048576")})
    tracemalloc.start()
    assert make.grid(make.tables(make.read(data))[0]) == [["甲"]]
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()
    refused(
        make, make.xlsx({"a": make.sheet(make.inline("A1", "甲"), make.inline("XFD1048576", "乙"))}), TooLarge
    )


def test_xls_dimension_record_is_not_believed(make):
    lie = make.record(0x0200, struct.pack("<IIHHH", 0, 0xFFFFFFF0, 0, 0xFFF0, 0))
    document = make.read(make.xls([lie, make.xls_text(0, 0, "甲")]))
    assert make.grid(make.tables(document)[0]) == [["甲"]]


@pytest.mark.parametrize("build", ["docx", "xlsx", "csv", "html", "txt"])
def test_long_cell_is_cut_and_reported(make, build):
    long = "字" * 100_000
    data = {
        "docx": lambda: make.docx(make.table(make.row("甲", long))),
        "xlsx": lambda: make.xlsx({"a": make.sheet(make.inline("A1", "甲"), make.inline("B1", long))}),
        "csv": lambda: f"甲,乙,丙\n一,{long},三\n".encode(),
        "html": lambda: f"<table><tr><td>甲<td>{long}</table>".encode(),
        "txt": lambda: f"\t甲\n\t{long}\n".encode(),
    }[build]()
    document = make.read(data)
    assert document.kind == build
    cells = [cell for table in make.tables(document) for cell in table.cells]
    assert max(len(cell.text) for cell in cells) == 20_000
    (problem,) = document.problems
    assert problem.kind == "truncated"
    assert "20000" in problem.message
    assert problem.source is not None


def test_problems_themselves_are_bounded(make):
    cells = [make.inline(f"A{n}", "字" * 30) for n in range(1, 1001)]
    document = make.read(make.xlsx({"a": make.sheet(*cells)}), max_cell_chars=20)
    assert len(document.problems) == 201


# --- spans ------------------------------------------------------------------------------------------------------------


def test_huge_and_negative_spans(make):
    page = "<table><tr><td colspan=100000000 rowspan=99999999>甲<tr><td colspan=-5 rowspan=x>乙<td colspan=0>丙</table>"
    refused(make, page.replace("rowspan=99999999", "").replace("甲", "甲<td>再").encode(), TooLarge)
    document = make.read(
        "<table><tr><td colspan=100000000>甲<tr><td colspan=-5>乙<td rowspan=x>丙</table>".encode()
    )
    assert make.grid(make.tables(document)[0]) == [["甲", "<"], ["乙", "丙"]]
    wide = '<w:gridSpan w:val="2000000000"/>'
    body = make.table(
        make.row(make.cell("甲", wide)), make.row(make.cell("乙", '<w:gridSpan w:val="-3"/>'), "丙")
    )
    assert make.grid(make.tables(make.read(make.docx(body)))[0]) == [["甲", "<"], ["乙", "丙"]]


def test_overlapping_and_backward_merges(make):
    cells = [make.inline(ref, ref) for ref in ("A1", "B1", "A2", "B2", "C3")]
    merges = ["A1:B1", "B1:B2", "A1:A2", "B2:A2", "A1:XFD1048576", "C3:C3", "nonsense"]
    document = make.read(make.xlsx({"a": make.sheet(*cells, merges=merges)}))
    assert make.grid(make.tables(document)[0]) == [["A1", "<", ""], ["A2", "<", ""], ["", "", "C3"]]


def test_vertical_merge_without_beginning(make):
    body = make.table(
        make.row(make.cell("甲", "<w:vMerge/>"), "1"), make.row(make.cell("", "<w:vMerge/>"), "2")
    )
    assert make.grid(make.tables(make.read(make.docx(body)))[0]) == [["甲", "1"], ["^", "2"]]


def test_many_overlapping_merges_end_in_time(make):
    cells = [make.inline(f"A{n}", "x") for n in range(1, 301)]
    # All but the first end in a cell that the first has taken, which shows only after a walk over them.
    merges = ["A300:B300"] + [f"A{n}:A300" for n in range(1, 300)]
    document = make.read(make.xlsx({"a": make.sheet(*cells, merges=merges)}), max_cells=10_000)
    assert any("重叠" in problem.message for problem in document.problems)


# --- markup -----------------------------------------------------------------------------------------------------------


def test_entities_are_refused_everywhere(make):
    body = f"{LAUGHS}<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body/></w:document>"
    refused(make, make.docx("", {"word/document.xml": body}), DamagedInput)
    refused(make, make.docx("", {"word/document.xml": body.encode("utf-16")}), DamagedInput)
    sheet = f"{LAUGHS}<worksheet><sheetData><row><c t='str'><v>&c;</v></c></row></sheetData></worksheet>"
    refused(make, make.xlsx({"a": ""}, extra={"xl/worksheets/sheet1.xml": sheet}), DamagedInput)
    outside = '<!DOCTYPE a SYSTEM "http://example.invalid/a.dtd"><worksheet/>'
    refused(make, make.xlsx({"a": ""}, extra={"xl/worksheets/sheet1.xml": outside}), DamagedInput)
    book = f"<?xml version='1.0'?>{LAUGHS}<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'/>"
    refused(make, book.encode(), DamagedInput)


def test_files_of_the_machine_are_never_read(make, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("机密")
    outside = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]><html><p>甲&x;</p></html>'
    assert "机密" not in "".join(make.paragraphs(make.read(outside.encode())))


def test_deep_nesting(make):
    tags = 3_000
    page = "<div>" * tags + "深处" + "</div>" * tags + "<p>后面"
    with pytest.raises(EmptyInput, match="嵌套过深"):
        make.read(page.encode())
    tables = "<table><tr><td>甲<td>" * 60
    document = make.read(tables.encode())
    assert any(problem.kind == "unread-part" for problem in document.problems)
    deep = make.para("甲")
    for _ in range(400):
        deep = f"<w:sdt><w:sdtContent>{deep}</w:sdtContent></w:sdt>"
    with pytest.raises(InputError):
        make.read(make.docx(deep))
    sheet = "<a>" * 50_000 + "</a>" * 50_000
    assert make.grid(
        make.tables(make.read(make.xlsx({"a": sheet + make.sheet(make.inline("A1", "甲"))})))[0]
    ) == [["甲"]]


def test_control_characters_are_dropped(make):
    document = make.read("\t甲\x07\x1b[31m\n\t乙\u2028丙\x0b丁\n".encode())
    assert make.grid(make.tables(document)[0]) == [["甲[31m", "乙\n丙\n丁"]]
    cells = make.inline("A1", "甲_x0007__x001B_乙_xD800_")
    assert make.grid(make.tables(make.read(make.xlsx({"a": make.sheet(cells)})))[0]) == [["甲乙\ufffd"]]


def test_too_many_nodes_in_a_document(make):
    refused(make, make.docx(make.para("") * 500), TooLarge, max_cells=100)
    refused(make, ("<p>甲" * 500).encode(), TooLarge, max_cells=100)


def test_shared_string_index_out_of_range(make):
    refused(make, make.xlsx({"a": make.sheet('<c t="s"><v>99</v></c>')}), DamagedInput)


# --- passwords --------------------------------------------------------------------------------------------------------


def test_passwords(make):
    refused(make, make.compound({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}), EncryptedInput, "a.docx")
    word = bytearray(4096)
    struct.pack_into("<HH", word, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", word, 10, 0x0100)
    refused(make, make.compound({"WordDocument": bytes(word)}), EncryptedInput)
    refused(make, make.xls([], globals_=make.record(0x002F, b"\x01\x00")), EncryptedInput)
    refused(make, make.pdf([[make.pdf_text(60, 40, "甲")]], encrypt=True), EncryptedInput)
    data = bytearray(make.docx(make.para("甲")))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    refused(make, bytes(data), EncryptedInput)


# --- pdf --------------------------------------------------------------------------------------------------------------


def test_pdf_stream_bombs(make):
    bomb = zlib.compress(b"0" * 5_000_000, 9)
    for content in (bomb, zlib.compress(bomb, 9)):
        stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content)
        data = make.pdf([[make.pdf_text(60, 40, "甲")]], streams=[stream])
        refused(make, data, TooLarge, max_unpacked_bytes=1_000_000)
    half = zlib.compress(b"0" * 600_000, 9)
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(half), half)
    page = [make.pdf_text(60, 40, "甲")]
    assert make.read(make.pdf([page], streams=[stream]), max_unpacked_bytes=1_000_000).blocks
    refused(make, make.pdf([page], streams=[stream, stream]), TooLarge, max_unpacked_bytes=1_000_000)


def test_pdf_forms_that_call_each_other(make):
    """Each form draws the next one ten times: 10^12 drawings without a bound."""
    forms = []
    for n in range(12):
        # One page: objects 6 and 7 are its content and itself, the forms follow from 8.
        calls = b"/X Do " * 10
        forms.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X %d 0 R >> >> "
            b"/Length %d >>\nstream\n%s\nendstream" % (9 + n, len(calls), calls)
        )
    data = make.pdf([["/X Do"]], streams=forms)
    data = data.replace(b"/Font << /F1 3 0 R >> >>", b"/XObject<</X 8 0 R>>   >>")
    refused(make, data, TooLarge)


def test_pdf_with_too_many_pages(make):
    refused(make, make.pdf([[make.pdf_text(60, 40, "甲")]] * 4), TooLarge, max_pages=3)
