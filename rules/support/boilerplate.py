"""Names and blocks of rows that several projects of one file share. Names are blocked before they are compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import Final

from rapidfuzz import fuzz

from nlp.naming import has_measurable_noun, is_capped_rate, is_satisfaction, is_unit_cost
from rules.engine.context import DocumentContext, ProjectContext, RowContext
from rules.support.repeats import is_real_name, near_key

_SHORTEST: Final = 4
_BLOCK: Final = 2
"""Names are compared where their first characters are equal."""
_LARGEST_BLOCK: Final = 200
_MOST_PROJECTS: Final = 200


def is_shared_standard(name: str) -> bool:
    """Whether many projects rightly use such a name: it says what is counted, timed, paid, asked or worked out."""
    return has_measurable_noun(name) or is_unit_cost(name)


def name_clusters(
    ctx: DocumentContext, similarity: float, min_projects: int
) -> Iterator[tuple[RowContext, ...]]:
    """Yield the rows of each set of like names that stands in at least `min_projects` projects of the document.

    In a narrowed context only the sets that its projects have part in.
    """
    everywhere = ctx.shared("own-names", _own_names)
    own = {row.name: None for _, row in ctx.own("own-names", _own_names)}
    for block in {name[:_BLOCK]: None for name in own}:
        by_name: dict[str, list[RowContext]] = {}
        for row in everywhere[block]:
            by_name.setdefault(row.name, []).append(row)
        for cluster in _linked(tuple(by_name)[:_LARGEST_BLOCK], similarity):
            if not any(name in own for name in cluster):
                continue
            members = sorted(
                (row for name in cluster for row in by_name[name]),
                key=lambda row: (row.project.index, row.index),
            )
            if len({row.project.index for row in members}) >= min_projects:
                yield tuple(members)


def common_blocks(ctx: DocumentContext, min_rows: int) -> Iterator[tuple[RowContext, ...]]:
    """Yield the rows that two projects share with equal name and value, at least `min_rows` per project.

    In a narrowed context only the pairs that its projects have part in.
    """
    everywhere = ctx.shared("own-targets", _own_targets)
    mine = {project.index for project in ctx.projects}
    keys = {key: None for key, _ in ctx.own("own-targets", _own_targets)}
    by_key: dict[tuple[str, str], dict[int, RowContext]] = {}
    shared: Counter[tuple[int, int]] = Counter()
    holders: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for key in keys:
        members: dict[int, RowContext] = {}
        for row in everywhere[key]:
            members.setdefault(row.project.index, row)
        if not 2 <= len(members) <= _MOST_PROJECTS:
            continue
        by_key[key] = members
        for pair in sorted(
            {(min(a, b), max(a, b)) for a in mine & members.keys() for b in members if a != b}
        ):
            shared[pair] += 1
            holders[pair].append(key)
    groups: dict[tuple[tuple[str, str], ...], set[int]] = defaultdict(set)
    for pair, hits in shared.items():
        if hits >= min_rows:
            groups[tuple(holders[pair])].update(pair)
    for held, numbers in groups.items():
        yield tuple(
            by_key[key][number] for number in sorted(numbers) for key in held if number in by_key[key]
        )


def _own_names(project: ProjectContext) -> list[tuple[str, RowContext]]:
    """Return the rows whose names other projects have no reason to use, each with its block."""
    return [(row.name[:_BLOCK], row) for row in project.live_rows if row.once("own-name", _has_own_name)]


def _own_targets(project: ProjectContext) -> list[tuple[tuple[str, str], RowContext]]:
    """Return (name, value) and row of every row that is no common rate or satisfaction."""
    return [
        ((row.name, row.filed_value), row)
        for row in project.live_rows
        if row.once("own-target", _has_own_target)
    ]


def _has_own_name(row: RowContext) -> bool:
    return len(row.name) >= _SHORTEST and not is_shared_standard(row.text("name"))


def _has_own_target(row: RowContext) -> bool:
    return is_real_name(row.name) and not _free_to_share(row)


def _free_to_share(row: RowContext) -> bool:
    name = row.text("name")
    if is_satisfaction(name) or not row.norm("value"):
        return True
    return is_capped_rate(name) and row.quantity.kind == "ratio"


@lru_cache(maxsize=4096)
def _linked(names: tuple[str, ...], similarity: float) -> tuple[tuple[str, ...], ...]:
    """Return the names in sets linked by likeness."""
    parent = list(range(len(names)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    keys = [near_key(name) for name in names]
    for i, j in combinations(range(len(names)), 2):
        if keys[i] == keys[j] or fuzz.ratio(names[i], names[j], score_cutoff=100 * similarity) > 0:
            parent[root(j)] = root(i)
    sets: dict[int, list[str]] = defaultdict(list)
    for i, name in enumerate(names):
        sets[root(i)].append(name)
    return tuple(map(tuple, sets.values()))
