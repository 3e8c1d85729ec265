"""The engine: crash containment, order, fingerprints, folding, waivers, profiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.records.document import Cell, Document
from models.records.finding import Finding, Severity
from rules.engine.base import FORM, DocumentRule, RowRule, Source
from rules.engine.context import DocumentContext, RowContext
from rules.engine.fold import SHOWN_PER_TABLE, fold
from rules.engine.profile import Profile, ProfileError, load_profile
from rules.engine.ruleset import RuleSet, build
from rules.engine.run import run, with_schemes
from rules.engine.suppress import Suppressor, Waiver, WaiverError, parse_waivers
from rules.engine.testing import build_document


class _Hit(RowRule):
    """命中名称以「坏」开头的行。"""

    code, name, title = "BC301", "unit-missing", "示例问题"
    severity = Severity.WARNING
    handbook = ()
    dimension, opinion_code = "完整性", "11"
    source = Source(FORM)
    fact, impact, advice = "「{name}」有问题", "影响考核", "请修改"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        if ctx.text("name").startswith("坏"):
            yield self.found(ctx, "name")


class _Crash(_Hit):
    code, name = "BC302", "unit-mismatch"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        raise KeyError(ctx.text("name"))
        yield  # pragma: no cover


class _Error(_Hit):
    severity = Severity.ERROR


def _ruleset(*rules: RowRule) -> RuleSet:
    return RuleSet(load_profile(), rules, rules, (), (), "digest")


def _document(*names: str, tables: int = 1) -> Document:
    rows = [{"level2": "数量指标", "name": name, "value": "≥1个"} for name in names]
    return with_schemes(
        build_document(
            {"projects": [{"name": f"项目{i}", "code": f"C{i}", "rows": rows} for i in range(tables)]}
        ),
        "auto",
    )


def test_a_crashing_rule_is_a_finding_and_the_others_go_on() -> None:
    document = _document("坏甲")
    found = run(document, _ruleset(_Crash(), _Hit()))
    assert [item.code for item in found] == ["BC301", "BC901"]
    assert "坏甲" not in found[1].message, "the exception's text may hold table text"
    with pytest.raises(KeyError):
        run(document, _ruleset(_Crash()), reraise=True)


def test_fingerprints_survive_moved_rows_and_tell_twins_apart() -> None:
    rules = _ruleset(_Hit())
    first = run(_document("坏甲", "好", "坏乙"), rules)
    moved = run(_document("好", "坏乙", "坏甲"), rules)
    assert {item.fingerprint for item in first} == {item.fingerprint for item in moved}
    twins = run(_document("坏甲", "坏甲"), rules)
    assert len({item.fingerprint for item in twins}) == 2


@pytest.mark.parametrize(
    ("bad", "good", "folded"), [(3, 2, True), (2, 0, False), (3, 3, False), (6, 4, True), (5, 4, False)]
)
def test_table_fold_needs_three_hits_and_sixty_percent(bad: int, good: int, folded: bool) -> None:
    document = _document(*[f"坏{i}" for i in range(bad)], *[f"好{i}" for i in range(good)])
    rules = _ruleset(_Hit())
    result = fold(run(document, rules), document, rules)
    if folded:
        (one,) = result
        assert one.fold is not None
        assert (one.fold.level, one.fold.hits, one.fold.eligible) == ("table", bad, bad + good)
        assert one.location.path == "projects[0]"
        assert [loc.path for loc in one.related] == [f"projects[0].rows[{i}].name" for i in range(bad)]
    else:
        assert [item.fold for item in result] == [None] * bad


def test_file_fold_when_half_of_the_tables_fold() -> None:
    rules = _ruleset(_Hit())
    document = _document("坏一", "坏二", "坏三", tables=3)
    (one,) = fold(run(document, rules), document, rules)
    assert one.fold is not None
    assert (one.fold.level, one.fold.tables, one.fold.hits) == ("file", 3, 9)
    assert one.location.path == "document"
    assert len(one.related) == 9


def test_errors_fold_in_display_only() -> None:
    rules = _ruleset(_Error())
    document = _document("坏一", "坏二", "坏三", "坏四")
    result = fold(run(document, rules), document, rules)
    assert len(result) == 4
    assert [item.display.state for item in result] == ["shown", "nested", "nested", "nested"]
    assert {item.display.parent for item in result[1:]} == {result[0].fingerprint}


def test_one_row_shows_one_cause_and_eight_are_shown_per_table() -> None:
    rules = _ruleset(_Hit(), _Second())
    names = [f"坏{i}" for i in range(12)] + [f"好{i}" for i in range(20)]
    document = _document(*names)
    result = fold(run(document, rules), document, rules)
    shown = [item for item in result if item.display.state == "shown"]
    assert len(shown) == SHOWN_PER_TABLE
    assert all(item.code == "BC301" for item in shown)
    assert sum(1 for item in result if item.display.state == "nested") == 12


class _Second(_Hit):
    code, name = "BC303", "operator-missing"
    severity = Severity.INFO

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        if ctx.text("name").startswith("坏"):
            yield self.found(ctx, "value")


def test_waivers_match_by_fingerprint_or_rule_and_unused_ones_are_told() -> None:
    document = _document("坏甲", "坏乙")
    found = run(document, _ruleset(_Hit()))
    waivers = (
        Waiver(fingerprint=found[0].fingerprint, reason="已沟通", author="甲"),
        Waiver(rule="BC301", project="C0", name="坏乙", reason="政策要求", author="乙"),
        Waiver(rule="BC301", name="坏丙", reason="旧", author="丙"),
        Waiver(rule="BC301", reason="旧", author="丁", expires=date(2020, 1, 1)),
    )
    suppressor = Suppressor(waivers, today=date(2026, 1, 1))
    result = suppressor.apply(found, document)
    assert result.kept == ()
    assert [(item.reason, item.author) for item in result.waived] == [("已沟通", "甲"), ("政策要求", "乙")]
    assert len(suppressor.unused()) == 2
    assert "已过期" in suppressor.unused()[1]


def test_baseline_sets_known_findings_aside() -> None:
    document = _document("坏甲", "坏乙")
    found = run(document, _ruleset(_Hit()))
    suppressor = Suppressor(baseline=[found[0].fingerprint, "gone"])
    result = suppressor.apply(found, document)
    assert result.kept == (found[1],)
    assert suppressor.unused() == ("基线中的 1 条已不再出现",)


@pytest.mark.parametrize(
    "entry",
    [
        "文字",
        {"reason": "x", "author": "y"},
        {"rule": "BC301", "author": "y"},
        {"rule": "BC301", "reason": "x"},
        {"rule": "BC999", "reason": "x", "author": "y"},
        {"rule": "BC301", "reason": "x", "author": "y", "row": 3},
        {"rule": "BC301", "reason": "x", "author": "y", "expires": "明年"},
    ],
)
def test_bad_waivers_are_refused_in_words(entry: Any) -> None:
    with pytest.raises(WaiverError, match="第 1 条"):
        parse_waivers({"waivers": [entry]}, "豁免.yml")


def _profile(tmp_path: Path, text: str) -> Profile:
    path = tmp_path / "own.yml"
    path.write_text(text, encoding="utf-8")
    return load_profile(str(path))


def test_profile_inherits_and_says_who_set_what(tmp_path: Path) -> None:
    profile = _profile(
        tmp_path,
        "id: own\nextends: hebei\nrules:\n  unit-missing: {severity: warning}\n  BC303:\n    enabled: false\n"
        "opinion_codes: {BC301: 11}\n",
    )
    assert profile.chain == ("base", "cn2015", "hebei", "own")
    assert profile.scheme.value == "cn2015"
    assert profile.settings["BC301", "severity"].value is Severity.WARNING
    assert profile.settings["BC301", "severity"].where.endswith("own.yml:4")
    codes = build(profile).codes
    assert "BC301" in codes
    assert "BC303" not in codes
    assert profile.opinion_codes["BC301"].value == "11"
    assert profile.digest != load_profile("hebei").digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: {BC999: {enabled: true}}", "own.yml:1.*没有编号"),
        ("id: x\nrules:\n  BC301: {sevrity: error}", "own.yml:3.*没有选项"),
        ("rules: {BC301: {severity: fatal}}", "error、warning"),
        ("rules: {BC301: {enabled: 是}}", "类型不对"),
        ("colour: red", "不认识的键"),
        ("extends: nowhere", "没有名为"),
        ("scheme: cn1999", "没有名为「cn1999」的指标体系"),
        ("a: [", "不是有效的 YAML"),
        ("", "为空"),
        ("id: x\nid: y", "重复"),
    ],
)
def test_bad_profiles_name_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ProfileError, match=says):
        _profile(tmp_path, text)


def test_fillers_and_blank_rows_are_skipped() -> None:
    document = _document("坏甲")
    row = document.projects[0].rows[0]
    rows = (row, replace(row, value=Cell("不适用")), replace(row, name=Cell(""), value=Cell("")))
    document = replace(document, projects=(replace(document.projects[0], rows=rows),))
    assert len(run(document, _ruleset(_Hit()))) == 1


class _Names(DocumentRule):
    """部门条目名称与项目表不一致。"""

    code, name, title = "BC509", "numbering-gap", "名称不一致"
    severity = Severity.INFO
    handbook = ()
    dimension, opinion_code = "相关性", "11"
    source = Source(FORM)
    fact, impact, advice = "「{what}」不一致", "影响汇总", "请核实"

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        assert ctx.document.department is not None
        for k, item in enumerate(ctx.document.department.items):
            yield self.found(ctx, location=ctx.at_item(k), subcode="name", what=item.name.text)


@pytest.mark.parametrize(("count", "folded"), [(2, False), (3, True)])
def test_hints_of_one_kind_about_the_document_fold(count: int, folded: bool) -> None:
    items = [{"number": str(i), "name": f"事项{i}"} for i in range(count)]
    document = build_document({"department": {"items": items}, "projects": [{"name": "甲"}]})
    rule = _Names()
    rules = RuleSet(load_profile(), (rule,), (), (), (rule,), "digest")
    result = fold(run(document, rules), document, rules)
    assert len(result) == (1 if folded else count)
    if folded:
        assert [loc.path for loc in result[0].related] == [f"department.items[{i}]" for i in range(count)]
        assert len(result[0].evidence) == count
