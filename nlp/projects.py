"""What a whole project is by its name and purpose, and what can stand as the basis of a value."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from nlp import units
from nlp.lexicon import any_of, compiled, data, pattern
from nlp.text import normalise

_EDGE_MARKS: Final = re.compile(r"^[\s\d.、()（）①-⑳:：]+|[\s。.;；,，、:：]+$")


@lru_cache(maxsize=4096)
def is_internal_project(name: str, purpose: str = "", goals_text: str = "") -> bool:
    """Whether the project serves the unit itself (office, staff, machines), so that no public is served."""
    title, rest = normalise(name), normalise(purpose) + "\n" + normalise(goals_text)
    internal = any_of("internal_project_words", "internal").search(title) is not None
    own_staff = any_of("internal_project_words", "own_staff").search(rest) is not None
    return (internal or own_staff) and not _public(title, rest)


@lru_cache(maxsize=4096)
def serves_public(name: str, purpose: str = "", goals_text: str = "") -> bool:
    """Whether name, purpose or goals say that somebody outside the unit gets something."""
    title, rest = normalise(name), normalise(purpose) + "\n" + normalise(goals_text)
    return _public(title, rest)


@lru_cache(maxsize=4096)
def needs_cost_row(name: str, purpose: str = "") -> bool:
    """Whether the project is works, a large repair or a purchase, for which a cost row is expected."""
    title = normalise(name)
    if pattern("works_purchase_words", "not").search(title):
        return False
    either = [any_of("works_purchase_words", key) for key in ("works", "purchase")]
    if any(regex.search(title) for regex in either):
        return True
    lead = re.match(r"(?:主要)?(?:用于|用来)?(.{0,12})", normalise(purpose))
    return lead is not None and any(regex.match(lead[1]) for regex in either)


@lru_cache(maxsize=4096)
def basis_kind(text: str) -> str | None:
    """Return the kind of standard (计划标准, 行业标准 …) that the text is or starts with, else None."""
    bare_text = _EDGE_MARKS.sub("", normalise(text))
    for kind, names in _basis_kinds():
        if bare_text in names:
            return kind
    for kind, _ in _basis_kinds():
        if bare_text.startswith(kind) or f"({kind})" in bare_text:
            return kind
    return None


@lru_cache(maxsize=4096)
def is_bare_kind(text: str) -> bool:
    """Whether the text is nothing but a kind of standard, or several, and names none."""
    rest = normalise(text)
    for _, names in _basis_kinds():
        for name in sorted(names, key=len, reverse=True):
            rest = rest.replace(name, "") if len(name) > 2 or rest == name else rest
    return basis_kind(text) is not None and _EDGE_MARKS.sub("", rest).strip("/和及与或") == ""


@lru_cache(maxsize=4096)
def is_basis(text: str) -> bool:
    """Whether the text speaks of where a value comes from. A unit, a number or an indicator name does not."""
    bare_text = _EDGE_MARKS.sub("", normalise(text))
    if not bare_text or units.lookup(bare_text) is not None:
        return False
    if basis_kind(text) is not None or basis_names_document(text):
        return True
    return any_of("basis_words", "sources").search(bare_text) is not None


@lru_cache(maxsize=4096)
def basis_names_document(text: str) -> bool:
    """Whether a particular document, standard, contract or statistic is named."""
    return any(regex.search(text) is not None for regex in _documents())


def _public(title: str, rest: str) -> bool:
    groups = any_of("internal_project_words", "public_groups")
    things = any_of("internal_project_words", "public_things")
    if groups.search(title) or groups.search(rest):
        return True
    internal = any_of("internal_project_words", "internal").search(title) is not None
    return not internal and (things.search(title) is not None or things.search(rest) is not None)


@cache
def _basis_kinds() -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(
        (normalise(kind), frozenset(map(normalise, names)))
        for kind, names in data("basis_words")["kinds"].items()
    )


@cache
def _documents() -> tuple[re.Pattern[str], ...]:
    patterns = data("basis_words")["document_patterns"]
    return tuple(compiled("basis_words", "document_patterns", text) for text in patterns)
