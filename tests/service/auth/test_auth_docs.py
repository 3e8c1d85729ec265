"""The page about access tells the truth."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from service.auth.roles import RIGHTS, ROLES
from service.auth.settings import AuthSettings, OidcSettings, Quota
from service.key_commands import keys

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "access.md").read_text("utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_the_matrix_is_the_one_in_the_code() -> None:
    table = [cells(line) for line in PAGE.split("## 密钥")[0].splitlines() if line.startswith("|")]
    order = [cell.split()[0] for cell in table[0][2:]]
    written = {
        row[0].strip("`"): {role for role, word in zip(order, row[2:], strict=True) if word == "有"}
        for row in table[2:]
    }
    assert sorted(order) == sorted(ROLES)
    assert written == {permission: set(roles) for permission, roles in RIGHTS.items()}


def test_every_setting_is_documented_with_its_default() -> None:
    lines = [cells(line) for line in PAGE.split("## 设置")[1].splitlines() if line.startswith("| `")]
    written = {row[0].strip("`"): row[1] for row in lines}
    plain = AuthSettings()
    expected = {}
    for item in fields(AuthSettings):
        value = getattr(plain, item.name)
        if isinstance(value, Quota):
            expected[f"BIAOCHI_{item.name.upper()}"] = f"{value.per_minute}/{value.per_day}"
        elif item.name != "oidc":
            expected[f"BIAOCHI_{item.name.upper()}"] = str(value)
    assert {name: text for name, text in written.items() if "OIDC" not in name} == expected
    assert {name for name in written if "OIDC" in name} == {
        f"BIAOCHI_OIDC_{item.name.upper()}" for item in fields(OidcSettings)
    }


def test_every_command_is_documented() -> None:
    assert [name for name in keys.commands if f"biaochi keys {name}" not in PAGE] == []
