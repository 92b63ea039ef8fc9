"""A simulated market: bars that look like a stock's, reproducible from a seed.

A price at an opening or a close is a function of seed, symbol and date alone, so that any
session can be had without those before it. Inside the session a random walk of twenty steps a
minute joins the two, and bars of any length are cut from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import BarRows, Floats
from trading.market.calendar import (
    MICROSECONDS_PER_MINUTE,
    Session,
    make_grid,
    sessions_between,
    to_microseconds,
)
from trading.seed import check_seed

DEFAULT_SEED = 1
STEPS_PER_MINUTE = 20
WARM_UP_SESSIONS = 20
_WARM_UP_SPAN = timedelta(days=45)

# Price time: a weekday's hours are 7 units and its night 1, a day of a weekend is 1 in all.
_UNITS_PER_DAY = 8
_UNITS_PER_WEEK = 5 * _UNITS_PER_DAY + 2
# Anchors this many units (about three months) apart are independent, so no price drifts away.
_ANCHOR_UNITS = 512
_VOLUME_NOISE = 0.35

Unsigned = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class SimulatedStock:
    """A symbol's character: its key for random numbers, usual price USD, and a day's figures."""

    key: int
    price: float
    daily_volatility: float
    daily_volume: float


def sessions_to_warm_up(exchange: str, first: date) -> list[Session]:
    """Return the simulated sessions before a date that settle the indicators.

    A simulated market has no first day, so backtest and live session agree on this many.
    """
    found = sessions_between(exchange, first - _WARM_UP_SPAN, first - timedelta(days=1))
    return found[-WARM_UP_SESSIONS:]


def simulated_rows(
    symbols: Sequence[str],
    sessions: Sequence[Session],
    interval_minutes: int,
    *,
    seed: int = DEFAULT_SEED,
) -> BarRows:
    """Return every bar of the sessions for every symbol, by session, symbol and time.

    A session's bars depend on seed, symbol and date only. Bars longer than a minute are those
    that one-minute bars aggregate to. Raises BadInput for a negative seed or no bar length.
    """
    check_seed(seed)
    stocks = [simulated_stock(symbol, seed) for symbol in symbols]
    if not sessions or not stocks:
        make_grid([], interval_minutes)
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        return BarRows(none, none, nothing, nothing, nothing, nothing, nothing, interval_minutes)
    grid = make_grid(list(sessions), interval_minutes)
    starts = np.array([_open_units(session.date) for session in sessions], dtype=np.int64)
    hours = np.array([_hours_units(session.date) for session in sessions], dtype=np.int64)
    borders = [(_level(stock, starts), _level(stock, starts + hours)) for stock in stocks]
    parts: list[list[Floats]] = []
    code, start_us = [], []
    for number, session in enumerate(sessions):
        bar_starts = grid.start_us[grid.first_row[number] : grid.first_row[number + 1]]
        for index, stock in enumerate(stocks):
            opens, closes = borders[index]
            minutes = _minutes(stock, session, seed, float(opens[number]), float(closes[number]))
            parts.append(_aggregated(minutes, interval_minutes))
            code.append(np.full(len(bar_starts), index, dtype=np.int64))
            start_us.append(bar_starts)
    opened, high, low, close, volume = map(np.concatenate, zip(*parts, strict=True))
    return BarRows(
        np.concatenate(code),
        np.concatenate(start_us),
        opened,
        high,
        low,
        close,
        volume,
        interval_minutes,
    )


def simulated_stock(symbol: str, seed: int) -> SimulatedStock:
    """Return the character of a symbol: price 30 to 450 USD, 1 to 2 % a day, 1 to 40 m shares."""
    digest = hashlib.blake2b(f"{seed}:{symbol}".encode(), digest_size=32).digest()
    key = int.from_bytes(digest[:8], "big")
    shares = [int.from_bytes(digest[at : at + 8], "big") / 2**64 for at in (8, 16, 24)]
    return SimulatedStock(key, 30 * 15 ** shares[0], 0.01 + 0.01 * shares[1], 1e6 * 40 ** shares[2])


def _open_units(day: date) -> int:
    week, weekday = divmod(day.toordinal() - 1, 7)
    return week * _UNITS_PER_WEEK + _UNITS_PER_DAY * min(weekday, 5) + max(0, weekday - 5)


def _hours_units(day: date) -> int:
    return _UNITS_PER_DAY - 1 if day.weekday() < 5 else 1


def _level(stock: SimulatedStock, units: NDArray[np.int64]) -> Floats:
    """Return prices at moments of price time: bridges between anchors, halved and halved again.

    Source: Levy's construction of Brownian motion by displaced midpoints.
    """
    per_unit = stock.daily_volatility / np.sqrt(_UNITS_PER_DAY)
    left = units // _ANCHOR_UNITS * _ANCHOR_UNITS
    right = left + _ANCHOR_UNITS
    spread = per_unit * np.sqrt(_ANCHOR_UNITS / 2)
    low, high = spread * _normal(stock, left), spread * _normal(stock, right)
    while np.any(right - left > 1):
        middle = (left + right) // 2
        sigma = per_unit * np.sqrt(np.maximum(right - left, 2) / 4)
        value = (low + high) / 2 + sigma * _normal(stock, middle)
        above = units >= middle
        left, low = np.where(above, middle, left), np.where(above, value, low)
        right, high = np.where(above, right, middle), np.where(above, high, value)
    prices: Floats = stock.price * np.exp(low)
    return prices


def _normal(stock: SimulatedStock, units: NDArray[np.int64]) -> Floats:
    """Return a standard normal number for each moment, the same whichever are asked for."""
    first = _hashed(units.astype(np.uint64) * np.uint64(2) ^ np.uint64(stock.key))
    second = _hashed(first ^ np.uint64(stock.key))
    uniform = ((first >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53
    angle = (second >> np.uint64(11)).astype(np.float64) / 2**53
    normal: Floats = np.sqrt(-2 * np.log(uniform)) * np.cos(2 * np.pi * angle)
    return normal


def _hashed(values: Unsigned) -> Unsigned:
    """Return well-mixed 64-bit numbers. Source: splitmix64 (Steele, Lea, Flood 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _minutes(
    stock: SimulatedStock, session: Session, seed: int, opened: float, closed: float
) -> list[Floats]:
    """Return open, high, low, close and volume of each minute of a session."""
    length_us = to_microseconds(session.close) - to_microseconds(session.open)
    minutes = -(-length_us // MICROSECONDS_PER_MINUTE)
    generator = np.random.default_rng([seed, stock.key, session.date.toordinal()])
    points = minutes * STEPS_PER_MINUTE
    # As much variance as price time gives the session: the bridge is then a plain random walk.
    share_of_day = _hours_units(session.date) / _UNITS_PER_DAY
    sigma = stock.daily_volatility * np.sqrt(share_of_day / points)
    walk = np.cumsum(sigma * generator.standard_normal(points))
    walk -= walk[0]
    share = np.arange(points) / (points - 1)
    path = opened * np.exp(walk + share * (np.log(closed / opened) - walk[-1]))
    cents = (np.floor(path * 100 + 0.5) / 100).reshape(minutes, STEPS_PER_MINUTE)
    of_day = (np.arange(minutes) + 0.5) / minutes
    # Trading is heavy after the open and before the close, and thin at noon.
    shape = 0.5 + 6 * np.abs(of_day - 0.5) ** 2
    noise = np.exp(_VOLUME_NOISE * generator.standard_normal(minutes))
    busy = np.exp(_VOLUME_NOISE * generator.standard_normal())
    volume = np.floor(stock.daily_volume * busy / 390 * shape * noise) + 1
    return [cents[:, 0], cents.max(axis=1), cents.min(axis=1), cents[:, -1], volume]


def _aggregated(minutes: list[Floats], interval_minutes: int) -> list[Floats]:
    opened, high, low, close, volume = minutes
    begin = np.arange(0, len(opened), interval_minutes)
    last = np.append(begin[1:], len(opened)) - 1
    return [
        opened[begin],
        np.maximum.reduceat(high, begin),
        np.minimum.reduceat(low, begin),
        close[last],
        np.add.reduceat(volume, begin),
    ]
