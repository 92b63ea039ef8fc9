"""The real alpaca-py against a server that speaks Alpaca's data protocol, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from blocks.markets.random_walk import simulated_rows
from blocks.process.clocks import ReplayClock
from blocks.providers.access import Adjustment, AlpacaAccess, Feed
from blocks.providers.alpaca.market import AlpacaMarket
from blocks.providers.errors import (
    BadAnswer,
    NothingThere,
    NotInPlan,
    RateLimited,
    Unauthorized,
    UnknownSymbol,
)
from blocks.providers.fetched_bars import DAY_MINUTES, FetchedBars
from blocks.providers.page_store import PageStore, drop_pages
from tests.process.blocks.providers.outcomes import rows_as_lists
from tests.servers import alpaca_server as alpaca
from tests.servers.alpaca_server import AlpacaServer
from tests.servers.https_server import DROP, HTML, Answer, as_json
from tests.servers.tls import Authority
from trading.errors import BadInput, OpenbellError
from trading.market.calendar import sessions_between

KEYS = ("PLANTEDALPACAKEY01", "planted-alpaca-secret-5eed")
SYMBOLS = ("AAPL", "BRK-B", "MSFT")
NAMES = ("AAPL", "BRK.B", "MSFT")
# The Monday's half-day is none of NYSE's; two whole weeks are enough for several pages.
SESSIONS = sessions_between("NYSE", date(2025, 6, 2), date(2025, 6, 10))
FIRST, LAST = SESSIONS[0], SESSIONS[-1]
ROWS = simulated_rows(SYMBOLS, SESSIONS, 1, seed=3)


@dataclass
class World:
    server: AlpacaServer
    now: datetime = LAST.close + timedelta(hours=8)
    waited: list[float] = field(default_factory=list)

    def market(self, minutes: int = 5, **options: Any) -> AlpacaMarket:
        access = AlpacaAccess(
            SecretStr(options.pop("key", KEYS[0])), SecretStr(KEYS[1]),
            options.pop("feed", Feed.SIP), options.pop("adjustment", Adjustment.SPLIT),
            self.server.url,
        )  # fmt: skip
        usual: dict[str, Any] = {"wait": self.waited.append, "jitter": lambda: 0.5}
        clock = ReplayClock(self.now)
        return AlpacaMarket(access, "NYSE", minutes, clock, **(usual | options))

    def fetch(
        self, minutes: int = 5, symbols: tuple[str, ...] = SYMBOLS, **options: Any
    ) -> FetchedBars:
        market = self.market(minutes, **options)
        try:
            return market.fetch(symbols, FIRST.open, LAST.close)
        finally:
            market.close()

    def pages(self) -> list[str]:
        """Return the tokens of the pages of bars that were asked for, in order."""
        return [request.query.get("page_token", "") for request in self.server.server.asked("bars")]


@pytest.fixture
def world() -> Iterator[World]:
    with AlpacaServer(ROWS, NAMES, KEYS, page_rows=1000).running() as server:
        yield World(server)


def expected(minutes: int, symbols: tuple[str, ...] = SYMBOLS) -> list[list[Any]]:
    """Return the bars of the same minutes as the calendar cuts them."""
    rows = simulated_rows(SYMBOLS, SESSIONS, minutes, seed=3)
    kept = np.isin(rows.symbol, [SYMBOLS.index(symbol) for symbol in symbols])
    return rows_as_lists(rows.take(kept), SYMBOLS)


def bars_of(fetched: FetchedBars) -> list[list[Any]]:
    return rows_as_lists(fetched.rows, fetched.symbols)


def reason(fetched: FetchedBars) -> OpenbellError:
    """Return the one reason for which no symbol has a bar."""
    assert not len(fetched.rows)
    (failure,) = {str(error): error for error in fetched.failures.values()}.values()
    assert set(fetched.failures) == set(fetched.symbols)
    assert not any(word in str(failure) for word in KEYS)
    return failure


@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60])
def test_bars_arrive_exactly_and_nothing_of_early_or_late_trading(
    world: World, minutes: int
) -> None:
    fetched = world.fetch(minutes)
    assert bars_of(fetched) == expected(minutes)
    assert fetched.sources == ("alpaca:sip",)
    assert (fetched.failures, fetched.notes) == ({}, ())
    assert len(world.pages()) > 1 or minutes > 5


def test_daily_bars_bear_the_open_of_their_session(world: World) -> None:
    fetched = world.fetch(DAY_MINUTES)
    rows = ROWS.take(ROWS.symbol == 1)
    days = rows_as_lists(fetched.rows.take(fetched.rows.symbol == 1), SYMBOLS)
    assert [day[1] for day in days] == [
        round(session.open.timestamp()) * 1_000_000 for session in SESSIONS
    ]
    assert days[0][2] == rows.open[0]
    assert sum(day[6] for day in days) == rows.volume.sum()


def test_the_question_names_feed_adjustment_and_the_keys_in_headers_alone(world: World) -> None:
    fetched = world.fetch(feed=Feed.IEX, adjustment=Adjustment.RAW)
    first = world.server.server.asked("bars")[0]
    assert (first.query["feed"], first.query["adjustment"]) == ("iex", "raw")
    assert first.query["symbols"] == "AAPL,BRK.B,MSFT"
    assert not any(word in str(first.query) for word in KEYS)
    # What is adjusted otherwise is another series, and never joined with the usual one.
    assert fetched.sources == ("alpaca:iex:raw",)
    assert "alpaca:iex" in repr(world.market(feed=Feed.IEX))
    assert KEYS[0] not in repr(world.market())


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (alpaca.BAD_KEY, Unauthorized, "Check ALPACA_API_KEY and ALPACA_SECRET_KEY"),
        (as_json({"message": "authorization required."}, 401), Unauthorized, "refuses the keys"),
        (alpaca.NOT_IN_PLAN, NotInPlan, "does not cover the feed sip"),
        (alpaca.NOT_IN_PLAN, NotInPlan, "Set ALPACA_FEED=iex"),
        (alpaca.TOO_MANY, RateLimited, "ALPACA_RATE_LIMIT"),
        (Answer(429, b"slow down", "text/plain"), RateLimited, "HTTP 429, too many requests"),
        (as_json({"message": "invalid feed"}, 400), BadAnswer, "HTTP 400: invalid feed"),
        (as_json({"message": "Not Found"}, 404), BadAnswer, "ALPACA_DATA_URL"),
        (Answer(503, b"", "text/html"), BadAnswer, "HTTP 503"),
        (HTML, BadAnswer, "something else than JSON"),
        (as_json([1, 2]), BadAnswer, "something else than an answer"),
        (as_json({"bars": [1]}), BadAnswer, "something else than bars"),
        (as_json({"bars": {"AAPL": [{"t": 1}]}}), BadAnswer, "something else than bars"),
        (as_json({"bars": {}, "next_page_token": 7}), BadAnswer, "token of the next page"),
        (DROP, OpenbellError, "connection to alpaca failed"),
    ],
)
def test_a_failure_has_its_own_name_and_says_what_to_do(
    world: World, answer: Answer, kind: type[OpenbellError], words: str
) -> None:
    world.server.server.always("bars", answer)
    failure = reason(world.fetch())
    assert isinstance(failure, kind)
    assert words in str(failure)
    # Only what may pass is tried again, and for no longer than a bar has time.
    assert sum(world.waited) <= 6


def test_too_many_requests_are_waited_out_as_long_as_alpaca_says(world: World) -> None:
    reset = str(int(time.time()) + 40)
    limited = Answer(
        429, b'{"message": "too many requests."}', headers={"X-Ratelimit-Reset": reset}
    )
    later = Answer(429, b"{}", headers={"Retry-After": "7"})
    world.server.server.script("bars", None, limited, later, alpaca.TOO_MANY)
    fetched = world.fetch(patience_s=200)
    assert bars_of(fetched) == expected(5)
    # As told by the reset, by Retry-After, and a whole minute where nothing is told.
    assert 30 <= world.waited[0] <= 41
    assert world.waited[1:] == [8, 60]
    # The pages before and after were asked for once.
    assert sum(world.server.answered.values()) == len(world.server.answered)


def test_a_fetch_outlasts_minutes_of_too_many_requests_and_no_such_silence(world: World) -> None:
    world.server.server.script("bars", None, *[alpaca.TOO_MANY] * 4)
    assert bars_of(world.fetch(patience_s=60, limited_s=300)) == expected(5)
    assert world.waited == [60, 60, 60, 60]
    world.server.server.script("bars", *[alpaca.TOO_MANY] * 6)
    assert isinstance(reason(world.fetch(patience_s=60, limited_s=300)), RateLimited)


def test_a_page_that_is_cut_short_is_asked_for_again(world: World) -> None:
    whole = b'{"bars": {"AAPL": [{"t": "2025-06-02T13:30:00Z", "o": 1'
    cut = Answer(200, whole, headers={"Content-Length": str(len(whole) + 500)})
    world.server.server.script("bars", None, cut, Answer(200, whole))
    assert bars_of(world.fetch(patience_s=60)) == expected(5)


@pytest.mark.parametrize("page", [0, 1, 3])
def test_pages_that_end_early_are_asked_for_their_rest(world: World, page: int) -> None:
    def end_early(number: int, document: dict[str, Any]) -> None:
        if number == page:
            document["next_page_token"] = None

    world.server.tamper = end_early
    assert bars_of(world.fetch(1)) == expected(1)


def test_a_page_that_comes_twice_counts_once(world: World) -> None:
    sent: list[dict[str, Any]] = []

    def repeat(number: int, document: dict[str, Any]) -> None:
        if number == 2:
            document["bars"] = sent[1]["bars"] | document["bars"]
        sent.append(dict(document))

    world.server.tamper = repeat
    assert bars_of(world.fetch(1)) == expected(1)


def test_pages_in_a_circle_are_named_and_not_read_for_ever(world: World) -> None:
    tokens: list[str | None] = []

    def turn(number: int, document: dict[str, Any]) -> None:
        tokens.append(document["next_page_token"])
        if number == 3:
            document["next_page_token"] = tokens[0]

    world.server.tamper = turn
    failure = reason(world.fetch(1))
    assert "go in a circle" in str(failure)
    assert len(world.pages()) == 4


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("NOPE", "alpaca:sip has no bar of NOPE from 2025-06-02 to 2025-06-10"),
        ("FB", "it was renamed META on 2022-06-09"),
        ("GONE", "it was removed on 2024-03-01"),
    ],
)
def test_a_symbol_without_bars_is_named_and_the_others_come(
    world: World, symbol: str, words: str
) -> None:
    world.server.actions = {
        "name_changes": [
            {"old_symbol": "FB", "new_symbol": "META", "process_date": "2022-06-09"},
        ],
        "worthless_removals": [{"symbol": "GONE", "process_date": "2024-03-01"}],
    }
    fetched = world.fetch(symbols=(*SYMBOLS, symbol))
    assert bars_of(fetched) == expected(5)
    assert list(fetched.failures) == [symbol]
    # There are none, which nobody needs to ask again.
    assert isinstance(fetched.failures[symbol], NothingThere)
    assert words in str(fetched.failures[symbol])


def test_a_symbol_that_alpaca_refuses_spoils_no_other(world: World) -> None:
    world.server.invalid = {"^GSPC", "EUR/USD"}
    fetched = world.fetch(symbols=("^GSPC", *SYMBOLS, "EUR/USD"))
    assert bars_of(fetched) == expected(5)
    assert {type(error) for error in fetched.failures.values()} == {UnknownSymbol}
    assert "alpaca takes ^GSPC for no symbol" in str(fetched.failures["^GSPC"])


def test_the_last_minutes_of_sip_are_left_out_with_a_note_where_the_plan_has_none(
    world: World,
) -> None:
    world.now = LAST.close + timedelta(minutes=5)
    world.server.now = lambda: world.now
    fetched = world.fetch()
    there = [row for row in expected(5) if row[1] < (LAST.close.timestamp() - 900) * 1e6]
    assert bars_of(fetched) == there
    (note,) = fetched.notes
    assert "but for the last 15 minutes: bars of the last minutes are left out" in note
    # Iex has them for everybody.
    assert bars_of(world.fetch(feed=Feed.IEX)) == expected(5)


def test_a_live_bar_is_given_when_its_last_minute_is_in(world: World) -> None:
    start, end = LAST.bar_start(20, 5), LAST.bar_end(20, 5)
    world.now = end + timedelta(seconds=5)
    minute = 60_000_000
    last_us = round(end.timestamp()) * 1_000_000 - minute
    market = world.market(feed=Feed.IEX)
    whole = market.fetch(SYMBOLS, start, end)
    assert bars_of(whole) == [
        row for row in expected(5) if row[1] == round(start.timestamp()) * 1_000_000
    ]

    late = ROWS.take(ROWS.start_us < last_us)
    with AlpacaServer(late, NAMES, KEYS, is_regular=True).running() as server:
        half = World(server, world.now).market(feed=Feed.IEX).fetch(SYMBOLS, start, end)
        assert not len(half.rows)
        assert "has no finished bar of AAPL" in str(half.failures["AAPL"])
        # Half a minute later nobody has traded in that minute.
        quiet = World(server, end + timedelta(seconds=40)).market(feed=Feed.IEX)
        assert len(quiet.fetch(SYMBOLS, start, end).rows) == len(SYMBOLS)


def test_splits_come_with_the_bars_in_our_own_names(world: World) -> None:
    world.server.actions = {
        "forward_splits": [
            {"symbol": "BRK.B", "new_rate": 10, "old_rate": 1, "ex_date": "2025-06-07"}
        ],
        "reverse_splits": [
            {"symbol": "MSFT", "new_rate": 1, "old_rate": 4, "ex_date": "2025-06-04"}
        ],
    }
    splits = {split.symbol: split for split in world.fetch().splits}
    assert (splits["BRK-B"].ratio, splits["MSFT"].ratio) == (10, 0.25)
    # From the open of the first session that trades in new shares: that day was a Saturday.
    assert splits["BRK-B"].us == round(SESSIONS[5].open.timestamp()) * 1_000_000
    question = world.server.server.asked("corporate-actions")[0].query
    assert (question["start"], question["end"]) == ("2025-06-02", "2025-06-11")


def test_bars_come_although_splits_cannot_be_asked_for(world: World) -> None:
    world.server.server.always("corporate-actions", alpaca.NOT_IN_PLAN)
    fetched = world.fetch()
    assert bars_of(fetched) == expected(5)
    (note,) = fetched.notes
    assert note.startswith("splits of these days are not known: ")


def test_a_fetch_that_breaks_off_goes_on_with_the_next_page(world: World, tmp_path: Path) -> None:
    store = PageStore(tmp_path / "pages")
    for _ in range(3):
        answered = len(world.server.answered)
        world.server.server.script("bars", None, None, DROP)
        assert "connection to alpaca failed" in str(
            reason(world.fetch(1, pages=store, patience_s=0))
        )
        assert len(world.server.answered) == answered + 2
    fetched = world.fetch(1, pages=store)
    assert bars_of(fetched) == expected(1)
    assert set(world.server.answered.values()) == {1}
    assert len(world.server.answered) == -(-(len(ROWS) + 2 * 3 * len(SESSIONS)) // 1000)
    # Until somebody says that the bars are stored nothing is asked again, and then all of it.
    assert bars_of(world.fetch(1, pages=store)) == expected(1)
    assert set(world.server.answered.values()) == {1}
    drop_pages(fetched.pages)
    assert not (tmp_path / "pages").exists()


@pytest.mark.parametrize("length", [0, 10, -1])
def test_a_page_that_is_torn_on_the_disk_is_asked_for_again(
    world: World, tmp_path: Path, length: int
) -> None:
    store = PageStore(tmp_path / "pages")
    world.fetch(1, pages=store)
    pages = sorted(tmp_path.rglob("*.npz"))
    pages[2].write_bytes(pages[2].read_bytes()[:length])
    assert bars_of(world.fetch(1, pages=store)) == expected(1)


def test_over_tls_it_is_the_same_for_who_is_trusted_and_refused_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    context = authority.server_context(["localhost"])
    with AlpacaServer(ROWS, NAMES, KEYS, context=context).running() as server:
        assert "its certificates" in str(reason(World(server).fetch()))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
        assert bars_of(World(server).fetch()) == expected(5)


@pytest.mark.parametrize(
    ("exchange", "minutes", "words"),
    [("NYSE", 7, "alpaca has no 7-minute bars"), ("LSE", 5, "alpaca has no bars of LSE")],
)
def test_what_alpaca_does_not_have_is_refused_before_it_is_asked(
    world: World, exchange: str, minutes: int, words: str
) -> None:
    access = AlpacaAccess(SecretStr("k"), SecretStr("s"), Feed.IEX, data_url=world.server.url)
    with pytest.raises(BadInput, match=words):
        AlpacaMarket(access, exchange, minutes, ReplayClock(datetime.now(UTC)))
    assert world.server.server.requests == []
