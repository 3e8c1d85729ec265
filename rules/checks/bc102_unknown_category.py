"""BC102 unknown-category."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.records.finding import Evidence, Finding, Severity
from nlp.scheme import best_other, label_key, load_scheme
from rules.engine.base import FORM, DocumentRule, Source
from rules.engine.context import DocumentContext, ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import class_cells, row_at, row_edits


class UnknownCategory(DocumentRule):
    """二级指标不在所用指标体系的对应一级指标之下，或类型无法识别。

    ## 为什么
    一级、二级指标须与指标体系一致，否则系统不能归类汇总。若全文的类型普遍更符合另一套指标体系，只提出一个问题，
    不逐行报错。没有二级指标一栏的表格不检查。

    ## 反例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 课桌椅购置套数, value: ≥300套}
        - {level2: 服务指标, name: 课桌椅送货上门, value: ≥300套}
    fires: ["rows[1].level2"]
    severity: error
    ```
    ```yaml
    row: {level1: 效益指标, level2: 质量指标, name: 泵站设备完好率, value: ≥95%}
    fires: [level2]
    ```

    ## 正例
    ```yaml
    row: {level1: 产出指标, level2: 进度指标, name: 泵站完工时间, value: 11月底前}
    ```
    ```yaml
    row: {level1: 满意度指标, level2: 社会公众或服务对象满意度指标（10分）, name: 灌区农户满意度, value: ≥90%}
    ```

    ## 建议的把握
    能认出的类型改写为指标体系中的名称，认不出的按名称给出最接近的类型，由填报人确认。选错体系的不代为改动。

    ## 依据
    通用填报要求（一级、二级指标按指标体系选择）。
    """

    code = "BC102"
    name = "unknown-category"
    title = "指标类型不在指标体系内"
    cure = True
    incurable = frozenset({"pack"})
    severity = Severity.ERROR
    severities = frozenset({Severity.ERROR, Severity.WARNING})
    handbook = ("STR-09",)
    dimension = "完整性"
    reads = frozenset({"level1", "level2", "rows"})
    local = True
    opinion_code = "7"
    source = Source(FORM, "一级、二级指标应当与所用指标体系一致")
    fold = "always"
    fact = (
        "三级指标「{name}」的一级指标「{level1}」、二级指标「{level2}」与指标体系「{scheme}」不一致，{what}"
    )
    impact = "系统不能归类汇总，报送时可能被退回"
    advice = "建议将其调整为指标体系中的类型（{legal}）"

    @dataclass(frozen=True)
    class Options:
        """Options of BC102."""

        pack_share: float = 0.8
        """Share of rows that must fit another pack before one question replaces the single findings."""
        min_misfits: int = 2
        """Rows that must not fit the active pack before another pack is asked about."""

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        by_scheme: dict[str, list[ProjectContext]] = {}
        for project in ctx.projects:
            by_scheme.setdefault(project.scheme.id, []).append(project)
        for scheme_id, projects in by_scheme.items():
            wrong = [row for project in projects for row in project.once(self.code, _misfits)]
            if not wrong:
                continue
            other = None
            if len(wrong) >= self.options.min_misfits:
                pairs = [(row.text("level1"), row.text("level2")) for p in projects for row in p.live_rows]
                other = best_other(pairs, scheme_id, share=self.options.pack_share)
            if other is not None:
                yield self._question(ctx, projects, wrong, other.id, other.fit, other.active_fit)
                pack = load_scheme(other.id)
                wrong = [row for row in wrong if not pack.legal(row.text("level1"), row.text("level2"))]
            for row in wrong:
                yield self._single(row)

    def _question(
        self,
        ctx: DocumentContext,
        projects: list[ProjectContext],
        wrong: list[RowContext],
        other: str,
        fit: float,
        active_fit: float,
    ) -> Finding:
        whole = projects[0] if len(ctx.projects) == 1 else ctx
        return self.found(
            whole,
            severity=Severity.WARNING,
            subcode="pack",
            related=[row.at("level2") for row in wrong],
            evidence=[
                Evidence("arithmetic", f"符合「{projects[0].scheme.title}」的行占{active_fit:.0%}"),
                Evidence("arithmetic", f"符合「{load_scheme(other).title}」的行占{fit:.0%}"),
            ],
            fact="疑似选错指标体系：现按「{scheme}」检查，有 {hits} 行类型不符，而 {fit} 的行符合「{other}」",
            impact="继续按现有体系检查，归类结论不可靠",
            advice="请核实本年度适用的指标体系，如为「{other}」，请改选后重新检查",
            scheme=projects[0].scheme.title,
            other=load_scheme(other).title,
            hits=len(wrong),
            fit=f"{fit:.0%}",
        )

    def _single(self, row: RowContext) -> Finding:
        scheme = row.project.scheme
        unknown_branch = bool(label_key(row.text("level1"))) and row.group is None
        if unknown_branch:
            what = f"指标体系中没有一级指标「{row.text('level1')}」"
            legal = "、".join(branch.name for branch in scheme.level1)
        elif row.category is not None and scheme.has(row.category):
            what = f"该二级指标应在「{scheme.level1_name(scheme.parent_group(row.category))}」之下"
            legal = f"「{scheme.level1_name(scheme.parent_group(row.category))}」下的「{scheme.level2_name(row.category)}」"
        else:
            what = f"指标体系中没有二级指标「{row.text('level2')}」"
            branches = [branch for branch in scheme.level1 if branch.group == row.group] or list(
                scheme.level1
            )
            legal = "、".join(item.name for branch in branches for item in branch.level2)
        return self.found(
            row,
            "level1" if unknown_branch else "level2",
            opinion_code="6" if unknown_branch else "7",
            related=[row.at("level2" if unknown_branch else "level1")],
            evidence=[Evidence("lexicon", what)],
            scheme=scheme.title,
            what=what,
            legal=legal,
        )

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.location.path)
        if row is None:
            return
        scheme = row.project.scheme
        known = row.category if row.category is not None and scheme.has(row.category) else None
        category = known or (row.prediction.category if row.prediction is not None else None)
        if category is None or not scheme.has(category):
            return
        name = scheme.level2_name(category)
        cells = {"level1": scheme.level1_name(scheme.parent_group(category)), "level2": name}
        if known is None:
            cells |= class_cells(row.project, category)
        yield Draft(
            title=f"归入「{name}」",
            rationale="按名称判断最接近的类型，请核实" if known is None else "该类型在指标体系中的位置",
            edits=row_edits(row, cells),
        )


def _misfits(project: ProjectContext) -> list[RowContext]:
    return [row for row in project.live_rows if _misfit(row)]


def _misfit(row: RowContext) -> bool:
    if not row.has("level2") or not label_key(row.text("level2")):
        return False
    return not row.project.scheme.legal(row.text("level1"), row.text("level2"))


RULE = UnknownCategory
