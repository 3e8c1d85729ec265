"""Making a vague row measurable: what it names comes first, other indicators only where they are about the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from nlp.lexicon import bare, data
from nlp.measures import has_measurable_noun, management_word
from nlp.phrases import goal_phrase
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.indicators import Tier
from rules.rewriting.own import (
    assessed,
    cleared,
    dated,
    explained,
    graded,
    quality,
    renamed,
    stated,
    surveyed,
    trended,
)
from rules.rewriting.rows import replaced
from rules.rewriting.values import asked
from rules.support.wording import BENEFITS

_NOUN: Final = re.compile(
    r"(?:能力|水平|意识|环境|质量|影响|影响力|作用|情况|程度|稳定|安全|体系|机制|氛围|形象|发展|效率|性|度|力|感|需求|权益|秩序|生活|素质|素养|积极性|效果|成效|服务|管理|保障|建设|正常|良好|有序|整洁|完善|健全)$"
)
"""Ends of names that have degrees."""


def measurable(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield drafts for a row whose name or target cannot be measured, closest to what the filer wrote first."""
    words = ctx.quantity.kind == "text"
    yield from surveyed(ctx, why=why)
    goal = goal_phrase(ctx.text("name")) is not None
    if management_word(ctx.text("name")) is not None:
        yield from replaced(ctx, why=why, keep=False)
        return
    if words:
        yield from stated(ctx, why=why)
        yield from trended(ctx, why=why)
        yield from cleared(ctx, why=why)
    # 「培训效果」 is not inspected like goods: what usually stands for it comes first.
    yield from replaced(ctx, why=why, meant=True, ask=False)
    if words and not goal and (ctx.category == "数量" or has_measurable_noun(ctx.text("name"))):
        yield from asked(ctx, why=why)
    if words:
        yield from dated(ctx, why=why)
    yield from quality(ctx, why=why)
    if ctx.quantity.kind == "ratio":
        yield from replaced(ctx, kinds=frozenset({"ratio"}), why=why, upto=Tier.NEAR, ask=False)
    yield from replaced(ctx, why=why, upto=Tier.NEAR, ask=False)
    if words and any(word in ctx.text("name") for word in data("subject")["broad_effects"]):
        # Of 教育公平 nobody can write grades for one project: its own effect comes first.
        yield from replaced(ctx, why=why, upto=Tier.FRAME, ask=False)
    if words and (ctx.category in BENEFITS):
        yield from renamed(ctx, why=why)
        if _NOUN.search(bare(ctx.text("name"))) is None and ctx.category == "社会效益":
            # Of a slogan (老干部安享晚年) nobody can write grades: who benefits can be counted.
            yield from replaced(ctx, why=why, upto=Tier.FRAME, ask=False)
        yield from graded(ctx, why=why)
    yield from explained(ctx, why=why)
    yield from replaced(ctx, why=why, ask=False)
    if words:
        yield from assessed(ctx, why=why)
    yield from replaced(ctx, why=why)
    yield from asked(ctx, why=why)
