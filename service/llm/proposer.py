"""From a finding to drafts: asks the model, keeps what reads well, and leaves the proof to the engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from models.records.finding import Applicability, Finding
from nlp import quantity as quantities
from nlp import units
from nlp.sameness import same
from nlp.text import normalise
from rules.engine.context import RowContext, shorten
from rules.engine.draft import Blank, Draft
from rules.engine.edits import MARK, used
from rules.engine.paths import split_path
from rules.rewriting.blanks import date_blank, text_blank
from rules.rewriting.cells import row_edits
from service.llm.answers import Proposal, read_answer, usable
from service.llm.client import Client
from service.llm.prompt import Question, question
from service.settings import WordingSettings

_TOUCHED: Final = frozenset({None, "name", "description", "value", "operator", "unit"})
"""Places of a finding that new texts for name, description and value could clear; None is the whole row."""
_SIGN: Final = re.compile(r"(>=|<=|[≥≤＞＜＝><=])\s*")
_SIGNS: Final = {">=": "≥", "<=": "≤", ">": "＞", "<": "＜", "=": "＝"}
_DATE: Final = re.compile("日期|年月日|年月$|时间$")
_FIGURE: Final = re.compile(r"\d")
_CEILINGS: Final = ("≤", "＜")
_MONEY: Final = ("money", "money_per")
_NOTE: Final = "由语言模型拟定，未经人工核对"


class Proposer:
    """Proposes drafts for one check. Nothing that the endpoint does gets out of it but drafts."""

    def __init__(self, settings: WordingSettings) -> None:
        self._client = Client(settings)

    def __call__(self, row: RowContext, finding: Finding) -> Iterator[Draft]:
        """Yield drafts for a finding about a row, none once the endpoint has failed or its time is spent."""
        if not self._client.open or split_path(finding.location.path).field not in _TOUCHED:
            return
        asked = question(row, finding)
        for raw in self._client.ask(asked.messages, read_answer) or ():
            proposal = usable(raw, asked, row.filed_value)
            draft = _draft(row, asked, proposal) if proposal is not None else None
            if draft is not None:
                yield draft


def _draft(row: RowContext, asked: Question, proposal: Proposal) -> Draft | None:
    """Return the draft of a proposal, None where it changes nothing or touches the filed figure."""
    cells = {"name": proposal.name, **_value_cells(row, proposal.value)}
    if proposal.description or not row.text("description"):
        cells["description"] = proposal.description
    edits = row_edits(row, cells)
    blanks = used(_blanks(row, proposal, cells), edits)
    if not edits or not _keeps_the_figure(row, asked, cells, blanks):
        return None
    name = shorten(row.text("name"))
    renamed = proposal.name != row.text("name")
    what = f"将「{name}」改为「{shorten(proposal.name)}」" if renamed else f"改写「{name}」"
    return Draft(
        title=f"{what}（语言模型拟定）",
        rationale="；".join(part for part in (proposal.reason.rstrip("。；"), _NOTE) if part),
        edits=edits,
        blanks=blanks,
        applicability=Applicability.CONFIRM,
    )


def _blanks(row: RowContext, proposal: Proposal, cells: Mapping[str, str]) -> tuple[Blank, ...]:
    """Return the blanks of a proposal: figures (or a date) in the value cell, words elsewhere."""
    found = {
        prompt: text_blank(prompt, "业务台账")
        for prompt in MARK.findall(f"{proposal.name}\n{proposal.description}")
    }
    for prompt in MARK.findall(proposal.value):
        if _DATE.search(prompt):
            found[prompt] = replace(date_blank(row.project, prompt), prompt=prompt)
        else:
            found[prompt] = Blank(prompt, "number", _probe(row, cells))
    return tuple(found.values())


def _probe(row: RowContext, cells: Mapping[str, str]) -> str:
    """Return a plausible figure for a blank in the value: a high rate, a low ceiling, a small sum, a count."""
    sign = cells.get("operator") or (row.text("operator") if row.has("operator") else cells["value"][:1])
    unit = cells.get("unit") or (row.text("unit") if row.has("unit") else MARK.split(cells["value"])[-1])
    dimension = units.dimension_of(unit)
    if dimension == "ratio":
        return "2" if sign in _CEILINGS else "90"
    return "1" if dimension in _MONEY else "12"


def _value_cells(row: RowContext, value: str) -> dict[str, str]:
    """Return the proposed value as the layout wants it; a column of which nothing is said keeps its text."""
    if value in (row.text("value"), row.filed_value):
        return {"value": row.text("value")}
    cells: dict[str, str] = {}
    in_words = not _FIGURE.search(value) and not MARK.search(value)
    sign = _SIGN.match(value)
    if sign is not None:
        written = _SIGNS.get(sign[1], sign[1])
        value = value[sign.end() :].strip()
        if row.has("operator"):
            cells["operator"] = written
        else:
            value = written + value
    if row.has("unit"):
        stem, unit = _split_unit(value)
        if unit:
            value, cells["unit"] = stem, unit
    if in_words:
        cells |= {field: text for field, text in (("operator", "定性"), ("unit", "")) if row.has(field)}
    return {**cells, "value": value}


def _split_unit(value: str) -> tuple[str, str]:
    """Return a value without its unit, and the unit where the table of units knows it; a date has none."""
    end = 0
    for match in re.finditer(rf"{MARK.pattern}|\d[\d.,]*", value):
        end = match.end()
    unit = value[end:].strip()
    if not end or units.lookup(unit) is None or quantities.parse(value).date is not None:
        return value, ""
    return value[:end], unit


def _keeps_the_figure(
    row: RowContext, asked: Question, cells: Mapping[str, str], blanks: Sequence[Blank]
) -> bool:
    """Whether the filed target stays: its sign, figure and unit. A blank may stand there where another thing is measured.

    Stricter than the engine, which lets rules compute figures and change units; a model may do neither.
    """
    filed = row.quantity
    has_figure = filed.number is not None or filed.date is not None
    texts = {field: cells.get(field, row.text(field)) for field in ("operator", "value", "unit")}
    value = texts["value"]
    probes = {blank.prompt: blank.probe for blank in blanks}
    texts["value"] = MARK.sub(lambda mark: probes.get(mark[1], ""), value)
    new = quantities.parse(texts["value"], operator=texts["operator"], unit=texts["unit"])
    if MARK.search(value):
        alone = len(MARK.findall(value)) == 1 and not _FIGURE.search(MARK.sub("", value))
        return alone and new.kind != "text" and not (has_figure and same(row.text("name"), cells["name"]))
    if has_figure:
        return (
            (new.number, new.upper, new.date) == (filed.number, filed.upper, filed.date)
            and (filed.operator is None or new.operator == filed.operator)
            and (filed.unit is None or new.unit == filed.unit)
            and (filed.amount_yuan is None or new.amount_yuan == filed.amount_yuan)
        )
    if _FIGURE.search(value):
        # A figure that the filer wrote elsewhere (培训500人次 in the description), unit and all.
        stated = normalise(value + texts["unit"] if row.has("unit") else _SIGN.sub("", value))
        return new.kind != "text" and any(stated in normalise(text) for text in asked.filed)
    return value == row.text("value") or bool(new.grades)
