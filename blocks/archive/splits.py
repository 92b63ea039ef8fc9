"""Stock splits, applied to bars that were fetched before them.

A provider's bars are adjusted for the splits that it knew when they were fetched. A bar from
before a split that was also fetched before it is in old shares, and is adjusted when read; what
is stored stays as it was fetched.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from blocks.providers.fetched_bars import Split
from trading.errors import StoreUnavailable

_DAY_US = 86_400_000_000


class SplitFile:
    """The splits that providers reported, in one small file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[Split]:
        """Return all splits. Raises StoreUnavailable when the file is damaged."""
        try:
            return [Split(*item) for item in json.loads(self._path.read_text())]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as error:
            raise StoreUnavailable(
                f"{self._path} cannot be read as splits",
                "Move it away; splits come back with the bars of their days",
            ) from error

    def add(self, splits: Sequence[Split]) -> None:
        """Store splits that are not there yet."""
        known = self.all() if splits else []
        news: list[Split] = []
        for split in splits:
            if not any(_is_same(split, other) for other in (*known, *news)):
                news.append(split)
        if not news:
            return
        rows = [[split.symbol, split.us, split.ratio] for split in known + news]
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}.partial")
        try:
            with partial.open("w") as stream:
                json.dump(rows, stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, self._path)
        except OSError as error:
            raise StoreUnavailable(
                f"{self._path} cannot be written: {error.strerror}",
                "Check the folder's permissions and free disk space",
            ) from error

    def adjust(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return bars (columns of the archive) in today's shares."""
        for split in self.all():
            moment = pl.lit(split.us).cast(pl.Datetime("us", "UTC"))
            before = (
                (pl.col("symbol") == split.symbol)
                & (pl.col("ts") < moment)
                & (pl.col("fetched_at") < moment)
                # Who asked for raw prices gets what was traded at.
                & ~pl.col("source").str.ends_with(":raw")
            )
            prices = pl.col("open", "high", "low", "close")
            frame = frame.with_columns(
                pl.when(before).then(prices / split.ratio).otherwise(prices),
                pl.when(before)
                .then(pl.col("volume") * split.ratio)
                .otherwise(pl.col("volume"))
                .alias("volume"),
            )
        return frame


def _is_same(split: Split, other: Split) -> bool:
    """Return whether two providers, or bars of two lengths, told of the same split."""
    is_near = abs(split.us - other.us) < _DAY_US
    return split.symbol == other.symbol and is_near and math.isclose(split.ratio, other.ratio)
