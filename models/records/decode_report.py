"""The report of the contract → records, for reports that this program wrote itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from models.records.decode import document_from_json
from models.records.document import ROW_FIELDS, SourceRef
from models.records.finding import (
    Applicability,
    Basis,
    Display,
    Edit,
    Evidence,
    Finding,
    Fold,
    Location,
    RowCells,
    Severity,
    Slot,
    Suggestion,
    Wording,
)
from models.records.report import Deduction, ModelRef, ProjectScore, Report, RunManifest, WaivedFinding

JSON = Mapping[str, Any]


def report_from_json(data: JSON, *, input_kind: str = "json") -> Report:
    """Return the report that `report_to_json` wrote; written again it gives the same bytes.

    `input_kind` does not stand in a report. Foreign reports are not checked here: see `document_from_json`.
    """
    manifest = _manifest(data["manifest"])
    document = document_from_json(data["document"])
    return Report(
        manifest=manifest,
        document=replace(document, input_kind=input_kind, input_sha256=manifest.input_sha256),
        findings=tuple(_finding(item) for item in data["findings"]),
        waived=tuple(
            WaivedFinding(finding=_finding(item["finding"]), reason=item["reason"], author=item["author"])
            for item in data["waived"]
        ),
        scores=tuple(_score(item) for item in data["scores"]["projects"]),
        complete=data["complete"],
    )


def _manifest(data: JSON) -> RunManifest:
    return RunManifest(
        tool=data["tool"],
        ruleset_digest=data["ruleset_digest"],
        profile_chain=tuple(data["profile_chain"]),
        profile_digest=data["profile_digest"],
        corpora=dict(data["corpora"]),
        models=tuple(ModelRef(**item) for item in data["models"]),
        input_sha256=data["input_sha256"],
        rules=tuple(data["rules"]),
    )


def _finding(data: JSON) -> Finding:
    place, fold = data["location"], data["fold"]
    span, source = place["span"], place["source"]
    return Finding(
        code=data["code"],
        name=data["name"],
        severity=Severity(data["severity"]),
        wording=Wording(**data["wording"]),
        location=Location(
            place["path"],
            (span[0], span[1]) if span else None,
            SourceRef(**source) if source else None,
        ),
        related=tuple(Location(path) for path in data["related"]),
        evidence=tuple(Evidence(**item) for item in data["evidence"]),
        basis=Basis(**data["basis"]),
        dimension=data["dimension"],
        opinion_code=data["opinion_code"],
        subcode=data["subcode"],
        confidence=data["confidence"],
        suggestions=tuple(_suggestion(item) for item in data["suggestions"]),
        fold=None if fold is None else Fold(**fold),
        display=Display(**data["display"]),
        fingerprint=data["fingerprint"],
    )


def _suggestion(data: JSON) -> Suggestion:
    return Suggestion(
        title=data["title"],
        rationale=data["rationale"],
        edits=tuple(Edit(item["path"], _side(item["old"]), _side(item["new"])) for item in data["edits"]),
        slots=tuple(Slot(item["name"], item["prompt"], item["kind"]) for item in data["slots"]),
        applicability=Applicability(data["applicability"]),
        verification=data["verification"],
    )


def _side(side: str | JSON | None) -> str | RowCells | None:
    # Keys of a stored object are sorted; a row has an order of its own.
    return tuple((f, side[f]) for f in ROW_FIELDS if f in side) if isinstance(side, Mapping) else side


def _score(data: JSON) -> ProjectScore:
    return ProjectScore(
        score=Decimal(str(data["score"])),
        grade=data["grade"],
        dimensions={name: Decimal(str(value)) for name, value in data["dimensions"].items()},
        conclusion=data["conclusion"],
        deductions=tuple(
            Deduction(**{**item, "points": Decimal(item["points"])}) for item in data["deductions"]
        ),
    )
