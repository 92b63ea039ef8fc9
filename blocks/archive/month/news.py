"""Fetched bars on their way into the archive: by month, and a stretch of symbols at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from blocks.archive.month.files import KEY, SCHEMA, frame_of, newest_of_each, no_stored_bars
from blocks.providers.fetched_bars import FetchedBars
from trading.market.bars import NUMBERS, Integers
from trading.prices import r4_array

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Stored:
    """What an upsert did, as counts of bars; `revised` ones had other values before."""

    added: int = 0
    revised: int = 0
    unchanged: int = 0

    def __add__(self, other: Stored) -> Stored:
        return Stored(
            self.added + other.added,
            self.revised + other.revised,
            self.unchanged + other.unchanged,
        )


@dataclass(frozen=True, slots=True)
class News:
    """Some rows of fetched bars, in the order of their symbols' names.

    `place` are their numbers among the fetched rows, `names` the symbols in alphabetical order,
    `ends` by name how many rows come up to its last.
    """

    fetched: FetchedBars
    place: Integers
    names: tuple[str, ...]
    ends: Integers

    def __len__(self) -> int:
        return len(self.place)

    def frame(self, after: str | None, until: str | None) -> pl.DataFrame:
        """Return the bars of the symbols in (after, until], each key once; None is no bound."""
        first, last = 0, len(self.place)
        names = np.array(self.names)
        if after is not None and (number := int(np.searchsorted(names, after, "right"))):
            first = int(self.ends[number - 1])
        if until is not None:
            number = int(np.searchsorted(names, until, "right"))
            last = int(self.ends[number - 1]) if number else 0
        if last <= first:
            return no_stored_bars()
        chosen = np.zeros(len(self.fetched.rows), dtype=np.bool_)
        chosen[self.place[first:last]] = True
        return newest_of_each([frame_of(self.fetched.keep(chosen))])


def news_by_file(fetched: FetchedBars, today: str) -> Iterator[tuple[str, News]]:
    """Yield the rows of each month, `YYYY-MM`, and those of today (a date, UTC) as a day's."""
    names = tuple(sorted(set(fetched.symbols)))
    number = {name: at for at, name in enumerate(names)}
    rank = np.array([number[name] for name in fetched.symbols], dtype=np.int32)[
        fetched.rows.symbol.astype(np.int64)
    ]
    days, day_of = np.unique(fetched.rows.start_us // _DAY_US, return_inverse=True)
    dates = days.astype("datetime64[D]").astype(str)
    files = np.array([day if day == today else day[:7] for day in dates.tolist()])
    file_of = files[day_of] if len(files) else files
    for file in np.unique(files).tolist():
        place = np.flatnonzero(file_of == file)
        mine = rank[place]
        place = place[np.argsort(mine, kind="stable")]
        ends = np.cumsum(np.bincount(mine, minlength=len(names)))
        yield file, News(fetched, place, names, ends)


def compared(news: pl.DataFrame, old: pl.DataFrame) -> tuple[pl.DataFrame, Stored]:
    """Return the news that count, with their revisions, and what they are against what is there.

    Of two fetches of a bar the later one counts.
    """
    key = list(KEY)
    before = news.select(key).join(old, on=key, how="left", maintain_order="left")
    known = before["fetched_at"].is_not_null().to_numpy()
    later = ~known | (news["fetched_at"] >= before["fetched_at"]).fill_null(True).to_numpy()
    differs = np.zeros(len(news), dtype=np.bool_)
    for name in NUMBERS:
        # Rounded as the engine does: a provider's float noise is no revision.
        differs |= r4_array(news[name].to_numpy()) != r4_array(before[name].to_numpy())
    revised = known & differs & later
    counts = before["revisions"].fill_null(0).to_numpy() + revised
    accepted = news.with_columns(pl.Series("revisions", counts, dtype=SCHEMA["revisions"]))
    stored = Stored(int((~known).sum()), int(revised.sum()), int((known & ~revised).sum()))
    return accepted.filter(later), stored
