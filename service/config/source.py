"""One mapping of all settings that were given: the environment wins over the file that BIAOCHI_CONFIG names."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from service.config.registry import FILE_SUFFIX, PREFIX, by_name
from service.errors import SettingsError

Origin = Literal["default", "file", "environment", "secret-file"]
_MOST: Final = 1024 * 1024
_LONGEST: Final = 80
_LINE: Final = re.compile(r"at line (\d+)")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was set."""

    values: Mapping[str, str]
    origins: Mapping[str, Origin]
    unknown: tuple[str, ...]
    """Names in the environment that begin like ours and are none; other programs may have put them there."""
    file: Path | None


def environment(environ: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return the settings that were given, by name. Raises SettingsError where the file cannot be used."""
    return collect(environ).values


def collect(environ: Mapping[str, str] | None = None) -> Given:
    """Return the settings that were given and where. Raises SettingsError where a file cannot be used."""
    env = os.environ if environ is None else environ
    known = by_name()
    values: dict[str, str] = {}
    origins: dict[str, Origin] = {}
    file = _file_of(env)
    if file is not None:
        for name, text in _from_file(file).items():
            values[name], origins[name] = text, "file"
    unknown: list[str] = []
    for name, text in env.items():
        if not name.startswith(PREFIX) or not text.strip():
            # An empty variable is what compose files and service managers make of one that is not set.
            continue
        target = name.removesuffix(FILE_SUFFIX)
        if name in known:
            values[name], origins[name] = text, "environment"
        elif target in known and known[target][1].hides:
            if env.get(target, "").strip():
                raise SettingsError(f"{target} 与 {name} 只能设置一个，请去掉其中之一")
            values[target], origins[target] = _secret(name, Path(text)), "secret-file"
        else:
            unknown.append(name)
    return Given(values=values, origins=origins, unknown=tuple(sorted(unknown)), file=file)


def nearest(name: str) -> str:
    """Return in Chinese which setting a wrong name may mean, empty where none is near."""
    found = difflib.get_close_matches(name, by_name(), n=1, cutoff=0.75)
    return f"，是否为 {found[0]}" if found else ""


def strangers(given: Given) -> tuple[str, ...]:
    """Return a line in Chinese for every name in the environment that looks like a setting and is none; no values."""
    return tuple(
        f"没有 {_printable(name)} 这项设置{nearest(name)}；不起作用，请改名或删除" for name in given.unknown
    )


def _printable(name: str) -> str:
    # A name may hold anything but "=": line breaks and terminal sequences must not reach whoever reads.
    return "".join(char if char.isprintable() else "…" for char in name)[:_LONGEST]


def _file_of(env: Mapping[str, str]) -> Path | None:
    text = env.get(f"{PREFIX}CONFIG", "").strip()
    return Path(text).expanduser() if text else None


def _secret(name: str, path: Path) -> str:
    try:
        data = path.read_bytes()[:_MOST]
        text = data.decode("utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name} 所指的文件无法读取（{_why(error)}），请检查路径与权限") from error
    if not text:
        raise SettingsError(f"{name} 所指的文件是空的，请写入内容")
    return text


def _from_file(path: Path) -> dict[str, str]:
    """Return the settings of a file by their names in the environment."""
    shown = f"设置文件 {path.name}"
    try:
        text = path.read_bytes()[:_MOST].decode("utf-8")
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _LINE.search(str(error))
        where = f"第 {place[1]} 行" if place else "末尾"
        raise SettingsError(
            f'{shown} {where}不是正确的 TOML，请改正（文字须加引号，如 host = "127.0.0.1"）'
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{shown} 无法读取（{_why(error)}），请检查 {PREFIX}CONFIG 与权限") from error
    known = by_name()
    found: dict[str, str] = {}
    wrong: list[str] = []
    for key, value in _flat(content):
        name = PREFIX + key.replace(".", "_").upper()
        if name not in known or known[name][1].environment_only:
            wrong.append(f"没有「{key}」这项设置{nearest(name)}" if _shown(key) else "有一项的名称不是英文")
        elif name in found:
            wrong.append(f"{name} 写了两次")
        else:
            plain = _plain(value)
            if plain is None:
                wrong.append(f"「{key}」应为文字、数字或文字的列表")
            else:
                found[name] = plain
    if wrong:
        raise SettingsError(f"{shown} 有误：{'；'.join(wrong)}；全部设置见 biaochi config")
    return {name: text for name, text in found.items() if text.strip()}


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield before + key, value


def _plain(value: Any) -> str | None:
    """Return a value as it would stand in the environment, None for a kind that no setting has."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) and "," not in item for item in value):
        return ",".join(value)
    return None


def _shown(key: str) -> bool:
    return all(_NAME.fullmatch(part) for part in key.split("."))


def _why(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else "不是 UTF-8 文字"
