"""Executes every rule's own examples (反例 / 正例) and the further cases of tests/rules/cases/BCnnn.yml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.engine.docs import page
from rules.engine.registry import all_rules
from rules.engine.testing import problems_of

CASES = Path(__file__).parent / "cases"


def _docstring_cases() -> list[Any]:
    out = []
    for code, entry in all_rules().items():
        parsed = page(entry.cls)
        for kind, blocks in (("bad", parsed.bad), ("good", parsed.good)):
            out += [
                pytest.param(code, block, kind == "bad", id=f"{code}-{kind}{i}")
                for i, block in enumerate(blocks)
            ]
    return out


def _file_cases() -> list[Any]:
    out = []
    for path in sorted(CASES.glob("*.yml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        code = data.pop("rule")
        assert path.stem == code, f"{path.name} names {code}"
        for name, case in data.items():
            assert "fires" in case, f"{path.name}:{name} must state fires (an empty list for silence)"
            out.append(pytest.param(code, case, bool(case["fires"]), id=f"{code}-{name}"))
    return out


@pytest.mark.parametrize(("code", "case", "fires"), _docstring_cases() + _file_cases())
def test_case(code: str, case: Mapping[str, Any], fires: bool) -> None:
    assert problems_of(all_rules()[code].cls, case, fires=fires) == []
