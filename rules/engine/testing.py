"""Runs the examples of a rule. Public: province plug-ins test their rules with it too.

A case has one of `row`, `project`, `document`, and optionally `scheme`, `options`, `severity` and `fires`: the exact places
(fields for a row; paths below the project for a project, `.` for the project itself; whole paths for a document).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from models.records.amount import parse_amount, parse_percent
from models.records.document import (
    EMPTY,
    ROW_FIELDS,
    AmountCell,
    Budget,
    Cell,
    Department,
    DepartmentItem,
    Document,
    Indicator,
    InputProblem,
    PlanPoint,
    Project,
)
from models.records.finding import Finding
from nlp.scheme import load_scheme
from rules.engine.base import Rule
from rules.engine.fingerprint import fingerprinted
from rules.engine.profile import load_profile
from rules.engine.ruleset import RuleSet, build
from rules.engine.run import run, with_schemes

CASE_KEYS = frozenset({"row", "project", "document", "scheme", "options", "severity", "fires", "why"})
EVIDENCE = frozenset({"quote", "lexicon", "arithmetic", "peer", "model"})
_PLAN_LABELS = ("3月底", "6月底", "10月底", "12月底")


def _cell(value: Any) -> Cell:
    if isinstance(value, Mapping):
        return Cell(str(value["text"]), raw=value.get("raw"))
    return EMPTY if value is None else Cell(str(value))


def _amount(value: Any, unit: str) -> AmountCell | None:
    return None if value is None else AmountCell(Cell(str(value)), parse_amount(str(value), unit))


def _percent(value: Any) -> AmountCell:
    return AmountCell(_cell(value), None if value is None else parse_percent(str(value)))


def build_row(data: Mapping[str, Any], scheme: str = "cn2015") -> Indicator:
    """Return an indicator; level 1 follows from level 2; `absent` lists columns that the layout lacks."""
    unknown = set(data) - set(ROW_FIELDS) - {"absent", "extra"}
    if unknown:
        raise ValueError(f"unknown row keys: {sorted(unknown)}")
    cells: dict[str, Any] = {
        key: _cell(data.get(key)) for key in ("level1", "level2", "name", "description", "value", "basis")
    }
    if "level1" not in data and cells["level2"]:
        pack = load_scheme(scheme)
        category = pack.category(cells["level2"].text)
        if category is not None:
            group = pack.parent_group(category)
            cells["level1"] = Cell(f"{group}指标")
    for key in ("operator", "unit", "weight"):
        cells[key] = _cell(data[key]) if key in data else None
    extra = {str(k): _cell(v) for k, v in (data.get("extra") or {}).items()}
    absent = frozenset(data.get("absent", ())) | {k for k in ("operator", "unit", "weight") if k not in data}
    return Indicator(**cells, extra=MappingProxyType(extra), absent=absent)


def build_project(data: Mapping[str, Any], scheme: str = "cn2015") -> Project:
    """Return a project from its short form."""
    budget = data.get("budget")
    if not isinstance(budget, Mapping):
        budget = {"total": budget, "fiscal": budget}
    unit = str(budget.get("unit", "万元"))
    plan = data.get("plan", ())
    pairs: Sequence[tuple[Any, Any]] = (
        tuple(plan.items()) if isinstance(plan, Mapping) else tuple(zip(_PLAN_LABELS, plan, strict=False))
    )
    return Project(
        title=_cell(data.get("title")),
        code=_cell(data.get("code")),
        name=_cell(data.get("name", "示例项目")),
        department=_cell(data.get("department")),
        budget=Budget(
            total=_amount(budget.get("total"), unit),
            fiscal=_amount(budget.get("fiscal"), unit),
            other=_amount(budget.get("other"), unit),
            unit=unit,
            purpose=_cell(budget.get("purpose", data.get("purpose"))),
        ),
        plan=tuple(PlanPoint(label=_cell(label), percent=_percent(value)) for label, value in pairs),
        goals=tuple(_cell(goal) for goal in data.get("goals", ())),
        rows=tuple(build_row(row, scheme) for row in data.get("rows", ())),
        absent=frozenset(data.get("absent", ())),
    )


def build_document(data: Mapping[str, Any], scheme: str = "cn2015") -> Document:
    """Return a document from its short form."""
    part = data.get("department")
    department = None
    if part is not None:
        department = Department(
            goals=tuple(_cell(goal) for goal in part.get("goals", ())),
            items=tuple(
                DepartmentItem(
                    number=str(item.get("number", "")),
                    name=_cell(item.get("name")),
                    goal=_cell(item.get("goal")),
                    indicator=_cell(item.get("indicator")),
                )
                for item in part.get("items", ())
            ),
            measures=tuple(_cell(item) for item in part.get("measures", ())),
        )
    return Document(
        title=_cell(data.get("title")),
        year=data.get("year"),
        department=department,
        projects=tuple(build_project(project, scheme) for project in data.get("projects", ())),
        problems=tuple(InputProblem(**problem) for problem in data.get("problems", ())),
    )


def document_of(case: Mapping[str, Any]) -> Document:
    """Return the document of a case, whatever its grain."""
    unknown = set(case) - CASE_KEYS
    if unknown:
        raise ValueError(f"unknown case keys: {sorted(unknown)}")
    scheme = case.get("scheme", "cn2015")
    if "row" in case:
        document = build_document({"projects": [{"budget": "100.00", "rows": [case["row"]]}]}, scheme)
    elif "project" in case:
        document = build_document({"projects": [case["project"]]}, scheme)
    else:
        document = build_document(case["document"], scheme)
    return with_schemes(document, scheme)


def _ruleset(rule: type[Rule], options: Mapping[str, Any]) -> RuleSet:
    ruleset = build(load_profile(), only=(rule,))
    if not options:
        return ruleset
    return replace(
        ruleset,
        rules=tuple(rule(options=rule.Options(**options)) for _ in ruleset.rules),
        row_rules=tuple(type(r)(options=r.Options(**options)) for r in ruleset.row_rules),
        project_rules=tuple(type(r)(options=r.Options(**options)) for r in ruleset.project_rules),
        document_rules=tuple(type(r)(options=r.Options(**options)) for r in ruleset.document_rules),
    )


def findings_of(rule: type[Rule], case: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return the unfolded findings of one rule on a case; a crash is raised, not hidden."""
    document = document_of(case)
    ruleset = _ruleset(rule, case.get("options") or {})
    return tuple(
        item
        for item in fingerprinted(run(document, ruleset, reraise=True), document)
        if item.code == rule.code
    )


def places(case: Mapping[str, Any], findings: Sequence[Finding]) -> list[str]:
    """Return where the findings stand, in the notation of `fires`."""
    prefix = "projects[0].rows[0]" if "row" in case else "projects[0]" if "project" in case else ""
    out = []
    for item in findings:
        path = item.location.path
        if prefix and path.startswith(prefix):
            path = path[len(prefix) :].lstrip(".") or "."
        out.append(path)
    return sorted(out)


def problems_of(rule: type[Rule], case: Mapping[str, Any], *, fires: bool) -> list[str]:
    """Return what is wrong with a case, empty when it holds. `fires` says whether the case must hit."""
    found = findings_of(rule, case)
    got = places(case, found)
    wanted = case.get("fires")
    problems = []
    if wanted is not None and sorted(map(str, wanted)) != got:
        problems.append(f"fires {got}, expected {sorted(map(str, wanted))}")
    elif wanted is None and bool(found) is not fires:
        problems.append(f"fires {got}, expected {'a finding' if fires else 'silence'}")
    severity = case.get("severity")
    if severity is not None and {item.severity.value for item in found} != {severity}:
        problems.append(f"severity {[item.severity.value for item in found]}, expected {severity}")
    declared = {rule.severity} | rule.severities
    problems += [
        f"undeclared severity {item.severity.value}" for item in found if item.severity not in declared
    ]
    problems += [
        f"no evidence kind {e.kind}" for item in found for e in item.evidence if e.kind not in EVIDENCE
    ]
    problems += [f"unfilled template: {item.message}" for item in found if "{" in item.message]
    return problems
