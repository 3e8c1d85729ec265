"""Waivers and baselines: findings set aside with a reason; what matches nothing any more is reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.records.document import Document
from models.records.finding import Finding
from models.records.report import WaivedFinding
from nlp.text import normalise
from rules.engine.fingerprint import project_key
from rules.engine.paths import split_path
from rules.engine.registry import resolve

_KEYS = frozenset({"fingerprint", "rule", "project", "name", "reason", "author", "date", "expires"})


class WaiverError(Exception):
    """A waiver entry is wrong. The message is Chinese and names the entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One entry: by fingerprint, or by rule with optional project (code or name) and indicator name."""

    reason: str
    author: str
    fingerprint: str | None = None
    rule: str | None = None
    project: str | None = None
    name: str | None = None
    expires: date | None = None

    @property
    def label(self) -> str:
        """How the entry is named in messages."""
        target = self.fingerprint or "/".join(part for part in (self.rule, self.project, self.name) if part)
        return f"{target}（{self.reason}）"


@dataclass(frozen=True, slots=True)
class Suppression:
    """What was set aside and what remains."""

    kept: tuple[Finding, ...]
    waived: tuple[WaivedFinding, ...]


class Suppressor:
    """Applies entries before and after folding, and remembers which ones were of use."""

    def __init__(
        self, waivers: Sequence[Waiver] = (), baseline: Iterable[str] = (), *, today: date | None = None
    ) -> None:
        self._waivers = tuple(waivers)
        self._expired = frozenset(
            i for i, item in enumerate(self._waivers) if item.expires and today and item.expires < today
        )
        self._baseline = frozenset(baseline)
        self._used: set[int] = set()
        self._used_baseline: set[str] = set()

    def apply(self, findings: Iterable[Finding], document: Document) -> Suppression:
        """Split findings into kept and waived."""
        kept: list[Finding] = []
        waived: list[WaivedFinding] = []
        for finding in findings:
            entry = self._match(finding, document)
            if entry is not None:
                waived.append(WaivedFinding(finding=finding, reason=entry.reason, author=entry.author))
            elif finding.fingerprint in self._baseline:
                self._used_baseline.add(finding.fingerprint)
                waived.append(WaivedFinding(finding=finding, reason="基线中已有", author="基线"))
            else:
                kept.append(finding)
        return Suppression(tuple(kept), tuple(waived))

    def unused(self) -> tuple[str, ...]:
        """Return the labels of entries that matched nothing, expired ones included."""
        labels = [
            item.label + ("，已过期" if i in self._expired else "")
            for i, item in enumerate(self._waivers)
            if i not in self._used
        ]
        stale = len(self._baseline - self._used_baseline)
        return tuple(labels) + ((f"基线中的 {stale} 条已不再出现",) if stale else ())

    def _match(self, finding: Finding, document: Document) -> Waiver | None:
        for i, item in enumerate(self._waivers):
            if i not in self._expired and _matches(item, finding, document):
                self._used.add(i)
                return item
        return None


def _matches(waiver: Waiver, finding: Finding, document: Document) -> bool:
    if waiver.fingerprint is not None:
        return waiver.fingerprint == finding.fingerprint
    if waiver.rule != finding.code:
        return False
    where = split_path(finding.location.path)
    if waiver.project is not None:
        if where.project is None:
            return False
        project = document.projects[where.project]
        if normalise(waiver.project) not in (project_key(project), normalise(project.name.text)):
            return False
    if waiver.name is None:
        return True
    if where.project is None or where.row is None:
        return False
    return normalise(waiver.name) == normalise(document.projects[where.project].rows[where.row].name.text)


def parse_waivers(data: Any, where: str) -> tuple[Waiver, ...]:
    """Return the waivers of a parsed YAML or JSON file (`{"waivers": [...]}` or a list). Raises WaiverError."""
    entries = data.get("waivers") if isinstance(data, Mapping) else data
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise WaiverError(f"{where}：豁免清单应为列表")
    return tuple(_parse(entry, f"{where} 第 {i} 条") for i, entry in enumerate(entries, 1))


def _parse(entry: Any, where: str) -> Waiver:
    if not isinstance(entry, Mapping):
        raise WaiverError(f"{where}：应为“键: 值”的形式")
    unknown = set(map(str, entry)) - _KEYS
    if unknown:
        raise WaiverError(f"{where}：不认识的键「{'、'.join(sorted(unknown))}」")
    texts = {
        key: str(entry[key]).strip() for key in ("fingerprint", "rule", "project", "name") if entry.get(key)
    }
    if "fingerprint" not in texts and "rule" not in texts:
        raise WaiverError(f"{where}：须写明 fingerprint（指纹）或 rule（规则编号）")
    for key, label in (("reason", "理由"), ("author", "填写人")):
        if not str(entry.get(key) or "").strip():
            raise WaiverError(f"{where}：缺少 {key}（{label}）")
    if "rule" in texts:
        try:
            texts["rule"] = resolve(texts["rule"]).cls.code
        except KeyError:
            raise WaiverError(f"{where}：没有编号或名称为「{texts['rule']}」的规则") from None
    return Waiver(
        reason=str(entry["reason"]).strip(),
        author=str(entry["author"]).strip(),
        expires=_day(entry.get("expires"), where),
        **texts,
    )


def _day(value: Any, where: str) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise WaiverError(f"{where}：expires 应为 2026-12-31 这样的日期") from None
