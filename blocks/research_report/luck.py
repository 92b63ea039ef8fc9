"""How much of the best is luck: the sentence and the statistics that stand before any best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from blocks.report.html.markup import NOTHING, element, items, number, percent, wrap
from trading.backtest.performance import Json
from trading.statistics.verdict import (
    CHANCE_OF_LUCK,
    EVEN,
    LEAST_SHOWN,
    MOST_CHANCE,
    MOST_OVERFITTING,
)

_NO_SENTENCE = (
    "How much of the best is luck was not measured here. Take it for luck: the best of many tries"
    " always looks good."
)


class _Judged(NamedTuple):
    mood: str
    words: str


class _Card(NamedTuple):
    name: str
    label: str
    meaning: str
    written: Callable[[float], str]
    judged: Callable[[float], _Judged]


def luck_section(statistics: Mapping[str, Json], sessions: int) -> str:
    """Return the sentence, a card for each statistic with what it means, and why some are none."""
    said = statistics.get("sentence")
    sentence = as_sentence(said) if isinstance(said, str) and said else _NO_SENTENCE
    beside = _beside(statistics)
    cards = "\n".join(_card(each, _known(statistics, each.name)) for each in _cards(sessions))
    noted = statistics.get("notes")
    notes = [str(note) for note in noted] if isinstance(noted, list | tuple) else []
    return (
        element("p", sentence, class_="sentence", id="sentence")
        + wrap("div", cards, class_="cards")
        + (element("p", beside, class_="under", id="beside-luck") if beside else "")
        + (wrap("ul", items(notes), class_="hint-list") if notes else "")
    )


def as_sentence(words: str) -> str:
    """Return words as a sentence of their own."""
    is_one = not words or words.endswith((".", "!", "?"))
    return words[:1].upper() + words[1:] + ("" if is_one else ".")


def _cards(sessions: int) -> tuple[_Card, ...]:
    return (
        _Card("trials", "Tries", "sets; the best of so many looks good by luck alone",
              lambda value: f"{value:,.0f}", _plain),
        _Card("deflated_sharpe", "Deflated Sharpe ratio",
              "probability that the best is more than the luck of so many tries",
              _share, lambda value: _convincing(value >= LEAST_SHOWN, percent(LEAST_SHOWN, ".0f"))),
        _Card("pbo", "Probability of overfitting",
              "how often the best of one half of the sessions is below the median in the other",
              _share, _judged_overfitting),
        _Card("spa_p", "SPA test, p",
              "how often sets without any edge would have so good a best (Hansen)",
              _probability, _judged_p),
        _Card("reality_check_p", "Reality check, p", "the same, more cautious (White)",
              _probability, _judged_p),
        _Card("min_track_record_sessions", "Minimum track record",
              "sessions until such a Sharpe ratio is shown to be above what luck gives",
              lambda value: f"{number(value, ',.0f')} sessions",
              lambda value: _long_enough(value, sessions)),
        _Card("break_even_bps", "Break-even cost",
              "slippage of a fill, in basis points, at which the best earns nothing",
              lambda value: f"{number(value, ',.2f')} bps", _plain),
    )  # fmt: skip


def _card(card: _Card, value: float | None) -> str:
    judged = _plain(0.0) if value is None else card.judged(value)
    return wrap(
        "div",
        element("span", card.label, class_="label")
        + element("strong", NOTHING if value is None else card.written(value),
                  class_=judged.mood, id=f"statistic-{card.name}")
        + (element("span", judged.words, class_="judged") if judged.words else "")
        + element("span", card.meaning if value is not None else f"not known: {card.meaning}",
                  class_="what"),
        class_="card",
    )  # fmt: skip


def _beside(statistics: Mapping[str, Json]) -> str:
    """Return the best's Sharpe ratio beside that of luck, and how many sets really differ."""
    said = []
    sharpe, luck = _known(statistics, "sharpe"), _known(statistics, "luck_sharpe")
    if sharpe is not None and luck is not None:
        said.append(
            f"The best has a Sharpe ratio of {number(sharpe)} a year; the best of as many sets"
            f" without any skill has about {number(luck)}."
        )
    trials, distinct = _known(statistics, "trials"), _known(statistics, "distinct_trials")
    if trials is not None and distinct is not None and distinct < trials:
        said.append(f"Of the {trials:,.0f} sets {distinct:,.0f} traded, and not as another did.")
    earning = _known(statistics, "earning_trials")
    if earning is not None and trials:
        said.append(f"{percent(earning / trials, ',.0f')} of all sets earned money.")
    return " ".join(said)


def _known(statistics: Mapping[str, Json], name: str) -> float | None:
    value = statistics.get(name)
    return float(value) if isinstance(value, int | float) else None


def _share(value: float) -> str:
    return percent(value, ",.1f")


def _probability(value: float) -> str:
    return number(value, ".3f")


def _plain(value: float) -> _Judged:
    return _Judged("", "")


def _convincing(is_so: bool, needed: str) -> _Judged:
    if is_so:
        return _Judged("good", "convincing")
    return _Judged("bad", f"not convincing: needs {needed}")


def _judged_p(value: float) -> _Judged:
    if value > CHANCE_OF_LUCK:
        return _Judged("bad", "as luck gives it")
    return _convincing(value <= MOST_CHANCE, f"{MOST_CHANCE:g} or less")


def _judged_overfitting(value: float) -> _Judged:
    if value > EVEN:
        return _Judged("bad", "worse than luck")
    return _convincing(value <= MOST_OVERFITTING, f"{percent(MOST_OVERFITTING, '.0f')} or less")


def _long_enough(needed: float, sessions: int) -> _Judged:
    if needed > sessions:
        return _Judged("bad", f"there are {sessions:,}, too few")
    return _Judged("good", f"there are {sessions:,}")
