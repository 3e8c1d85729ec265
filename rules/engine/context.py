"""What rules see: the filed cells with their facts, each parsed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

from models.records.amount import FACTORS
from models.records.document import Cell, Document, Indicator, Project
from models.records.finding import Location
from models.records.quantity import Quantity
from nlp import quantity as quantities
from nlp.classify import Prediction, Query, classify_many
from nlp.scheme import Scheme, load_scheme
from nlp.text import core_name, is_not_applicable, normalise
from rules.engine.shared import Shared, entries_of

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

FIELD_LABELS: Mapping[str, str] = {
    "level1": "一级指标",
    "level2": "二级指标",
    "name": "三级指标",
    "description": "绩效指标描述",
    "operator": "计算符号",
    "value": "指标值",
    "unit": "计量单位",
    "basis": "指标值确定依据",
    "weight": "权重",
}


def shorten(text: str, limit: int = 40) -> str:
    """Return the text on one line, cut for display inside a sentence."""
    # The beginning of a long cell is enough where its words fill the line.
    line = " ".join(text[: 4 * limit].split())
    if len(line) <= limit < len(text):
        line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


class RowContext:
    """One indicator row with its facts. Values are computed on first use and kept."""

    def __init__(self, project: ProjectContext, index: int, row: Indicator) -> None:
        self.project = project
        self.index = index
        self.row = row
        self.path = f"{project.path}.rows[{index}]"
        self._norms: dict[str, str] = {}
        self._kept: dict[str, Any] = {}
        self.answer: Prediction | None = None
        """What the class model says of the row, once its project has asked; rules use `prediction`."""

    def moved_to(self, project: ProjectContext, index: int) -> RowContext:
        """Return the same row in a changed copy of its project, with every fact that is already known."""
        other = RowContext(project, index, self.row)
        other.__dict__ = {**self.__dict__, "project": project, "index": index, "path": other.path}
        return other

    def once(self, key: str, compute: Callable[[RowContext], T]) -> T:
        """Return what `compute` says of the row's own cells (no place, nothing of its project), asked once.

        Changed copies of the document share what is known of rows that they do not change.
        """
        if key not in self._kept:
            self._kept[key] = compute(self)
        found: T = self._kept[key]
        return found

    def text(self, field: str) -> str:
        """Return the filed text of a field, "" where the cell is empty or the layout has no such cell."""
        cell: Cell | None = getattr(self.row, field)
        return cell.text if cell is not None else ""

    def has(self, field: str) -> bool:
        """Whether the layout has a column for the field at all."""
        return field not in self.row.absent and self.row.cell(field) is not None

    def norm(self, field: str) -> str:
        """Return the field's text normalised for comparing."""
        found = self._norms.get(field)
        if found is None:
            found = self._norms[field] = normalise(self.text(field))
        return found

    def at(self, field: str | None = None, span: tuple[int, int] | None = None) -> Location:
        """Return the location of a field, or of the row."""
        if field is None:
            return Location(self.path, None, self.row.source)
        cell = self.row.cell(field)
        return Location(f"{self.path}.{field}", span, cell.source if cell is not None else self.row.source)

    def words(self) -> dict[str, object]:
        """Return the values that message templates may use."""
        return {**self.once("words", _words), "project": shorten(self.project.project.name.text)}

    @cached_property
    def name(self) -> str:
        """The indicator name for checks: prefix and residue stripped, normalised."""
        return core_name(self.text("name"))

    @cached_property
    def filed_value(self) -> str:
        """Operator, value and unit as a person reads them, in one string."""
        return "".join(
            part for part in (self.text("operator"), self.text("value"), self.text("unit")) if part
        )

    @cached_property
    def quantity(self) -> Quantity:
        """The parsed target value (operator and unit cells included)."""
        return quantities.of_row(self.row)

    @cached_property
    def category(self) -> str | None:
        """The declared class as a meaning (数量, 质量 …), None where the scheme does not know the label."""
        return self.project.scheme.category(self.text("level2"))

    @cached_property
    def group(self) -> str | None:
        """The declared level 1 as a meaning (产出, 效益, 满意度, 成本)."""
        return self.project.scheme.level1_group(self.text("level1"))

    @cached_property
    def query(self) -> Query:
        """What the class model is asked about the row; the declared class is not told."""
        return Query(*(self.text(field) for field in ("name", "description", "value", "unit", "operator")))

    @property
    def prediction(self) -> Prediction | None:
        """What the class model says of the row, None for a row without a name."""
        return self.project.predictions.get(self.index)

    @cached_property
    def is_filler(self) -> bool:
        """Whether the filer marked the row as not applicable."""
        return is_not_applicable(self.text("name")) or is_not_applicable(self.text("value"))

    @cached_property
    def is_blank(self) -> bool:
        """Whether neither name nor value is filled."""
        return not self.norm("name") and not self.norm("value")


def _words(row: RowContext) -> dict[str, object]:
    return {
        "name": shorten(row.text("name")),
        "value": shorten(row.filed_value, 30),
        "level1": row.text("level1"),
        "level2": row.text("level2"),
        "description": shorten(row.text("description")),
        "basis": shorten(row.text("basis"), 30),
        "unit": row.text("unit"),
    }


class ProjectContext:
    """One project table with its rows and amounts."""

    def __init__(
        self, document: DocumentContext, index: int, project: Project, before: ProjectContext | None = None
    ) -> None:
        self._before = before
        self.document = document
        self.index = index
        self.project = project
        self.path = f"projects[{index}]"
        self._kept: dict[str, Any] = {}

    def once(self, key: str, compute: Callable[[ProjectContext], T]) -> T:
        """Return what `compute` says of the project, asked once per context; rules over many projects use it."""
        if key not in self._kept:
            self._kept[key] = compute(self)
        found: T = self._kept[key]
        return found

    @cached_property
    def rows(self) -> tuple[RowContext, ...]:
        """Every row, fillers included. Rows that a changed copy shares with the filed project keep their facts."""
        known = {id(item.row): item for item in self._before.rows} if self._before is not None else {}
        return tuple(
            known[id(row)].moved_to(self, i) if id(row) in known else RowContext(self, i, row)
            for i, row in enumerate(self.project.rows)
        )

    @cached_property
    def live_rows(self) -> tuple[RowContext, ...]:
        """Rows with a name or a value that are not marked 不适用."""
        return tuple(row for row in self.rows if not row.is_filler and not row.is_blank)

    @cached_property
    def scheme(self) -> Scheme:
        """The scheme pack that applies to the project."""
        return load_scheme(self.project.scheme or "cn2015")

    @cached_property
    def predictions(self) -> Mapping[int, Prediction]:
        """The class model's answers by row index, for live rows with a name; asked in one batch."""
        known = self.scheme.categories
        # Forms without classes of their own (old Hebei) have nothing to ask.
        rows = [row for row in self.live_rows if row.name] if known else []
        answers = self.document.answers
        new = [row for row in rows if row.answer is None]
        asked = list(dict.fromkeys(row.query for row in new if (row.query, known) not in answers))
        if asked:
            answers.update(zip(((query, known) for query in asked), classify_many(asked, known), strict=True))
        for row in new:
            row.answer = answers[row.query, known]
        return {row.index: row.answer for row in rows if row.answer is not None}

    def of(self, *categories: str) -> tuple[RowContext, ...]:
        """Return the live rows declared under one of the classes."""
        return tuple(row for row in self.live_rows if row.category in categories)

    @cached_property
    def budget_yuan(self) -> Decimal | None:
        """预算数 in 元, None where it is absent or unreadable."""
        return self.to_yuan(self.project.budget.total.amount) if self.project.budget.total else None

    def to_yuan(self, amount: Decimal | None) -> Decimal | None:
        """Convert an amount of the budget block to 元."""
        factor = FACTORS.get(self.project.budget.unit)
        return amount * factor if amount is not None and factor is not None else None

    @cached_property
    def goals_text(self) -> str:
        """All goal items as one text, one item a line."""
        return "\n".join(cell.text for cell in self.project.goals)

    def at(self, field: str | None = None, span: tuple[int, int] | None = None) -> Location:
        """Return a location: None for the project, or name, code, title, department, budget.total/fiscal/other/purpose."""
        if field is None:
            return Location(self.path, None, self.project.source)
        cell: Cell | None
        if field.startswith("budget."):
            part = getattr(self.project.budget, field.removeprefix("budget."))
            cell = part if isinstance(part, Cell) or part is None else part.cell
        else:
            cell = getattr(self.project, field)
        return Location(
            f"{self.path}.{field}", span, cell.source if cell is not None else self.project.source
        )

    def at_goal(self, k: int, span: tuple[int, int] | None = None) -> Location:
        """Return the location of a goal item."""
        return Location(f"{self.path}.goals[{k}]", span, self.project.goals[k].source)

    def at_plan(self, k: int) -> Location:
        """Return the location of a point of the spending plan."""
        return Location(f"{self.path}.plan[{k}]", None, self.project.plan[k].percent.cell.source)

    def words(self) -> dict[str, object]:
        """Return the values that message templates may use."""
        total = self.project.budget.total
        return {
            "project": shorten(self.project.name.text or self.project.title.text),
            "code": self.project.code.text,
            "budget": f"{total.cell.text}{self.project.budget.unit}" if total else "",
        }


class DocumentContext:
    """The document with its projects."""

    path = "document"

    def __init__(
        self,
        document: Document,
        *,
        before: DocumentContext | None = None,
        whole: DocumentContext | None = None,
    ) -> None:
        self.document = document
        self.silent: bool = before is not None or (whole is not None and whole.silent)
        """Findings need no wording: of a changed copy only what and where is asked."""
        self.whole = whole or self
        """The context of every project, where this one is narrowed to some of them."""
        self._before = before
        self._tables: dict[str, Any] = {}
        self.answers: dict[tuple[Query, frozenset[str]], Prediction] = {}
        """What the class model said of a query under the classes of a scheme; asked once."""

    def revised(self, document: Document) -> DocumentContext:
        """Return the context of a changed copy: what is known of unchanged projects and of equal queries is kept."""
        other = DocumentContext(document, before=self)
        other.answers = self.answers
        before = self.projects
        other.projects = tuple(
            before[i]
            if i < len(before) and project is before[i].project
            else ProjectContext(other, i, project, before[i] if i < len(before) else None)
            for i, project in enumerate(document.projects)
        )
        return other

    def narrowed(self, indices: Collection[int]) -> DocumentContext:
        """Return a context in which only some projects stand, under their own paths; part one stays.

        What the other projects hold is reached through `whole`, `shared` and `tally`.
        """
        other = DocumentContext(self.document, whole=self.whole)
        other.answers = self.answers
        other.projects = tuple(project for project in self.projects if project.index in indices)
        return other

    @cached_property
    def projects(self) -> tuple[ProjectContext, ...]:
        """Every project table."""
        return tuple(ProjectContext(self, i, project) for i, project in enumerate(self.document.projects))

    def part_one(self, key: str, compute: Callable[[DocumentContext], T]) -> T:
        """Return what `compute` says of part one alone, asked once: no edit changes part one."""
        first = self.whole
        while first._before is not None:
            first = first._before.whole
        if key not in first._tables:
            first._tables[key] = compute(first)
        found: T = first._tables[key]
        return found

    def shared(
        self, key: str, entries: Callable[[ProjectContext], Iterable[tuple[Hashable, RowContext]]]
    ) -> Shared:
        """Return the rows of the whole document by what `entries` says of them.

        `entries` is asked once per project under `key`; a changed copy looks at its changed projects only. What it says
        of this context's own projects: `own`.
        """
        whole = self.whole
        if key not in whole._tables:
            whole._tables[key] = Shared(
                whole._before.shared(key, entries) if whole._before is not None else None,
                [(i, entries_of(project, key, entries)) for i, project in whole._changed],
            )
        found: Shared = whole._tables[key]
        return found

    def own(
        self, key: str, entries: Callable[[ProjectContext], Iterable[tuple[K, RowContext]]]
    ) -> Iterator[tuple[K, RowContext]]:
        """Yield what `entries` says of the projects that stand here, asked once per project under `key`."""
        for project in self.projects:
            yield from entries_of(project, key, entries)

    def tally(self, key: str, count: Callable[[ProjectContext], Counter[Hashable]]) -> Counter[Hashable]:
        """Return the sum over the whole document of what `count` says of each project, asked once per project."""
        whole = self.whole
        if key not in whole._tables:
            before = whole._before
            total: Counter[Hashable] = Counter(before.tally(key, count)) if before is not None else Counter()
            for i, project in whole._changed:
                for name, number in project.once(key, count).items():
                    total[name] += number
                if before is not None and i < len(before.projects):
                    for name, number in before.projects[i].once(key, count).items():
                        total[name] -= number
            whole._tables[key] = total
        found: Counter[Hashable] = whole._tables[key]
        return found

    @cached_property
    def _changed(self) -> list[tuple[int, ProjectContext]]:
        """The projects that are not those of the context before."""
        before = self._before.projects if self._before is not None else ()
        return [
            (i, project)
            for i, project in enumerate(self.projects)
            if i >= len(before) or project is not before[i]
        ]

    def at(self, field: str | None = None, span: tuple[int, int] | None = None) -> Location:
        """Return the location of the document itself (`document`) or of its title."""
        cell = self.document.title if field == "title" else None
        return Location("title" if cell else self.path, span, cell.source if cell else None)

    def at_item(self, k: int, field: str | None = None) -> Location:
        """Return the location of item `k` of the department part; `field` (name, goal, indicator) only picks the source.

        The contract's path for an item has no field, so there is no span either.
        """
        department = self.document.department
        assert department is not None
        item = department.items[k]
        cell: Cell = getattr(item, field) if field else item.name
        return Location(f"department.items[{k}]", None, cell.source)

    def words(self) -> dict[str, object]:
        """Return the values that message templates may use."""
        return {"title": shorten(self.document.title.text)}
