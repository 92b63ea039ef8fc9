"""Feeds: whose bars they are. Their volumes never meet, so a reader takes one feed a symbol.

IEX sees some 3 % of the trades that the consolidated tape has, and Yahoo's bars leave out what
Alpaca's hold: a mean volume over both would be no number at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from trading.counted import first_of

FILE = "file"
# What a user brought himself comes first, then the whole tape, and a part of it last.
PREFERRED = (FILE, "alpaca:sip", "yahoo", "finnhub", "alpaca:iex")
_MOST_NAMED = 10


def feed_expression(source: str = "source") -> pl.Expr:
    """Return the feed of a column of sources: of files `file`, of a provider its source's name."""
    name = pl.col(source)
    return pl.when(name.str.starts_with(f"{FILE} ")).then(pl.lit(FILE)).otherwise(name)


@dataclass(frozen=True, slots=True)
class FeedChoice:
    """Of which feed a symbol's bars are, and how many bars of others were left out, by feed."""

    symbol: str
    feed: str
    others: Mapping[str, int]


def one_feed_each(
    frame: pl.DataFrame, preferred: Sequence[str] = PREFERRED
) -> tuple[pl.DataFrame, tuple[FeedChoice, ...]]:
    """Return each symbol's bars of the first feed that has any, and what was chosen.

    Feeds that `preferred` does not name come after those that it names, in alphabetical order.
    """
    if frame.is_empty():
        return frame, ()
    place = {feed: number for number, feed in enumerate(preferred)}
    counts: dict[str, dict[str, int]] = {}
    for symbol, feed, bars in frame.group_by("symbol", "feed").len().sort("symbol").iter_rows():
        counts.setdefault(symbol, {})[feed] = bars
    choices = []
    for symbol, by_feed in counts.items():
        first = min(by_feed, key=lambda feed: (place.get(feed, len(place)), feed))
        others = {feed: by_feed[feed] for feed in sorted(by_feed) if feed != first}
        choices.append(FeedChoice(symbol, first, others))
    if all(not choice.others for choice in choices):
        return frame, tuple(choices)
    chosen = pl.DataFrame(
        [(choice.symbol, choice.feed) for choice in choices], ["symbol", "feed"], orient="row"
    )
    return (
        frame.join(chosen, on=["symbol", "feed"], how="semi", maintain_order="left"),
        tuple(choices),
    )


def notes_of_feeds(choices: Sequence[FeedChoice]) -> tuple[str, ...]:
    """Return one sentence for each feed that was taken, with what was left out."""
    notes = []
    for feed in dict.fromkeys(choice.feed for choice in choices):
        mine = [choice for choice in choices if choice.feed == feed]
        note = f"bars of {named([choice.symbol for choice in mine])} are of the feed {feed}"
        left: dict[str, int] = {}
        for choice in mine:
            for other, bars in choice.others.items():
                left[other] = left.get(other, 0) + bars
        if left:
            said = ", ".join(f"{bars} of {other}" for other, bars in left.items())
            note += f"; {said} are left out, for feeds are not mixed"
        notes.append(note)
    return tuple(notes)


def named(symbols: Sequence[str]) -> str:
    """Return the first few symbols for a message, and how many more there are."""
    return first_of(symbols, _MOST_NAMED)
