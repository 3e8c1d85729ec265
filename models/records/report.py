"""A report and the manifest that says what made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from models.records.document import Document
from models.records.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """A trained model used for the report."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunManifest:
    """What made a report. Holds no clock and no host, so that equal input gives equal bytes."""

    tool: str
    ruleset_digest: str
    profile_chain: tuple[str, ...]
    profile_digest: str
    corpora: Mapping[str, str]
    """Lexicon and scheme files: name → sha256."""
    models: tuple[ModelRef, ...] = ()
    input_sha256: str
    rules: tuple[str, ...]
    """Codes of the rules that ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """One line of the score explanation."""

    code: str
    name: str
    dimension: str
    count: int
    points: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectScore:
    """Score of one project: 0–100, 优良中差, four dimensions (each 0–100) and the conclusion."""

    score: Decimal
    grade: str
    dimensions: Mapping[str, Decimal]
    conclusion: str
    deductions: tuple[Deduction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaivedFinding:
    """A finding that a waiver or the baseline set aside."""

    finding: Finding
    reason: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one check has to say."""

    manifest: RunManifest
    document: Document
    findings: tuple[Finding, ...]
    waived: tuple[WaivedFinding, ...] = ()
    scores: tuple[ProjectScore, ...] = ()
    complete: bool = True
