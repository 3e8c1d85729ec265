"""Writes results so that nothing half-written is left behind."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from service.errors import SettingsError


def write_all(files: Sequence[tuple[Path, bytes]]) -> None:
    """Write all files or none: each into a temporary neighbour first, then renamed. Raises SettingsError."""
    pending: list[tuple[str, Path]] = []
    try:
        for path, data in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".biaochi-", dir=path.parent)
            pending.append((temporary, path))
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            # mkstemp makes the file private; results should follow the user's umask like any other file.
            os.chmod(temporary, 0o666 & ~_umask())
        for temporary, path in pending:
            os.replace(temporary, path)
    except OSError as error:
        for temporary, _ in pending:
            Path(temporary).unlink(missing_ok=True)
        raise SettingsError(
            f"无法写入 {error.filename or '输出文件'}（{error.strerror}），请检查路径与权限"
        ) from error


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
