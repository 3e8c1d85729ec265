"""What an indicator name is, by word lists alone: the one place from which rules import these functions.

The word lists stand in `corpora/lexicons`; the functions in `measures` (what is measured), `phrases`
(wording), `conjunctions` (two measures in one name) and `projects` (whole projects and bases).
"""

from __future__ import annotations

from nlp.conjunctions import double_barrelled
from nlp.cues import category_cues
from nlp.lexicon import bare, head
from nlp.measures import (
    LexiconEntry,
    has_measurable_noun,
    is_capped_rate,
    is_cost,
    is_count,
    is_money_name,
    is_rate,
    is_satisfaction,
    is_time_point_or_span,
    is_timeliness,
    is_unit_cost,
    is_yes_no,
    is_zero_event,
    lower_is_better,
    management_word,
    names_respondent,
    not_a_cost,
    rate_cap,
    rate_word,
    respondent,
    side,
)
from nlp.phrases import (
    WeakPhrase,
    abstract_entry,
    abstract_only,
    goal_phrase,
    placeholders,
    slogan,
    typos,
    vague_words,
    weak_phrase,
)
from nlp.projects import (
    basis_kind,
    basis_names_document,
    is_bare_kind,
    is_basis,
    is_internal_project,
    needs_cost_row,
    serves_public,
)

__all__ = [
    "LexiconEntry",
    "WeakPhrase",
    "abstract_entry",
    "abstract_only",
    "bare",
    "basis_kind",
    "basis_names_document",
    "category_cues",
    "double_barrelled",
    "goal_phrase",
    "has_measurable_noun",
    "head",
    "is_bare_kind",
    "is_basis",
    "is_capped_rate",
    "is_cost",
    "is_count",
    "is_internal_project",
    "is_money_name",
    "is_rate",
    "is_satisfaction",
    "is_time_point_or_span",
    "is_timeliness",
    "is_unit_cost",
    "is_yes_no",
    "is_zero_event",
    "lower_is_better",
    "management_word",
    "names_respondent",
    "needs_cost_row",
    "not_a_cost",
    "placeholders",
    "rate_cap",
    "rate_word",
    "respondent",
    "serves_public",
    "side",
    "slogan",
    "typos",
    "vague_words",
    "weak_phrase",
]
