"""Rows before the open and after the close hide a clock that is off; their volume does not."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import read_bars
from trading.errors import BadInput
from trading.market.calendar import Session, sessions_between

# The clock of New York changes on the 10th.
MARCH = sessions_between("NYSE", date(2024, 3, 4), date(2024, 3, 15))
NEW_YORK = "America/New_York"
HOURS_BEFORE, HOURS_AFTER = 5.5, 4.0


def bars(days: list[Session], symbol: str = "QXA", *, with_volume: bool = True) -> pl.DataFrame:
    """Return bars of 5 minutes from 04:00 to 20:00, of which those in sessions are busy."""
    random = np.random.default_rng(11)
    times = [
        day.open + timedelta(minutes=5 * bar)
        for day in days
        for bar in range(-int(HOURS_BEFORE * 12), 78 + int(HOURS_AFTER * 12))
    ]
    opens = {day.open: day.close for day in days}
    busy = np.array(
        [any(opened <= at < closed for opened, closed in opens.items()) for at in times]
    )
    close = 120 + np.cumsum(random.integers(-20, 21, len(times))) / 100
    volume = random.integers(50, 150, len(times)) * np.where(busy, 2_000.0, 100.0 * with_volume)
    return pl.DataFrame(
        {
            "symbol": [symbol] * len(times),
            "ts": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
            "open": close - 0.02,
            "high": close + 0.06,
            "low": close - 0.07,
            "close": close,
            "volume": volume,
        }
    )


def written(frame: pl.DataFrame, zone: str, folder: Path, minutes: int = 0) -> Path:
    """Write what a zone's clock shows so many minutes later, without the zone."""
    times = (pl.col("ts") + timedelta(minutes=minutes)).dt.convert_time_zone(zone)
    path = folder / "bars.parquet"
    frame.with_columns(times.dt.replace_time_zone(None)).write_parquet(path)
    return path


def starts_of(path: Path, **told: str) -> list[int]:
    format = BarFileFormat(**told)  # type: ignore[arg-type]
    return read_bars(path, None, format=format).rows.start_us.tolist()


def warnings_of(path: Path, **told: str) -> list[str]:
    read = read_bars(path, None, format=BarFileFormat(**told))  # type: ignore[arg-type]
    return [note for note in read.notes if note.startswith("WARNING")]


@pytest.mark.parametrize(
    ("of", "told", "shift"),
    [
        ("America/Chicago", NEW_YORK, "one hour early"),
        ("America/Denver", NEW_YORK, "two hours early"),
        ("America/Los_Angeles", NEW_YORK, "three hours early"),
        (NEW_YORK, "America/Chicago", "one hour late"),
        ("UTC", NEW_YORK, "five hours late"),
        (NEW_YORK, "EST", "one hour late"),
        ("Etc/GMT+5", NEW_YORK, "one hour early"),
    ],
)
@pytest.mark.parametrize("with_volume", [True, False])
def test_rows_of_all_hours_that_are_off_are_refused_with_the_zone_that_reads_them(
    of: str, told: str, shift: str, with_volume: bool, tmp_path: Path
) -> None:
    true = bars(MARCH, with_volume=with_volume)
    path = written(true, of, tmp_path)
    with pytest.raises(BadInput, match=f"off by hours.*{shift}") as refused:
        read_bars(path, None, format=BarFileFormat(timezone=told))
    zone = refused.value.hint.removeprefix("Use --timezone ")
    assert starts_of(path, timezone=zone) == true["ts"].to_physical().to_list()
    assert not warnings_of(path, timezone=zone)


def test_one_symbol_of_all_hours_in_another_zone_is_named(tmp_path: Path) -> None:
    one, other = bars(MARCH, "A"), bars(MARCH, "B")
    hour_early = pl.col("ts") - timedelta(hours=1)
    path = written(pl.concat([one, other.with_columns(hour_early)]), NEW_YORK, tmp_path)
    hint = "--symbols B --timezone America/Chicago"
    with pytest.raises(BadInput, match=f"rows of B are off.*{hint}"):
        read_bars(path, None, format=BarFileFormat(timezone=NEW_YORK))


def test_of_a_day_alone_it_is_a_warning(tmp_path: Path) -> None:
    path = written(bars(MARCH[:1]), "America/Chicago", tmp_path)
    (said,) = warnings_of(path, timezone=NEW_YORK)
    assert "rows of QXA may be off by hours" in said


def test_volume_that_is_alike_at_all_hours_tells_no_zone(tmp_path: Path) -> None:
    always = bars(MARCH).with_columns(volume=pl.lit(1_000.0))
    path = written(always, "America/Chicago", tmp_path)
    assert not warnings_of(path, timezone=NEW_YORK)


def test_ends_that_rows_before_the_open_hide_show_by_their_volume(tmp_path: Path) -> None:
    path = written(bars(MARCH), NEW_YORK, tmp_path, minutes=5)
    (said,) = warnings_of(path, timezone=NEW_YORK)
    assert "rises 5 minutes after the open in 10 of 10 sessions" in said
    assert said.endswith("Pass --stamp end if they are")
    true = bars(MARCH)["ts"].to_physical().to_list()
    assert starts_of(path, timezone=NEW_YORK, stamp="end") == true
    assert not warnings_of(path, timezone=NEW_YORK, stamp="end")


def test_starts_that_are_told_to_be_ends_show_by_their_volume(tmp_path: Path) -> None:
    path = written(bars(MARCH), NEW_YORK, tmp_path)
    assert not warnings_of(path, timezone=NEW_YORK)
    (said,) = warnings_of(path, timezone=NEW_YORK, stamp="end")
    assert "rises 5 minutes before the open in 10 of 10 sessions" in said
    assert said.endswith("Pass --stamp start if they are")


def test_of_zones_that_fit_alike_the_one_counts_by_which_days_begin_at_opens(
    tmp_path: Path,
) -> None:
    """Mornings by UTC's clock would be in sessions by Halifax's too, as other hours."""
    days = sessions_between("NYSE", date(2024, 2, 26), date(2024, 3, 22))
    mornings = bars(days).filter(
        pl.col("ts").dt.convert_time_zone(NEW_YORK).dt.time().is_between(time(9, 30), time(11, 59))
    )
    path = written(mornings, "UTC", tmp_path)
    with pytest.raises(BadInput, match=r"fits UTC\. Use --timezone UTC$"):
        read_bars(path, None, format=BarFileFormat(timezone=NEW_YORK))
    assert starts_of(path, timezone="UTC") == mornings["ts"].to_physical().to_list()
