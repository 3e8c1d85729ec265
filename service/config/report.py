"""What holds: every setting with its value and where it comes from, and everything that is wrong."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from importlib import import_module
from typing import Any, Final

from service.config.registry import FILE_SUFFIX, PREFIX, SECTIONS, Section, Setting, by_name
from service.config.source import Given, Origin, strangers
from service.errors import SettingsError

ORIGINS: Final[Mapping[Origin, str]] = {
    "default": "默认",
    "file": "设置文件",
    "environment": "环境变量",
    "secret-file": "密钥文件",
}
MASK: Final = "已设置（不显示）"
_NAMES: Final = re.compile(rf"{PREFIX}[A-Z0-9_]*[A-Z0-9]")
_USER: Final = re.compile(r"//[^/].*@")
_QUERY: Final = re.compile(r"\?.*")
_ROUNDS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One setting as it is shown."""

    name: str
    value: str
    origin: Origin
    default: str
    unit: str
    meaning: str


def lines(given: Given) -> Iterator[tuple[Section, tuple[Line, ...]]]:
    """Yield every section with its settings. No secret is in them."""
    for section in SECTIONS:
        yield section, tuple(_line(section, setting, given) for setting in section.settings)


def _line(section: Section, setting: Setting, given: Given) -> Line:
    name = section.full_name(setting)
    default = default_of(section, setting)
    origin = given.origins.get(name, "default")
    value = masked(setting, given.values[name]) if name in given.values else default
    return Line(
        name=name, value=value, origin=origin, default=default, unit=setting.unit, meaning=setting.meaning
    )


def masked(setting: Setting, text: str) -> str:
    """Return a value without anything that must not be seen."""
    if setting.hides == "secret":
        return MASK
    if "://" in text:
        # Any address may hold a password, in its name part or as a parameter, whether it may or not.
        text = _QUERY.sub("?…", _USER.sub("//…@", text))
    return "".join(char if char.isprintable() else "…" for char in text)


def default_of(section: Section, setting: Setting) -> str:
    """Return the default in words, or as it would be written."""
    if setting.default is not None:
        return setting.default
    found: dict[str, Field[Any]] = {item.name: item for item in fields(loaded(section.holder))}
    item = found[setting.name.lower()]
    if item.default is MISSING:
        raise LookupError(f"{setting.name} needs a default in the list of settings")
    return _text(item.default)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if hasattr(value, "per_minute"):
        return f"{value.per_minute}/{value.per_day}"  # type: ignore[attr-defined]
    return str(value) or "空"


def loaded(place: str) -> Any:
    """Return what a name such as `service.settings:Limits` stands for."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def problems(given: Given) -> tuple[str, ...]:
    """Return everything that is wrong, one line each; none where the settings can be used."""
    found = list(strangers(given))
    for reader in dict.fromkeys(section.reader for section in SECTIONS if section.reader):
        found += _faults(loaded(reader), dict(given.values))
    found += _database(given)
    found += _open_file(given)
    return tuple(dict.fromkeys(found))


def _faults(reader: Callable[[Mapping[str, str]], object], values: dict[str, str]) -> Iterator[str]:
    """Read again and again, each time without what was found wrong, so that all of it is found at once."""
    for _ in range(_ROUNDS):
        try:
            reader(values)
        except SettingsError as error:
            # The value may as well stand in the file.
            yield error.message.replace("环境变量 ", "设置 ")
            guilty = [name for name in _NAMES.findall(error.message) if name in values]
            if not guilty:
                return
            del values[guilty[0]]
        else:
            return


def _database(given: Given) -> Iterator[str]:
    text = given.values.get(f"{PREFIX}DATABASE")
    if text is None:
        return
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        backend = make_url(text.strip()).get_backend_name()
    except ArgumentError:
        backend = ""
    if backend not in ("sqlite", "postgresql", "postgres"):
        yield f"{PREFIX}DATABASE 应如 sqlite:///数据.db 或 postgresql://用户@主机/库，请改正"


def _open_file(given: Given) -> Iterator[str]:
    """Tell of a file with secrets that everybody on the machine may read."""
    if given.file is None or os.name != "posix":
        return
    known = by_name()
    secrets = [name for name, origin in given.origins.items() if origin == "file" and known[name][1].hides]
    if secrets and given.file.stat().st_mode & stat.S_IROTH:
        yield (
            f"设置文件 {given.file.name} 含有 {'、'.join(secrets)}，而其他用户可以读取；"
            f"请 chmod 640，或改用 {secrets[0]}{FILE_SUFFIX}"
        )
