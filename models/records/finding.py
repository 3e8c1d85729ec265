"""Findings, their evidence and the suggestions that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from models.records.document import SourceRef

SlotKind = Literal["number", "unit", "date", "text"]


class Severity(StrEnum):
    """error 必须修改 · warning 建议修改 · info 可优化."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return ("error", "warning", "info").index(self.value)

    @property
    def label(self) -> str:
        """The word a reviewer uses."""
        return ("必须修改", "建议修改", "可优化")[self.rank]


class Applicability(StrEnum):
    """How a suggestion may be taken."""

    SAFE = "safe"
    CONFIRM = "confirm"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the document, by path (`projects[0].rows[2].value`), with the filed characters it is about."""

    path: str
    span: tuple[int, int] | None = None
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a finding was made. kind: quote, lexicon, arithmetic, peer, model."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Basis:
    """Source of a rule. No article is shown until a person has checked it against the official text."""

    document: str
    checked: bool = False


RowCells = tuple[tuple[str, str], ...]
"""The filed cells of a whole row as (field, text), the layout's columns only."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace exactly `old` by `new` at `path`.

    On a row path `old` and `new` are rows: `new=None` removes the row; `old=None` on the path one past the last row
    adds one. Blanks that the filer has to fill stand in `new` as 〔待填：prompt〕, one for each slot.
    """

    path: str
    old: str | RowCells | None
    new: str | RowCells | None


@dataclass(frozen=True, slots=True)
class Slot:
    """A blank that only the filer may fill. kind: number, unit, date, text."""

    name: str
    prompt: str
    kind: SlotKind

    @property
    def mark(self) -> str:
        """How the blank stands in the new text."""
        return f"〔待填：{self.prompt}〕"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed change, as data."""

    title: str
    rationale: str
    edits: tuple[Edit, ...] = ()
    slots: tuple[Slot, ...] = ()
    applicability: Applicability = Applicability.DISPLAY
    verification: Literal["verified", "needs_input"] = "needs_input"


@dataclass(frozen=True, slots=True)
class Wording:
    """事实—影响—依据—建议, one sentence each, without final punctuation."""

    fact: str
    impact: str
    basis: str
    advice: str

    @property
    def message(self) -> str:
        """The four sentences as one opinion."""
        return "；".join(part for part in (self.fact, self.impact, self.basis, self.advice) if part) + "。"


@dataclass(frozen=True, slots=True)
class Fold:
    """Set on a finding that stands for many rows of a table (`table`) or many tables of a file (`file`)."""

    level: Literal["table", "file"]
    hits: int
    eligible: int
    tables: int = 1


@dataclass(frozen=True, slots=True)
class Display:
    """How a report shows the finding. `nested` stands under `parent` (a fingerprint); `collapsed` is in 其余问题."""

    state: Literal["shown", "nested", "collapsed"] = "shown"
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding."""

    code: str
    name: str
    severity: Severity
    wording: Wording
    location: Location
    related: tuple[Location, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    basis: Basis
    dimension: str
    """完整性, 相关性, 适当性, 可行性."""
    opinion_code: str
    subcode: str | None = None
    confidence: float | None = None
    suggestions: tuple[Suggestion, ...] = ()
    fold: Fold | None = None
    display: Display = Display()
    fingerprint: str = ""

    @property
    def message(self) -> str:
        """The whole opinion sentence."""
        return self.wording.message
