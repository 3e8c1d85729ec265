"""A suggestion before it is proven: edits, blanks with probe values, and the sums behind derived numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from models.records.finding import Applicability, Edit, Slot, SlotKind


@dataclass(frozen=True, slots=True)
class Blank:
    """A blank for the filer. `probe` is a plausible value that proves the shape and is never shown."""

    prompt: str
    kind: SlotKind
    probe: str

    def __str__(self) -> str:
        """How it stands in a text."""
        return Slot("", self.prompt, self.kind).mark


@dataclass(frozen=True, slots=True)
class Derivation:
    """A number that stands in no cell: `result` follows from `operands`, which do. The rationale shows the sum.

    kind: quotient (first ÷ second), difference (first - others), sum, product, half, month-end (operands: month),
    zero (the name denies the event), whole (100 %: the end of a plan, the top of a rate), scale (×10⁴ between 元
    and 万元).
    """

    result: Decimal
    kind: str
    operands: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a rule proposes. Edits count in the filed document; removals come last."""

    title: str
    rationale: str
    edits: tuple[Edit, ...]
    blanks: tuple[Blank, ...] = ()
    applicability: Applicability = Applicability.CONFIRM
    derived: tuple[Derivation, ...] = ()
    merged: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    """Removed row → row of the same project that goes on measuring the same thing."""
    lifted: bool = False
    """Whether the bound itself is what the edit is about (it repairs an operator or a unit)."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The blanks as slots, named in order; equal prompts are one slot."""
        distinct = {blank.prompt: blank for blank in self.blanks}
        return tuple(
            Slot(f"slot{n}", blank.prompt, blank.kind) for n, blank in enumerate(distinct.values(), 1)
        )

    @property
    def probes(self) -> dict[str, str]:
        """Probe values by prompt."""
        return {blank.prompt: blank.probe for blank in self.blanks}
