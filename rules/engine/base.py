"""The shape of a rule. One rule = one file in `rules/checks`, one class, found by walking the folder."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle
from typing import Any, ClassVar, Literal

from models.records.finding import Basis, Evidence, Finding, Location, Severity, Suggestion, Wording
from rules.engine.context import DocumentContext, ProjectContext, RowContext
from rules.engine.draft import Draft

FoldPolicy = Literal["default", "always", "never"]
Status = Literal["preview", "stable", "deprecated", "removed"]

DIMENSIONS = ("完整性", "相关性", "适当性", "可行性")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from.

    `document` is a document number or 数据逻辑 / 通用填报要求 for rules of our own; `gist` is one clause that says
    what it asks. `article` stays None until a person has checked it: no article number is ever composed.
    """

    document: str
    gist: str = ""
    article: str | None = None
    checked_by: str | None = None
    checked_on: str | None = None

    @property
    def sentence(self) -> str:
        """The 依据 part of an opinion."""
        return f"依据{self.document}，{self.gist}" if self.gist else f"依据{self.document}"


DOC_88 = "财预〔2015〕88号"
DOC_10 = "财预〔2020〕10号"
DOC_101 = "财预〔2021〕101号"
LOGIC = "数据逻辑"
FORM = "通用填报要求"


@dataclass(frozen=True, slots=True)
class NoOptions:
    """For rules without options."""


_SLOT = re.compile(r"\{(\w+)\}")


def _fill(template: str, values: Mapping[str, object]) -> str:
    """Fill `{key}` slots. Unlike str.format, braces in filed text that a rule quotes do no harm."""
    if "{" not in template:
        return template
    parts = _parts(template)
    return "".join(
        [
            str(values.get(part, f"{{{part}}}")) if slot else part
            for slot, part in zip(cycle((False, True)), parts)
        ]
    )


@lru_cache(maxsize=4096)
def _parts(template: str) -> tuple[str, ...]:
    """Return text and keys of a template by turns."""
    return tuple(_SLOT.split(template))


_SILENT = Wording(fact="", impact="", basis="", advice="")


def _document_of(ctx: RowContext | ProjectContext | DocumentContext) -> DocumentContext:
    if isinstance(ctx, DocumentContext):
        return ctx
    return ctx.document if isinstance(ctx, ProjectContext) else ctx.project.document


class Rule(ABC):
    """Common to all rules. Subclass one of RowRule, ProjectRule, DocumentRule, EngineRule.

    The class docstring is the public page (headings 为什么 / 反例 / 正例 / 依据), its YAML blocks are executed.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[str]
    """Short Chinese name of the fault."""
    severity: ClassVar[Severity]
    severities: ClassVar[frozenset[Severity]] = frozenset()
    """Further severities that the rule itself may choose; checked by test."""
    handbook: ClassVar[tuple[str, ...]]
    dimension: ClassVar[str]
    opinion_code: ClassVar[str]
    source: ClassVar[Source]
    fact: ClassVar[str]
    impact: ClassVar[str]
    advice: ClassVar[str]
    since: ClassVar[str] = "0.1.0"
    status: ClassVar[Status] = "stable"
    aliases: ClassVar[tuple[str, ...]] = ()
    fold: ClassVar[FoldPolicy] = "default"
    fold_severity: ClassVar[Severity | None] = None
    """Severity of the folded finding where a systematic defect has a milder cause than single ones."""
    fold_advice: ClassVar[str] = ""
    """Advice of the folded finding, as plain text; empty: the advice of the first hit."""
    enabled_by_default: ClassVar[bool] = True
    confident: ClassVar[bool] = True
    """False for findings that rest on a model or similarity: their wording says 疑似 or 建议核实."""
    reads: ClassVar[frozenset[str] | None] = None
    """Cells the rule looks at (row fields, rows, goals, plan, budget, project.name …); None: any. An edit elsewhere leaves it as
    it is, so that it need not run again."""
    cure: ClassVar[bool] = False
    """Whether the rule proposes changes (`cures`); its page then has the heading 建议的把握."""
    incurable: ClassVar[frozenset[str]] = frozenset()
    """Subcodes of findings for which there is nothing sensible to propose; the page says so."""
    Options: ClassVar[type] = NoOptions

    def __init__(
        self, *, options: Any = None, severity: Severity | None = None, opinion_code: str | None = None
    ) -> None:
        self.options = self.Options() if options is None else options
        self._severity = severity
        self._opinion_code = opinion_code

    def curable(self, finding: Finding) -> bool:
        """Whether there can be a suggestion for the finding."""
        return self.cure and finding.subcode not in self.incurable

    def found(
        self,
        ctx: RowContext | ProjectContext | DocumentContext,
        field: str | None = None,
        *,
        location: Location | None = None,
        span: tuple[int, int] | None = None,
        related: Iterable[Location] = (),
        evidence: Iterable[Evidence] = (),
        suggestions: Iterable[Suggestion] = (),
        severity: Severity | None = None,
        opinion_code: str | None = None,
        subcode: str | None = None,
        confidence: float | None = None,
        fact: str | None = None,
        impact: str | None = None,
        advice: str | None = None,
        source: Source | None = None,
        **values: object,
    ) -> Finding:
        """Return a finding at `field` of the context (or at `location`).

        `fact`, `impact`, `advice` replace the class's templates; templates are filled from `values` and, for a row,
        from its cells (`{name}`, `{value}`, `{level2}` …). A severity or opinion code that the profile sets for the
        rule wins over the one given here.
        """
        used = source or self.source
        wording = _SILENT
        if not _document_of(ctx).silent:
            filled = {**ctx.words(), **values}
            wording = Wording(
                fact=_fill(fact or self.fact, filled),
                impact=_fill(impact or self.impact, filled),
                basis=used.sentence,
                advice=_fill(advice or self.advice, filled),
            )
        return Finding(
            code=self.code,
            name=self.name,
            severity=self._severity or severity or self.severity,
            wording=wording,
            location=location or ctx.at(field, span),
            related=tuple(related),
            evidence=tuple(evidence),
            basis=Basis(used.document, checked=used.checked_by is not None),
            dimension=self.dimension,
            opinion_code=self._opinion_code or opinion_code or self.opinion_code,
            subcode=subcode,
            confidence=confidence,
            suggestions=tuple(suggestions),
        )


class RowRule(Rule):
    """Looks at one indicator row. Rows marked 不适用 are skipped unless `includes_fillers` is set."""

    includes_fillers: ClassVar[bool] = False

    def eligible(self, ctx: RowContext) -> bool:
        """Whether the row counts in the denominator when hits are folded. Default: every row that runs."""
        return True

    @abstractmethod
    def check(self, ctx: RowContext) -> Iterator[Finding]:
        """Yield the findings of one row."""

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        """Yield what could be written instead, best first. Each is proven before anyone sees it."""
        yield from ()


class ProjectRule(Rule):
    """Looks at one project table as a whole."""

    @abstractmethod
    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        """Yield the findings of one project."""

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        """Yield what could be written instead, best first."""
        yield from ()


class DocumentRule(Rule):
    """Looks at a whole document: part one against part two, project against project."""

    local: ClassVar[bool] = False
    """Whether it may be asked of some projects alone (`DocumentContext.narrowed`): what it says of a project follows
    from that project, part one and what `DocumentContext.shared` and `tally` tell of the others.
    """

    @abstractmethod
    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        """Yield the findings of one document."""

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        """Yield what could be written instead, best first."""
        yield from ()


class EngineRule(Rule):
    """Has a page, but its findings are made by the engine itself."""
