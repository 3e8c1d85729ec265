"""What a 指标值 says, once parsed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

QuantityKind = Literal["count", "money", "ratio", "duration", "date", "text"]

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One parsed target value. Spans are offsets into the *filed* text of the value cell, end exclusive.

    `kind` is `text` for everything that was not understood as a whole: words, grades, trends, prose.
    `number` has 万/亿 folded in for counts (「≥2万张」 → 20000 张); money keeps the filed unit (「≥6.4万元」 → 6.4 万元),
    because tables compare money in 万元. `amount_yuan` is the money in 元.
    """

    kind: QuantityKind
    text: str
    operator: str | None = None
    """One of ≥ ＞ ＝ ＜ ≤ (full-width as the budget system shows them) or None when none was filed."""
    number: Decimal | None = None
    upper: Decimal | None = None
    """Upper end of a range (「95%-98%」, 「3至5个」); `number` is the lower end."""
    unit: str | None = None
    """Canonical unit: 张, %, 万元, 元/人, 小时, 工作日 …; None when no unit was filed."""
    per: tuple[str, ...] = ()
    """Per-units of a compound unit: 元/人/月 → ("人", "月")."""
    dimension: str | None = None
    """Dimension of the unit from units.yml: ratio, money, time, person, household, document, area, length …"""
    scale: str | None = None
    """万, 亿 … as filed between number and unit; 「≥45万」 has scale 万 and no unit."""
    amount_yuan: Decimal | None = None
    date: str | None = None
    """ISO date of a deadline, `--MM-DD` without a year; month-only deadlines give the last day of the month."""
    grades: tuple[str, ...] = ()
    """Grade list of a qualitative target (优/良/中/差, 达成/部分达成/未达成)."""
    trend: str | None = None
    """Trend or degree words that stand in place of a number (逐年提升, 明显改善)."""
    operator_span: Span | None = None
    number_span: Span | None = None
    unit_span: Span | None = None
    operator_filed: str | None = None
    """The operator exactly as filed (>=, ≧, 不低于, 以上), to tell ASCII and look-alike forms."""

    @property
    def is_number(self) -> bool:
        """Whether a figure was understood (dates are not figures)."""
        return self.number is not None
