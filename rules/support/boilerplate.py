"""Names and blocks of rows that several projects of one file share. Names are blocked before they are compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import Final

from rapidfuzz import fuzz

from nlp.naming import has_measurable_noun, is_capped_rate, is_satisfaction, is_unit_cost
from rules.engine.context import ProjectContext, RowContext
from rules.support.repeats import is_real_name, near_key

_SHORTEST: Final = 4
_LARGEST_BLOCK: Final = 200
_MOST_PROJECTS: Final = 200


def is_shared_standard(name: str) -> bool:
    """Whether many projects rightly use such a name: it says what is counted, timed, paid, asked or worked out."""
    return has_measurable_noun(name) or is_unit_cost(name)


def name_clusters(
    projects: Iterable[ProjectContext], similarity: float, min_projects: int
) -> Iterator[tuple[RowContext, ...]]:
    """Yield the rows of each set of like names that stands in at least `min_projects` projects, in document order."""
    by_name: dict[str, list[RowContext]] = {}
    for project in projects:
        for row in project.once("own-names", _own_names):
            by_name.setdefault(row.name, []).append(row)
    blocks: dict[str, list[str]] = defaultdict(list)
    for name in by_name:
        blocks[name[:2]].append(name)
    for names in blocks.values():
        for cluster in _linked(tuple(names[:_LARGEST_BLOCK]), similarity):
            members = sorted(
                (row for name in cluster for row in by_name[name]),
                key=lambda row: (row.project.index, row.index),
            )
            if len({row.project.index for row in members}) >= min_projects:
                yield tuple(members)


def common_blocks(projects: Iterable[ProjectContext], min_rows: int) -> Iterator[tuple[RowContext, ...]]:
    """Yield the rows that two projects share with equal name and value, at least `min_rows` per project."""
    by_key: dict[tuple[str, str], dict[int, RowContext]] = {}
    for project in projects:
        for key, row in project.once("own-targets", _own_targets):
            by_key.setdefault(key, {}).setdefault(row.project.index, row)
    shared: Counter[tuple[int, int]] = Counter()
    holders: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for key, members in by_key.items():
        if not 2 <= len(members) <= _MOST_PROJECTS:
            continue
        for pair in combinations(sorted(members), 2):
            shared[pair] += 1
            holders[pair].append(key)
    groups: dict[tuple[tuple[str, str], ...], set[int]] = defaultdict(set)
    for pair, hits in shared.items():
        if hits >= min_rows:
            groups[tuple(holders[pair])].update(pair)
    for keys, numbers in groups.items():
        yield tuple(
            by_key[key][number] for number in sorted(numbers) for key in keys if number in by_key[key]
        )


def _own_names(project: ProjectContext) -> list[RowContext]:
    """Return the rows whose names other projects have no reason to use."""
    return [
        row
        for row in project.live_rows
        if len(row.name) >= _SHORTEST and not is_shared_standard(row.text("name"))
    ]


def _own_targets(project: ProjectContext) -> list[tuple[tuple[str, str], RowContext]]:
    """Return (name, value) and row of every row that is no common rate or satisfaction."""
    return [
        ((row.name, row.filed_value), row)
        for row in project.live_rows
        if is_real_name(row.name) and not _free_to_share(row)
    ]


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
