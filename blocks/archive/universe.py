"""A look at all symbols of an archive, a month at a time, without reading their bars.

A symbol's day is its opening and one bar that stands for the rest: for daily bars, opening volumes
and the closes that the gate compares they say what all its bars would. Whole days are read of whom
one asks for, and where that is not so: where a bar may be rejected, is invalid, lies outside the
session or was before a split, or where volumes are fractions, whose sums depend on their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from blocks.archive.feeds import one_feed_each
from blocks.archive.month.days import DAYS_SCHEMA, days_of, read_days
from blocks.archive.month.files import no_stored_bars, scan_bars_file
from blocks.archive.month.openings import read_openings_of
from blocks.archive.month.runs import Runs
from blocks.archive.reader import ArchiveReader
from trading.market.bars import NUMBERS, BarRows
from trading.market.calendar import MICROSECONDS_PER_MINUTE, Session, to_microseconds

_BARS_AT_ONCE = 500_000
_PAIR = ("symbol", "day")


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at of a month: its sessions, which last `opening_minutes` until they are
    judged, and the share `quiet` that a day may span and no bar of it is rejected.
    """

    sessions: tuple[Session, ...]
    opening_minutes: int
    quiet: float

    @property
    def start(self) -> datetime:
        """Return when the first session opens."""
        return self.sessions[0].open

    @property
    def end(self) -> datetime:
        """Return when the last session closes."""
        return self.sessions[-1].close

    @property
    def opens_us(self) -> list[int]:
        """Return the sessions' opens, microseconds since 1970."""
        return [to_microseconds(session.open) for session in self.sessions]


class ArchiveUniverse:
    """All symbols of an archive, or some, each of one feed; whoever has none of it is left out."""

    def __init__(
        self, archive: ArchiveReader, symbols: Sequence[str] | None, before: datetime
    ) -> None:
        self._archive = archive
        self._asked = None if symbols is None else list(symbols)
        self._made: dict[str, pl.DataFrame] = {}
        last = before.astimezone(UTC).strftime("%Y-%m")
        self._months = sorted({name[:7] for name in archive.names if name[:7] <= last})
        found = [self._days(name).filter(pl.col("first") < before) for name in self._months]
        days = pl.concat([pl.DataFrame(schema=DAYS_SCHEMA), *found])
        counted = days.group_by("symbol", "feed").agg(pl.col("rows").sum())
        chosen, choices = one_feed_each(counted.sort("symbol"), archive.preferred)
        bars = {(symbol, feed): rows for symbol, feed, rows in counted.iter_rows()}
        self.choices = tuple(
            replace(one, others={feed: bars[one.symbol, feed] for feed in one.others})
            for one in choices
        )
        self._chosen = chosen.select("symbol", "feed")
        there = chosen["symbol"].to_list()
        self.symbols = tuple(dict.fromkeys(self._asked or there))
        self._codes = pl.DataFrame(
            {"symbol": self.symbols, "code": range(len(self.symbols))},
            schema={"symbol": pl.String, "code": pl.Int64},
        )
        self.absent = tuple(sorted(set(self.symbols) - set(there)))
        middle = pl.col("first") + (pl.col("last") - pl.col("first")) / 2
        times = days.select(pl.concat_list("first", middle, "last").explode().unique().sort())
        self.starts_us = times.to_series().dt.epoch("us").to_numpy()

    def at_rest(self, look: Look) -> tuple[BarRows, pl.DataFrame]:
        """Return each symbol's openings with a bar for the rest of each day, or its whole days.

        Beside them those whole days, as symbol and UTC day.
        """
        days = self._of_look(look)
        quiet = (pl.col("high") - pl.col("low")) <= look.quiet * pl.col("low")
        days = days.with_columns(is_plain=pl.col("is_plain") & pl.col("is_inside") & quiet)
        loud = days.filter(~pl.col("is_plain")).select(_PAIR)
        plain = days.filter(pl.col("is_plain"))
        openings = self._openings(look).join(plain.select(_PAIR), on=_PAIR, how="semi")
        seen = openings.group_by(_PAIR).agg(
            pl.len().alias("seen"), pl.col("volume").sum().alias("opening_volume")
        )
        rest = (
            plain.join(seen, on=_PAIR, how="left")
            .with_columns(pl.col("seen", "opening_volume").fill_null(0))
            .filter(pl.col("rows") > pl.col("seen"))
            .with_columns(
                ts=(pl.col("open_us") + look.opening_minutes * MICROSECONDS_PER_MINUTE).cast(
                    openings.schema["ts"]
                ),
                # The session's first bar is compared with the close of another day.
                open=pl.when(pl.col("seen") == 0).then("open").otherwise("close"),
                volume=pl.col("volume") - pl.col("opening_volume"),
            )
        )
        columns = ["symbol", "ts", *NUMBERS]
        frames = [openings.select(columns), rest.select(columns), self._whole(look, loud, columns)]
        return self._rows(pl.concat(frames)), loud

    def whole_days(self, look: Look, pairs: Sequence[tuple[str, Session]]) -> BarRows:
        """Return all bars of some symbols in some of the look's sessions."""
        wanted = pl.DataFrame(
            [(symbol, session.open.astimezone(UTC).date()) for symbol, session in pairs],
            schema={"symbol": pl.String, "day": pl.Date},
            orient="row",
        )
        return self._rows(self._whole(look, wanted, ["symbol", "ts", *NUMBERS]))

    def _whole(self, look: Look, pairs: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
        frames = [no_stored_bars().select(columns)]
        if len(pairs):
            symbols = pairs["symbol"].unique().sort().to_list()
            for some in self._stretches(symbols, look):
                bars = self._archive.every_feed(some, look.start, look.end)
                bars = bars.with_columns(pl.col("ts").dt.date().alias("day"))
                bars = bars.join(pairs, on=_PAIR, how="semi")
                frames.append(self._of_feeds(bars).select(columns))
        return pl.concat(frames)

    def _stretches(self, symbols: list[str], look: Look) -> Iterator[list[str]]:
        minutes = self._archive.interval_minutes or 1
        bars = max(1, sum(session.bar_count(minutes) for session in look.sessions))
        step = max(1, _BARS_AT_ONCE // bars)
        for begin in range(0, len(symbols), step):
            yield symbols[begin : begin + step]

    def _of_look(self, look: Look) -> pl.DataFrame:
        """Return the days of a look's sessions, with the session's open and what lies inside."""
        sessions = pl.DataFrame(
            {
                "day": [session.open.astimezone(UTC).date() for session in look.sessions],
                "open_us": look.opens_us,
                "close_us": [to_microseconds(session.close) for session in look.sessions],
            },
            schema={"day": pl.Date, "open_us": pl.Int64, "close_us": pl.Int64},
        )
        names = sorted({f"{session.open.astimezone(UTC):%Y-%m}" for session in look.sessions})
        days = pl.concat([pl.DataFrame(schema=DAYS_SCHEMA), *map(self._days, names)])
        inside = (pl.col("first").dt.epoch("us") >= pl.col("open_us")) & (
            pl.col("last").dt.epoch("us") < pl.col("close_us")
        )
        return self._of_feeds(days).join(sessions, on="day").with_columns(is_inside=inside)

    def _openings(self, look: Look) -> pl.DataFrame:
        """Return the bars of all openings, with their UTC day."""
        spans = [(us, us + look.opening_minutes * MICROSECONDS_PER_MINUTE) for us in look.opens_us]
        frames = []
        for name in sorted({f"{session.open.astimezone(UTC):%Y-%m}" for session in look.sessions}):
            runs = self._alone(name)
            found = None if runs is None else read_openings_of(runs.base, spans)
            if found is None:
                found = self._openings_of_bars(name, spans)
            frames.append(found)
        bars = pl.concat(frames).with_columns(pl.col("ts").dt.date().alias("day"))
        return self._of_feeds(bars)

    def _openings_of_bars(self, name: str, spans: Sequence[tuple[int, int]]) -> pl.DataFrame:
        us = pl.col("ts").dt.epoch("us")
        wanted = pl.any_horizontal(us.is_between(a, b, closed="left") for a, b in spans)
        found = [bars.filter(wanted) for bars in self._bars_of(name)]
        return pl.concat([no_stored_bars(), *found]).select("symbol", "ts", "feed", *NUMBERS)

    def _days(self, name: str) -> pl.DataFrame:
        """Return what a month's days come to; its copy says so unless more lies beside it."""
        if name not in self._made:
            runs = self._alone(name)
            days = None if runs is None else read_days(runs.base)
            if days is not None:
                return self._asked_of(self._doubted(days))
            parts = [days_of(bars) for bars in self._bars_of(name)]
            self._made[name] = pl.concat([pl.DataFrame(schema=DAYS_SCHEMA), *parts])
        return self._asked_of(self._made[name])

    def _doubted(self, days: pl.DataFrame) -> pl.DataFrame:
        """Return days of which those before a split are not believed: their bars are adjusted."""
        is_plain = pl.col("is_plain")
        for split in self._archive.splits:
            moment = datetime.fromtimestamp(split.us / 1e6, UTC).date()
            is_plain &= ~((pl.col("symbol") == split.symbol) & (pl.col("day") <= moment))
        return days.with_columns(is_plain=is_plain)

    def _asked_of(self, days: pl.DataFrame) -> pl.DataFrame:
        return days if self._asked is None else days.filter(pl.col("symbol").is_in(self._asked))

    def _alone(self, name: str) -> Runs | None:
        """Return a month that is one file, of which there may be copies."""
        runs = Runs(self._archive.folder, name)
        names = [known for known in self._archive.names if known.startswith(name)]
        return runs if names == [name] and runs.files == [runs.base] else None

    def _bars_of(self, name: str) -> Iterator[pl.DataFrame]:
        """Yield the bars of a month, some symbols at a time, by symbol and time."""
        start, end = _span_of(name)
        files = [file for file in self._archive.files if file.name.startswith(name)]
        if not files:
            return
        counted = pl.concat([scan_bars_file(file).select("symbol") for file in files])
        counts = counted.group_by("symbol").len().sort("symbol").collect()
        if self._asked is not None:
            counts = counts.filter(pl.col("symbol").is_in(self._asked))
        part = (counts["len"].cum_sum() // _BARS_AT_ONCE).alias("part")
        for some in counts.with_columns(part).partition_by("part"):
            yield self._archive.every_feed(some["symbol"].to_list(), start, end)

    def _of_feeds(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(self._chosen, on=["symbol", "feed"], how="semi")

    def _rows(self, frame: pl.DataFrame) -> BarRows:
        coded = frame.join(self._codes, on="symbol", maintain_order="left")
        opened, high, low, close, volume = (coded[name].to_numpy() for name in NUMBERS)
        return BarRows(
            coded["code"].to_numpy(), coded["ts"].dt.epoch("us").to_numpy(),
            opened, high, low, close, volume, self._archive.interval_minutes,
        )  # fmt: skip


def _span_of(name: str) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a month `YYYY-MM`."""
    start = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
    later = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start, later
