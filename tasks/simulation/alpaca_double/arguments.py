"""The words that start a double, and what they make."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from tasks.backtest.bars import load_bars
from tasks.backtest.request import BacktestRequest, plan_of
from tasks.simulation.alpaca_double.bar_market import CLOSE_AT, OPEN_AT, BarMarket, BarSteps
from tasks.simulation.alpaca_double.double_clock import DoubleClock
from tasks.simulation.alpaca_double.faults import Faults, read_rates
from tasks.simulation.alpaca_double.journal import Journal
from tasks.simulation.alpaca_double.server import Double, Keys, RateLimit
from tasks.simulation.alpaca_model.acceptance import AccountFlags
from tasks.simulation.alpaca_model.assets import Asset
from tasks.simulation.alpaca_model.fill_models import BarFills, FillModel, ImmediateFills
from tasks.simulation.alpaca_model.model import AlpacaModel
from trading.errors import BadInput
from trading.market.bars import Prices
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel_loading import make_panel
from trading.parameters import FillParameters

# How far the broker's calendar reaches beyond the day that is traded.
CALENDAR_DAYS = 10


@dataclass(frozen=True, slots=True)
class DoubleTerms:
    """Of what run a double is; two with equal terms answer equal requests equally."""

    bars: str
    symbols: tuple[str, ...]
    date: str
    interval_minutes: int
    speed: float
    cash: float
    fills: str
    settings: tuple[str, ...]
    not_shortable: tuple[str, ...]
    halted: tuple[str, ...]
    steps: tuple[float, float]
    account: tuple[str, ...] = ()


def parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m tasks.simulation.alpaca_double`."""
    made = argparse.ArgumentParser(
        prog="python -m tasks.simulation.alpaca_double",
        description="A broker that speaks Alpaca's trading API and trades one day of a file of"
        " bars. For trying settings: no money, no keys, nothing beyond this machine.",
    )
    made.add_argument("--bars", type=Path, required=True, metavar="FILE")
    made.add_argument("--symbols", required=True, metavar="A,B")
    made.add_argument("--date", required=True, metavar="YYYY-MM-DD")
    made.add_argument("--interval", type=int, default=5, metavar="MINUTES")
    made.add_argument("--speed", type=float, default=60.0, help="as `run --speed`")
    made.add_argument("--cash", type=float, default=100_000.0, metavar="USD")
    made.add_argument("--port", type=int, default=0, help="0 takes a free one")
    made.add_argument(
        "--fills",
        choices=("bars", "last"),
        default="bars",
        help="by the bars as our own venue, or at once at the last price",
    )
    made.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="settings",
        help="a number of the fills, such as slippage_bps=0",
    )
    made.add_argument("--state", type=Path, metavar="FILE", help="go on from it after a kill")
    made.add_argument("--faults", default="", metavar="NAME=RATE,...")
    made.add_argument("--seed", type=int, default=1, help="of the faults")
    made.add_argument("--rate", type=int, default=0, help="requests a minute, 0 for any number")
    made.add_argument("--key", default="", help="the only key that fits; any when left out")
    made.add_argument("--secret", default="", help="and its secret")
    made.add_argument("--not-shortable", default="", metavar="A,B")
    made.add_argument("--halted", default="", metavar="A,B")
    made.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="account",
        help="how the account is: status=ACCOUNT_CLOSED, is_trading_blocked=yes, may_short=no,"
        " multiplier=1",
    )
    made.add_argument("--open-at", type=float, default=OPEN_AT, help="part of a bar")
    made.add_argument("--close-at", type=float, default=CLOSE_AT, help="part of a bar")
    return made


def make_double(chosen: argparse.Namespace) -> Double:
    """Return the double that arguments ask for, with what its state file holds; raises BadInput."""
    terms = _terms(chosen)
    request = _request(terms)
    rules = plan_of(request).rules()
    loaded = load_bars(request, warm_up=False)
    session = loaded.sessions[0]
    grid = make_grid([session], terms.interval_minutes)
    panel = make_panel(loaded.blocks, grid, loaded.symbols)
    columns = Prices(panel.open, panel.high, panel.low, panel.close, panel.volume)
    fills: FillModel = BarFills(rules) if terms.fills == "bars" else ImmediateFills(rules)
    after = session.date + timedelta(days=CALENDAR_DAYS)
    model = AlpacaModel(
        rules,
        [_asset(symbol, terms) for symbol in terms.symbols],
        sessions_between("NYSE", session.date, after),
        Decimal(str(terms.cash)),
        fills=fills,
    )
    model.flags = read_flags(terms.account)
    market = BarMarket(
        model, [session], loaded.symbols, columns, terms.interval_minutes, BarSteps(*terms.steps)
    )
    journal = Journal(chosen.state, repr(asdict(terms)))
    clock = DoubleClock(session.open, terms.speed, journal.began)
    faults = Faults(read_rates(chosen.faults), chosen.seed)
    if bool(chosen.key) != bool(chosen.secret):
        raise BadInput("--key and --secret go together", "Give both, or neither")
    keys, limit = Keys(chosen.key, chosen.secret), RateLimit(chosen.rate)
    double = Double(model, market, clock, journal, faults, keys, limit)
    double.go_on()
    return double


def read_flags(said: Sequence[str]) -> AccountFlags:
    """Return how an account is by words such as `may_short=no`; raises BadInput."""
    usual = AccountFlags()
    known = {each.name: getattr(usual, each.name) for each in fields(usual) if each.name != "more"}
    found: dict[str, str | int | bool] = {}
    for part in said:
        name, _, value = part.partition("=")
        try:
            kind = type(known[name])
            found[name] = {"yes": True, "no": False}[value] if kind is bool else kind(value)
        except (KeyError, ValueError):
            raise BadInput(
                f"--account {part!r} says nothing of an account",
                f"Write NAME=VALUE, yes or no where it is one, with one of {', '.join(known)}",
            ) from None
    return replace(usual, **found)  # type: ignore[arg-type]


def _asset(symbol: str, terms: DoubleTerms) -> Asset:
    is_shortable = symbol not in terms.not_shortable
    return Asset(
        symbol,
        is_shortable=is_shortable,
        is_easy_to_borrow=is_shortable,
        is_halted=symbol in terms.halted,
    )


def _terms(chosen: argparse.Namespace) -> DoubleTerms:
    for name in ("speed", "cash"):
        value = getattr(chosen, name)
        if not (math.isfinite(value) and value > 0):
            raise BadInput(f"--{name} {value} is no number above 0", f"Give --{name} 60")
    if not 0 <= chosen.open_at < chosen.close_at < 1:
        raise BadInput(
            f"--open-at {chosen.open_at} and --close-at {chosen.close_at} are no parts of a bar",
            "Give two numbers from 0 to below 1, the first one smaller",
        )
    symbols = _names(chosen.symbols)
    others = {name: _names(getattr(chosen, name)) for name in ("not_shortable", "halted")}
    for name, listed in others.items():
        unknown = [symbol for symbol in listed if symbol not in symbols]
        if unknown:
            raise BadInput(
                f"--{name.replace('_', '-')} names {unknown[0]}, which is none of --symbols",
                "Name one of them",
            )
    return DoubleTerms(
        str(chosen.bars),
        symbols,
        chosen.date,
        chosen.interval,
        chosen.speed,
        chosen.cash,
        chosen.fills,
        tuple(chosen.settings),
        others["not_shortable"],
        others["halted"],
        (chosen.open_at, chosen.close_at),
        tuple(chosen.account),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _request(terms: DoubleTerms) -> BacktestRequest:
    try:
        day = date.fromisoformat(terms.date)
    except ValueError as error:
        raise BadInput(f"--date {terms.date!r} is no date", "Write 2025-06-10") from error
    if not terms.symbols:
        raise BadInput("--symbols names none", "Write --symbols AAPL,MSFT")
    return BacktestRequest(
        Path(terms.bars),
        terms.symbols,
        day,
        day,
        terms.interval_minutes,
        terms.cash,
        # Of the plan only the fills are asked; its strategy has to fit the bars all the same.
        settings={**_settings(terms.settings), "range_minutes": terms.interval_minutes},
    )


def _settings(given: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if name not in FillParameters.model_fields or math.isnan(number):
            raise BadInput(
                f"--set {text!r} is no number of the fills",
                f"Write NAME=NUMBER with one of {', '.join(FillParameters.model_fields)}",
            )
        found[name] = number
    return found
