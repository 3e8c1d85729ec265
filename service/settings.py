"""Settings from the environment, frozen once per process entry."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from service.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on hostile or broken input. Every bound can be set as BIAOCHI_<NAME>."""

    max_bytes: int = 64 * 1024 * 1024
    """Size of one input file."""
    max_unpacked_bytes: int = 256 * 1024 * 1024
    """Sum of the unpacked parts of a zip container (docx, xlsx)."""
    max_zip_entries: int = 10_000
    max_rows: int = 100_000
    """Rows of all sheets and tables together."""
    max_columns: int = 256
    max_cells: int = 1_000_000
    max_cell_chars: int = 20_000
    """Longer cells are cut and reported as unread."""
    max_pages: int = 1_000
    max_projects: int = 5_000
    convert_seconds: int = 120
    """Time limit of a LibreOffice conversion."""


def limits_from(environ: Mapping[str, str] | None = None) -> Limits:
    """Return the limits with BIAOCHI_MAX_BYTES and the like applied. Raises SettingsError on a bad number."""
    env = os.environ if environ is None else environ
    values: dict[str, int] = {}
    for item in fields(Limits):
        key = f"BIAOCHI_{item.name.upper()}"
        if key not in env:
            continue
        text = env[key]
        if not text.isdecimal() or int(text) == 0:
            raise SettingsError(f"环境变量 {key}={text} 不是正整数，请改正后重试")
        values[item.name] = int(text)
    return Limits(**values)
