"""The chain of providers, and the breaker that leaves one alone."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from blocks.process.clocks import ReplayClock
from blocks.providers.access import AlpacaAccess, Feed, ProviderAccess
from blocks.providers.chain import ProviderChain
from blocks.providers.choose import make_live_provider, make_provider
from blocks.providers.circuit_breaker import CircuitBreaker
from blocks.providers.errors import (
    CircuitOpen,
    NotConnected,
    RangeTooLong,
    RateLimited,
    Unauthorized,
    UnknownSymbol,
)
from blocks.providers.fetched_bars import FetchedBars, no_bars, rows_or_raise
from blocks.providers.timely_source import TimelySource
from tests.unit.blocks.providers.fetched import simulated
from trading.errors import BadInput, OpenbellError, SourceUnavailable, StoreUnavailable
from trading.market.bars import BarRows
from trading.market.calendar import Session, sessions_between, to_microseconds

SYMBOLS = ("AAPL", "MSFT", "SPY")
SESSION = sessions_between("NYSE", date(2025, 11, 4), date(2025, 11, 4))[0]
NOW = SESSION.bar_end(2, 5) + timedelta(seconds=5)
BAR = (SESSION.bar_start(2, 5), SESSION.bar_end(2, 5))
DOWN = NotConnected("it is down", "Wait")


class FakeSource:
    """Bars of some symbols, failures of others."""

    def __init__(
        self, name: str, has: Sequence[str], failures: dict[str, OpenbellError] | None = None,
        error: OpenbellError | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self._has = tuple(has)
        self._failures = failures or {}
        self._error = error
        self.asked: list[tuple[str, ...]] = []

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        self.asked.append(tuple(symbols))
        if self._error is not None:
            raise self._error
        mine = [symbol for symbol in symbols if symbol in self._has]
        failures = {name: error for name, error in self._failures.items() if name in symbols}
        if not mine:
            return no_bars(symbols, failures)
        bars = simulated(mine, [SESSION], NOW, self.name).within(start, end)
        return bars.of(symbols).failing(failures)

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        if self._error is not None:
            raise self._error
        return simulated(self._has, [SESSION], NOW).rows if self._has else None

    def newest_prices(self, session: Session) -> dict[str, float]:
        return {symbol: float(len(self.name)) for symbol in self._has}

    def rows(
        self, symbols: Sequence[str], session: Session, start: datetime, end: datetime
    ) -> BarRows:
        return rows_or_raise(self.fetch(symbols, start, end), self.name)


def test_the_newest_price_is_that_of_the_first_source_that_knows_one() -> None:
    chain = ProviderChain([FakeSource("stream", ["MSFT"]), FakeSource("y", ["AAPL", "MSFT"])], 5)
    assert chain.newest_prices(SYMBOLS, SESSION, NOW) == {"MSFT": 6.0, "AAPL": 1.0}


def test_each_symbol_comes_from_the_first_source_that_has_it() -> None:
    first = FakeSource("stream", ["MSFT"], {"AAPL": DOWN})
    second = FakeSource("yahoo", ["AAPL", "MSFT"])
    chain = ProviderChain([first, second], 5)
    fetched = chain.fetch(SYMBOLS, *BAR)
    assert chain.name == "stream > yahoo"
    assert chain.feed_of == {"AAPL": "yahoo", "MSFT": "stream"}
    assert second.asked == [("AAPL", "SPY")]
    assert fetched.rows.symbol.tolist() == [0, 1]
    assert [fetched.sources[index] for index in fetched.source] == ["yahoo", "stream"]
    assert set(fetched.fetched_us.tolist()) == {to_microseconds(NOW)}
    alone = simulated(["AAPL"], [SESSION], NOW).within(*BAR).rows
    assert fetched.rows.close[0] == alone.close[0]


@pytest.mark.parametrize(
    ("fetched_after", "late"),
    [
        (timedelta(seconds=-1), {"AAPL"}),
        (timedelta(minutes=-4), {"AAPL"}),
        (timedelta(0), set()),
        (timedelta(seconds=5), set()),
    ],
)
def test_a_bar_that_came_before_its_end_is_late_and_each_names_its_feed(
    fetched_after: timedelta, late: set[str]
) -> None:
    start, end = BAR
    came = FakeSource("stream", ["AAPL"])
    bars = simulated(["AAPL"], [SESSION], NOW, "stream").within(start, end)
    moment = np.full(len(bars.rows), to_microseconds(end + fetched_after))
    came.fetch = lambda *asked: replace(bars, fetched_us=moment)  # type: ignore[method-assign]
    chain = ProviderChain([came], 5)
    chain.rows(("AAPL",), SESSION, start, end)
    assert set(chain.late) == late
    assert chain.feed_of == {"AAPL": "stream"}


def test_a_symbol_that_nobody_has_is_absent_with_every_reason() -> None:
    chain = ProviderChain(
        [
            FakeSource("stream", ["AAPL", "MSFT"], {"SPY": DOWN}),
            FakeSource("yahoo", [], {"SPY": UnknownSymbol("no SPY", "Check")}),
        ],
        5,
    )
    rows = chain.rows(SYMBOLS, SESSION, *BAR)
    assert set(rows.symbol.tolist()) == {0, 1}
    assert list(chain.reasons) == ["SPY"]
    assert chain.reasons["SPY"] == "stream: it is down. Wait; yahoo: no SPY. Check"


def test_where_no_bar_is_due_nothing_is_a_failure() -> None:
    chain = ProviderChain([FakeSource("yahoo", [])], 5)
    assert len(chain.rows(SYMBOLS, SESSION, *BAR)) == 0
    assert chain.reasons["AAPL"] == "yahoo: no bar was due"


def test_when_all_fail_the_source_is_unavailable_whatever_the_reasons() -> None:
    chain = ProviderChain(
        [FakeSource("yahoo", [], dict.fromkeys(SYMBOLS, UnknownSymbol("no such", "Check")))], 5
    )
    with pytest.raises(SourceUnavailable, match="no such"):
        chain.rows(SYMBOLS, SESSION, *BAR)


def test_a_source_that_refuses_the_range_leaves_it_to_the_next() -> None:
    error = RangeTooLong("too long ago", "Later")
    chain = ProviderChain([FakeSource("yahoo", [], error=error), FakeSource("own", SYMBOLS)], 5)
    assert len(chain.fetch(SYMBOLS, *BAR).rows) == 3
    assert set(chain.feed_of.values()) == {"own"}


def test_history_comes_from_the_first_source_that_has_one() -> None:
    empty, down = FakeSource("stream", []), FakeSource("yahoo", [], error=DOWN)
    full = FakeSource("own", SYMBOLS)
    assert ProviderChain([empty, down, full], 5).history(SYMBOLS, SESSION) is not None
    assert ProviderChain([empty], 5).history(SYMBOLS, SESSION) is None
    with pytest.raises(SourceUnavailable):
        ProviderChain([empty, down], 5).history(SYMBOLS, SESSION)


def test_everything_fetched_is_kept() -> None:
    kept: list[FetchedBars] = []
    ProviderChain([FakeSource("yahoo", SYMBOLS)], 5, kept.append).rows(SYMBOLS, SESSION, *BAR)
    assert len(kept[0].rows) == 3


def test_bars_that_cannot_be_kept_are_traded_on_and_kept_later() -> None:
    kept: list[FetchedBars] = []
    is_full = True

    def keep(fetched: FetchedBars) -> None:
        if is_full:
            raise StoreUnavailable("2025-11.parquet cannot be read as bars", "Move it away")
        kept.append(fetched)

    chain = ProviderChain([FakeSource("yahoo", SYMBOLS)], 5, keep)
    assert len(chain.rows(SYMBOLS, SESSION, *BAR)) == 3
    assert "2025-11.parquet cannot be read as bars. Move it away" in chain.troubles["archive"]
    is_full = False
    chain.rows(SYMBOLS, SESSION, SESSION.bar_start(1, 5), SESSION.bar_end(1, 5))
    assert [int(bars.rows.start_us[0]) for bars in kept] == [
        to_microseconds(SESSION.bar_start(bar, 5)) for bar in (2, 1)
    ]
    assert chain.troubles == {}


def test_a_refused_key_is_told_although_the_next_source_serves() -> None:
    refused = Unauthorized("finnhub refuses the key (HTTP 401)", "Check FINNHUB_API_KEY")
    stream = FakeSource("stream", [], dict.fromkeys(SYMBOLS, refused))
    chain = ProviderChain([stream, FakeSource("yahoo", SYMBOLS)], 5)
    assert len(chain.rows(SYMBOLS, SESSION, *BAR)) == 3
    assert chain.troubles == {"stream": str(refused)}
    stream._has, stream._failures = SYMBOLS, {}
    chain.rows(SYMBOLS, SESSION, *BAR)
    assert chain.troubles == {}


KEY = SecretStr("planted-key")
ALPACA = AlpacaAccess(KEY, KEY, Feed.IEX)


@pytest.mark.parametrize(
    ("access", "name"),
    [
        (ProviderAccess(), "yahoo"),
        (ProviderAccess(finnhub_key=KEY), "finnhub stream > yahoo > finnhub"),
        (ProviderAccess(("finnhub",), finnhub_key=KEY), "finnhub stream > finnhub"),
        (ProviderAccess(("yahoo",), finnhub_key=KEY, alpaca=ALPACA), "yahoo"),
        (
            ProviderAccess(("yahoo", "alpaca"), alpaca=ALPACA),
            "yahoo > alpaca:iex stream > alpaca:iex",
        ),
        (
            ProviderAccess(finnhub_key=KEY, alpaca=ALPACA),
            "alpaca:iex stream > alpaca:iex > finnhub stream > yahoo > finnhub",
        ),
    ],
)
def test_a_live_session_reads_the_providers_in_their_order_and_streams_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, access: ProviderAccess, name: str
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    chain = make_live_provider(SYMBOLS, "NYSE", 5, ReplayClock(NOW), tmp_path, access)
    assert chain.name == name
    # One that is silent does not keep the others from being asked.
    assert {type(source) for source in chain._sources} == {TimelySource}
    assert "planted-key" not in f"{chain} {vars(chain)}"
    chain.close()


def test_who_lacks_what_it_needs_is_left_out_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    place = (5, ReplayClock(NOW), tmp_path)
    with_alpaca = ProviderAccess(alpaca=ALPACA)
    assert make_provider("chain", "NYSE", *place, with_alpaca).name == "alpaca:iex > yahoo"
    # Alpaca has no other exchanges.
    assert make_provider("chain", "LSE", *place, with_alpaca).name == "yahoo"
    for name, access, words in (
        ("alpaca", ProviderAccess(), "Set ALPACA_API_KEY, ALPACA_SECRET_KEY and ALPACA_FEED"),
        ("finnhub", ProviderAccess(), "Set FINNHUB_API_KEY"),
        (
            "chain",
            ProviderAccess(("alpaca", "finnhub")),
            "none of alpaca, finnhub can be asked: .* finnhub needs a key.* Name yahoo",
        ),
        ("polygon", ProviderAccess(), "Use one of alpaca, yahoo, finnhub, chain"),
    ):
        with pytest.raises(BadInput, match=words):
            make_provider(name, "NYSE", *place, access)
    with pytest.raises(BadInput, match=r"alpaca has no bars of LSE\. Use one of NASDAQ, NYSE"):
        make_provider("chain", "LSE", *place, ProviderAccess(("alpaca",), alpaca=ALPACA))


def test_without_the_extra_one_line_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    for module in [name for name in sys.modules if name.startswith("blocks.providers.alpaca.")]:
        monkeypatch.delitem(sys.modules, module)
    # As Python finds a package that is not there.
    for module in [name for name in sys.modules if name.split(".")[0] == "alpaca"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [_Lacks("alpaca"), *sys.meta_path])
    with pytest.raises(BadInput) as caught:
        make_provider(
            "alpaca", "NYSE", 5, ReplayClock(NOW), tmp_path, ProviderAccess(alpaca=ALPACA)
        )
    assert f"{sys.executable} -m pip install 'alpaca-py" in str(caught.value)


class _Lacks:
    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, *_: object) -> None:
        if name == self.package or name.startswith(f"{self.package}."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def breaker(clock: ReplayClock) -> CircuitBreaker:
    return CircuitBreaker("yahoo", clock.now, failures=3, jitter=lambda: 0.0)


def test_the_circuit_opens_after_failures_in_a_row_and_rests_longer_each_time() -> None:
    clock = ReplayClock(datetime(2025, 11, 4, 15, tzinfo=UTC))
    circuit = breaker(clock)
    rests = []
    for _ in range(3):
        circuit.failed(DOWN)
    for rest in (30, 60, 120, 240, 480, 900, 900):
        clock._now += timedelta(seconds=rest - 1)
        with pytest.raises(CircuitOpen, match=r"until .* UTC: it is down"):
            circuit.check()
        clock._now += timedelta(seconds=1)
        circuit.check()
        circuit.failed(DOWN)
        rests.append(rest)
    assert len(rests) == 7


def test_a_success_between_failures_keeps_the_circuit_closed() -> None:
    circuit = breaker(ReplayClock(NOW))
    for _ in range(5):
        circuit.failed(DOWN)
        circuit.failed(DOWN)
        circuit.succeeded()
        circuit.check()


def test_too_many_requests_open_the_circuit_at_once_for_as_long_as_asked() -> None:
    clock = ReplayClock(NOW)
    circuit = breaker(clock)
    circuit.failed(RateLimited("429", "Wait", retry_after_s=100))
    clock._now += timedelta(seconds=99)
    with pytest.raises(CircuitOpen):
        circuit.check()
    clock._now += timedelta(seconds=1)
    circuit.check()


class SilentSource(FakeSource):
    """Answers nothing until it is let go, or to its first question."""

    def __init__(self, name: str, has: Sequence[str] = SYMBOLS) -> None:
        super().__init__(name, has)
        self.let_go = threading.Event()

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        answer = super().fetch(symbols, start, end)
        self.let_go.wait(60)
        return answer

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        self.let_go.wait(60)
        return super().history(symbols, before)


@pytest.fixture
def silent() -> Iterator[SilentSource]:
    source = SilentSource("silent")
    yield source
    source.let_go.set()


def test_a_silent_source_costs_no_symbol_its_bar_where_another_has_it(silent: SilentSource) -> None:
    timely = TimelySource(silent, 0.01)
    chain = ProviderChain([timely, FakeSource("y", SYMBOLS)], 5)
    for _ in range(2):
        chain.rows(SYMBOLS, SESSION, *BAR)
        assert chain.feed_of == dict.fromkeys(SYMBOLS, "y")
    # It was not asked a second time beside the first.
    assert silent.asked == [SYMBOLS]
    silent.let_go.set()
    assert timely._thread is not None
    timely._thread.join()
    timely._silence_s = 60
    chain.rows(SYMBOLS, SESSION, *BAR)
    assert chain.feed_of == dict.fromkeys(SYMBOLS, "silent")


def test_the_past_comes_from_the_next_source_too(silent: SilentSource) -> None:
    chain = ProviderChain([TimelySource(silent, 0.01), FakeSource("y", ["SPY"])], 5)
    assert chain.history(["SPY"], SESSION) is not None


def test_where_no_source_answers_it_is_said_which_one_was_silent(silent: SilentSource) -> None:
    chain = ProviderChain([TimelySource(silent, 0.01), FakeSource("y", [], error=DOWN)], 5)
    with pytest.raises(SourceUnavailable):
        chain.rows(SYMBOLS, SESSION, *BAR)
    assert "silent: silent did not answer within" in chain.reasons["SPY"]


def test_what_a_timely_source_raises_and_knows_is_the_source_s_own() -> None:
    source = TimelySource(FakeSource("y", ["MSFT"], error=DOWN), 60)
    with pytest.raises(NotConnected) as raised:
        source.fetch(["MSFT"], *BAR)
    assert raised.value is DOWN
    assert source.newest_prices(SESSION) == {"MSFT": 1.0}
