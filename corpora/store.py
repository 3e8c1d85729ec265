"""Typed, cached access to the data files that people edit. A missing or broken file is an error, never a default."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CorpusError(Exception):
    """A data file is missing or malformed. The message is Chinese and names the file."""


def path_of(name: str) -> Path:
    """Return the path of a data file such as `lexicons/units.yml`. Raises CorpusError when it is missing."""
    path = ROOT / name
    if not path.is_file():
        raise CorpusError(f"数据文件缺失：corpora/{name}，请重新安装标尺")
    return path


@cache
def load_yaml(name: str) -> Any:
    """Return the parsed YAML of a data file. Callers must not change it. Raises CorpusError on bad YAML."""
    text = path_of(name).read_text(encoding="utf-8")
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行" if mark is not None else ""
        raise CorpusError(f"数据文件 corpora/{name} {where}不是有效的 YAML，请检查缩进与引号") from error


@cache
def sha256_of(name: str) -> str:
    """Return the hex digest of a data file."""
    return hashlib.sha256(path_of(name).read_bytes()).hexdigest()


@cache
def digests() -> Mapping[str, str]:
    """Return name → sha256 of every scheme, lexicon and mapping file and of the scoring, in name order."""
    names = sorted(
        path.relative_to(ROOT).as_posix()
        for folder in (".", "schemes", "lexicons", "mappings")
        for path in (ROOT / folder).glob("*.yml")
    )
    return MappingProxyType({name: sha256_of(name) for name in names})
