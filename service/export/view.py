"""One view of a report for all writers: findings grouped per project, nested, numbered and said in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from models.records.document import Cell, Document, Indicator, Project
from models.records.finding import Finding, Fold, Location, Severity
from models.records.report import ProjectScore, Report, RunManifest
from rules.engine.context import FIELD_LABELS
from service.export import paths
from service.export.base import one_line, safe_text, sentence, stem_of
from service.export.suggestions import SuggestionView, suggestion_view

DIMENSIONS: Final = ("完整性", "相关性", "适当性", "可行性")
QUESTIONS: Final = {
    "完整性": (
        "规定内容是否填报完整、有无差错；绩效目标是否明确、具体、层次清晰，能否反映项目主要内容和预期效果"
    ),
    "相关性": "绩效目标是否符合单位职责和工作规划；关键指标是否设置；目标是否细化、量化",
    "适当性": "预期产出和效果与资金规模是否匹配，既不过高也不过低；与支出内容是否相符",
    "可行性": "绩效目标是否经过论证和测算；实施条件和能力是否具备；成本与效益是否相称",
}
SCORE_NOTE: Final = (
    "得分按问题的严重程度和所属方面（完整性、相关性、适当性、可行性）扣分得出，扣分明细列在各项目之下；"
    "优、良、中、差四个等级由得分确定。"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One place that a finding is listed at in a workbook: a finding itself or one row of a folded one."""

    location: Location
    row: Indicator | None
    field: str
    original: str
    place: paths.Place
    owner: str
    """Name of the project that the place lies in, empty outside projects."""

    @property
    def full_place(self) -> str:
        """The place with its project, for lists over many projects."""
        return f"{self.owner}　{self.place.short}" if self.owner else self.place.short


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding in words."""

    label: str
    anchor: str
    finding: Finding
    entry: Entry
    covered: tuple[Entry, ...]
    """Rows of a folded finding; else the other cells that the finding is about."""
    suggestions: tuple[SuggestionView, ...]
    nested: tuple[FindingView, ...] = ()

    @property
    def severity(self) -> str:
        """error, warning or info."""
        return self.finding.severity.value

    @property
    def severity_label(self) -> str:
        """必须修改, 建议修改 or 可优化."""
        return self.finding.severity.label

    @property
    def fold(self) -> Fold | None:
        """Set where the finding stands for many rows."""
        return self.finding.fold

    @property
    def fold_words(self) -> str:
        """「合并提示：8 行中有 6 行」, or 「共 3 处」 where every place was hit."""
        fold = self.fold
        if fold is None:
            return ""
        tables = f"，涉及 {fold.tables} 张表" if fold.tables > 1 else ""
        counted = (
            f"共 {fold.hits} 处" if fold.hits == fold.eligible else f"{fold.eligible} 行中有 {fold.hits} 行"
        )
        return f"合并提示：{counted}{tables}"

    @property
    def basis(self) -> str:
        """The basis sentence, or the document number alone, without a leading 「依据」 (labels say it)."""
        text = sentence(self.finding.wording.basis) or safe_text(self.finding.basis.document)
        return text.removeprefix("依据").lstrip("：: ") or text

    @property
    def sentences(self) -> tuple[tuple[str, str], ...]:
        """事实, 影响, 依据, 建议 with their sentences; empty ones are left out."""
        wording = self.finding.wording
        pairs = (
            ("事实", sentence(wording.fact)),
            ("影响", sentence(wording.impact)),
            ("依据", self.basis),
            ("建议", sentence(wording.advice)),
        )
        return tuple(pair for pair in pairs if pair[1])

    @property
    def confidence(self) -> str:
        """Words for a model-backed finding, empty for the others."""
        value = self.finding.confidence
        return "" if value is None else f"疑似，模型置信度 {value:.0%}，请核实"

    def walk(self) -> Iterator[FindingView]:
        """The finding and everything nested under it."""
        yield self
        for child in self.nested:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one project, or of the whole file (`project` is None)."""

    index: int
    """0 for the file, else the project's number from 1."""
    title: str
    project: Project | None
    score: ProjectScore | None
    shown: tuple[FindingView, ...]
    collapsed: tuple[FindingView, ...]

    @property
    def anchor(self) -> str:
        """Name of the section in a page."""
        return f"p{self.index}" if self.index else "file"

    def walk(self) -> Iterator[FindingView]:
        """Every finding of the group, nested and collapsed ones included."""
        for view in (*self.shown, *self.collapsed):
            yield from view.walk()

    @property
    def counts(self) -> tuple[int, int, int]:
        """Numbers of 必须修改, 建议修改, 可优化."""
        counter = Counter(view.finding.severity for view in self.walk())
        return counter[Severity.ERROR], counter[Severity.WARNING], counter[Severity.INFO]

    @property
    def dimensions(self) -> tuple[tuple[str, Decimal], ...]:
        """Dimension scores in the order of the review form."""
        if self.score is None:
            return ()
        return tuple((d, self.score.dimensions[d]) for d in DIMENSIONS if d in self.score.dimensions)

    @property
    def department(self) -> str:
        """The filing unit as filed."""
        return one_line(self.project.department.text) if self.project is not None else ""

    @property
    def code(self) -> str:
        """项目编码."""
        return one_line(self.project.code.text) if self.project is not None else ""


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything a writer needs."""

    name: str
    title: str
    report: Report
    file: Group
    projects: tuple[Group, ...]

    @property
    def document(self) -> Document:
        """The checked document."""
        return self.report.document

    @property
    def manifest(self) -> RunManifest:
        """What made the report."""
        return self.report.manifest

    @property
    def groups(self) -> tuple[Group, ...]:
        """The file's group first, then the projects."""
        return (self.file, *self.projects)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Numbers over the whole file."""
        errors, warnings, infos = zip(*(group.counts for group in self.groups), strict=True)
        return sum(errors), sum(warnings), sum(infos)

    @property
    def manifest_lines(self) -> tuple[tuple[str, str], ...]:
        """What made the report, in words."""
        manifest = self.manifest
        models = "；".join(
            f"{m.id} {m.version}（{m.sha256[:12]}）" if m.sha256 else m.id for m in manifest.models
        )
        lines = (
            ("工具版本", f"标尺 {manifest.tool}"),
            ("规则集摘要", manifest.ruleset_digest),
            ("检查方案", " → ".join(manifest.profile_chain)),
            ("方案摘要", manifest.profile_digest),
            ("输入文件", self.name),
            ("输入文件摘要（SHA-256）", manifest.input_sha256),
            ("执行规则", "、".join(manifest.rules)),
            ("模型", models or "未使用"),
            ("词表与指标体系", "；".join(f"{k}（{v[:12]}）" for k, v in sorted(manifest.corpora.items()))),
        )
        return tuple((label, safe_text(text)) for label, text in lines if text)

    def entries(self, view: FindingView, group: Group) -> tuple[Entry, ...]:
        """Return the places of a folded finding that lie in `group`; all of them for the file's group."""
        if view.fold is None:
            return ()
        if not group.index:
            return view.covered
        return tuple(
            entry for entry in view.covered if paths.parse(entry.location.path).project == group.index - 1
        )


def build(report: Report, name: str) -> ReportView:
    """Group, nest and number the findings of a report. No finding is lost, whatever its display says."""
    document = report.document
    buckets: dict[int, list[Finding]] = {}
    for finding in report.findings:
        ref = paths.parse(finding.location.path)
        known = ref.project is not None and ref.project < len(document.projects)
        buckets.setdefault((ref.project or 0) + 1 if known else 0, []).append(finding)
    groups = [_group(report, 0, "全部项目共性问题与文件问题", buckets.get(0, []))]
    for index, project in enumerate(document.projects, start=1):
        groups.append(_group(report, index, paths.title_of(project, index - 1), buckets.get(index, [])))
    return ReportView(
        name=one_line(name) or "绩效目标表",
        title=one_line(document.title.text, 60) or stem_of(name),
        report=report,
        file=groups[0],
        projects=tuple(groups[1:]),
    )


def _group(report: Report, index: int, title: str, findings: Sequence[Finding]) -> Group:
    children: dict[str, list[Finding]] = {}
    present = {finding.fingerprint for finding in findings if finding.fingerprint}
    roots: list[Finding] = []
    for finding in findings:
        parent = finding.display.parent
        nests = finding.display.state == "nested" and parent in present and parent != finding.fingerprint
        if nests and parent is not None:
            children.setdefault(parent, []).append(finding)
        else:
            roots.append(finding)
    ordered = [f for f in roots if f.display.state != "collapsed"]
    ordered += [f for f in roots if f.display.state == "collapsed"]
    seen: set[int] = set()
    prefix = "" if index else "总"
    views = [_view(report, index, f, f"{prefix}{n}", children, seen) for n, f in enumerate(ordered, start=1)]
    # Findings that name each other as parent hang on no root; they are listed all the same.
    lost = [f for kids in children.values() for f in kids if id(f) not in seen]
    for finding in lost:
        if id(finding) not in seen:
            views.append(_view(report, index, finding, f"{prefix}{len(views) + 1}", children, seen))
    scores = report.scores
    return Group(
        index=index,
        title=title,
        project=report.document.projects[index - 1] if index else None,
        score=scores[index - 1] if 0 < index <= len(scores) else None,
        shown=tuple(view for view in views if view.finding.display.state != "collapsed"),
        collapsed=tuple(view for view in views if view.finding.display.state == "collapsed"),
    )


def _view(
    report: Report,
    index: int,
    finding: Finding,
    label: str,
    children: dict[str, list[Finding]],
    seen: set[int],
) -> FindingView:
    seen.add(id(finding))
    document = report.document
    nested: list[FindingView] = []
    for child in children.get(finding.fingerprint, ()) if finding.fingerprint else ():
        if id(child) not in seen:
            nested.append(_view(report, index, child, f"{label}.{len(nested) + 1}", children, seen))
    related = tuple(loc for loc in finding.related if loc.path != finding.location.path)
    own_row = finding.fold is not None and paths.parse(finding.location.path).part == "rows"
    covered = ((finding.location, *related) if own_row else related) if finding.fold else related
    number = label.removeprefix("总").replace(".", "-")
    return FindingView(
        label=label,
        anchor=f"p{index}-f{number}",
        finding=finding,
        entry=_entry(document, finding.location),
        covered=tuple(_entry(document, location) for location in covered),
        suggestions=tuple(suggestion_view(document, item) for item in finding.suggestions),
        nested=tuple(nested),
    )


def _entry(document: Document, location: Location) -> Entry:
    ref = paths.parse(location.path)
    cell = paths.cell_of(document, ref)
    project = paths.project_of(document, ref)
    return Entry(
        location=location,
        row=paths.row_of(document, ref),
        field=paths.field_label(ref),
        original=safe_text(cell.text) if cell is not None else "",
        place=paths.place_of(document, location),
        owner=paths.title_of(project, ref.project or 0) if project is not None else "",
    )


def shown_row_fields(project: Project) -> tuple[str, ...]:
    """Return the fields that the project's layout has, in the order they are shown."""
    fields: list[str] = []
    for field in FIELD_LABELS:
        cells: list[Cell | None] = [row.cell(field) for row in project.rows]
        absent = project.rows and all(field in row.absent for row in project.rows)
        if not absent and any(cell is not None for cell in cells):
            fields.append(field)
    return tuple(fields)
