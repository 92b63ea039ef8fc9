"""Bars that cannot be what they are taken for are refused or warned of, and sound ones are not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import read_bars
from tests.repository import REPOSITORY
from trading.errors import BadInput
from trading.market.calendar import Session, sessions_between
from trading.market.plausibility import sample

NEW_YORK = ZoneInfo("America/New_York")
# The clock of New York changes on the 10th.
MARCH = sessions_between("NYSE", date(2024, 3, 4), date(2024, 3, 15))
# The last ends at 13:00 in New York.
NOVEMBER = sessions_between("NYSE", date(2024, 11, 25), date(2024, 11, 29))
SHARED = REPOSITORY.parent / "shared"
SOUND = [
    SHARED / "data" / "bars_5m_extended_hours_2025_06_08.parquet",
    *(
        SHARED / "cases" / "truth" / name
        for name in ("two.parquet", "qxa.parquet", "stamps.parquet")
    ),
]


def bars(
    days: list[Session],
    minutes: int = 5,
    hours_around: float = 0.0,
    symbol: str = "QXA",
    scale: float = 1.0,
) -> pl.DataFrame:
    """Return bars of a walk around 120 USD, in whole cents; `scale` multiplies prices."""
    random = np.random.default_rng(7)
    more = int(hours_around * 60 / minutes)
    times = [
        day.open + timedelta(minutes=minutes * bar)
        for day in days
        for bar in range(-more, day.bar_count(minutes) + more)
    ]
    opened = 12_000 + np.cumsum(random.integers(-20, 21, len(times)))
    close = opened + random.integers(-15, 16, len(times))
    prices = {
        "open": opened,
        "high": np.maximum(opened, close) + 5,
        "low": np.minimum(opened, close) - 5,
        "close": close,
    }
    return pl.DataFrame(
        {
            "symbol": [symbol] * len(times),
            "ts": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
            **{name: values * scale / 100 for name, values in prices.items()},
            "volume": random.integers(100_000, 900_000, len(times)).astype(np.float64)
            * minutes
            // 5,
        }
    )


def local(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return bars whose times are what a zone's clock shows, without the zone."""
    return frame.with_columns(pl.col("ts").dt.convert_time_zone(zone).dt.replace_time_zone(None))


def written(frame: pl.DataFrame, folder: Path) -> Path:
    path = folder / "bars.parquet"
    frame.write_parquet(path)
    return path


def warnings_of(path: Path, exchange: str = "NYSE", **told: str) -> list[str]:
    read = read_bars(path, None, exchange, BarFileFormat(**told))  # type: ignore[arg-type]
    return [note for note in read.notes if note.startswith("WARNING")]


# -- clocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "told", "run", "shift"),
    [
        ("America/Los_Angeles", "America/New_York", "06:30 to 12:55", "three hours early"),
        ("America/Chicago", "America/New_York", "08:30 to 14:55", "one hour early"),
        ("America/Denver", "America/New_York", "07:30 to 13:55", "two hours early"),
        ("America/New_York", "America/Chicago", "10:30 to 16:55", "one hour late"),
        ("America/New_York", "UTC", "04:30 to 10:55", "five hours early"),
        ("UTC", "America/New_York", "13:30 to 19:55", "four hours late"),
        ("America/New_York", "EST", "10:30 to 16:55", "one hour late"),
        ("Etc/GMT+5", "America/New_York", "08:30 to 14:55", "one hour early"),
        ("Europe/London", "America/New_York", "13:30 to 19:55", "four hours late"),
        ("America/New_York", "Asia/Tokyo", "19:30 to 01:55", None),
    ],
)
def test_a_told_zone_that_is_off_is_refused_with_the_one_that_fits_and_that_one_reads_the_bars(
    of: str, told: str, run: str, shift: str | None, tmp_path: Path
) -> None:
    true = bars(MARCH)
    path = written(local(true, of), tmp_path)
    with pytest.raises(BadInput) as refused:
        read_bars(path, None, format=BarFileFormat(timezone=told))
    said = str(refused.value)
    assert f"run {run} New York time" in said
    assert shift is None or shift in said
    hint = said.rpartition("Use --timezone ")[2]
    followed = read_bars(path, None, format=BarFileFormat(timezone=hint))
    assert followed.rows.start_us.tolist() == true["ts"].to_physical().to_list()
    assert not [note for note in followed.notes if note.startswith("WARNING")]


def test_ends_of_another_zone_are_off_by_hours_and_minutes(tmp_path: Path) -> None:
    ends = bars(MARCH).with_columns(pl.col("ts") + timedelta(minutes=5))
    path = written(local(ends, "America/Denver"), tmp_path)
    with pytest.raises(BadInput, match=r"1 hour 55 minutes early.*--timezone America/Denver"):
        read_bars(path, None, format=BarFileFormat(timezone="America/New_York"))


def test_a_zone_that_is_off_after_the_clocks_change_says_for_which_sessions(tmp_path: Path) -> None:
    path = written(local(bars(MARCH), "America/New_York"), tmp_path)
    with pytest.raises(BadInput, match=r"5 of 10 sessions, such as that of 2024-03-11.*all year"):
        read_bars(path, None, format=BarFileFormat(timezone="EST"))


@pytest.mark.parametrize(
    "write",
    [
        lambda frame: local(frame, "America/New_York").with_columns(
            ts=pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        ),
        lambda frame: local(frame, "America/New_York").with_columns(ts=pl.col("ts").dt.epoch("s")),
        lambda frame: local(frame, "America/New_York").with_columns(
            pl.col("ts").dt.replace_time_zone("UTC")
        ),
        lambda frame: local(frame, "America/New_York").with_columns(
            ts=pl.col("ts").dt.strftime("%Y-%m-%d %H:%M:%S-05:00")
        ),
        lambda frame: local(frame, "America/New_York").with_columns(
            ts=pl.col("ts").dt.strftime("%Y-%m-%d %H:%M:%S-04:00")
        ),
        lambda frame: local(frame, "America/New_York").with_columns(
            ts=pl.col("ts").dt.strftime("%Y/%m/%dT%H:%M-0400")
        ),
        lambda frame: local(frame, "America/New_York").with_columns(
            ts=pl.col("ts").dt.strftime("%Y%m%d %H:%M:%S +01:00")
        ),
        lambda frame: local(frame, "America/New_York").with_columns(
            pl.col("ts").dt.replace_time_zone("Etc/GMT+4")
        ),
        lambda frame: local(frame, "America/New_York").with_columns(
            ts=pl.when(pl.int_range(pl.len()) < pl.len() / 2)
            .then(pl.col("ts").dt.strftime("%Y-%m-%d %H:%M:%S-08:00"))
            .otherwise(pl.col("ts").dt.strftime("%Y-%m-%d %H:%M:%S-07:00"))
        ),
    ],
    ids=[
        "Z",
        "epoch",
        "Parquet's UTC",
        "the winter's offset all year",
        "the summer's offset all year",
        "the summer's offset without a colon",
        "Europe's offset",
        "Parquet's summer offset",
        "two offsets of another clock",
    ],
)
def test_a_zone_that_is_written_in_error_is_named_with_the_one_that_fits(
    write: Callable[[pl.DataFrame], pl.DataFrame], tmp_path: Path
) -> None:
    path = written(write(bars(MARCH)), tmp_path)
    with pytest.raises(BadInput, match=r"hours? (early|late).*fits America/New_York") as refused:
        read_bars(path, None)
    *formats, zone = re.search(
        r"(?:--time-format '(.*)' and )?use --timezone (\S+)$", str(refused.value)
    ).groups()
    if formats[0]:
        told = BarFileFormat(time_format=formats[0], timezone=zone)
        followed = read_bars(path, None, format=told)
        assert followed.rows.start_us.tolist() == bars(MARCH)["ts"].to_physical().to_list()
    else:
        assert "Write the times again" in str(refused.value)


def test_rows_of_a_holiday_are_no_other_zone(tmp_path: Path) -> None:
    # Of the 29th of March 2024, a Friday without a session.
    holiday = bars(MARCH[:1]).with_columns(pl.col("ts") + timedelta(days=25))
    assert warnings_of(written(pl.concat([bars(MARCH), holiday]), tmp_path)) == []


def test_a_file_with_a_false_zone_beside_others_is_read_alone_as_the_hint_says(
    tmp_path: Path,
) -> None:
    here = local(bars(MARCH).drop("symbol"), "America/New_York")
    form = "%Y-%m-%dT%H:%M:%S"
    for name, text in (("A", form + "Z"), ("B", "%Y-%m-%d %H:%M")):
        here.with_columns(pl.col("ts").dt.strftime(text)).write_csv(tmp_path / f"{name}.csv")
    with pytest.raises(BadInput) as caught:
        read_bars(tmp_path, None, format=BarFileFormat(timezone="America/New_York"))
    alone = tmp_path / "A.csv"
    assert f"--time-format '{form}Z' and --bars {alone} --timezone America/New_York" in str(
        caught.value
    )
    told = BarFileFormat(timezone="America/New_York", time_format=f"{form}Z")
    read = read_bars(alone, None, format=told)
    assert read.rows.start_us.tolist() == bars(MARCH)["ts"].to_physical().to_list()


def test_one_file_of_a_folder_that_is_off_is_named(tmp_path: Path) -> None:
    for symbol, zone in (("A", "America/New_York"), ("B", "America/Chicago")):
        frame = local(bars(MARCH, symbol=symbol), zone).drop("symbol")
        frame.write_csv(tmp_path / f"{symbol}.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    told = BarFileFormat(timezone="America/New_York")
    with pytest.raises(BadInput, match=r"rows of B\.csv are off by hours"):
        read_bars(tmp_path, ["A"], format=told)


@pytest.mark.parametrize("of", ["America/Chicago", "America/Los_Angeles", "Asia/Tokyo", "EST"])
def test_one_symbol_of_another_zone_is_named_and_reads_right_when_it_is_read_alone(
    of: str, tmp_path: Path
) -> None:
    fine, odd = bars(MARCH, symbol="A"), bars(MARCH, symbol="B")
    path = written(pl.concat([local(fine, "America/New_York"), local(odd, of)]), tmp_path)
    told = BarFileFormat(timezone="America/New_York")
    with pytest.raises(BadInput, match=r"rows of B in bars\.parquet are off by hours") as refused:
        read_bars(path, None, format=told)
    alone, zone = re.search(r"--symbols (\S+) --timezone (\S+):", str(refused.value)).groups()
    followed = read_bars(path, [alone], format=BarFileFormat(timezone=zone))
    assert followed.rows.start_us.tolist() == odd["ts"].to_physical().to_list()
    others = read_bars(path, ["A"], format=told)
    assert others.rows.start_us.tolist() == fine["ts"].to_physical().to_list()


def test_thin_symbols_and_such_of_a_few_hours_are_of_no_other_zone(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    kept = bars(MARCH, hours_around=4, symbol="THIN").filter(
        pl.Series(random.random(len(bars(MARCH, hours_around=4))) < 0.05)
    )
    mornings = bars(MARCH, symbol="AM").filter(pl.col("ts").dt.hour() < 16)
    all_day = bars(MARCH, hours_around=4, symbol="ALL")
    assert warnings_of(written(pl.concat([all_day, kept, mornings]), tmp_path)) == []


@pytest.mark.parametrize(
    ("told", "odd"), [("America/New_York", "B"), ("America/Chicago", "A"), ("UTC", "A")]
)
def test_hints_for_a_folder_of_two_zones_lead_to_the_bars_of_each_file(
    told: str, odd: str, tmp_path: Path
) -> None:
    zones = {"A": "America/New_York", "B": "America/Chicago"}
    for symbol, zone in zones.items():
        frame = local(bars(MARCH, symbol=symbol), zone).drop("symbol")
        frame.write_csv(tmp_path / f"{symbol}.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    with pytest.raises(BadInput) as refused:
        read_bars(tmp_path, None, format=BarFileFormat(timezone=told))
    file, zone = re.search(r"--bars (\S+) --timezone (\S+):", str(refused.value)).groups()
    assert (Path(file), zone) == (tmp_path / f"{odd}.csv", zones[odd])
    followed = read_bars(Path(file), None, format=BarFileFormat(timezone=zone))
    assert followed.rows.start_us.tolist() == bars(MARCH)["ts"].to_physical().to_list()


FINE_CLOCKS: dict[str, pl.DataFrame] = {
    "with hours before and after": bars(MARCH, hours_around=5.5),
    "with a little before and after": bars(MARCH, hours_around=0.5),
    "a half day": bars(NOVEMBER),
    "a half day that is filled to the usual close": pl.concat(
        [
            bars(NOVEMBER),
            bars(NOVEMBER[-1:]).with_columns(pl.col("ts") + timedelta(hours=3, minutes=30)),
        ]
    ),
    "only mornings": bars(MARCH).filter(pl.col("ts").dt.hour() < 16),
    "only afternoons": bars(MARCH).filter(pl.col("ts").dt.hour() > 16),
    "one session": bars(MARCH[:1]),
    "an hour lost in one session with hours around it": bars(MARCH, hours_around=4.0).filter(
        ~pl.col("ts").is_between(
            MARCH[2].close - timedelta(hours=1), MARCH[2].close + timedelta(hours=5)
        )
    ),
    "thin": bars(MARCH).filter((pl.int_range(pl.len()) * 7919) % 11 == 0),
    "rows of an hour": bars(MARCH, 60),
}


@pytest.mark.parametrize("frame", FINE_CLOCKS.values(), ids=FINE_CLOCKS.keys())
def test_rows_of_odd_hours_are_no_wrong_zone(frame: pl.DataFrame, tmp_path: Path) -> None:
    assert warnings_of(written(frame, tmp_path)) == []


def around_the_clock(exchange: str, days: int = 12) -> pl.DataFrame:
    found = sessions_between(exchange, date(2024, 3, 4), date(2024, 3, 4) + timedelta(days=days))
    return bars(found)


@pytest.mark.parametrize(
    ("frame", "exchange", "is_foreign"),
    [
        (around_the_clock("LSE"), "NYSE", True),
        (bars(MARCH), "LSE", True),
        (around_the_clock("XNSE"), "NYSE", True),
        (bars(MARCH), "NASDAQ", False),
        (around_the_clock("24/7"), "NYSE", False),
        (around_the_clock("LSE"), "LSE", False),
    ],
    ids=["London's", "New York's in London", "Mumbai's", "NASDAQ's", "every hour's", "its own"],
)
def test_bars_of_another_exchange_are_warned_of(
    frame: pl.DataFrame, exchange: str, is_foreign: bool, tmp_path: Path
) -> None:
    found = warnings_of(written(frame, tmp_path), exchange)
    assert any("another exchange" in warning for warning in found) is is_foreign


# -- prices ----------------------------------------------------------------------------------


def in_units(per_dollar: float) -> pl.DataFrame:
    prices = [(pl.col(name) * per_dollar).round() for name in ("open", "high", "low", "close")]
    return bars(MARCH).with_columns(prices)


@pytest.mark.parametrize(
    ("per_dollar", "unit"),
    [(1e9, "1e-9"), (1e6, "1e-6"), (1e4, "1e-4"), (1e2, "cents")],
)
def test_prices_in_small_units_are_told_by_what_they_would_cost(
    per_dollar: float, unit: str, tmp_path: Path
) -> None:
    path = written(in_units(per_dollar), tmp_path)
    if per_dollar > 100:
        with pytest.raises(BadInput, match=f"units of {unit}"):
            read_bars(path, None)
    else:
        (warning,) = warnings_of(path)
        assert "units of cents" in warning


@pytest.mark.parametrize("scale", [0.02, 0.05, 1.0])
def test_many_prices_without_any_cents_are_cents_themselves_or_have_lost_them(
    scale: float, tmp_path: Path
) -> None:
    cents = bars(MARCH, scale=scale).with_columns(
        (pl.col(name) * (100 if scale < 1 else 1)).round()
        for name in ("open", "high", "low", "close")
    )
    (warning,) = warnings_of(written(cents, tmp_path))
    assert "are whole numbers" in warning
    assert "look like cents" in warning


@pytest.mark.parametrize("per_dollar", [1e9, 1e6])
def test_integer_columns_are_judged_like_floats(per_dollar: float, tmp_path: Path) -> None:
    whole = in_units(per_dollar).with_columns(pl.col("open", "high", "low", "close").cast(pl.Int64))
    with pytest.raises(BadInput, match="whole numbers"):
        read_bars(written(whole, tmp_path), None)


FINE_PRICES: dict[str, pl.DataFrame] = {
    "the dearest, of which little is traded": bars(MARCH, scale=5_000).with_columns(
        (pl.col("volume") / 10_000).round()
    ),
    "the dearest without cents": in_units(5_000).with_columns((pl.col("volume") / 10_000).round()),
    "pennies": bars(MARCH, scale=0.01),
    "thousands of dollars with cents": bars(MARCH, scale=30),
    "whole dollars of a few bars": in_units(1)[:78],
    "much traded": bars(MARCH).with_columns(pl.col("volume") * 100),
}


@pytest.mark.parametrize("frame", FINE_PRICES.values(), ids=FINE_PRICES.keys())
def test_prices_that_stocks_have_are_left_alone(frame: pl.DataFrame, tmp_path: Path) -> None:
    assert warnings_of(written(frame, tmp_path)) == []


@pytest.mark.parametrize(("column", "value"), [("volume", 9.2e18), ("close", 1e11)])
def test_one_row_that_slipped_is_left_to_the_gate(
    column: str, value: float, tmp_path: Path
) -> None:
    is_slip = pl.int_range(pl.len()) == 20
    slipped = pl.when(is_slip).then(value).otherwise(pl.col(column)).alias(column)
    frame = bars(MARCH).with_columns(slipped)
    assert not any("units of" in found for found in warnings_of(written(frame, tmp_path)))


def jumping(ratio: float, *, back: bool = False) -> pl.DataFrame:
    later = pl.col("ts") >= MARCH[4].open
    if back:
        later &= pl.col("ts") < MARCH[4].open + timedelta(minutes=10)
    prices = [
        pl.when(later).then((pl.col(name) * ratio).round(4)).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    ]
    return bars(MARCH).with_columns(prices)


@pytest.mark.parametrize(
    ("ratio", "split"),
    [
        (1 / 2, "2:1 split"),
        (1 / 3, "3:1 split"),
        (2 / 3, "3:2 split"),
        (1 / 10, "10:1 split"),
        (1 / 20, "20:1 split"),
        (2.0, "1:2 reverse split"),
        (1.5, "2:3 reverse split"),
        (10.0, "1:10 reverse split"),
    ],
)
def test_a_level_that_jumps_as_with_a_split_is_warned_of(
    ratio: float, split: str, tmp_path: Path
) -> None:
    (warning,) = warnings_of(written(jumping(ratio), tmp_path))
    assert f"as with a {split}" in warning
    assert f"session of {MARCH[4].date}" in warning


@pytest.mark.parametrize(
    "frame",
    [jumping(0.7), jumping(1.4), jumping(0.5, back=True), jumping(10.0, back=True)],
    ids=["falls by a third", "rises by two fifths", "a bad print", "a dear bad print"],
)
def test_gaps_and_bad_prints_are_no_splits(frame: pl.DataFrame, tmp_path: Path) -> None:
    assert warnings_of(written(frame, tmp_path)) == []


# -- volumes and lengths ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        (pl.lit(0.0), "every bar of QXA has volume 0"),
        (pl.lit(0), "every bar of QXA has volume 0"),
        ((pl.col("volume") / 1000).round(3), "thousands or millions"),
        (pl.col("volume") / 1_000_000, "thousands or millions"),
        ((pl.col("volume") / 1000).round(1), "thousands or millions"),
    ],
    ids=["none", "none, as integers", "thousands", "millions", "thousands, rounded"],
)
def test_volumes_that_are_no_shares_are_warned_of(
    volume: pl.Expr, said: str, tmp_path: Path
) -> None:
    (warning,) = warnings_of(written(bars(MARCH).with_columns(volume=volume), tmp_path))
    assert said in warning


@pytest.mark.parametrize(
    "volume",
    [
        pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.col("volume")).otherwise(0.0),
        pl.col("volume") / 7,
        (pl.col("volume") / 100).round() * 100,
    ],
    ids=["often none", "adjusted for a split", "round lots"],
)
def test_volumes_that_shares_have_are_left_alone(volume: pl.Expr, tmp_path: Path) -> None:
    assert warnings_of(written(bars(MARCH).with_columns(volume=volume), tmp_path)) == []


def mixed(
    short: int, long: int, days: list[Session] = MARCH, *, last: str = "long"
) -> pl.DataFrame:
    """Return bars of two lengths; of one stamp the row of `last` comes last."""
    fine = bars(MARCH, short)
    group = fine.group_by_dynamic("ts", every=f"{long}m", group_by="symbol", offset=f"{30 % long}m")
    coarse = group.agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(),
        pl.col("close").last(), pl.col("volume").sum(),
    ).select(fine.columns)  # fmt: skip
    coarse = coarse.filter(pl.col("ts").dt.date().is_in([day.date for day in days]))
    return pl.concat([fine, coarse] if last == "long" else [coarse, fine])


@pytest.mark.parametrize(
    "frame",
    [
        mixed(1, 5),
        mixed(1, 15),
        mixed(5, 15),
        mixed(5, 30),
        mixed(1, 5, MARCH[3:5]),
        mixed(1, 5).sort("ts"),
    ],
    ids=["1 and 5", "1 and 15", "5 and 15", "5 and 30", "in two sessions", "by time"],
)
def test_rows_of_two_lengths_of_one_symbol_are_refused(frame: pl.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="volume would be added up"):
        read_bars(written(frame, tmp_path), None, format=BarFileFormat(stamp="start"))


def test_ends_of_two_lengths_are_refused_too(tmp_path: Path) -> None:
    fine = bars(MARCH, 1).height
    row = pl.int_range(pl.len())
    moved = pl.when(row < fine).then(timedelta(minutes=1)).otherwise(timedelta(minutes=5))
    path = written(mixed(1, 5).with_columns(pl.col("ts") + moved), tmp_path)
    with pytest.raises(BadInput, match="volume would be added up"):
        read_bars(path, None)


@pytest.mark.parametrize(
    "frame",
    [
        mixed(1, 5, last="short"),
        bars(MARCH, 1),
        pl.concat([bars(MARCH, 1), bars(MARCH, 5, symbol="ZYB")]),
        pl.concat([bars(MARCH[:5], 1), bars(MARCH[5:], 5)]),
    ],
    ids=["the short rows replace the long", "one", "a length each", "one after the other"],
)
def test_rows_that_are_added_up_rightly_are_left_alone(frame: pl.DataFrame, tmp_path: Path) -> None:
    assert warnings_of(written(frame, tmp_path)) == []


@pytest.mark.parametrize(("minutes", "by"), [(60, 30), (30, 15), (5, 2), (15, 5), (60, 45)])
def test_rows_that_begin_off_the_bars_of_a_session_are_refused(
    minutes: int, by: int, tmp_path: Path
) -> None:
    frame = bars(MARCH, minutes).with_columns(pl.col("ts") + timedelta(minutes=by))
    with pytest.raises(BadInput, match=f"begin {by} minutes after bars"):
        read_bars(written(frame, tmp_path), None, format=BarFileFormat(stamp="start"))


def test_the_last_seconds_of_bars_are_warned_of(tmp_path: Path) -> None:
    frame = bars(MARCH, 1).with_columns(pl.col("ts") + timedelta(seconds=59))
    (warning,) = warnings_of(written(frame, tmp_path))
    assert "last seconds of bars" in warning


def test_a_few_rows_between_the_others_are_no_other_grid(tmp_path: Path) -> None:
    stray = bars(MARCH[:2], 1).filter(pl.col("ts").dt.minute() % 10 == 3)
    assert warnings_of(written(pl.concat([bars(MARCH), stray]), tmp_path)) == []


@pytest.mark.parametrize(
    ("minutes", "bar_minutes", "hint"),
    [(2, 5, "--interval 30"), (3, 5, "--interval 15"), (10, 15, "--interval 30"), (4, 30, "60")],
)
def test_rows_that_make_no_whole_bar_are_refused_with_the_bars_that_they_make(
    minutes: int, bar_minutes: int, hint: str, tmp_path: Path
) -> None:
    path = written(bars(MARCH, minutes), tmp_path)
    with pytest.raises(BadInput, match=f"later prices into earlier bars.*{hint}"):
        read_bars(path, None, bar_minutes=bar_minutes)
    assert not read_bars(path, None, bar_minutes=60 if minutes == 4 else 30).notes


@pytest.mark.parametrize(("minutes", "bar_minutes"), [(1, 5), (5, 15), (3, 15), (10, 30), (30, 5)])
def test_rows_that_make_whole_bars_are_read(minutes: int, bar_minutes: int, tmp_path: Path) -> None:
    path = written(bars(MARCH, minutes), tmp_path)
    assert not read_bars(path, None, bar_minutes=bar_minutes).notes


@pytest.mark.parametrize(
    ("frame", "symbol"),
    [
        (pl.concat([bars(MARCH), bars(MARCH, 60, symbol="ZYB")]), "ZYB"),
        (pl.concat([bars(MARCH), bars(MARCH[:1], 15, symbol="ZYB")]), "ZYB"),
        (pl.concat([bars(MARCH[:2], 60), bars(MARCH[2:])]), "QXA"),
    ],
    ids=["a symbol of hours", "a session of quarters", "hours in the first sessions"],
)
def test_rows_longer_than_the_bars_beside_others_are_refused(
    frame: pl.DataFrame, symbol: str, tmp_path: Path
) -> None:
    path = written(frame, tmp_path)
    with pytest.raises(BadInput, match=f"{symbol} last .* later prices .* --interval (15|60)") as e:
        read_bars(path, None, bar_minutes=5)
    assert read_bars(
        path, None, bar_minutes=int(str(e.value).split("--interval ")[1].split(",")[0])
    )


def test_a_symbol_that_is_traded_now_and_then_has_no_longer_rows(tmp_path: Path) -> None:
    thin = bars(MARCH, symbol="THIN").sample(fraction=0.12, seed=4)
    path = written(pl.concat([bars(MARCH), thin.sort("ts")]), tmp_path)
    assert read_bars(path, None, bar_minutes=5).symbols == ("QXA", "THIN")


def two_stocks(*names: str) -> pl.DataFrame:
    """Return the bars of two stocks whose prices are not far from each other, as rows in turn."""
    other = bars(MARCH, symbol=names[1], scale=0.97)
    return pl.concat([bars(MARCH, symbol=names[0]), other]).sort("ts", maintain_order=True)


@pytest.mark.parametrize("column", ["RIC", "stock_code", "permno", "S"])
def test_a_column_of_symbols_that_is_not_known_as_one_is_asked_for(
    column: str, tmp_path: Path
) -> None:
    frame = two_stocks("QXA", "ZYB").rename({"symbol": column})
    path = written(frame, tmp_path)
    with pytest.raises(BadInput, match=r"several symbols are read as one.*--column symbol=NAME"):
        read_bars(path, None)
    found = read_bars(path, None, format=BarFileFormat(columns={"symbol": column}))
    assert found.symbols == ("QXA", "ZYB")


def test_files_of_two_stocks_are_no_parts_of_one(tmp_path: Path) -> None:
    for number, stock in enumerate(two_stocks("QXA", "ZYB").partition_by("symbol"), start=1):
        stock.drop("symbol").write_parquet(tmp_path / f"QXA {number}.parquet")
    with pytest.raises(BadInput, match="several symbols are read as one"):
        read_bars(tmp_path, None)
    with pytest.raises(BadInput, match="several symbols are read as one"):
        read_bars(tmp_path, None, format=BarFileFormat(symbol="QXA"))


def test_prices_that_are_adjusted_and_not_are_no_parts_of_one_even_for_a_day(
    tmp_path: Path,
) -> None:
    path = written(pl.concat([bars(MARCH), bars(MARCH[:1], scale=0.5)]), tmp_path)
    with pytest.raises(BadInput, match=r"78 of 858 rows.*adjusted and that are not"):
        read_bars(path, None)


def test_a_day_of_longer_rows_that_replace_the_shorter_ones_is_warned_of(tmp_path: Path) -> None:
    three = bars(MARCH[:1]).filter(pl.int_range(pl.len()) % 3 == 0)
    longer = three.with_columns(pl.col("volume") * 3)
    (said,) = warnings_of(written(pl.concat([bars(MARCH), longer]), tmp_path))
    assert "23 of the 26 rows of QXA that are there twice have far more volume" in said
    assert warnings_of(written(pl.concat([longer, bars(MARCH)]), tmp_path)) == []


@pytest.mark.parametrize("is_first", [True, False])
def test_rows_named_by_start_and_again_by_end_are_refused(is_first: bool, tmp_path: Path) -> None:
    ends = bars(MARCH).head(156).with_columns(pl.col("ts") + timedelta(minutes=5))
    both = [ends, bars(MARCH)] if is_first else [bars(MARCH), ends]
    with pytest.raises(BadInput, match="there twice, 152 of them once more a bar later"):
        read_bars(written(pl.concat(both), tmp_path), None)


def test_bars_of_one_price_that_are_there_twice_are_not_a_bar_apart(tmp_path: Path) -> None:
    still = bars(MARCH).with_columns(open=120.0, high=120.0, low=120.0, close=120.0, volume=300.0)
    assert len(read_bars(written(pl.concat([still, still]), tmp_path), None).rows)


def test_volumes_that_are_sums_of_the_day_are_warned_of(tmp_path: Path) -> None:
    sums = bars(MARCH).with_columns(pl.col("volume").cum_sum().over(pl.col("ts").dt.date()))
    (said,) = warnings_of(written(sums, tmp_path))
    assert "volumes of QXA rise from each session's open to its close" in said


@pytest.mark.parametrize("revised_by", [1.0, 1.001, 0.998])
def test_rows_that_are_there_twice_are_one_symbol(revised_by: float, tmp_path: Path) -> None:
    again = bars(MARCH, scale=revised_by)
    path = written(pl.concat([bars(MARCH), again]), tmp_path)
    assert not warnings_of(path)


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there")
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_sound_files_give_no_warning(path: Path) -> None:
    assert warnings_of(path) == []


def test_findings_do_not_depend_on_what_is_asked_for(tmp_path: Path) -> None:
    both = pl.concat([bars(MARCH), bars(MARCH, symbol="ZYB")])
    path = written(local(both, "America/Chicago"), tmp_path)
    told = BarFileFormat(timezone="America/New_York")
    said = set()
    for symbols, day in ((None, None), (["ZYB"], None), (["QXA"], MARCH[-1].date)):
        with pytest.raises(BadInput) as refused:
            read_bars(path, symbols, format=told, start=day, end=day)
        said.add(str(refused.value))
    assert len(said) == 1
    assert datetime(2024, 3, 4, tzinfo=NEW_YORK).tzname() == "EST"


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (jumping(0.1), "10:1 split"),
        (bars(MARCH).with_columns(volume=0.0), "volume 0"),
        (in_units(100), "cents"),
    ],
    ids=["split", "no volume", "cents"],
)
def test_of_a_large_file_some_rows_tell_as_much(
    frame: pl.DataFrame, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "MOST_ROWS", 200)
    (warning,) = warnings_of(written(frame, tmp_path))
    assert said in warning


def test_volumes_that_vary_much_are_no_second_length(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    many = pl.concat([bars(MARCH, symbol=f"S{number}") for number in range(40)])
    for sigma in (0.5, 1.5):
        volume = np.rint(np.exp(random.normal(10, sigma, many.height)))
        assert warnings_of(written(many.with_columns(volume=volume), tmp_path)) == []
