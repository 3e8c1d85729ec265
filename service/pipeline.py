"""THE use case: bytes → document → findings → report. Command line, API, pages and bulk all call this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path

from corpora.store import CorpusError, digests
from models.records.document import Document
from models.records.finding import Finding, Severity
from models.records.report import ModelRef, Report, RunManifest, WaivedFinding
from nlp.classify import ID as CLASS_MODEL
from nlp.classify import load as class_model
from rules.engine.context import DocumentContext
from rules.engine.fingerprint import fingerprinted
from rules.engine.fold import fold
from rules.engine.profile import ProfileError, load_profile
from rules.engine.registry import RegistryError, all_rules
from rules.engine.ruleset import RuleSet, build
from rules.engine.run import CRASHED, run, with_schemes
from rules.engine.score import score_projects
from rules.engine.suggest import Adviser, Proposer
from rules.engine.suppress import Suppressor, Waiver, WaiverError, parse_waivers
from service.errors import SettingsError
from service.settings import Limits, WordingSettings

UNREAD = "BC902"
UNUSED = "BC903"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What a caller may choose for one check. `profile` is a shipped name or a path to a YAML file."""

    profile: str | None = None
    waivers: tuple[Waiver, ...] = ()
    baseline: frozenset[str] = frozenset()
    suggest: bool = True
    """Whether findings get suggestions; each costs a run of the rules over its project."""
    today: date | None = None
    """Date against which waivers expire; None lets none expire."""
    report_unused: bool = True
    """Whether a waiver that matches nothing is a finding; not where the waivers are those of a whole department."""
    wording: WordingSettings | None = None
    """The language model that may propose wordings; None: none is asked and nothing is sent."""


def load(data: bytes, *, name: str | None, limits: Limits) -> Document:
    """Read a document of any supported format. Raises InputError."""
    # Readers pull in lxml and friends; commands that read nothing should not pay for them.
    from service.ingest.load import load as read

    return read(data, name=name, limits=limits)


@cache
def _ruleset(profile: str | None) -> RuleSet:
    return build(load_profile(profile))


def ruleset_for(profile: str | None) -> RuleSet:
    """Return the active rules of a profile. Raises SettingsError in the reader's language."""
    try:
        return _ruleset(profile)
    except (ProfileError, RegistryError, CorpusError) as error:
        raise SettingsError(str(error)) from error


def normalised(document: Document, profile: str | None = None) -> Document:
    """Return the document with the scheme of every project chosen."""
    return with_schemes(document, ruleset_for(profile).profile.scheme.value)


def check(document: Document, options: CheckOptions) -> Report:
    """Check a document. Equal document, options and version give an equal report, unless a language model is asked."""
    ruleset = ruleset_for(options.profile)
    wording = options.wording if options.suggest else None
    models = (*_models(), *_asked(wording))
    document = with_schemes(document, ruleset.profile.scheme.value)
    ctx = DocumentContext(document)
    single = run(document, ruleset, ctx=ctx)
    suppressor = Suppressor(options.waivers, options.baseline, today=options.today)
    before = suppressor.apply(single, document)
    after = suppressor.apply(fold(before.kept, document, ruleset), document)
    advised = after.kept
    if options.suggest:
        advised = Adviser(ctx, ruleset, single, _proposer(wording)).advised(after.kept)
    unused = _unused(suppressor, document, ruleset) if options.report_unused else ()
    kept = (*advised, *unused)
    return Report(
        manifest=_manifest(document, ruleset, models),
        document=document,
        findings=kept,
        waived=(*before.waived, *after.waived),
        scores=score_projects(_without(before.kept, after.waived), len(document.projects)),
        complete=not any(
            item.code == CRASHED or (item.code == UNREAD and item.severity is not Severity.INFO)
            for item in (*single, *kept)
        ),
    )


def check_bytes(data: bytes, *, name: str | None, options: CheckOptions, limits: Limits) -> Report:
    """Read and check a file. Raises InputError or SettingsError."""
    return check(load(data, name=name, limits=limits), options)


def _without(single: Iterable[Finding], waived: Iterable[WaivedFinding]) -> list[Finding]:
    """Drop the single findings that a waived folded finding stands for."""
    gone: set[tuple[str, str]] = set()
    for entry in waived:
        finding = entry.finding
        gone.update((finding.code, location.path) for location in (finding.location, *finding.related))
    return [item for item in single if (item.code, item.location.path) not in gone]


def _unused(suppressor: Suppressor, document: Document, ruleset: RuleSet) -> tuple[Finding, ...]:
    if UNUSED not in ruleset.codes:
        return ()
    rule = all_rules()[UNUSED].cls()
    ctx = DocumentContext(document)
    found = (replace(rule.found(ctx, label=label), subcode=label) for label in suppressor.unused())
    return fingerprinted(found, document)


@cache
def _version() -> str:
    return version("biaochi")


def _models() -> tuple[ModelRef, ...]:
    """Return the models that rules ask. Raises SettingsError before anything is checked when one is damaged."""
    try:
        artifact = class_model()
    except CorpusError as error:
        raise SettingsError(str(error)) from error
    return (ModelRef(id=CLASS_MODEL, version=artifact.version, sha256=artifact.sha256),)


def _asked(wording: WordingSettings | None) -> tuple[ModelRef, ...]:
    """Return the language model that takes part, by the name the endpoint gives it."""
    return () if wording is None else (ModelRef(id=f"llm:{wording.model}", version="", sha256=""),)


def _proposer(wording: WordingSettings | None) -> Proposer | None:
    """Return who proposes wordings in one check."""
    if wording is None:
        return None
    from service.llm.proposer import Proposer as LanguageModel

    return LanguageModel(wording)


def _manifest(document: Document, ruleset: RuleSet, models: tuple[ModelRef, ...]) -> RunManifest:
    return RunManifest(
        tool=_version(),
        ruleset_digest=ruleset.digest,
        profile_chain=ruleset.profile.chain,
        profile_digest=ruleset.profile.digest,
        corpora=digests(),
        models=models,
        input_sha256=document.input_sha256,
        rules=ruleset.codes,
    )


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """Read a waiver file (YAML or JSON). Raises SettingsError."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return parse_waivers(data, path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"无法读取豁免清单 {path.name}，请检查路径与编码（UTF-8）") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"豁免清单 {path.name} 不是有效的 YAML，请检查缩进与引号") from error
    except WaiverError as error:
        raise SettingsError(str(error)) from error


def read_baseline(path: Path) -> frozenset[str]:
    """Read a baseline: an earlier JSON report. Raises SettingsError."""
    import json

    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(str(item["fingerprint"]) for item in data["findings"])
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"无法读取基线 {path.name}，请检查路径与编码（UTF-8）") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"基线 {path.name} 应为标尺此前输出的 JSON 报告（--format json）") from error
