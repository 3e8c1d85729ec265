"""Whether a row's filed class fits its name. Lexicon pairs decide now; a class model may give the same verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from models.records.finding import Evidence, Severity
from nlp.classify import Prediction, cues, nearest
from nlp.lexicon import compiled, data, ending, head, words
from nlp.measures import management_word
from nlp.naming import double_barrelled, is_yes_no, is_zero_event
from nlp.text import core_name, normalise
from rules.engine.context import RowContext
from rules.support.cells import CEILINGS

_LEXICON: Final = "category_conflicts"
_DENIAL: Final = re.compile(r"(?:无|未|零|不|没有|杜绝|防止|避免).*$|(?:为零|为0|零).*$")


@dataclass(frozen=True, slots=True)
class ClassVerdict:
    """A class that fits better than the filed one."""

    likely: str
    """Category meaning of the better class."""
    cue: str
    """What decides it: characters of the name, or the features of a model."""
    severity: Severity
    confidence: float | None = None
    """Of a model; None for lexicon pairs."""


def lexicon_verdict(ctx: RowContext) -> ClassVerdict | None:
    """Return the verdict of the lexicon pairs, None where they do not contradict the filed class."""
    declared = ctx.category
    name = ctx.text("name")
    if declared is None or len(ctx.name) < 3 or is_yes_no(name):
        return None
    # Two measures in one name have two classes; splitting comes first.
    if double_barrelled(name) is not None:
        return None
    text = head(name)
    for pair in _pairs().get(declared, ()):
        cue = ending(text, pair.endings)
        if cue is None or (pair.unless is not None and pair.unless.search(core_name(name))):
            continue
        if pair.likely == "数量" and _counts_a_fault(ctx):
            continue
        return ClassVerdict(pair.likely, cue, pair.severity)
    zero = data(_LEXICON)["zero_event"]
    if declared in zero["declared"] and is_zero_event(name):
        return ClassVerdict(str(zero["likely"]), _zero_words(name), Severity(zero["severity"]))
    return None


SURE: Final = 0.6
"""Calibrated probability of another class from which the model may contradict the filed one."""
UNFIT: Final = 0.005
"""Probability of the filed class up to which the model may contradict it. Most filed classes are right, so little
doubt is not enough: on held-out rows this speaks on 0.4 % of right classes and on 72 % of wrong ones, so that 96 of
100 hits are right where one class in eight is wrong."""


def model_verdict(ctx: RowContext, *, sure: float = SURE, unfit: float = UNFIT) -> ClassVerdict | None:
    """Return the verdict of the class model, None where it agrees, is not sure, or another fault comes first."""
    prediction, declared = ctx.prediction, ctx.category
    if prediction is None or declared is None or prediction.abstain or prediction.category == declared:
        return None
    if prediction.confidence < sure or prediction.probability(declared) > unfit:
        return None
    if len(ctx.name) < 3 or not ctx.project.scheme.has(declared):
        return None
    if management_word(ctx.text("name")) is not None:
        return None  # 「预算执行率」 belongs to no class; BC104 says so.
    if double_barrelled(ctx.text("name")) is not None:
        return None
    quantity = ctx.quantity
    if prediction.category == "数量" and (quantity.operator in CEILINGS or quantity.number == 0):
        return None
    name = head(ctx.text("name"))
    if any({prediction.category, declared} == pair and regex.search(name) for pair, regex in _near()):
        return None
    found = [cue for cue in cues(ctx.query, prediction.category, declared) if cue in ctx.name]
    return ClassVerdict(
        prediction.category, "、".join(found), Severity.WARNING, round(prediction.confidence, 2)
    )


def model_evidence(ctx: RowContext, prediction: Prediction) -> list[Evidence]:
    """Return why the model says so: the two likeliest classes, and the labelled names nearest to the row's."""
    scheme = ctx.project.scheme
    shares = "、".join(f"{scheme.level2_name(name)} {share:.2f}" for name, share in prediction.ranked[:2])
    found = [Evidence("model", f"可能的类型：{shares}")]
    near = nearest(ctx.text("name"), prediction.category)
    if near:
        names = "、".join(f"「{item.name}」" for item in near)
        found.append(Evidence("peer", f"最相近的范例：{names}（{scheme.level2_name(prediction.category)}）"))
    return found


@dataclass(frozen=True, slots=True)
class _Pair:
    likely: str
    severity: Severity
    endings: frozenset[str]
    unless: Any


@cache
def _near() -> tuple[tuple[frozenset[str], Any], ...]:
    return tuple(
        (frozenset(item["pair"]), compiled(_LEXICON, "near", item["names"]))
        for item in data(_LEXICON)["near"]
    )


@cache
def _pairs() -> Mapping[str, tuple[_Pair, ...]]:
    found: dict[str, list[_Pair]] = {}
    for item in data(_LEXICON)["pairs"]:
        unless = compiled(_LEXICON, item["id"], item["unless"]) if item["unless"] else None
        pair = _Pair(
            item["likely"],
            Severity(item["severity"]),
            frozenset(normalise(word) for word in item["endings"]),
            unless,
        )
        for declared in item["declared"]:
            found.setdefault(declared, []).append(pair)
    return MappingProxyType({declared: tuple(pairs) for declared, pairs in found.items()})


def _counts_a_fault(ctx: RowContext) -> bool:
    """A count with a ceiling or zero, or valued in %, speaks of quality, not of an amount."""
    quantity = ctx.quantity
    return quantity.kind == "ratio" or quantity.operator in ("≤", "＜") or quantity.number == 0


def _zero_words(name: str) -> str:
    match = compiled("polarity", "zero_event", data("polarity")["zero_event"]).search(core_name(name))
    found = _DENIAL.search(match[0]) if match is not None else None
    return found[0] if found is not None else "无"


def is_own_action(name: str) -> str | None:
    """Return the word that makes a counted name the unit's own work, None where an effect is counted or nothing tells."""
    core = core_name(name)
    if any(word in core for word in words("own_actions", "effects")):
        return None
    found = [word for word in words("own_actions", "actions") if word in core]
    return max(found, key=lambda word: (len(word), word)) if found else None
