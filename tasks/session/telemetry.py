"""Telemetry: note what a bar was like, after its orders; never a reason for a bar to fail."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import starmap

from blocks.process.clock_offset import SET_IT, clock_offset, in_words, is_wrong
from blocks.process.logs import get_logger, log_with_context
from blocks.records.fields import Side
from blocks.telemetry.closed_trades import ClosedTrade
from blocks.telemetry.telemetry import BarFigures
from tasks.session.bar_notes import WorkedBar
from tasks.session.runtime import SessionRuntime
from trading.engine.tapes.trade_tape import TRADES, TradeRow
from trading.errors import StoreUnavailable
from trading.reasons import ExitReason


def record_bar(runtime: SessionRuntime) -> bool:
    """Write the last bar's figures; return False where they could not be written."""
    notes = runtime.notes
    if notes.last is None:
        return False
    try:
        runtime.telemetry.record_bar(figures_of(runtime, notes.last))
        if runtime.pace.is_real_time:
            # The next bar is minutes away, and health reads the file meanwhile.
            runtime.telemetry.release()
    except StoreUnavailable as error:
        # Kept for the next bar: trades are noted late rather than never. Said once.
        if str(error) != notes.untold:
            text = f"telemetry was skipped: {error}"
            log_with_context(get_logger("telemetry"), "warning", text, bar=runtime.name)
        notes.untold = str(error)
        return False
    notes.untold = ""
    tell_clock(runtime)
    notes.noted_trades = int(runtime.state.tape.counts[TRADES])
    return True


def keep_errors(runtime: SessionRuntime) -> None:
    """Write the log so far if an error is in it, where bars are minutes apart."""
    if runtime.pace.is_real_time:
        runtime.telemetry.keep_errors()


def note_late_trades(runtime: SessionRuntime) -> None:
    """Note the trades that were closed after the last bar that was recorded."""
    if int(runtime.state.tape.counts[TRADES]) > runtime.notes.noted_trades:
        record_bar(runtime)


def tell_clock(runtime: SessionRuntime) -> None:
    """Tell people once of a clock that is wrong, which makes every bar early or late."""
    offset = clock_offset(datetime.now(UTC)) if runtime.pace.is_real_time else None
    if offset is None:
        return
    if is_wrong(offset) and not runtime.notes.is_clock_told:
        text = f"this machine's clock is {in_words(offset)}"
        runtime.notifier.send("SYSTEM_WARNING", text, action_required=SET_IT)
    runtime.notes.is_clock_told = is_wrong(offset)


def figures_of(runtime: SessionRuntime, worked: WorkedBar) -> BarFigures:
    """Return what a bar was like, and what the account is like now."""
    closed, state = worked.closed, runtime.state
    latency = runtime.clock.now() - runtime.bar_end(closed.bar)
    return BarFigures(
        session=runtime.session.date,
        bar=closed.bar,
        latency_s=max(latency, timedelta(0)).total_seconds(),
        fetch_s=worked.fetched.seconds,
        is_fetched=worked.fetched.rows is not None,
        symbols_missing=sum(value is None for value in closed.close),
        symbols_blocked=len(runtime.desk.blocked),
        positions=int((state.book.quantity != 0).sum()),
        equity=state.equity(),
        trades=_closed_trades(runtime),
        unprotected_s=state.protection.longest_gap_seconds(),
    )


def _closed_trades(runtime: SessionRuntime) -> list[ClosedTrade]:
    first, end = runtime.notes.noted_trades, int(runtime.state.tape.counts[TRADES])
    rows: list[list[float]] = runtime.state.tape.trades[first:end].tolist()
    return [
        ClosedTrade(
            number,
            runtime.plan.symbols[int(trade.symbol)],
            Side.LONG if trade.side > 0 else Side.SHORT,
            ExitReason(int(trade.exit_reason)).word,
            trade.pnl,
            trade.pnl_pct,
            None if math.isnan(trade.r_multiple) else trade.r_multiple,
            (trade.exit_us - trade.entry_us) / 1e6,
        )
        for number, trade in enumerate(starmap(TradeRow, rows), start=first)
    ]
