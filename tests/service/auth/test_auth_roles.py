from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any, get_args

import pytest

from service.auth.roles import BOUND, RIGHTS, ROLE_NAMES, ROLES, Actor, Permission

MATRIX = """
                  drafter reviewer administrator portal
check             yes     yes      yes           yes
suggest           yes     yes      yes           yes
read_document     yes     yes      yes           yes
write_document    yes     -        yes           yes
decide            yes     yes      yes           -
review            -       yes      yes           -
waive             -       yes      yes           -
run_batch         -       yes      yes           yes
portal            -       -        yes           yes
manage_profiles   -       -        yes           -
manage_keys       -       -        yes           -
read_audit        -       -        yes           -
"""


def cells() -> list[tuple[str, str, bool]]:
    header, *lines = MATRIX.strip().splitlines()
    return [
        (line.split()[0], role, word == "yes")
        for line in lines
        for role, word in zip(header.split(), line.split()[1:], strict=True)
    ]


def actor(role: Any, departments: Any = frozenset({"教育局"}), **given: Any) -> Actor:
    return Actor(**({"id": "k1", "name": "张三", "role": role, "departments": departments} | given))


@pytest.mark.parametrize(("permission", "role", "may"), cells())
def test_rights(permission: Any, role: str, may: bool) -> None:
    assert actor(role).may(permission) is may


def test_the_matrix_is_whole_and_cannot_be_changed() -> None:
    assert {permission for permission, _, _ in cells()} == set(get_args(Permission)) == set(RIGHTS)
    assert {role for _, role, _ in cells()} == set(ROLES) == set(ROLE_NAMES)
    with pytest.raises(TypeError):
        RIGHTS["check"] = frozenset()  # type: ignore[index]


def test_a_right_that_does_not_exist_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        actor("administrator").may("everything")  # type: ignore[arg-type]


def test_departments() -> None:
    one = actor("drafter", frozenset({"教育局", "卫健委"}))
    assert [one.sees(name) for name in ("教育局", "卫健委", "财政局", None)] == [True, True, False, False]
    everything = actor("reviewer", None)
    assert everything.sees("财政局")
    assert everything.sees(None)
    assert one.bound_to == ("卫健委", "教育局")
    assert everything.bound_to is None


@pytest.mark.parametrize(
    "name", ["教育局 ", " 教育局", "教育局\u200b", "教育局\0", "教育", "教育局,财政局", "", "*", "%"]
)
def test_names_that_look_like_the_department_are_others(name: str) -> None:
    assert not actor("drafter").sees(name)


@pytest.mark.parametrize("role", sorted(BOUND))
def test_drafters_and_portals_always_have_departments(role: str) -> None:
    with pytest.raises(ValueError, match="departments"):
        actor(role, None)


@pytest.mark.parametrize(
    ("role", "departments"),
    [
        ("root", None),
        ("", None),
        (None, None),
        ("Administrator", None),
        ("reviewer", frozenset()),
        ("reviewer", ["教育局"]),
        ("reviewer", {"教育局"}),
        ("reviewer", "教育局"),
        ("reviewer", frozenset({""})),
        ("reviewer", frozenset({" "})),
        ("reviewer", frozenset({None})),
    ],
)
def test_no_actor_of_an_impossible_role_or_scope(role: Any, departments: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        actor(role, departments)


@pytest.mark.parametrize("identifier", ["", "k" * 33])
def test_identifiers_fit_their_columns(identifier: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        actor("drafter", id=identifier)


def test_an_actor_is_a_value() -> None:
    with pytest.raises(FrozenInstanceError):
        actor("drafter").role = "administrator"  # type: ignore[misc]
    assert actor("drafter") == actor("drafter")
