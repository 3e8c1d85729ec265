"""What a project could measure instead: indicators of the library that fit it, else frames in the project's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from typing import Any, Final

from nlp import library
from nlp.lexicon import data
from nlp.naming import management_word, placeholders
from nlp.sameness import same
from nlp.subject import cased, counted_as, delivered, is_generic, matter, measured, served, topic
from nlp.text import normalise
from nlp.tokenise import words
from rules.engine.context import ProjectContext, RowContext, shorten
from rules.rewriting.counting import scope_of

FITS: Final = 0.3
"""Score from which an entry of the library counts as meant for the project."""
_LONGEST_TOPIC: Final = 18
_TWICE: Final = re.compile(r"([员工兵警])人员")
_LONGEST_PAIR: Final = 12
_PAYING: Final = re.compile(r"资金|支付|拨付|发放|付款|费用")
_GRANTS: Final = re.compile(r"优待金|慰问金|奖励金|救助金|助学金|抚恤金|生活费|补贴|补助|工资|报酬|津贴")
_LEAST_WORD: Final = 2
_KINSHIP: Final = 0.3
_LONGEST_OUTPUT: Final = 12
_PEOPLE: Final = ("人", "户", "员", "者", "对象", "家庭", "群众")
_MADE: Final = frozenset({"works", "bought", "printed", "compiled", "processed"})
_OF_OUTPUTS: Final = {
    "时效": ("按期完成率", "按计划时间完成", "计划完成", "计划标准", "工作计划和完成台账", _MADE | {"held", "tested", "handled", "retained"}),
    "质量": ("验收合格率", "验收合格", "提交验收", "行业标准", "验收资料", _MADE),
}  # fmt: skip
"""Per class: ending of the name, what is counted, of what, basis, source, and the kinds of output it suits."""
_LISTS: Final = re.compile(r"[、，,（(“”]|以及|及(?!时)|和(?!谐|平)")


class Tier(IntEnum):
    """How closely a proposal belongs to the row and the project, closest first."""

    HINTED = 0
    """Measures just what the row's abstract word usually means (影响力 → 知晓率), for this kind of project."""
    NEAR = 1
    """An entry of the library about the very thing the row names."""
    OWN = 2
    """An entry about a thing that the project's name or purpose names."""
    FRAME = 3
    """A frame made for this kind of project."""
    OUTPUT = 4
    """How much of what the table itself counts is done in time, or accepted."""
    GENERIC = 5
    """A frame for any project, in its own words: better than an empty row."""
    LOOSE = 6
    """Of the project's field, but about something that its texts do not name."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An indicator without its target number."""

    category: str
    name: str
    formula: str
    unit: str
    operator: str
    kind: str
    """As `nlp.library.unit_kind`: ratio, date, duration, money, grade, count."""
    basis: str
    source: str
    reason: str
    probe: str
    tier: Tier = Tier.LOOSE
    meant: bool = False
    """What usually stands for the words of the row to be replaced."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a project is about, in its own words."""

    topic: str
    matter: str
    served: str
    grant: str = "资金"
    """What the money is called that is paid out (补贴, 慰问金)."""

    @property
    def staff(self) -> str:
        """The people who do the work."""
        ends = ("人员", "员", "队伍", "队员", "辅警")
        return self.topic if self.topic.endswith(ends) else f"{self.matter}工作人员"


def subject_of(ctx: ProjectContext) -> Subject | None:
    """Return topic, matter and the people served; None where the project's name says nothing."""
    name = ctx.project.name.text or ctx.project.title.text
    about = _short(topic(name))
    if len(about) < 2 or is_generic(about):
        # A name that says nothing (其他工作经费): what is counted first says more.
        name = next(
            (thing for row in ctx.of("数量") if 3 <= len(thing := delivered(row.text("name"))) <= 10), ""
        )
        about = name
    if not about:
        return None
    names = tuple(row.text("name") for row in ctx.live_rows)
    who = served(names, ctx.project.budget.purpose.text) or ""
    return Subject(about, _short(matter(name)) or matter(about) or about, who, _money_word(name))


def _money_word(name: str) -> str:
    found = _GRANTS.findall(name)
    return found[-1] if found else "资金"


def _short(text: str) -> str:
    """Return a topic that can stand in a name: its first part where it lists several things; "" where it is too long."""
    text = _TWICE.sub(r"\1", text)
    if len(text) <= _LONGEST_TOPIC and not _LISTS.search(text):
        return text
    first = topic(_LISTS.split(text)[0])
    if len(first) < 3 and len(text) <= _LONGEST_PAIR:
        return text  # 「孤儿及事实无人抚养儿童」: half of it is somebody else.
    return first if 3 <= len(first) <= _LONGEST_TOPIC else ""


def about_project(ctx: ProjectContext) -> library.About:
    """Return the project's texts for searching the library."""
    project = ctx.project
    return library.about(
        project.name.text or project.title.text,
        purpose=project.budget.purpose.text,
        goals=_without_template(ctx.goals_text),
        rows=[row.text("name") for row in ctx.live_rows],
        department=project.department.text,
    )


def _without_template(text: str) -> str:
    for start, end, _ in reversed(placeholders(text)):
        text = text[:start] + text[end:]
    return text


def proposals(
    ctx: ProjectContext,
    category: str,
    *,
    instead_of: RowContext | None = None,
    kinds: frozenset[str] | None = None,
    breadth: int = 6,
    fits: float = FITS,
) -> Iterator[Proposal]:
    """Yield indicators of a class for the project, best first; none that the table already has.

    `instead_of` is the row to be replaced: likeness to it counts, and it does not rule out its own name. `kinds`
    restricts to some kinds of values, `breadth` is how many entries of the library are looked at, `fits` the score that
    they need.
    """
    taken = [row.text("name") for row in ctx.rows if row is not instead_of]
    like = (
        " ".join((instead_of.text("name"), instead_of.text("description"))) if instead_of is not None else ""
    )
    name = instead_of.text("name") if instead_of is not None else ""
    hits = [
        hit
        for hit in library.search(about_project(ctx), category, like=like, limit=breadth, unit_kinds=kinds)
        if hit.score >= fits and hit.words
    ]
    framed = list(_framed(ctx, category, kinds, name))
    special = [item for item in framed if item.tier <= Tier.FRAME]
    rest = [item for item in framed if item.tier > Tier.FRAME]
    texts = normalise(
        "|".join((ctx.project.name.text, ctx.project.budget.purpose.text, ctx.goals_text, like))
    )
    known = [_of_entry(hit, texts) for hit in hits]
    everything = [*known, *special, *_of_outputs(ctx, category, kinds), *rest]
    wanted = _endings_for(name)
    if wanted:
        everything = [
            replace(item, tier=Tier.HINTED)
            if item.name.endswith(wanted)
            and (item.tier <= Tier.OWN or (item.tier is Tier.FRAME and category == "社会效益"))
            else item
            for item in everything
        ]
    if instead_of is not None and category == "成本":
        # What something costs is asked of the thing itself; the field's other costs are not this project's.
        everything = [item for item in everything if item.tier <= Tier.NEAR]
    if instead_of is not None and management_word(name) is not None:
        # What is no performance is not replaced by the paying of money, unless people get it.
        everything = [
            item
            for item in everything
            if not _PAYING.search(item.name) or _GRANTS.search(item.name) is not None
        ]
    seen: list[str] = []
    # When something is done is asked of the project's own task first.
    own_first = (
        (Tier.HINTED, Tier.NEAR, Tier.FRAME, Tier.OWN, Tier.OUTPUT, Tier.GENERIC, Tier.LOOSE)
        if category == "时效"
        else tuple(Tier)
    )
    for item in sorted(everything, key=lambda item: own_first.index(item.tier)):
        if not any(same(item.name, other) for other in (*taken, *seen)):
            seen.append(item.name)
            yield item


def _endings_for(name: str) -> tuple[str, ...]:
    """Return the endings that usually make an abstract name measurable (影响力 → 知晓率)."""
    hints = data("subject")["abstract_hints"]
    return tuple(ending for word, endings in hints.items() if word in name for ending in endings)


def _of_entry(hit: library.Hit, texts: str) -> Proposal:
    entry = hit.entry
    near = hit.near and (hit.own or hit.told) and _speaks_of(entry.name, texts)
    kind = library.unit_kind(entry)
    probe = (
        ("1" if entry.operator == "≤" else "92")
        if kind == "ratio"
        else {"money": "50", "duration": "15"}.get(kind, "12")
    )
    return Proposal(
        entry.category, entry.name, entry.formula, entry.unit, entry.operator, kind, entry.basis, entry.source,
        f"指标库（{entry.sector}），项目中有「{'」「'.join(hit.words)}」", probe,
        Tier.NEAR if near else Tier.OWN if hit.own and hit.told and entry.sector != library.GENERAL else Tier.LOOSE,
    )  # fmt: skip


def _speaks_of(name: str, texts: str) -> bool:
    """Whether the project's texts have a fair part of a name's telling words: one shared word (创业) is no kinship."""
    telling = [word for word in words(normalise(name)) if len(word) >= _LEAST_WORD and not is_generic(word)]
    total = sum(map(len, telling))
    return total > 0 and sum(len(word) for word in telling if word in texts) >= _KINSHIP * total


def _framed(ctx: ProjectContext, category: str, kinds: frozenset[str] | None, row: str) -> Iterator[Proposal]:
    """Yield what the frames make of the project and of the name of the row to be replaced; the tier says what asks for it."""
    about = subject_of(ctx)
    if about is None:
        return
    project = ctx.project
    text = "\n".join((project.name.text or project.title.text, project.budget.purpose.text, ctx.goals_text))
    counted = counted_as(about.served)
    told = {
        "topic": about.topic,
        "matter": about.matter,
        "served": about.served,
        "served_number": counted,
        "asked": "有效受访人数" if counted.endswith("人数") else f"有效受访{counted}",
        "staff": about.staff,
        "grant": about.grant,
        "thing": cased(row, measured(row)) if row else "",
    }
    for frame in _frames():
        if frame["category"] != category or not _asked(frame, project.name.text or project.title.text, text):
            continue
        if "row" in frame and not any(word in row for word in frame["row"]):
            continue
        if "thing" in frame and not told["thing"].endswith(frame["thing"]):
            continue
        kind = _kind(frame)
        if kinds is not None and kind not in kinds:
            continue
        if "{served" in frame["name"] and not about.served:
            continue
        if "{served_number}" in frame["name"] and not counted.endswith(f"{frame['unit']}数"):
            continue  # Enterprises are not counted in 人.
        name = frame["name"].format(**told)
        yield Proposal(
            category, name, frame["formula"].format(**told), frame["unit"], frame["operator"], kind,
            frame["basis"], frame["source"], f"按项目事项「{about.matter}」拟定",
            {"ratio": "92", "money": "1", "duration": "15"}.get(kind, "12"),
            _tier(frame), "row" in frame,
        )  # fmt: skip


def _tier(frame: dict[str, Any]) -> Tier:
    if "row" in frame and not frame.get("generic"):
        return Tier.NEAR  # Behind what the library knows of the very thing.
    if frame["when"]:
        return Tier.FRAME
    return Tier.GENERIC if frame.get("generic") else Tier.LOOSE


def _of_outputs(ctx: ProjectContext, category: str, kinds: frozenset[str] | None) -> Iterator[Proposal]:
    """Yield how much of a counted output is done in time or accepted (审计项目按期完成率), from the table's own rows."""
    asked = _OF_OUTPUTS.get(category)
    if asked is None or (kinds is not None and "ratio" not in kinds):
        return
    ending, done, of, basis, source, scopes = asked
    for row in ctx.of("数量"):
        filed = row.text("name")
        thing = cased(filed, delivered(filed))
        quantity = row.quantity
        if (
            quantity.kind != "count"
            or not quantity.unit
            or quantity.per
            or not 3 <= len(thing) <= _LONGEST_OUTPUT
            or _LISTS.search(thing)
            or thing.endswith(_PEOPLE)
            or scope_of(filed) not in scopes
        ):
            continue
        word = quantity.unit if quantity.unit.endswith("次") else f"{quantity.unit}数"
        yield Proposal(
            category, f"{thing}{ending}", f"{done}的{thing}{word}÷{of}的{thing}总{word}×100%", "%", "≥",
            "ratio", basis, source, f"按产出「{shorten(filed, 20)}」拟定", "92", Tier.OUTPUT,
        )  # fmt: skip


def _asked(frame: dict[str, Any], name: str, text: str) -> bool:
    """Whether the project's texts call for a frame: a word of `when` in all of them or, for `name`, in its name."""
    if any(word in name for word in frame.get("unless", ())):
        return False
    place = name if frame.get("where") == "name" else text
    return not frame["when"] or any(word in place for word in frame["when"])


def _kind(frame: dict[str, Any]) -> str:
    entry = library.Entry("", "", "", "", "", frame["unit"], frame["operator"], "", "", ())
    return library.unit_kind(entry)


@cache
def _frames() -> tuple[dict[str, Any], ...]:
    return tuple(data("frames")["frames"])
