"""PDFs with a standard Chinese font and ruling lines, without any library."""

from __future__ import annotations

from collections.abc import Sequence


def pdf(pages: Sequence[Sequence[str]], *, encrypt: bool = False, streams: Sequence[bytes] = ()) -> bytes:
    """Return a PDF with a standard Chinese font that needs no embedding. A page is a list of drawing commands."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [4 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) "
        b"/Ordering (GB1) /Supplement 2 >> /DW 1000 /FontDescriptor 5 0 R >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 "
        b"/Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 >>",
    ]
    kids = []
    for commands in pages:
        content = "\n".join(commands).encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            b"/Contents %d 0 R >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    objects += streams
    trailer = b""
    if encrypt:
        objects.append(b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -44 >>" % (b"11" * 32, b"22" * 32))
        trailer = b"/Encrypt %d 0 R /ID [<00><00>]" % len(objects)
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        trailer,
        start,
    )


def pdf_text(x: float, top: float, text: str, size: float = 10) -> str:
    return f"BT /F1 {size} Tf {x} {842 - top - size * 0.88} Td <{text.encode('utf-16-be').hex()}> Tj ET"


def pdf_table(
    x: float,
    top: float,
    widths: Sequence[float],
    rows: Sequence[Sequence[str]],
    *,
    line: float = 14,
) -> list[str]:
    """Return ruled rows. A cell text has its lines as set; "^" continues the cell above, "<" the cell to the left."""
    commands: list[str] = []
    heights = [
        line * max([text.count("\n") + 1 for text in items if text not in ("^", "<")], default=1) + 2
        for items in rows
    ]
    tops = [top + sum(heights[:n]) for n in range(len(rows) + 1)]
    lefts = [x + sum(widths[:n]) for n in range(len(widths) + 1)]
    for r, items in enumerate(rows):
        for c, text in enumerate(items):
            if text in ("^", "<"):
                continue
            bottom, right = r + 1, c + 1
            while right < len(items) and items[right] == "<":
                right += 1
            while bottom < len(rows) and rows[bottom][c] == "^":
                bottom += 1
            commands.append(
                f"{lefts[c]} {842 - tops[bottom]} {lefts[right] - lefts[c]} {tops[bottom] - tops[r]} re S"
            )
            for n, piece in enumerate(text.split("\n")):
                if piece:
                    commands.append(pdf_text(lefts[c] + 5, tops[r] + 2 + n * line, piece))
    return commands
