"""Sessions and their bars taken into all studies, whichever way the engine runs."""

from __future__ import annotations

import math

from trading.indicators.closes import update_bollinger, update_ema, update_macd, update_sma
from trading.indicators.coarser import (
    BAR_CLOSE,
    BAR_HIGH,
    BAR_LOW,
    BAR_VOLUME,
    clear_bar,
    merge_bars,
)
from trading.indicators.sessions import (
    DAILY_BAR,
    begin_opening,
    end_opening,
    take_daily_bar,
    update_opening,
)
from trading.indicators.studies import (
    ATR,
    BOLLINGER,
    CLOSE,
    DAILY,
    EMA,
    FROM_DAY,
    MACD,
    MEAN_VOLUME,
    OPENING,
    RSI,
    SMA,
    STREAM_BARS,
    STREAM_BEGIN,
    STREAM_ROW,
    STUDY_KIND,
    STUDY_LENGTH,
    STUDY_ROW,
    STUDY_SECOND,
    STUDY_THIRD,
    TODAY,
    VOLUME_BEFORE,
    VWAP,
    Studies,
)
from trading.indicators.volumes import (
    begin_vwap,
    update_mean_volume,
    update_volume_before,
    update_vwap,
)
from trading.indicators.wilder import ATR_COUNT, update_atr, update_rsi
from trading.market.bars import Floats, Prices


def begin_studies(studies: Studies, state: Floats, day: int) -> None:
    """Begin a session; `day` is its date in days since 1970."""
    if studies.rows == 0:
        return
    for s in range(state.shape[1]):
        state[TODAY, s] = day
    for i in range(studies.streams[1, STREAM_BEGIN]):
        kind, row = studies.of[i, STUDY_KIND], studies.of[i, STUDY_ROW]
        for s in range(state.shape[1]):
            if kind == VWAP:
                begin_vwap(state, row, s)
            elif kind == OPENING:
                begin_opening(state, row, s)


def update_studies(
    studies: Studies, state: Floats, bar: int, bars_in_session: int, prices: Prices
) -> None:
    """Take one closed bar of every symbol in, (symbols), before the strategy sees it.

    A coarser bar is closed by the bar that has its END, whether or not the symbol has that one.
    """
    if studies.rows == 0:
        return
    _, high, low, close, volume = prices
    for stream in range(len(studies.streams) - 1):
        if stream > 0:
            merge_bars(state, studies.streams[stream, STREAM_ROW], high, low, close, volume)
            bars = studies.streams[stream, STREAM_BARS]
            if bar + 1 < bars_in_session and (bar + 1) % bars != 0:
                continue
        update_stream(studies, state, stream, bar, prices)


def end_studies(studies: Studies, state: Floats, daily: Prices, has_daily_file: bool) -> None:
    """End a session when what its gate restores is restored.

    `daily` (symbols) is the session's row of a user's file of daily bars, where there is one.
    """
    if studies.rows == 0:
        return
    # What was restored had coarser bars in progress, and they end with the session.
    for stream in range(1, len(studies.streams) - 1):
        # Their number is of use to no study of a coarser bar.
        update_stream(studies, state, stream, studies.streams[stream, STREAM_BARS], daily)
    for i in range(studies.streams[1, STREAM_BEGIN]):
        kind, row = studies.of[i, STUDY_KIND], studies.of[i, STUDY_ROW]
        length = studies.of[i, STUDY_LENGTH]
        for s in range(state.shape[1]):
            if kind == DAILY:
                bar = row + DAILY_BAR
                high, low, close = state[bar, s], state[bar + BAR_LOW, s], state[bar + BAR_CLOSE, s]
                volume = state[bar + BAR_VOLUME, s]
                if has_daily_file:
                    high, low, close = daily.high[s], daily.low[s], daily.close[s]
                    volume = daily.volume[s]
                    if state[FROM_DAY, s] > state[TODAY, s]:
                        close = math.nan
                take_daily_bar(state, row, length, s, high, low, close, volume)
                clear_bar(state, bar, s)
            elif kind == OPENING:
                end_opening(state, row, studies.of[i, STUDY_SECOND], s)


def update_stream(studies: Studies, state: Floats, stream: int, bar: int, prices: Prices) -> None:
    """Take one closed bar of every symbol into the studies of a stream.

    That is a bar of `prices` for the first stream; of the others it is the bar in progress, which
    begins anew.
    """
    _, high, low, close, volume = prices
    progress = studies.streams[stream, STREAM_ROW]
    if stream > 0:
        high, low = state[progress + BAR_HIGH], state[progress + BAR_LOW]
        close, volume = state[progress + BAR_CLOSE], state[progress + BAR_VOLUME]
    for i in range(
        studies.streams[stream, STREAM_BEGIN], studies.streams[stream + 1, STREAM_BEGIN]
    ):
        kind, row = studies.of[i, STUDY_KIND], studies.of[i, STUDY_ROW]
        length = studies.of[i, STUDY_LENGTH]
        if kind == DAILY:
            merge_bars(state, row + DAILY_BAR, high, low, close, volume)
            continue
        for s in range(len(close)):
            if math.isnan(close[s]):
                continue
            if kind == ATR:
                update_atr(state, row, row + ATR_COUNT, length, s, high[s], low[s], close[s])
            elif kind == MEAN_VOLUME:
                update_mean_volume(state, row, length, s, volume[s])
            elif kind == EMA:
                update_ema(state, row, length, s, close[s])
            elif kind == CLOSE:
                state[row, s] = close[s]
            elif kind == VOLUME_BEFORE:
                update_volume_before(state, row, length, s, volume[s])
            elif kind == SMA:
                update_sma(state, row, length, s, close[s])
            elif kind == RSI:
                update_rsi(state, row, length, s, close[s])
            elif kind == MACD:
                slow, signal = studies.of[i, STUDY_SECOND], studies.of[i, STUDY_THIRD]
                update_macd(state, row, length, slow, signal, s, close[s])
            elif kind == BOLLINGER:
                update_bollinger(state, row, length, studies.deviations[i], s, close[s])
            elif kind == VWAP:
                update_vwap(state, row, s, high[s], low[s], close[s], volume[s])
            elif kind == OPENING:
                update_opening(state, row, length, bar, s, volume[s])
    if stream > 0:
        for s in range(state.shape[1]):
            clear_bar(state, progress, s)
