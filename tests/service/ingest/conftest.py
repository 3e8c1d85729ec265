"""Small files of every format, written at test time. No sample of a real form is stored."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from ingest_pdf_builder import pdf, pdf_table, pdf_text

from service.ingest.grid import Paragraph, RawDocument, Table
from service.ingest.reader import read_bytes
from service.settings import Limits

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def container(parts: Mapping[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


# --- docx ---------------------------------------------------------------------------------------------------------


def para(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def cell(content: str, properties: str = "") -> str:
    inner = content if content.startswith("<") else para(content)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    made = "".join(item if item.startswith("<w:tc>") else cell(item) for item in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{made}</w:tr>"


def table(*rows: str, columns: int = 0) -> str:
    """Return a table; `columns` adds the column widths that LibreOffice wants."""
    widths = '<w:gridCol w:w="2000"/>' * columns
    grid_ = f"<w:tblPr/><w:tblGrid>{widths}</w:tblGrid>" if columns else ""
    return f"<w:tbl>{grid_}{''.join(rows)}</w:tbl>"


def docx(body: str, extra: Mapping[str, str | bytes] | None = None, namespaces: str = "") -> bytes:
    document = f"<w:document {W} {namespaces}><w:body>{body}</w:body></w:document>"
    return container(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            'wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" '
            f'Type="{_REL}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/document.xml": document,
            **(extra or {}),
        }
    )


# --- xlsx ---------------------------------------------------------------------------------------------------------


def _override(part: str, kind: str) -> str:
    media = f"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"
    return f'<Override PartName="{part}" ContentType="{media}"/>'


def xlsx(
    sheets: Mapping[str, str],
    *,
    formats: Sequence[str] = (),
    strings: Sequence[str] = (),
    hidden: Sequence[str] = (),
    date1904: bool = False,
    extra: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """Return a workbook; a sheet is given as the XML inside <worksheet>."""
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="s{n}" {"state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""}/>'
        for n, name in enumerate(sheets, start=1)
    )
    relations = "".join(
        f'<Relationship Id="s{n}" Type="{_REL}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    numbered = "".join(
        f"<numFmt numFmtId=\"{164 + n}\" formatCode='{code}'/>" for n, code in enumerate(formats)
    )
    styles = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(formats)))
    return container(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f"{_override('/xl/workbook.xml', 'sheet.main')}{_override('/xl/styles.xml', 'styles')}"
            f"{_override('/xl/sharedStrings.xml', 'sharedStrings')}"
            + "".join(
                _override(f"/xl/worksheets/sheet{n}.xml", "worksheet") for n in range(1, len(sheets) + 1)
            )
            + "</Types>",
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" '
            f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f"<workbook {S} {R}><workbookPr {'date1904=' + chr(34) + '1' + chr(34) if date1904 else ''}/>"
            f"<sheets>{listed}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{relations}'
            f'<Relationship Id="st" Type="{_REL}/styles" Target="styles.xml"/>'
            f'<Relationship Id="ss" Type="{_REL}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>',
            "xl/styles.xml": f"<styleSheet {S}><numFmts>{numbered}</numFmts><cellStyleXfs><xf numFmtId='14'/>"
            f"</cellStyleXfs><cellXfs><xf numFmtId='0'/>{styles}</cellXfs></styleSheet>",
            "xl/sharedStrings.xml": f"<sst {S}>{''.join(f'<si>{item}</si>' for item in strings)}</sst>",
            **{
                f"xl/worksheets/sheet{n}.xml": f"<worksheet {S}>{xml}</worksheet>"
                for n, xml in enumerate(sheets.values(), start=1)
            },
            **(extra or {}),
        }
    )


def inline(ref: str, text: str) -> str:
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def sheet(*cells: str, merges: Sequence[str] = (), dimension: str = "") -> str:
    made = f'<dimension ref="{dimension}"/>' if dimension else ""
    merged = "".join(f'<mergeCell ref="{ref}"/>' for ref in merges)
    return f"{made}<sheetData><row>{''.join(cells)}</row></sheetData><mergeCells>{merged}</mergeCells>"


# --- xls and other compound files ---------------------------------------------------------------------------------


def compound(streams: Mapping[str, bytes]) -> bytes:
    """Return an OLE compound file; streams are padded so that none is a mini stream."""
    sectors: list[bytes] = []
    chains: list[list[int]] = []
    entries = [("Root Entry", 5, 0xFFFFFFFE, 0)]
    for name, data in streams.items():
        padded = data.ljust(4096, b"\x00")
        first = len(sectors)
        pieces = [padded[at : at + 512].ljust(512, b"\x00") for at in range(0, len(padded), 512)]
        sectors += pieces
        chains.append(list(range(first, len(sectors))))
        entries.append((name, 2, first, len(padded)))
    directory = b""
    for name, kind, start, size in entries:
        raw = name.encode("utf-16-le")
        directory += raw.ljust(64, b"\x00") + struct.pack("<HBB", len(raw) + 2, kind, 1)
        directory += struct.pack("<3I", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF) + b"\x00" * 36
        directory += struct.pack("<III", start, size, 0)
    first = len(sectors)
    sectors += [directory[at : at + 512].ljust(512, b"\x00") for at in range(0, len(directory), 512)]
    chains.append(list(range(first, len(sectors))))
    fat_count = 1
    while (len(sectors) + fat_count) > fat_count * 128:
        fat_count += 1
    fat = [0xFFFFFFFF] * (fat_count * 128)
    for chain in chains:
        for here, following in zip(chain, [*chain[1:], 0xFFFFFFFE], strict=True):
            fat[here] = following
    places = list(range(len(sectors), len(sectors) + fat_count))
    for place in places:
        fat[place] = 0xFFFFFFFD
    raw_fat = struct.pack(f"<{len(fat)}I", *fat)
    sectors += [raw_fat[at : at + 512] for at in range(0, len(raw_fat), 512)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 16
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\x00" * 6
    header += struct.pack("<IIIIIIIII", 0, fat_count, first, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", *(places + [0xFFFFFFFF] * (109 - len(places))))
    return header + b"".join(sectors)


def record(code: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", code, len(body)) + body


def wide(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def xls(
    cells: Sequence[bytes],
    *,
    formats: Sequence[str] = (),
    globals_: bytes = b"",
    name: str = "表一",
    state: int = 0,
    streams: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return a workbook of one sheet from ready records; style n+1 has format n."""
    begin = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
    head = begin + globals_
    head += b"".join(
        record(0x041E, struct.pack("<H", 164 + n) + wide(code)) for n, code in enumerate(formats)
    )
    head += record(0x00E0, struct.pack("<HH", 0, 0).ljust(20, b"\x00"))
    head += b"".join(
        record(0x00E0, struct.pack("<HH", 0, 164 + n).ljust(20, b"\x00")) for n in range(len(formats))
    )
    raw = name.encode("utf-16-le")
    bound = struct.pack("<BB", len(name), 1) + raw
    offset = len(head) + 4 + 6 + len(bound) + 4
    head += record(0x0085, struct.pack("<IBB", offset, state, 0) + bound) + record(0x000A)
    assert len(head) == offset
    body = record(0x0809, struct.pack("<HHHHII", 0x0600, 16, 0, 0, 0, 0)) + b"".join(cells) + record(0x000A)
    return compound({"Workbook": head + body, **(streams or {})})


def xls_text(row_: int, col: int, text: str) -> bytes:
    return record(0x0204, struct.pack("<HHH", row_, col, 0) + wide(text))


def xls_number(row_: int, col: int, value: float, style: int = 0) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row_, col, style, value))


# --- reading ------------------------------------------------------------------------------------------------------


def read(data: bytes, name: str | None = None, **limits: int) -> RawDocument:
    return read_bytes(data, name=name, limits=Limits(**limits))


def tables(document: RawDocument) -> list[Table]:
    return [block for block in document.blocks if isinstance(block, Table)]


def paragraphs(document: RawDocument) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Paragraph)]


def grid(table_: Table) -> list[list[str]]:
    """Return the texts of a table; "^" stands for a position covered from above, "<" from the left, "" for none."""
    lines = []
    for r, cells in enumerate(table_.matrix()):
        lines.append(
            [
                "" if c is None else "^" if c.row < r else "<" if c.col < n else c.text
                for n, c in enumerate(cells)
            ]
        )
    return lines


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Builders and short forms of reading, as one namespace."""
    return SimpleNamespace(
        container=container,
        para=para,
        cell=cell,
        row=row,
        table=table,
        docx=docx,
        xlsx=xlsx,
        inline=inline,
        sheet=sheet,
        compound=compound,
        record=record,
        wide=wide,
        xls=xls,
        xls_text=xls_text,
        xls_number=xls_number,
        pdf=pdf,
        pdf_text=pdf_text,
        pdf_table=pdf_table,
        read=read,
        tables=tables,
        paragraphs=paragraphs,
        grid=grid,
    )


@pytest.fixture(scope="session")
def convert(tmp_path_factory: pytest.TempPathFactory):
    """Convert bytes with LibreOffice, to obtain files that only it can write."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed")
    profile = tmp_path_factory.mktemp("office")

    def run(data: bytes, suffix: str, target: str) -> bytes:
        folder = tmp_path_factory.mktemp("convert")
        source = folder / f"input.{suffix}"
        source.write_bytes(data)
        subprocess.run(
            [
                program,
                f"-env:UserInstallation={profile.as_uri()}",
                "--headless",
                "--convert-to",
                target,
                "--outdir",
                str(folder / "out"),
                str(source),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return next((folder / "out").iterdir()).read_bytes()

    return run


@pytest.fixture(scope="session")
def seed() -> Path:
    """The folder of the real file in five formats."""
    folder = Path(__file__).resolve().parents[3] / ".." / "shared" / "seed"
    if not folder.is_dir():
        pytest.skip("the real file beside the project is absent")
    return folder
