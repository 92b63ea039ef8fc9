"""A user's daily bars in backtests and in sessions: the same numbers, read anew each session."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from blocks.account.plan_changes import plan_changes
from blocks.ledger.ledger import DuckDBLedger
from blocks.markets.random_walk import simulated_rows
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.backtest.checks import run_look_ahead_test
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from tests.terminal import flows
from trading.errors import BadInput
from trading.market.calendar import Session, sessions_between

SYMBOLS = ("AAA", "BBB")
SESSIONS = sessions_between("NYSE", date(2025, 5, 1), date(2025, 6, 13))
TRADED = SESSIONS[-3:]
SHOWN = ["session", "symbol", "entry_price", "exit_price", "side", "quantity", "pnl"]
PRICES = ("open", "high", "low", "close")
SETTINGS: dict[str, Any] = {
    "range_minutes": 60, "min_body": -1.0, "stop": "daily_atr", "stop_daily_atr": 0.5,
    "target": "r", "target_multiple": 1.0, "min_daily_volume": 1.0, "entry_cutoff_minutes": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty sessions and more of 60-minute bars."""
    rows = simulated_rows(SYMBOLS, list(SESSIONS), 60, seed=3)
    frame = pl.DataFrame(
        {
            "symbol": [SYMBOLS[s] for s in rows.symbol],
            "ts": pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC")),
            **{name: rows.number(name) for name in ("open", "high", "low", "close", "volume")},
        }
    )
    path = tmp_path_factory.mktemp("bars") / "bars.parquet"
    frame.write_parquet(path)
    return path


def daily_file(path: Path, wide: float, last: date, symbols: tuple[str, ...] = SYMBOLS) -> Path:
    """Write daily bars of a range, USD, of forty sessions and more before a date, it included."""
    days = [each.date for each in sessions_between("NYSE", date(2025, 3, 3), last)]
    lines = ["Date,Ticker,Open,High,Low,Close,Volume"]
    for day in days:
        lines += [
            f"{day},{symbol},100,{100 + wide / 2},{100 - wide / 2},100,5000" for symbol in symbols
        ]
    path.write_text("\n".join([*lines, ""]))
    return path


def backtested(bars: Path, daily: Path | None, **changed: Any) -> Any:
    return backtest(
        BacktestRequest(
            bars=bars,
            symbols=SYMBOLS,
            start=TRADED[0].date,
            end=TRADED[-1].date,
            interval_minutes=60,
            settings={**SETTINGS, **changed},
            daily_bars=daily,
            report=False,
        )
    )


class Account:
    """An account that replays sessions one by one."""

    def __init__(self, folder: Path, bars: Path) -> None:
        self.folder, self.bars = folder, bars

    def trade(self, session: Session, daily: Path | None) -> None:
        request = SessionRequest(
            PlainParts(self.folder, self.bars, daily_bars=daily),
            replay=session.date.isoformat(),
            symbols=SYMBOLS,
            interval_minutes=60,
            settings=SETTINGS,
        )
        asyncio.run(run_account(request))

    def query(self, sql: str) -> list[dict[str, Any]]:
        ledger = DuckDBLedger(self.folder, "replay")
        try:
            return ledger.query(sql)
        finally:
            ledger.release()

    def trades(self) -> list[tuple[Any, ...]]:
        rows = self.query(f"SELECT {', '.join(SHOWN)} FROM trades ORDER BY entry_time, symbol")
        return [_comparable(row.values()) for row in rows]

    def changes(self) -> list[dict[str, Any]]:
        """Return what show-status says of changed plans."""
        ledger = DuckDBLedger(self.folder, "replay")
        try:
            with ledger.reading() as connection:
                return plan_changes(connection)
        finally:
            ledger.release()

    def plan(self, session: Session) -> dict[str, Any]:
        ledger = DuckDBLedger(self.folder, "replay")
        try:
            return dict(ledger.plan_of(session.date.isoformat()) or {})
        finally:
            ledger.release()


def trades_of(report: Any) -> list[tuple[Any, ...]]:
    table = report.results().trades.sort("entry_time", "symbol")
    return [_comparable(row) for row in table.select(SHOWN).iter_rows()]


def _comparable(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(round(float(v), 4) if isinstance(v, float | Decimal) else str(v) for v in values)


def test_daily_values_are_those_of_the_file_and_its_defects_are_counted(
    bars: Path, tmp_path: Path
) -> None:
    narrow = backtested(bars, daily_file(tmp_path / "narrow.csv", 2.0, TRADED[-1].date))
    wide = backtested(bars, daily_file(tmp_path / "wide.csv", 40.0, TRADED[-1].date))
    own = backtested(bars, None)
    assert len({tuple(trades_of(report)) for report in (narrow, wide, own)}) == 3
    assert narrow.as_dict()["defects"]["daily.no_session"] == 0
    assert "daily.rows" not in own.as_dict()["defects"]
    assert any("daily values are of" in note for note in narrow.notes)
    shas = [report.as_dict()["plan"].get("daily_bars_sha256") for report in (narrow, wide, own)]
    assert len(set(shas)) == 3
    assert shas[2] is None


def test_a_symbol_that_the_file_lacks_has_no_daily_value(bars: Path, tmp_path: Path) -> None:
    report = backtested(bars, daily_file(tmp_path / "a.csv", 2.0, TRADED[-1].date, ("AAA",)))
    assert {row[1] for row in trades_of(report)} == {"AAA"}
    assert any(note.startswith("WARNING: the daily bars have none of BBB") for note in report.notes)


def test_a_run_reads_no_daily_bar_of_its_own_day_or_later(bars: Path, tmp_path: Path) -> None:
    """Rows of the day itself and of later ones may say whatever they like."""
    whole = daily_file(tmp_path / "whole.csv", 2.0, TRADED[-2].date)
    more = tmp_path / "more.csv"
    more.write_text(
        whole.read_text() + f"{TRADED[-1].date},AAA,1,900,1,900,1\n2025-06-16,AAA,1,9,1,9,1\n"
    )
    assert trades_of(backtested(bars, more)) == trades_of(backtested(bars, whole))
    request = BacktestRequest(
        bars=bars, symbols=SYMBOLS, start=TRADED[0].date, interval_minutes=60, settings=SETTINGS,
        daily_bars=more, report=False,
    )  # fmt: skip
    result = run_look_ahead_test(request, 6, 1)
    assert result.passed
    assert result.rows_compared > 0


def test_sessions_trade_as_the_backtest_whether_or_not_the_file_knows_later_days(
    bars: Path, tmp_path: Path
) -> None:
    whole = daily_file(tmp_path / "whole.csv", 3.0, TRADED[-1].date)
    account = Account(tmp_path / "account", bars)
    for number, session in enumerate(TRADED):
        daily = whole
        if number:
            # As somebody keeps it who adds a day each evening.
            before = SESSIONS[SESSIONS.index(session) - 1]
            daily = daily_file(tmp_path / "grows.csv", 3.0, before.date)
        account.trade(session, daily)
    assert account.trades() == trades_of(backtested(bars, whole))
    assert len(account.trades()) > 2
    kept = [account.plan(session)["daily_bars_sha256"] for session in TRADED]
    assert len(set(kept)) == len(TRADED)
    # A file that has grown is the file of before, for who looks at the account and who replays.
    assert account.changes() == []
    account.trade(TRADED[-1], whole)


def test_a_file_whose_past_is_another_is_told_as_a_change_of_the_plan(
    bars: Path, tmp_path: Path
) -> None:
    account = Account(tmp_path / "account", bars)
    for wide, session in zip((3.0, 5.0), TRADED, strict=False):
        account.trade(session, daily_file(tmp_path / "daily.csv", wide, TRADED[-1].date))
    (change,) = account.changes()
    assert change["session"] == str(TRADED[1].date)
    assert [line.split()[0] for line in change["changes"]] == ["daily_bars_sha256"]
    with pytest.raises(BadInput, match="with another plan: daily_bars_sha256"):
        account.trade(TRADED[1], daily_file(tmp_path / "daily.csv", 9.0, TRADED[-1].date))


def test_an_account_that_goes_on_without_its_file_makes_daily_bars_of_its_past(
    bars: Path, tmp_path: Path
) -> None:
    account = Account(tmp_path / "account", bars)
    account.trade(TRADED[0], daily_file(tmp_path / "daily.csv", 40.0, TRADED[0].date))
    for session in TRADED[1:]:
        account.trade(session, None)
    first = str(TRADED[0].date)
    # The first session had other stops, and with them another account; prices are the same.
    ours, own = (
        [trade[:4] for trade in trades if trade[0] > first]
        for trades in (account.trades(), trades_of(backtested(bars, None)))
    )
    assert ours == own
    assert len(ours) > 1


def test_a_session_is_told_of_daily_bars_of_other_prices_as_a_backtest_is(
    bars: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Also one without a session before it in the file, and only where prices differ."""
    closes = pl.read_parquet(bars).group_by("symbol", pl.col("ts").dt.date(), maintain_order=True)
    real = closes.agg(pl.col("close").last()).rename({"ts": "date"})
    for times, told in ((1.0, []), (100.0, ["AAA"])):
        path = tmp_path / f"daily_{times:g}.csv"
        of_symbol = pl.when(pl.col("symbol") == "AAA").then(times).otherwise(1.0)
        columns = [(pl.col("close") * of_symbol).alias(name) for name in PRICES]
        real.select("symbol", "date", *columns, volume=5000).write_csv(path)
        caplog.clear()
        Account(tmp_path / f"account_{times:g}", bars).trade(SESSIONS[0], path)
        said = [r.message for r in caplog.records if "not those of its daily bars" in r.message]
        assert [line.split("closes of ")[1][:3] for line in said] == told
        noted = [n for n in backtested(bars, path).notes if "not those of its daily bars" in n]
        assert [line.split("closes of ")[1][:3] for line in noted] == told


def test_a_market_that_is_no_file_is_compared_with_daily_bars_by_its_past(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    daily = daily_file(tmp_path / "daily.csv", 2.0, TRADED[-1].date)
    daily.write_text(daily.read_text().replace("100,101.0,99.0,100,", "1,1.01,0.99,1,"))
    request = SessionRequest(
        PlainParts(tmp_path, daily_bars=daily),
        replay=TRADED[0].date.isoformat(),
        symbols=SYMBOLS,
        interval_minutes=60,
        settings=SETTINGS,
    )
    asyncio.run(run_account(request))
    assert [r for r in caplog.records if "are not those of its daily bars" in r.message]


def test_a_file_that_is_none_is_refused_before_a_session_begins(bars: Path, tmp_path: Path) -> None:
    account = Account(tmp_path / "account", bars)
    with pytest.raises(BadInput, match=r"^daily bars: .* has no column for volume"):
        account.trade(TRADED[0], _without_volume(tmp_path))
    with pytest.raises(BadInput, match=r"^daily bars: .* has no column for volume"):
        backtested(bars, _without_volume(tmp_path))


@pytest.mark.parametrize("command", ["backtest", "look-ahead-test", "run"])
def test_the_terminal_hands_the_file_on_and_says_what_is_wrong_in_a_line(
    command: str, bars: Path, tmp_path: Path
) -> None:
    asked: list[object] = [
        "--bars",
        bars,
        "--symbols",
        "AAA",
        "--interval",
        60,
        "--set",
        "range_minutes=60",
    ]
    if command == "run":
        asked += ["--replay", TRADED[0].date, "--data-dir", tmp_path]
    ended = flows(command, *asked, "--daily-bars", _without_volume(tmp_path), cwd=tmp_path)
    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if "daily bars" in line]
    assert "has no column for volume" in line


def _without_volume(folder: Path) -> Path:
    path = folder / "wrong.csv"
    path.write_text("symbol,date,open,high,low,close\nAAA,2025-06-02,1,2,1,2\n")
    return path
