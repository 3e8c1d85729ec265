"""The active rules of a profile, instantiated once, with a digest over their sources and options."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TypeVar

from rules.engine.base import DocumentRule, EngineRule, ProjectRule, RowRule, Rule
from rules.engine.profile import Profile
from rules.engine.registry import all_rules

ENGINE = Path(__file__).resolve().parent
R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in code order, by grain."""

    profile: Profile
    rules: tuple[Rule, ...]
    row_rules: tuple[RowRule, ...]
    project_rules: tuple[ProjectRule, ...]
    document_rules: tuple[DocumentRule, ...]
    digest: str

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the active rules."""
        return tuple(rule.code for rule in self.rules)


@cache
def _engine_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(ENGINE.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def build(profile: Profile, *, only: Sequence[type[Rule]] | None = None) -> RuleSet:
    """Instantiate the enabled rules of a profile (or `only` these classes, enabled or not)."""
    rules: list[Rule] = []
    digest = hashlib.sha256(_engine_digest().encode())
    for code, entry in all_rules().items():
        if only is not None and entry.cls not in only:
            continue
        values = {key: item.value for (c, key), item in profile.settings.items() if c == code}
        if not values["enabled"] and only is None:
            continue
        options = entry.cls.Options(**{f.name: values[f.name] for f in fields(entry.cls.Options)})
        opinion = profile.opinion_codes.get(code)
        rules.append(
            entry.cls(
                options=options,
                severity=values["severity"],
                opinion_code=opinion.value if opinion else None,
            )
        )
        source = entry.path.read_bytes() if entry.path else entry.origin.encode()
        digest.update(f"{code}\0{options!r}\0{values['severity']}\0".encode() + source)
    return RuleSet(
        profile=profile,
        rules=tuple(rules),
        row_rules=_of(rules, RowRule),  # type: ignore[type-abstract]
        project_rules=_of(rules, ProjectRule),  # type: ignore[type-abstract]
        document_rules=_of(rules, DocumentRule),  # type: ignore[type-abstract]
        digest=digest.hexdigest(),
    )


def _of(rules: Sequence[Rule], grain: type[R]) -> tuple[R, ...]:
    return tuple(rule for rule in rules if isinstance(rule, grain) and not isinstance(rule, EngineRule))
