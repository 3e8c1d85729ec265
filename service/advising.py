"""Use case: which indicators a project could have, ranked, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.records.document import Document, Project
from nlp import library
from nlp.scheme import CATEGORIES, Scheme, label_key, load_scheme
from rules.engine.context import DocumentContext, ProjectContext
from rules.rewriting.indicators import about_project, proposals
from service.errors import SettingsError

_LISTED: Final = 0.1
"""Score from which an entry is listed: somebody who asks for a class chooses for himself."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One proposed indicator."""

    category: str
    """The class as the scheme names it (社会效益指标)."""
    name: str
    description: str
    operator: str
    unit: str
    basis: str
    reason: str


def advise(
    project: Project, *, category: str | None = None, scheme: str | None = None, limit: int = 5
) -> tuple[Advice, ...]:
    """Return indicators for a project, at most `limit` for each class, in the scheme's order of classes.

    `category` is a class by name or alias (社会效益, 满意度指标). Raises SettingsError for an unknown class.
    """
    from dataclasses import replace

    pack = load_scheme(scheme or project.scheme or "cn2015")
    wanted = (_category(pack, category),) if category else tuple(c for c in CATEGORIES if pack.has(c))
    document = Document(projects=(replace(project, scheme=pack.id),))
    ctx = DocumentContext(document).projects[0]
    return tuple(item for name in wanted for item in _of_class(ctx, pack, name, limit))


def fields(project: Project) -> tuple[str, ...]:
    """Return the sectors that the project seems to belong to, in name order."""
    ctx = DocumentContext(Document(projects=(project,))).projects[0]
    return tuple(sorted(library.fields(about_project(ctx))))


def _of_class(ctx: ProjectContext, pack: Scheme, category: str, limit: int) -> list[Advice]:
    found = []
    for item in proposals(ctx, category, breadth=max(limit, 6), fits=_LISTED):
        found.append(
            Advice(
                category=pack.level2_name(category),
                name=item.name,
                description=f"{item.formula}；数据来源：{item.source}",
                operator=item.operator,
                unit=item.unit,
                basis=item.basis,
                reason=item.reason,
            )
        )
        if len(found) == limit:
            break
    return found


def _category(pack: Scheme, text: str) -> str:
    found = pack.category(text) or (label_key(text) if label_key(text) in CATEGORIES else None)
    if found is None:
        known = "、".join(item.name for branch in pack.level1 for item in branch.level2)
        raise SettingsError(f"没有类型「{text}」，可用的类型有：{known}")
    return found
