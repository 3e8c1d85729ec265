"""Mutated and truncated files of every format: a document or a typed error of one line, nothing else."""

from __future__ import annotations

import io
import random
import struct
import zipfile

import pytest

from service.errors import DamagedInput, InputError


def outcome(make, data: bytes) -> str:
    """Return what became of a file; anything but a document or an error for the user fails the test."""
    try:
        make.read(data)
    except InputError as error:
        return error.code if "\n" not in error.message else "message of several lines"
    return "read"


def samples(make) -> dict[str, bytes]:
    """One small file of every format."""
    pages = [make.pdf_table(60, 60, [80, 80], [["名称", "数值"], ["巡查次数", "≥4次"]])] * 2
    return {
        "docx": make.docx(make.table(make.row("名称", "数值"), make.row("巡查", "4")) + make.para("说明")),
        "xlsx": make.xlsx(
            {"a": make.sheet(make.inline("A1", "名称"), '<c r="B1" s="1"><v>0.5</v></c>', merges=["A1:A2"])},
            formats=["0%"],
        ),
        "xls": make.xls([make.xls_text(0, 0, "名称"), make.xls_number(0, 1, 0.5, 1)], formats=["0%"]),
        "pdf": make.pdf(pages),
        "html": "<meta charset=utf-8><table><tr><td rowspan=2>名称<td>数值<tr><td>巡查</table>".encode(),
        "csv": '名称,数值,单位\n"巡查\n次数",4,次\n'.encode("gbk"),
        "xml2003": (
            b"<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet "
            b"ss:Name='a' xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'><Table><Row><Cell><Data "
            b"ss:Type='Number'>5</Data></Cell></Row></Table></Worksheet></Workbook>"
        ),
        "txt": "标题\n\t名称\n\t数值\n\n\t巡查\n\t4\n".encode(),
    }


@pytest.mark.parametrize("kind", ["docx", "xlsx", "xls", "pdf", "html", "csv", "xml2003", "txt"])
def test_mutated_bytes_end_in_a_document_or_a_typed_error(make, kind, monkeypatch):
    from service.ingest import office

    monkeypatch.setattr(office, "find_program", lambda: None)
    original = samples(make)[kind]
    assert make.read(original).kind == kind
    chance = random.Random(20240501)
    outcomes = set()
    for _ in range(60 if kind == "pdf" else 200):
        data = bytearray(original)
        if chance.random() < 0.3:
            del data[chance.randrange(1, len(data)) :]
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        outcomes.add(outcome(make, bytes(data)))
    assert "message of several lines" not in outcomes
    assert "read" in outcomes
    assert len(outcomes) > 1 or kind in ("txt", "csv", "html")


@pytest.mark.parametrize("kind", ["docx", "xlsx", "xls"])
def test_truncated_files_are_damaged(make, kind):
    data = samples(make)[kind]
    with pytest.raises(DamagedInput):
        make.read(data[: len(data) * 2 // 3])


def test_mutated_parts_inside_a_sound_container(make):
    """Mutated zip bytes fail at the checksum; here the parts themselves are mutated."""
    chance = random.Random(7)
    for kind, part in (
        ("docx", "word/document.xml"),
        ("xlsx", "xl/worksheets/sheet1.xml"),
        ("xlsx", "xl/styles.xml"),
    ):
        with zipfile.ZipFile(io.BytesIO(samples(make)[kind])) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        outcomes: set[str] = set()
        for _ in range(150):
            mutated = bytearray(parts[part])
            for _ in range(chance.randrange(1, 4)):
                mutated[chance.randrange(len(mutated))] = chance.choice(b"<>\"'/&09aZ \x00\xff")
            outcomes.add(outcome(make, make.container({**parts, part: bytes(mutated)})))
        assert outcomes >= {"read", "damaged-input"}


def test_compound_file_with_a_ring_in_its_table(make):
    data = bytearray(make.xls([make.xls_text(0, 0, "甲")]))
    fat = struct.unpack_from("<I", data, 76)[0]
    struct.pack_into("<II", data, 512 * (fat + 1), 1, 0)
    # The size of the stream ends the walk; what was read once is still right.
    assert make.grid(make.tables(make.read(bytes(data)))[0]) == [["甲"]]


def test_foreign_exceptions_and_panics_become_damaged_input(make, monkeypatch):
    from service.ingest import word

    class PanicException(BaseException):
        pass

    for error in (KeyError("x"), MemoryError(), RecursionError(), PanicException("panicked")):

        def fail(data, limits, error=error):
            raise error

        monkeypatch.setattr(word, "read", fail)
        with pytest.raises(DamagedInput, match=r"^甲\.docx："):
            make.read(make.docx(make.para("甲")), "甲.docx")

    def interrupt(data, limits):
        raise KeyboardInterrupt

    monkeypatch.setattr(word, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make.read(make.docx(make.para("甲")))
