"""A hand-built report over a road-maintenance unit: every display state, folds, slots, hostile texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from models.records.document import (
    AmountCell,
    Budget,
    Cell,
    Document,
    Indicator,
    PlanPoint,
    Project,
    SourceRef,
)
from models.records.finding import (
    Applicability,
    Basis,
    Display,
    Edit,
    Evidence,
    Finding,
    Fold,
    Location,
    Severity,
    Slot,
    Suggestion,
    Wording,
)
from models.records.report import Deduction, ModelRef, ProjectScore, Report, RunManifest, WaivedFinding

ROWS = (
    ("产出指标", "数量指标", "养护公路里程", "养护公路里程", "≥320公里", "计划标准"),
    ("产出指标", "质量指标", "路面修补验收合格率", "路面修补验收合格率", "≥98%", "行业标准"),
    ("产出指标", "时效指标", "坑槽修补及时率", "坑槽修补及时率", "12万元", "行业标准"),
    ("产出指标", "成本指标", "养护经费支持", "养护经费支持", "≥36.5万", "行业标准"),
    ("效益指标", "经济效益指标", "带动沿线就业", "带动沿线就业", "显著提升", "行业标准"),
    ("效益指标", "社会效益指标", "通行能力", "通行能力", "≥95%", "行业标准"),
    ("效益指标", "可持续影响指标", "道路使用年限", "道路设计使用年限（自交工验收起算）", "≥8年", "行业标准"),
    ("满意度指标", "服务对象满意度指标", "过往司机满意度", "过往司机满意度", "≥90%", "行业标准"),
)
FIELDS = ("level1", "level2", "name", "description", "value", "basis")


def source(kind: str, part: str | None, row: int, col: int) -> SourceRef:
    if kind == "txt":
        return SourceRef(kind=kind, line=row * 7 + col)
    return SourceRef(kind=kind, part=part, row=row, col=col)


def make_project(
    index: int,
    *,
    kind: str = "txt",
    name: str = "县乡公路日常养护",
    rows: Sequence[Sequence[str]] = ROWS,
    part: str | None = None,
) -> Project:
    sheet = part if part is not None else f"table {index + 1}"

    def cell(text: str, row: int, col: int) -> Cell:
        return Cell(text, source(kind, sheet, row, col))

    def money(text: str, row: int, col: int) -> AmountCell:
        return AmountCell(cell(text, row, col), Decimal(text))

    indicators = tuple(
        Indicator(
            **{f: cell(text, 8 + n, 1 + c) for c, (f, text) in enumerate(zip(FIELDS, row, strict=True))},  # type: ignore[arg-type]
            absent=frozenset({"operator", "unit", "weight"}),
            source=source(kind, sheet, 8 + n, 3),
        )
        for n, row in enumerate(rows)
    )
    return Project(
        title=cell(f"{index + 1}.{name}绩效目标表", 1, 1),
        code=cell(f"13999924P00000000{index + 1:04d}", 3, 2),
        name=cell(name, 3, 5),
        department=cell("399001示范县公路养护中心本级", 2, 1),
        budget=Budget(
            total=money("36.50", 4, 3),
            fiscal=money("36.50", 4, 5),
            purpose=cell("用于县乡公路小修保养", 5, 2),
        ),
        plan=tuple(
            PlanPoint(label=cell(m, 6, 2 + n), percent=AmountCell(cell(p, 6, 2 + n), Decimal(p)))
            for n, (m, p) in enumerate(
                (("3月底", "25"), ("6月底", "50"), ("10月底", "75"), ("12月底", "100"))
            )
        ),
        goals=(cell("1.完成县乡公路320公里日常养护", 7, 2), cell("2.保障群众出行安全", 7, 2)),
        scheme="cn2015",
        rows=indicators,
    )


def make_finding(
    code: str,
    path: str,
    *,
    severity: Severity = Severity.WARNING,
    fact: str = "",
    span: tuple[int, int] | None = None,
    dimension: str = "适当性",
    display: Display | None = None,
    fold: Fold | None = None,
    related: Sequence[str] = (),
    suggestions: tuple[Suggestion, ...] = (),
    fingerprint: str = "",
    confidence: float | None = None,
    name: str = "unit-mismatch",
) -> Finding:
    return Finding(
        code=code,
        name=name,
        severity=severity,
        wording=Wording(
            fact=fact or f"三级指标「示例」的内容存在 {code} 所指的问题",
            impact="年终对照目标值评价时无法判断是否完成",
            basis="依据财预〔2021〕101号，指标值应与指标含义匹配",
            advice="请核实后调整指标值或计量单位",
        ),
        location=Location(path, span),
        related=tuple(Location(p) for p in related),
        evidence=(Evidence("arithmetic", "12万元 ≠ 比率"),),
        basis=Basis("财预〔2021〕101号"),
        dimension=dimension,
        opinion_code="4",
        confidence=confidence,
        suggestions=suggestions,
        fold=fold,
        display=display or Display(),
        fingerprint=fingerprint or f"{code}-{path}",
    )


def make_findings(i: int) -> tuple[Finding, ...]:
    p = f"projects[{i}]"
    fill = Suggestion(
        title="将指标值改为比率",
        rationale="及时率须以百分比表示",
        edits=(Edit(f"{p}.rows[2].value", "12万元", "≥{value}%"),),
        slots=(Slot("value", "坑槽修补及时率，参考养护合同", "number"),),
        applicability=Applicability.CONFIRM,
        verification="needs_input",
    )
    drop = Suggestion(
        title="移出绩效指标",
        rationale="",
        edits=(Edit(f"{p}.rows[3]", "养护经费支持", None),),
        applicability=Applicability.SAFE,
        verification="verified",
    )
    table = Fold("table", 7, 8)
    return (
        make_finding(
            "BC302",
            f"{p}.rows[2].value",
            severity=Severity.ERROR,
            span=(0, 4),
            suggestions=(fill,),
            fact="三级指标「坑槽修补及时率」填报的指标值「12万元」为金额，与及时率含义不符",
            fingerprint=f"root{i}",
        ),
        make_finding(
            "BC101",
            f"{p}.rows[2].name",
            display=Display("nested", f"root{i}"),
            name="category-mismatch",
            dimension="完整性",
            confidence=0.87,
            fact="指标「坑槽修补及时率」疑似不属于所填类别",
        ),
        make_finding(
            "BC605",
            f"{p}.rows[3].value",
            severity=Severity.ERROR,
            suggestions=(drop,),
            related=(f"{p}.budget.total",),
            name="cost-restates-budget",
            fact="成本指标的指标值36.5万与项目预算数36.50万元相同",
        ),
        make_finding(
            "BC402",
            f"{p}.rows[4].value",
            span=(0, 2),
            dimension="相关性",
            name="vague-wording",
            fact="指标值「显著提升」为模糊表述",
        ),
        make_finding(
            "BC501",
            f"{p}",
            severity=Severity.INFO,
            dimension="完整性",
            name="missing-category",
            fact="未设置生态环境方面的指标",
        ),
        make_finding(
            "BC201",
            f"{p}",
            severity=Severity.INFO,
            fold=table,
            dimension="完整性",
            name="description-repeats-name",
            related=tuple(f"{p}.rows[{n}].description" for n in (0, 1, 2, 3, 4, 5, 7)),
            fact="8行指标中有7行的绩效指标描述与指标名称相同",
        ),
        make_finding(
            "BC504",
            f"{p}.goals[1]",
            severity=Severity.INFO,
            display=Display("collapsed"),
            dimension="可行性",
            name="slogan-goal",
            fact="绩效目标第2条未说明可衡量的结果",
        ),
    )


def make_score(value: str = "62.5") -> ProjectScore:
    return ProjectScore(
        score=Decimal(value),
        grade="中",
        conclusion="完善后通过",
        dimensions={
            "完整性": Decimal("80"),
            "相关性": Decimal("75.5"),
            "适当性": Decimal("40"),
            "可行性": Decimal("90"),
        },
        deductions=(
            Deduction(
                code="BC302", name="unit-mismatch", dimension="适当性", count=1, points=Decimal("12.5")
            ),
            Deduction(
                code="BC605", name="cost-restates-budget", dimension="适当性", count=1, points=Decimal("25")
            ),
        ),
    )


def make_report(
    projects: int = 2,
    *,
    kind: str = "txt",
    parts: Sequence[str] = (),
    names: Sequence[str] = (),
    findings: Sequence[Finding] | None = None,
    rows: Sequence[Sequence[str]] = ROWS,
    complete: bool = True,
) -> Report:
    made = tuple(
        make_project(
            i,
            kind=kind,
            rows=rows,
            part=parts[i] if i < len(parts) else None,
            name=names[i]
            if i < len(names)
            else ("县乡公路日常养护", "桥梁检测与加固", "除雪防滑物资储备")[i % 3],
        )
        for i in range(projects)
    )
    if findings is None:
        findings = (
            *(f for i in range(projects) for f in make_findings(i)),
            make_finding(
                "BC512",
                "document",
                severity=Severity.WARNING,
                dimension="可行性",
                name="unspecific-basis",
                fold=Fold("file", 7 * projects, 8 * projects, projects),
                related=[f"projects[{i}].rows[{n}].basis" for i in range(projects) for n in range(1, 8)],
                fact="多数指标的确定依据只写「行业标准」，未写明标准名称",
            ),
        )
    waived = (
        WaivedFinding(
            finding=make_finding("BC409", "projects[0].rows[1].value"),
            reason="政策文件有定性要求",
            author="李某",
        ),
    )
    return Report(
        manifest=RunManifest(
            tool="0.1.0",
            ruleset_digest="a" * 64,
            profile_chain=("base", "cn2015"),
            profile_digest="b" * 64,
            corpora={"units.yml": "c" * 64},
            models=(ModelRef(id="category", version="1", sha256="d" * 64),),
            input_sha256="e" * 64,
            rules=("BC101", "BC201", "BC302"),
        ),
        document=Document(
            title=Cell("示范县公路养护中心绩效目标表"), projects=made, input_kind=kind, input_sha256="e" * 64
        ),
        findings=tuple(findings),
        waived=waived if projects else (),
        scores=tuple(make_score() for _ in made),
        complete=complete,
    )


@pytest.fixture
def build_report() -> Callable[..., Report]:
    return make_report


@pytest.fixture
def build_finding() -> Callable[..., Finding]:
    return make_finding
