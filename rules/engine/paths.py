"""Paths into a document: `projects[0].rows[2].value`, `projects[1].budget.total`, `department.items[3]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from models.records.document import AmountCell, Cell, DepartmentItem, Document

_PATH = re.compile(r"projects\[(\d+)\](?:\.rows\[(\d+)\])?(?:\.(.+))?")
_DIGITS = re.compile(r"\d+")
_INDEXED = re.compile(r"(goals|plan)\[(\d+)\]")
_PART_ONE = re.compile(r"department\.(items|goals|measures)\[(\d+)\]")


@lru_cache(maxsize=65536)
def natural(path: str) -> str:
    """Return a sort key in which item 2 comes before item 10."""
    return _DIGITS.sub(lambda match: match[0].zfill(8), path)


@dataclass(frozen=True, slots=True)
class PathParts:
    """A split path. `field` is set for a cell of a row, `rest` for everything else below its head."""

    project: int | None
    row: int | None
    field: str | None
    rest: str


@lru_cache(maxsize=65536)
def split_path(path: str) -> PathParts:
    """Split a path. Paths outside projects keep everything in `rest`."""
    match = _PATH.fullmatch(path)
    if match is None:
        return PathParts(None, None, None, path)
    project, row, tail = match.groups()
    if row is not None:
        return PathParts(int(project), int(row), tail, "")
    return PathParts(int(project), None, None, tail or "")


def resolve_cell(document: Document, path: str) -> Cell | None:
    """Return the cell at a path, None for a row, a project or the document itself."""
    parts = split_path(path)
    if parts.project is None:
        match = _PART_ONE.fullmatch(path)
        if match is None or document.department is None:
            return document.title if path == "title" else None
        entry: Cell | DepartmentItem = getattr(document.department, match[1])[int(match[2])]
        return entry.name if isinstance(entry, DepartmentItem) else entry
    project = document.projects[parts.project]
    if parts.row is not None:
        return project.rows[parts.row].cell(parts.field) if parts.field else None
    if not parts.rest:
        return None
    indexed = _INDEXED.fullmatch(parts.rest)
    if indexed is not None:
        k = int(indexed[2])
        return project.goals[k] if indexed[1] == "goals" else project.plan[k].percent.cell
    owner: object = project
    for step in parts.rest.split("."):
        owner = getattr(owner, step)
    if isinstance(owner, AmountCell):
        return owner.cell
    return owner if isinstance(owner, Cell) else None
