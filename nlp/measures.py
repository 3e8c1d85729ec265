"""What an indicator name measures, decided by word lists alone. Every function is pure, cached and linear."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final, Literal

from nlp.lexicon import any_of, bare, compiled, data, ending, entries, head, pattern, words
from nlp.text import core_name

Strength = Literal["certain", "likely"]
Cap = Literal["hard", "soft"]

_ASKER: Final = re.compile(r"(?P<who>[\u4e00-\u9fff]{2,12}?)对(?!象)[\u4e00-\u9fff].*的?$")
_QUESTIONS: Final = ("是否", "能否", "有无")
_YES_NO: Final = re.compile("|".join(_QUESTIONS))
_QUALIFIER: Final = re.compile(
    r"[^,;、的对和及与](?<!保障)(?<!提高)(?<!提升)(?<!确保)(?<!实现)(?<!增强)(?<=..)$"
)
_RATE_INSIDE: Final = re.compile(r"率(?=[,;、。和及与达的提增上]|$)")


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """An entry of a word list that stands for a message."""

    id: str
    phrase: str
    """The characters of the text that matched."""
    why: str
    hint: str
    certainty: Strength = "certain"
    kind: str = ""


def is_yes_no(name: str) -> bool:
    """Whether the name is a question to be answered by 是 or 否."""
    core = core_name(name)
    return any(word in core for word in _QUESTIONS)


@lru_cache(maxsize=16384)
def rate_word(name: str) -> str | None:
    """Return the word that makes the name a rate (合格率, 占比), or None. 效率 and the like are no rates."""
    if is_yes_no(name):
        return None
    for text in (bare(name), head(name)):
        word = ending(text, _all_rates()) or ""
        # 成功率 ends in 功率 and is a rate all the same: the longer entry decides.
        if len(word) > len(ending(text, words("rate_words", "not_rate")) or ""):
            return word
    return None


def is_rate(name: str) -> bool:
    """Whether the name ends in a rate."""
    return rate_word(name) is not None


@lru_cache(maxsize=16384)
def rate_cap(name: str) -> Cap | None:
    """Return `hard` where over 100 % cannot be, `soft` where 100 % is the usual top, None where open."""
    if not is_rate(name):
        return None
    text = head(name) if ending(bare(name), words("rate_words", "rate")) is None else bare(name)
    found = {
        kind: ending(text, words("rate_words", kind)) or "" for kind in ("uncapped", "soft_capped", "capped")
    }
    best = max(found, key=lambda kind: len(found[kind]))
    if not found[best] or best == "uncapped":
        return None
    return "hard" if best == "capped" else "soft"


def is_capped_rate(name: str) -> bool:
    """Whether 100 % is the natural top of the rate. An unknown rate is not capped."""
    return rate_cap(name) is not None


@lru_cache(maxsize=16384)
def is_satisfaction(name: str) -> bool:
    """Whether the name asks for approval. Counting survey forms does not."""
    core = core_name(name)
    if any_of("satisfaction", "cues").search(core) is None:
        return False
    return pattern("satisfaction", "survey_work").search(bare(name)) is None


@lru_cache(maxsize=16384)
def respondent(name: str) -> str | None:
    """Return the named group that is asked, or None where nobody in particular is named (服务对象, 人员)."""
    text = re.sub(r"(?:总体|综合|较|比较|基本|非常)?满意(?:度|率|程度|情况)?.*$", "", bare(name), count=1)
    # 「专职消防员对工资保障的满意度」: whoever stands before 对 is asked.
    asker = _ASKER.match(text)
    if asker is not None:
        text = asker["who"]
    text = any_of("satisfaction", "generic").sub(lambda found: _keep_qualified(found, text), text)
    # 「受助幼儿家长」: the last group is asked, the others say whose.
    named = [found[0] for found in any_of("satisfaction", "groups").finditer(text)]
    if named:
        return named[-1]
    qualified = re.search(
        r"[^,;、的对和及与\s]{2,8}(?:对象|人员|群体|人群|者|人|员|民|户)$|[^,;、的对和及与\s]{1,8}(?:属|客|师|友|商)$",
        text,
    )
    return qualified[0] if qualified is not None else None


def names_respondent(name: str) -> bool:
    """Whether a satisfaction name says who is asked."""
    return respondent(name) is not None


@lru_cache(maxsize=16384)
def is_count(name: str) -> bool:
    """Whether the name counts things, people, events or measures an amount."""
    text = bare(name)
    if is_yes_no(name) or is_rate(name):
        return False
    if ending(text, words("count_nouns", "not_count")) is not None:
        return False
    return any(ending(text, words("count_nouns", key)) is not None for key in ("count", "suffix", "duration"))


@lru_cache(maxsize=16384)
def is_timeliness(name: str) -> bool:
    """Whether the name is about doing something in time: a rate of timeliness, a deadline, a date."""
    text = any_of("time_words", "not_timely").sub("", core_name(name))
    if is_yes_no(name) and "及时" not in text:
        return False
    return any_of("time_words", "timely").search(any_of("time_words", "lasting").sub("", text)) is not None


@lru_cache(maxsize=16384)
def is_time_point_or_span(name: str) -> bool:
    """Whether the value must be a date or a duration."""
    return not is_yes_no(name) and ending(bare(name), words("time_words", "point_or_span")) is not None


@lru_cache(maxsize=16384)
def not_a_cost(name: str) -> LexiconEntry | None:
    """Return why the name cannot be a cost although it may be filed as one, or None."""
    text = bare(name)
    if pattern("cost_names", "not_cost_unless").search(text):
        return None
    for entry, regex in _not_cost():
        found = regex.search(text)
        if found is None:
            continue
        if entry["id"] == "nc10" and pattern("cost_names", "count_unless").search(text):
            continue
        return LexiconEntry(entry["id"], found[0], entry["why"], entry["hint"], kind="not_cost")
    return None


@lru_cache(maxsize=16384)
def is_cost(name: str) -> bool:
    """Whether the name is a cost: what is spent, per unit or in total, or how it is kept in bounds."""
    text = bare(name)
    if not_a_cost(name) is not None:
        return False
    if pattern("cost_names", "saving_kept").search(text):
        return True
    if _is_income(text) or pattern("cost_names", "saving").search(text):
        return False
    if is_yes_no(name) and pattern("cost_names", "asked").search(_YES_NO.split(text)[-1]) is None:
        return False
    if is_unit_cost(name):
        return True
    if is_timeliness(name):
        return False
    if any_of("cost_names", "cost_nouns").search(text) is not None:
        return True
    return not is_count(name) and ending(text, words("cost_names", "cost_endings")) is not None


@lru_cache(maxsize=16384)
def is_unit_cost(name: str) -> bool:
    """Whether the name is money per head, household, piece, square metre."""
    text = bare(name)
    if is_count(name) or _is_income(text) or (is_rate(name) and not text.endswith("标准")):
        return False
    if ending(text, words("cost_names", "unit_alone")) is not None:
        return True
    cue = pattern("cost_names", "unit_cues").search(text)
    return cue is not None and ending(text[cue.start() :], words("cost_names", "unit_nouns")) is not None


@lru_cache(maxsize=16384)
def is_money_name(name: str) -> bool:
    """Whether the value must be an amount of money."""
    text = head(name)
    if is_yes_no(name) or is_rate(name) or is_count(name) or is_satisfaction(name):
        return False
    if is_unit_cost(name):
        return True
    if is_timeliness(name) or is_time_point_or_span(name) or "," in text:
        return False
    if text.endswith("标准") and ending(text, words("cost_names", "cost_nouns")) is None:
        return False
    return ending(text, _money_endings()) is not None


@lru_cache(maxsize=16384)
def lower_is_better(name: str) -> bool | None:
    """Return True for what should be low, False for what should be high, None where the lists do not know."""
    text = bare(name)
    if is_yes_no(name):
        return None
    if "不满意" in text:
        return True
    found = {key: ending(text, words("polarity", key)) or "" for key in ("higher", "lower", "cost")}
    found["lasting"] = ending(text, words("time_words", "lasting")) or ""
    found["deadline"] = ending(text, words("time_words", "deadline")) or ""
    best = max(found, key=lambda key: len(found[key]))
    word = found[best]
    if not word or best == "lasting" or is_zero_event(name):
        return None
    before = text[: -len(word)]
    if best == "higher":
        if before.endswith(("不", "未", "非")):
            return True
        grows = word in words("polarity", "growth") and pattern("polarity", "growth_harm").search(before)
        return None if grows else False
    if best == "deadline":
        return None if re.search(r"(?:缩短|减少|节约|压缩|节省)[^,;、]{0,10}$", before) else True
    if best == "cost" and is_timeliness(name):
        return None
    exceptions = "lower_exceptions" if best == "lower" else "cost_exceptions"
    return None if pattern("polarity", exceptions).search(before) else True


@lru_cache(maxsize=16384)
def is_zero_event(name: str) -> bool:
    """Whether the target is that nothing happens (无事故发生, 投诉为零)."""
    if is_yes_no(name):
        return False
    # 「事故发生数为0」 loses its 0 in the bare name.
    return any(pattern("polarity", "zero_event").search(text) for text in (bare(name), core_name(name)))


@lru_cache(maxsize=16384)
def has_measurable_noun(name: str) -> bool:
    """Whether something in the name can be counted, timed, weighed, paid or asked."""
    text = head(name)
    if is_yes_no(name) or is_rate(name) or is_count(name) or is_satisfaction(name) or is_zero_event(name):
        return True
    if is_time_point_or_span(name) or is_money_name(name) or is_timeliness(name):
        return True
    if any(ending(part, words("measure_nouns", "endings")) for part in (bare(name), text)):
        return ending(text, words("measure_nouns", "except")) is None
    cleaned = any_of("rate_words", "not_rate").sub("", core_name(name))
    return _RATE_INSIDE.search(cleaned) is not None


@lru_cache(maxsize=16384)
def management_word(name: str) -> LexiconEntry | None:
    """Return the entry that says why the name is management or input, not performance; else None."""
    text = bare(name)
    for entry, regex, unless in _management():
        found = regex.search(text)
        if found is not None and (unless is None or unless.search(text) is None):
            certainty: Strength = "certain" if entry["certainty"] == "certain" else "likely"
            return LexiconEntry(entry["id"], found[0], entry["why"], entry["hint"], certainty, "management")
    return None


@lru_cache(maxsize=16384)
def side(name: str) -> str | None:
    """Return 产出 or 效益 where the ending of the name decides it, else None."""
    text = bare(name)
    output = ending(text, words("side_cues", "output")) or ""
    effect = ending(text, words("side_cues", "effect")) or ""
    if len(output) == len(effect):
        return None
    return "产出" if len(output) > len(effect) else "效益"


def _keep_qualified(found: re.Match[str], text: str) -> str:
    """Drop a generic group word, unless words before it make it particular (救助对象, 参训人员)."""
    word = found[0]
    before = text[: found.start()]
    if word in words("satisfaction", "qualified_heads") and _QUALIFIER.search(before):
        return word
    return ""


def _is_income(text: str) -> bool:
    return any_of("cost_names", "income").search(text) is not None


@cache
def _all_rates() -> frozenset[str]:
    keys = ("rate", "capped", "soft_capped", "uncapped")
    return frozenset().union(*(words("rate_words", key) for key in keys))


@cache
def _money_endings() -> frozenset[str]:
    nouns = (words("cost_names", key) for key in ("cost_nouns", "cost_endings", "income"))
    return frozenset().union(*nouns) - words("cost_names", "not_money")


@cache
def _not_cost() -> tuple[tuple[Mapping[str, str], re.Pattern[str]], ...]:
    return tuple(
        (MappingProxyType(dict(item)), compiled("cost_names", item["id"], item["pattern"]))
        for item in data("cost_names")["not_cost"]
    )


@cache
def _management() -> tuple[tuple[Mapping[str, str], re.Pattern[str], re.Pattern[str] | None], ...]:
    return tuple(
        (
            entry,
            compiled("management_words", entry["id"], entry["pattern"]),
            compiled("management_words", entry["id"], entry["unless"]) if entry.get("unless") else None,
        )
        for entry in entries("management_words")
    )
