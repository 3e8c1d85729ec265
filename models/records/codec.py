"""Records ⇄ the JSON of the contract. Deterministic: no clock, no floats for money, keys in a fixed order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from models.records.amount import plain
from models.records.document import (
    AmountCell,
    Cell,
    Document,
    Indicator,
    InputProblem,
    Project,
    SourceRef,
)
from models.records.finding import Finding, Location, RowCells, Suggestion
from models.records.quantity import Quantity
from models.records.report import ProjectScore, Report, RunManifest

REPORT_SCHEMA = "biaochi.report/v1"
DOCUMENT_SCHEMA = "biaochi.document/v1"
CONTRACT_FIELDS = ("level1", "level2", "name", "description", "operator", "value", "unit", "basis", "weight")

QuantityOf = Callable[[Indicator], Quantity]
JSON = dict[str, Any]


def dumps(value: Any) -> str:
    """Return JSON text with a fixed layout. Lone surrogates of hostile input become U+FFFD."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return text.encode("utf-8", errors="replace").decode("utf-8")


def number_text(value: Decimal | None) -> str | None:
    """Return a decimal string without exponent; trailing zeros as filed."""
    return None if value is None else plain(value)


def _source(source: SourceRef | None) -> JSON | None:
    if source is None:
        return None
    return {
        "kind": source.kind,
        "part": source.part,
        "row": source.row,
        "col": source.col,
        "line": source.line,
    }


def _text(cell: Cell | None) -> str | None:
    return None if cell is None else cell.text


def _places(cells: Mapping[str, Cell | None]) -> JSON:
    """Return `sources` and, where they differ, `raw` texts of cells by field."""
    out: JSON = {
        "sources": {
            key: _source(cell.source) for key, cell in cells.items() if cell is not None and cell.source
        }
    }
    raw = {key: cell.raw for key, cell in cells.items() if cell is not None and cell.raw is not None}
    if raw:
        out["raw"] = raw
    return out


def quantity_to_json(quantity: Quantity) -> JSON:
    """Return the parsed value as the contract gives it; further keys only where they say something."""
    out: JSON = {"kind": quantity.kind, "operator": quantity.operator}
    if quantity.kind == "date":
        out["date"] = quantity.date
        return out
    out |= {"number": number_text(quantity.number), "unit": quantity.unit}
    if quantity.upper is not None:
        out["upper"] = number_text(quantity.upper)
    if quantity.per:
        out["per"] = list(quantity.per)
    if quantity.grades:
        out["grades"] = list(quantity.grades)
    if quantity.trend:
        out["trend"] = quantity.trend
    return out


def _row_to_json(row: Indicator, quantity_of: QuantityOf) -> JSON:
    cells = {name: row.cell(name) for name in CONTRACT_FIELDS}
    out: JSON = {name: _text(cell) for name, cell in cells.items()}
    out["quantity"] = quantity_to_json(quantity_of(row))
    out["source"] = _source(row.source)
    if row.extra:
        out["extra"] = {key: cell.text for key, cell in row.extra.items()}
    if row.absent:
        out["absent"] = sorted(row.absent)
    return out | _places(cells | {f"extra.{key}": cell for key, cell in row.extra.items()})


def _amount(cell: AmountCell | None) -> str | None:
    if cell is None:
        return None
    return number_text(cell.amount) if cell.amount is not None else cell.cell.text or None


def _project_to_json(project: Project, quantity_of: QuantityOf) -> JSON:
    budget = project.budget
    amounts = {name: getattr(budget, name) for name in ("total", "fiscal", "other")}
    cells: dict[str, Cell | None] = {
        name: getattr(project, name) for name in ("title", "code", "name", "department")
    }
    cells |= {f"budget.{key}": amount.cell if amount else None for key, amount in amounts.items()}
    cells["budget.purpose"] = budget.purpose
    cells |= {f"goals[{k}]": cell for k, cell in enumerate(project.goals)}
    for k, point in enumerate(project.plan):
        cells |= {f"plan[{k}].label": point.label, f"plan[{k}].percent": point.percent.cell}
    out: JSON = {
        "title": project.title.text,
        "code": project.code.text,
        "name": project.name.text,
        "department": project.department.text,
        "budget": {
            **{key: _amount(amount) for key, amount in amounts.items()},
            "unit": budget.unit,
            "purpose": budget.purpose.text,
        },
        "plan": [{"label": point.label.text, "percent": _amount(point.percent)} for point in project.plan],
        "goals": [cell.text for cell in project.goals],
        "scheme": project.scheme,
        "rows": [_row_to_json(row, quantity_of) for row in project.rows],
        "source": _source(project.source),
    }
    if project.absent:
        out["absent"] = sorted(project.absent)
    filed = {f"budget.{k}": a.cell.text for k, a in amounts.items() if a and a.cell.text != _amount(a)}
    filed |= {
        f"plan[{k}].percent": p.percent.cell.text
        for k, p in enumerate(project.plan)
        if p.percent.cell.text != _amount(p.percent)
    }
    if filed:
        # Amounts are decimal strings in the contract; the filed text (「1,200.00」, 「25%」) is kept beside them.
        out["filed"] = filed
    return out | _places(cells)


def document_to_json(document: Document, quantity_of: QuantityOf) -> JSON:
    """Return the `document` object of the contract."""
    part = document.department
    department: JSON | None = None
    if part is not None:
        cells: dict[str, Cell | None] = {f"goals[{k}]": cell for k, cell in enumerate(part.goals)}
        cells |= {f"measures[{k}]": cell for k, cell in enumerate(part.measures)}
        for k, item in enumerate(part.items):
            cells |= {f"items[{k}].{key}": getattr(item, key) for key in ("name", "goal", "indicator")}
        department = {
            "goals": [cell.text for cell in part.goals],
            "items": [
                {"number": i.number, "name": i.name.text, "goal": i.goal.text, "indicator": i.indicator.text}
                for i in part.items
            ],
            "measures": [cell.text for cell in part.measures],
            **_places(cells),
        }
    out: JSON = {
        "title": document.title.text,
        "year": document.year,
        "department": department,
        "projects": [_project_to_json(project, quantity_of) for project in document.projects],
    }
    if document.problems:
        out["problems"] = [_problem(problem) for problem in document.problems]
    return out | _places({"title": document.title})


def _problem(problem: InputProblem) -> JSON:
    return {"kind": problem.kind, "message": problem.message, "source": _source(problem.source)}


def _location(location: Location) -> JSON:
    return {
        "path": location.path,
        "span": list(location.span) if location.span else None,
        "source": _source(location.source),
    }


def edit_text(text: str | RowCells | None) -> str | JSON | None:
    """Return one side of an edit as the contract gives it: text, a row object, or null."""
    return dict(text) if isinstance(text, tuple) else text


def _suggestion(item: Suggestion) -> JSON:
    return {
        "title": item.title,
        "rationale": item.rationale,
        "edits": [{"path": e.path, "old": edit_text(e.old), "new": edit_text(e.new)} for e in item.edits],
        "slots": [{"name": s.name, "prompt": s.prompt, "kind": s.kind} for s in item.slots],
        "applicability": item.applicability.value,
        "verification": item.verification,
    }


def finding_to_json(finding: Finding) -> JSON:
    """Return one finding as the contract gives it."""
    fold = finding.fold
    return {
        "code": finding.code,
        "name": finding.name,
        "subcode": finding.subcode,
        "severity": finding.severity.value,
        "message": finding.message,
        "wording": {
            "fact": finding.wording.fact,
            "impact": finding.wording.impact,
            "basis": finding.wording.basis,
            "advice": finding.wording.advice,
        },
        "location": _location(finding.location),
        "related": [location.path for location in finding.related],
        "evidence": [{"kind": e.kind, "text": e.text} for e in finding.evidence],
        "basis": {"document": finding.basis.document, "checked": finding.basis.checked},
        "dimension": finding.dimension,
        "opinion_code": finding.opinion_code,
        "confidence": finding.confidence,
        "suggestions": [_suggestion(item) for item in finding.suggestions],
        "fold": None
        if fold is None
        else {"level": fold.level, "hits": fold.hits, "eligible": fold.eligible, "tables": fold.tables},
        "display": {"state": finding.display.state, "parent": finding.display.parent},
        "fingerprint": finding.fingerprint,
    }


def _score(score: ProjectScore) -> JSON:
    return {
        "score": float(score.score),
        "grade": score.grade,
        "dimensions": {name: float(value) for name, value in score.dimensions.items()},
        "conclusion": score.conclusion,
        "deductions": [
            {
                "code": d.code,
                "name": d.name,
                "dimension": d.dimension,
                "count": d.count,
                "points": number_text(d.points),
            }
            for d in score.deductions
        ],
    }


def _manifest(manifest: RunManifest) -> JSON:
    return {
        "tool": manifest.tool,
        "ruleset_digest": manifest.ruleset_digest,
        "profile_chain": list(manifest.profile_chain),
        "profile_digest": manifest.profile_digest,
        "models": [{"id": m.id, "version": m.version, "sha256": m.sha256} for m in manifest.models],
        "corpora": dict(manifest.corpora),
        "rules": list(manifest.rules),
        "input_sha256": manifest.input_sha256,
    }


def report_to_json(report: Report, quantity_of: QuantityOf) -> JSON:
    """Return the whole report of the contract."""
    return {
        "schema": REPORT_SCHEMA,
        "manifest": _manifest(report.manifest),
        "complete": report.complete,
        "document": document_to_json(report.document, quantity_of),
        "findings": [finding_to_json(finding) for finding in report.findings],
        "waived": [
            {"finding": finding_to_json(w.finding), "reason": w.reason, "author": w.author}
            for w in report.waived
        ],
        "scores": {"projects": [_score(score) for score in report.scores]},
    }
