"""What counts towards an output or a unit cost, and which record proves it: by the nature of the work that a name states."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from nlp.lexicon import bare, data
from nlp.naming import lower_is_better
from rules.engine.context import shorten
from rules.engine.draft import Blank

_COUNTED: Final = re.compile(r"[数量额次积度程模长]$|面积|里程|[(（]")
_MONEY_TAIL: Final = re.compile(r"(?:金额|资金|经费|总额|额)$")
_HEADS: Final = re.compile(r"(?:(?<!器)人|户|家|名|座|所|村|校|企业|对象|单位|机构|学校)(?:数量|数)$")
_PEOPLE: Final = re.compile(r"(?:(?<!器)人|户)(?:数量|数)$")
_PER: Final = re.compile(
    r"(?P<head>人|户|亩|生|车|床|校|村|课时|学时)均|(?:每|单位|单(?!位))(?P<each>面积|平方米|立方米|公里|公顷|人次|课时|学时|[\u4e00-\u9fff])"
)
_UNIT_TAIL: Final = re.compile(r"(?:控制)?(?:标准|单价|价格|均价|额)$")
_GRANT: Final = re.compile(r"(?:补助|补贴|津贴|奖补|奖励|慰问金|救助金|优待金|抚恤金|生活费|工资|报酬)$")
_SPENT: Final = re.compile(r"(?:支出|成本|费用|投资|投入|开支)$")
_LIKE: Final = {"生": "人", "名": "人", "村": "个", "校": "个"}
_HAPPENED: Final = re.compile(r"(?:发生)(?:起数|件数|数量|数)$")
_SERVED: Final = "实际领取或受益"
_LONGEST: Final = 24
_WORDS: Final = (
    ("人次", "人次"), ("场次", "场"), ("次数", "次"), ("人数", "人"), ("户数", "户"), ("件数", "件"), ("起数", "起"),
    ("份数", "份"), ("张数", "张"), ("册数", "册"), ("台数", "台"), ("套数", "套"), ("个数", "个"), ("期数", "期"),
    ("家数", "家"), ("天数", "天"), ("里程", "公里"), ("公里数", "公里"), ("篇数", "篇"), ("条数", "条"), ("年限", "年"), ("寿命", "年"),
)  # fmt: skip
_THINGS: Final = (
    ("宣传单", "张"), ("明白纸", "张"), ("传单", "张"), ("手册", "册"), ("海报", "张"), ("横幅", "条"), ("标语", "条"),
    ("人员", "人"), ("队员", "人"), ("网格员", "人"), ("学员", "人"), ("案件", "件"), ("培训班", "期"), ("讲座", "场"),
    ("会议", "次"), ("活动", "次"), ("宣传品", "件"), ("设备", "台"), ("车辆", "辆"), ("档案", "件"), ("报告", "份"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """What counts (「年度内完成并通过验收的改造户数」) and where it is recorded."""

    text: str
    source: str


def countable(name: str) -> bool:
    """Whether a name already says that it is a number (改造户数, 清扫面积)."""
    return _COUNTED.search(name) is not None


def counted(name: str) -> Scope:
    """Return what counts towards an output: what is accepted, signed for, on record; none twice."""
    full = name if countable(name) else f"{name}数量"
    if _MONEY_TAIL.search(full):
        return Scope(f"年度内实际支付的{full}合计", "支付凭证")
    if lower_is_better(full):
        happened = _HAPPENED.sub("起数", full)
        return Scope(f"年度内发生并登记的{happened}", "登记台账")
    scope = _scope(full)
    once = (
        "，同一对象不重复计算" if _HEADS.search(full) and (scope.get("once") or _PEOPLE.search(full)) else ""
    )
    return Scope(f"{scope['counted']}{_without_verb(full, scope)}{once}", scope["source"])


def unit_of_name(name: str) -> str | None:
    """Return the unit that a name counts in (宣传活动场次 → 场, 宣传单 → 张), None where it says none."""
    for tail, unit in (*_WORDS, *_THINGS):
        if name.rstrip("数量").endswith(tail) or name.endswith(tail):
            return unit
    return None


def scope_of(name: str) -> str | None:
    """Return what kind of output a name states (works, bought, held …; see counting.yml), None where nothing says so."""
    return _scope(name).get("id")


def divided(name: str, per: tuple[str, ...]) -> tuple[str, Blank | None]:
    """Return how a unit cost is worked out, with the blank for what it is divided by where nothing says so.

    `per` is what the value's unit says (元/人/月 → 人, 月).
    """
    thing = _UNIT_TAIL.sub("", _PER.sub("", bare(name)))
    spent = _SPENT.sub("", thing)
    upper = f"年度内实际支付的{thing}总额" if thing == spent and thing else f"{spent}实际支出总额"
    found = _PER.search(bare(name))
    each = per or ((found["head"] or found["each"],) if found is not None else ())
    lower = _denominator(name, tuple(_LIKE.get(item, item) for item in each))
    if lower is None and _GRANT.search(thing):
        lower = "实际领取对象数"
    if lower is not None:
        return f"{upper}÷{lower}", None
    blank = Blank(f"{shorten(name, _LONGEST)}的计算对象，如培训人数、设备台数", "text", "实际完成的台数")
    return f"{upper}÷{blank}", blank


def _denominator(name: str, each: tuple[str, ...]) -> str | None:
    if not each:
        return None
    units = data("counting")["unit_costs"]
    if each[0] == "人" and "次" in each[1:]:
        return str(units["人次"])
    lower = units.get(each[0])
    if lower is None:
        return None
    if each[0] in ("人", "户"):
        people = data("counting")["people"]
        lower = next((how for word, how in people.items() if word in name), _SERVED) + lower
    if "月" in each[1:]:
        return f"各月{lower}之和"
    if "天" in each[1:] or "日" in each[1:]:
        return f"各日{lower}之和"
    return str(lower)


def _without_verb(name: str, scope: dict[str, Any]) -> str:
    """Return a name without the verb that the scope already says (采购折叠床数量 → 折叠床数量)."""
    for verb in scope.get("verbs", ()):
        rest = name.removeprefix(verb)
        if rest != name and len(rest) > 2 and rest[0] not in "人户数场次的":
            return rest
    return name


@cache
def _scopes() -> tuple[dict[str, Any], ...]:
    return tuple(data("counting")["scopes"])


def _scope(name: str) -> dict[str, Any]:
    """Return the scope whose word stands first in the name; of several at one place the first of the list."""
    found = [
        (at, order, scope)
        for order, scope in enumerate(_scopes())
        for at in (min((name.find(word) for word in scope["words"] if word in name), default=-1),)
        if at >= 0
        and name.endswith(tuple(scope.get("only", ("",))))
        and not name.endswith(tuple(scope.get("unless", ())))
    ]
    if found:
        return min(found, key=lambda item: item[:2])[2]
    for scope in _scopes():
        if name.endswith(tuple(scope.get("tails", ()))):
            return scope
    default: dict[str, Any] = data("counting")["default"]
    return default
