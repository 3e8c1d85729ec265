"""Folding: systematic defects become one finding; one row shows one cause; at most eight are shown per table.

A rule that hits >= 3 rows and >= 60 % of the eligible rows of a table becomes one table-level finding; if that happens
in >= half of the tables of a file, one file-level finding. Findings at severity error fold in display only: each stays
listed, nested under the first of its kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from models.records.document import Document
from models.records.finding import Display, Evidence, Finding, Fold, Location, Severity
from rules.engine.base import DocumentRule, RowRule, Rule
from rules.engine.context import DocumentContext, ProjectContext
from rules.engine.fingerprint import fingerprinted
from rules.engine.paths import split_path
from rules.engine.ruleset import RuleSet
from rules.engine.run import order

MIN_HITS = 3
MIN_SHARE = 0.6
SHOWN_PER_TABLE = 8
EVIDENCE_KEPT = 5


@dataclass(frozen=True, slots=True)
class _Group:
    """Findings of one rule, severity and project."""

    rule: Rule
    findings: tuple[Finding, ...]
    hits: int
    eligible: int
    systematic: bool


def fold(findings: Sequence[Finding], document: Document, ruleset: RuleSet) -> tuple[Finding, ...]:
    """Return the findings folded and with their display state, in document order."""
    ctx = DocumentContext(document)
    rules = {rule.code: rule for rule in ruleset.rules}
    groups: dict[tuple[str, Severity], dict[int, _Group]] = defaultdict(dict)
    loose: list[Finding] = []
    by_key: dict[tuple[str, Severity, int], list[Finding]] = defaultdict(list)
    for finding in findings:
        project = split_path(finding.location.path).project
        if project is None or finding.code not in rules or rules[finding.code].fold == "never":
            loose.append(finding)
        else:
            by_key[finding.code, finding.severity, project].append(finding)
    for (code, severity, project), members in by_key.items():
        groups[code, severity][project] = _group(rules[code], members, ctx.projects[project])
    merged: list[Finding] = _fold_loose(loose, rules, ctx)
    for (_, severity), per_project in groups.items():
        merged += _nest_errors(per_project) if severity is Severity.ERROR else _merge(per_project, ctx)
    plain = [item for item in merged if item.fold is None or item.severity is Severity.ERROR]
    folded = fingerprinted((i for i in merged if i.fold and i.severity is not Severity.ERROR), document)
    return tuple(_displayed(sorted([*plain, *folded], key=order)))


def _group(rule: Rule, members: list[Finding], project: ProjectContext) -> _Group:
    if isinstance(rule, RowRule):
        rows = project.rows if rule.includes_fillers else project.live_rows
        eligible = sum(1 for row in rows if rule.eligible(row))
        hits = len({split_path(item.location.path).row for item in members})
        systematic = hits >= MIN_HITS and hits >= MIN_SHARE * eligible
    else:
        eligible = hits = len(members)
        systematic = False
    if rule.fold == "always":
        systematic = systematic or hits >= 2 or not isinstance(rule, RowRule)
    return _Group(rule, tuple(members), hits, max(eligible, hits), systematic)


def _fold_loose(loose: list[Finding], rules: dict[str, Rule], ctx: DocumentContext) -> list[Finding]:
    """Fold hints of one kind about the document itself (six item names that differ from their tables)."""
    kinds: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    out: list[Finding] = []
    for item in loose:
        if item.severity is Severity.INFO and item.subcode and item.code in rules:
            kinds[item.code, item.subcode].append(item)
        else:
            out.append(item)
    for (code, _), members in kinds.items():
        if len(members) < MIN_HITS or rules[code].fold == "never":
            out += members
            continue
        info = Fold("file", hits=len(members), eligible=len(members))
        one = _combine(rules[code], members, info, ctx.at(), len(ctx.projects))
        facts = tuple(Evidence("quote", item.wording.fact) for item in members[:EVIDENCE_KEPT])
        out.append(replace(one, subcode=members[0].subcode, evidence=facts))
    return out


def _merge(per_project: dict[int, _Group], ctx: DocumentContext) -> list[Finding]:
    systematic = [group for group in per_project.values() if group.systematic]
    tables = len(ctx.projects)
    if len(systematic) >= 2 and 2 * len(systematic) >= tables:
        groups = [per_project[i] for i in sorted(per_project)]
        members = [item for group in groups for item in group.findings]
        info = Fold(
            "file",
            hits=sum(group.hits for group in groups),
            eligible=sum(group.eligible for group in groups),
            tables=len(groups),
        )
        return [_combine(groups[0].rule, members, info, ctx.at(), len(ctx.projects))]
    out: list[Finding] = []
    for index, group in per_project.items():
        if group.systematic and len(group.findings) > 1:
            info = Fold("table", hits=group.hits, eligible=group.eligible)
            out.append(_combine(group.rule, group.findings, info, ctx.projects[index].at(), tables))
        else:
            out += group.findings
    return out


def _combine(rule: Rule, members: Sequence[Finding], info: Fold, location: Location, tables: int) -> Finding:
    first = members[0]
    if info.level == "file" and isinstance(rule, DocumentRule):
        scope = f"全文有 {info.hits} 处存在「{rule.title}」"
    elif info.level == "file":
        scope = f"全文 {tables} 个项目表中有 {info.tables} 个存在「{rule.title}」，共 {info.hits} 处"
    elif isinstance(rule, RowRule):
        scope = f"本表 {info.eligible} 行中有 {info.hits} 行存在「{rule.title}」"
    else:
        scope = f"本表有 {info.hits} 处存在「{rule.title}」"
    seen: dict[str, Evidence] = {}
    for item in members:
        for evidence in item.evidence:
            seen.setdefault(evidence.text, evidence)
    return replace(
        first,
        severity=rule.fold_severity or first.severity,
        wording=replace(
            first.wording,
            fact=f"{scope}，如{first.wording.fact}",
            advice=rule.fold_advice or first.wording.advice,
        ),
        location=location,
        related=tuple(dict.fromkeys(loc for item in members for loc in (item.location, *item.related))),
        evidence=tuple(seen.values())[:EVIDENCE_KEPT],
        suggestions=(),
        subcode=None,
        fold=info,
    )


def _nest_errors(per_project: dict[int, _Group]) -> list[Finding]:
    out: list[Finding] = []
    for group in per_project.values():
        if not group.systematic or len(group.findings) < 2:
            out += group.findings
            continue
        head, *rest = group.findings
        out.append(
            replace(
                head,
                fold=Fold("table", hits=group.hits, eligible=group.eligible),
                related=tuple(dict.fromkeys((*head.related, *(item.location for item in rest)))),
            )
        )
        out += [replace(item, display=Display("nested", head.fingerprint)) for item in rest]
    return out


def _strength(finding: Finding) -> tuple[int, int, str]:
    return (finding.severity.rank, 0 if finding.confidence is None else 1, finding.code)


def _displayed(findings: Iterable[Finding]) -> list[Finding]:
    """Nest the weaker findings of a row under its strongest, then collapse what exceeds the limit per table."""
    items = list(findings)
    heads: dict[tuple[int, int], Finding] = {}
    for item in items:
        where = split_path(item.location.path)
        if where.row is None or where.project is None or item.display.state == "nested" or item.fold:
            continue
        key = (where.project, where.row)
        if key not in heads or _strength(item) < _strength(heads[key]):
            heads[key] = item
    nested: list[Finding] = []
    for item in items:
        where = split_path(item.location.path)
        head = (
            heads.get((where.project, where.row))
            if where.project is not None and where.row is not None
            else None
        )
        if head is not None and head is not item and item.display.state == "shown" and item.fold is None:
            item = replace(item, display=Display("nested", head.fingerprint))
        nested.append(item)
    return _collapsed(nested)


def _collapsed(items: list[Finding]) -> list[Finding]:
    shown: dict[int, list[Finding]] = defaultdict(list)
    for item in items:
        project = split_path(item.location.path).project
        if project is not None and item.display.state == "shown":
            shown[project].append(item)
    hidden: set[int] = set()
    for members in shown.values():
        ranked = sorted(members, key=lambda item: (item.severity.rank, item.fold is None, order(item)))
        hidden.update(id(item) for item in ranked[SHOWN_PER_TABLE:])
    return [replace(item, display=Display("collapsed")) if id(item) in hidden else item for item in items]
