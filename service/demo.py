"""`make demo`: checks the shipped sample and leaves the results a clerk would use."""

from __future__ import annotations

import sys
from pathlib import Path

from service.commands import run_check


def main() -> int:
    """Check corpora/samples and write workbook, letter and page into the folder given as second argument."""
    samples, out = Path(sys.argv[1]), Path(sys.argv[2])
    run_check((str(samples / "sample.docx"),), "text", None)
    for name, fmt in (("sample.xlsx", "xlsx"), ("sample.docx", "docx"), ("sample.docx", "html")):
        run_check((str(samples / name),), fmt, f"{out}/")
    print(f"\n样例检查完毕。批注工作簿、审核意见书和网页报告在 {out.resolve()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
