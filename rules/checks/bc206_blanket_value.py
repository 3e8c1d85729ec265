"""BC206 blanket-value."""

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import is_capped_rate
from nlp.subject import topic
from rules.engine.base import LOGIC, DocumentRule, Source
from rules.engine.context import DocumentContext, ProjectContext, RowContext
from rules.engine.draft import Blank, Draft
from rules.rewriting.cells import row_at, row_edits, value_cells
from rules.rewriting.rows import joined
from rules.support.cells import percent, plain

_FULL = Decimal(100)
_VALUED = "valued"
_TABLES = "blanket tables"


@dataclass(frozen=True, slots=True)
class _Blanket:
    value: Decimal
    rows: tuple[RowContext, ...]
    valued: int


class BlanketValue(DocumentRule):
    """多数指标使用同一个百分比作为指标值。

    ## 为什么
    不同内容的目标一律填同一个百分比，说明指标值没有逐项测算，目标高低看不出依据。合格率、及时率等以 100% 为自然
    上限的指标填 100% 不计入。

    ## 反例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 绿道养护里程, value: ≥42公里}
        - {level2: 质量指标, name: 苗木成活率, value: ≥92%}
        - {level2: 时效指标, name: 养护及时率, value: ≥92%}
        - {level2: 经济效益指标, name: 带动周边发展, value: ≥92%}
        - {level2: 社会效益指标, name: 居住环境改善, value: ≥92%}
        - {level2: 服务对象满意度指标, name: 市民满意度, value: ≥92%}
    fires: ["."]
    severity: warning
    ```
    ```yaml
    project:
      rows:
        - {level2: 质量指标, name: 系统可用率, value: 98%}
        - {level2: 时效指标, name: 故障处理及时率, value: ≥98%}
        - {level2: 成本指标, name: 成本节约水平, value: ≥98%}
        - {level2: 社会效益指标, name: 数据共享水平, value: ＞98%}
        - {level2: 服务对象满意度指标, name: 用户满意度, value: ≥98%}
    fires: ["."]
    ```

    ## 正例
    ```yaml
    project:
      rows:
        - {level2: 质量指标, name: 苗木成活率, value: ≥92%}
        - {level2: 时效指标, name: 养护及时率, value: ≥98%}
        - {level2: 社会效益指标, name: 绿地服务覆盖率, value: ≥85%}
        - {level2: 数量指标, name: 绿道养护里程, value: ≥42公里}
        - {level2: 服务对象满意度指标, name: 市民满意度, value: ≥92%}
    ```
    ```yaml
    project:
      rows:
        - {level2: 质量指标, name: 设备验收合格率, value: ＝100%}
        - {level2: 质量指标, name: 资料完整率, value: ＝100%}
        - {level2: 时效指标, name: 采购及时率, value: ＝100%}
        - {level2: 数量指标, name: 采购完成率, value: ＝100%}
        - {level2: 社会效益指标, name: 学校覆盖率, value: ＝100%}
    ```

    ## 建议的把握
    只要求逐项核定，数字由填报人按历史数据填写，不得低于现有目标。

    ## 依据
    数据逻辑。
    """

    code = "BC206"
    name = "blanket-value"
    title = "指标值雷同"
    cure = True
    severity = Severity.WARNING
    handbook = ("VAL-11",)
    dimension = "适当性"
    reads = frozenset({"name", "operator", "value", "unit", "rows"})
    local = True
    opinion_code = "4"
    source = Source(LOGIC, "指标值应当按各指标的实际情况分别确定")
    fold = "always"
    fact = "{scope}有指标值的 {valued} 行中，{hits} 行的指标值都是 {percent}%"
    impact = "指标值未逐项测算，目标高低没有依据，监控时不能反映实际差异"
    advice = "建议按各指标的历史数据或计划分别确定指标值〔待填：上年实际值、本年计划值〕，名称不能计算比率的改用数量或分级"

    @dataclass(frozen=True)
    class Options:
        """Options of BC206."""

        min_rows: int = 5
        """Rows with the same percentage from which a table is named."""
        share: float = 0.6
        """Their share of the rows with a value, for one table."""
        file_share: float = 0.4
        """Their share of the rows with a value, for a whole file."""
        file_rows: int = 20
        """Rows with the same percentage from which a whole file is named."""

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        projects = ctx.whole.projects
        tally = ctx.tally(self._key, self._counts)
        # Where half of the tables are named, folding makes one finding of them anyway.
        if len(projects) >= 3 and 2 * tally[_TABLES] < len(projects):
            value = self._file_wide(tally, len(projects))
            if value is not None:
                rows = tuple(row for project in projects for row in _asking(project, value))
                yield self._found(ctx, _Blanket(value, rows, tally[_VALUED]), f"全文 {len(projects)} 个项目")
        for project in ctx.projects:
            found = self._table(project)
            if found is not None:
                yield self._found(project, found, "本项目")

    @cached_property
    def _key(self) -> str:
        return f"{self.code} {self.options}"

    def _table(self, project: ProjectContext) -> _Blanket | None:
        """Return the value that most rows of one table ask for, None where there is none."""
        options = self.options
        found = project.once("blanket", _blanket)
        enough = found and len(found.rows) >= max(options.min_rows, options.share * found.valued)
        return found if enough else None

    def _counts(self, project: ProjectContext) -> Counter[Hashable]:
        """Return what the whole file needs of one table: rows with a value, rows per value, tables per value."""
        valued, by_value = project.once("percentages", _percentages)
        counts: Counter[Hashable] = Counter({_VALUED: valued, _TABLES: int(self._table(project) is not None)})
        for value, rows in by_value.items():
            counts["rows", value] = len(rows)
            counts["tables", value] = 1
        return counts

    def _file_wide(self, tally: Counter[Hashable], projects: int) -> Decimal | None:
        """Return the value that most rows of the file ask for, where they are enough and in enough tables."""
        hits, value = max(
            ((n, key[1]) for key, n in tally.items() if isinstance(key, tuple) and key[0] == "rows"),
            default=(0, None),
        )
        enough = hits >= self.options.file_rows and hits >= self.options.file_share * tally[_VALUED]
        return value if enough and 2 * tally["tables", value] >= projects else None

    def _found(self, where: DocumentContext | ProjectContext, found: _Blanket, scope: str) -> Finding:
        hits, valued = len(found.rows), found.valued
        return self.found(
            where,
            related=[row.at("value") for row in found.rows],
            evidence=[Evidence("arithmetic", f"{hits}÷{valued}＝{hits / valued:.0%}")],
            scope=scope,
            valued=valued,
            hits=hits,
            percent=plain(found.value),
        )

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        rows = [row for place in finding.related if (row := row_at(ctx, place.path)) is not None]
        parts: list[Draft] = []
        for k, row in enumerate(rows):
            floor = percent(row.quantity)
            if floor is None or row.quantity.operator in ("≤", "＜") or floor >= _FULL:
                continue
            where = (
                f"（{topic(row.project.project.name.text) or row.project.index + 1}）"
                if finding.location.path == "document"
                else ""
            )
            probe = floor + (_FULL - floor) * (k + 1) / (len(rows) + 1)
            blank = Blank(
                f"{row.words()['name']}{where}近三年平均值，不低于{plain(floor)}",
                "number",
                plain(round(probe, 2)),
            )
            cells = value_cells(row, row.quantity.operator or "≥", str(blank), "%")
            parts.append(
                Draft(
                    title="逐项核定指标值",
                    rationale="各项指标的实际水平不同，请按各自的历史数据核定，不得低于现有目标",
                    edits=row_edits(row, cells),
                    blanks=(blank,),
                )
            )
        if parts:
            yield joined(parts[0], *parts[1:])


def _percentages(project: ProjectContext) -> tuple[int, dict[Decimal, list[RowContext]]]:
    """Return how many rows have a value, and the rows by the percentage they ask for."""
    valued = 0
    by_value: dict[Decimal, list[RowContext]] = {}
    for row in project.live_rows:
        if row.norm("value"):
            valued += 1
            value = row.once("percentage", _percentage)
            if value is not None:
                by_value.setdefault(value, []).append(row)
    return valued, by_value


def _percentage(row: RowContext) -> Decimal | None:
    """Return the percentage that a row asks for; 100 % of what cannot be more is no choice."""
    value = percent(row.quantity)
    if row.quantity.upper is not None or (value == _FULL and is_capped_rate(row.text("name"))):
        return None
    return value


def _asking(project: ProjectContext, value: Decimal) -> list[RowContext]:
    return project.once("percentages", _percentages)[1].get(value, [])


def _blanket(project: ProjectContext) -> _Blanket | None:
    valued, by_value = project.once("percentages", _percentages)
    if not by_value:
        return None
    value = max(by_value, key=lambda key: len(by_value[key]))
    return _Blanket(value, tuple(by_value[value]), valued)


RULE = BlanketValue
