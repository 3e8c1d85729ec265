"""Which cells of the original get a comment, and what it says. Shared by the annotated copies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.records.document import Cell, Document, Project, SourceRef
from models.records.finding import Severity
from service.export import paths
from service.export.view import Entry, FindingView, ReportView


@dataclass(frozen=True, slots=True)
class Note:
    """A comment on one cell. An empty `text` only colours the cell."""

    sources: tuple[SourceRef, ...]
    """Places to try, best first."""
    cell: Cell | None
    severity: Severity
    text: str


def notes(view: ReportView) -> Iterator[Note]:
    """Yield a note for every finding.

    A folded finding that must be corrected is noted on each of its rows. Other folded ones are noted on the
    first row of each project and only coloured on the rest, or the copy would drown in equal comments.
    """
    for group in view.groups:
        for item in group.walk():
            if item.fold is None or not item.covered:
                yield _note(view.document, item, item.entry, _text(item))
                continue
            noted: set[int | None] = set()
            for entry in item.covered:
                project = paths.parse(entry.location.path).project
                full = item.finding.severity is Severity.ERROR or project not in noted
                noted.add(project)
                yield _note(view.document, item, entry, _text(item) if full else "")


def _note(document: Document, item: FindingView, entry: Entry, text: str) -> Note:
    ref = paths.parse(entry.location.path)
    cell = paths.cell_of(document, ref)
    candidates: list[SourceRef | None] = [entry.location.source, cell.source if cell is not None else None]
    row = paths.row_of(document, ref)
    if row is not None:
        candidates += [row.source, row.name.source]
    project = paths.project_of(document, ref)
    if project is None and document.projects:
        project = document.projects[0]
    if project is not None:
        candidates += _anchors(project)
    known = tuple(source for source in candidates if source is not None and source.row and source.col)
    return Note(sources=known, cell=cell, severity=item.finding.severity, text=text)


def _anchors(project: Project) -> list[SourceRef | None]:
    """Cells that stand for a whole project."""
    cells = [project.title, project.name, project.code, project.department]
    cells += [row.name for row in project.rows[:1]]
    return [cell.source for cell in cells] + [project.source]


def _text(item: FindingView) -> str:
    sentences = dict(item.sentences)
    lines = [f"{item.finding.code}【{item.severity_label}】{item.fold_words}"]
    lines += [f"问题：{sentences['事实']}。"] if "事实" in sentences else []
    lines += [f"建议：{sentences['建议']}。"] if "建议" in sentences else []
    lines += [f"参考修改：{suggestion.text}" for suggestion in item.suggestions]
    lines += [item.confidence] if item.confidence else []
    return "\n".join(lines)
