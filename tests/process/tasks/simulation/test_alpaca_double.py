"""The double as its own process, asked by Alpaca's own client library over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetCalendarRequest,
    GetOrderByIdRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
)
from alpaca.trading.stream import TradingStream

from tasks.simulation.alpaca_double.__main__ import listen
from tests.servers.alpaca_double import KEY, SECRET, AlpacaDouble, alpaca_double
from trading.market.calendar import sessions_between

pytest.importorskip("alpaca")
DAY = "2025-06-10"
# The first bar's open is the last price for as long as these tests take, at any machine's pace.
STILL = ("--interval", "60", "--speed", "1", "--fills", "last", "--open-at", "0")


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    opens = sessions_between("NYSE", date.fromisoformat(DAY), date.fromisoformat(DAY))[0].open
    rows = {"symbol": ["AAA", "BBB"], "ts": [opens, opens], "open": [100.0, 50.0]}
    rows |= {"high": [101.0, 51.0], "low": [99.0, 49.0], "close": [100.0, 50.0]}
    path = tmp_path_factory.mktemp("double") / "bars.parquet"
    pl.DataFrame({**rows, "volume": [1e6, 1e6]}).write_parquet(path)
    return path


@pytest.fixture(scope="module")
def double(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlpacaDouble]:
    state = tmp_path_factory.mktemp("state") / "double.jsonl"
    with alpaca_double(bars, ("AAA", "BBB"), DAY, *STILL, "--state", str(state)) as running:
        yield running


@pytest.fixture
def client(double: AlpacaDouble) -> TradingClient:
    return TradingClient(KEY, SECRET, url_override=double.base_url)


def market(symbol: str, qty: float, side: OrderSide, **more: Any) -> MarketOrderRequest:
    return MarketOrderRequest(
        symbol=symbol, qty=qty, side=side, time_in_force=TimeInForce.DAY, **more
    )


def bracket(client: TradingClient, symbol: str, name: str) -> Any:
    price = 100 if symbol == "AAA" else 50
    return client.submit_order(
        market(
            symbol,
            10,
            OrderSide.BUY,
            client_order_id=name,
            order_class=OrderClass.BRACKET,
            take_profit=TakeProfitRequest(limit_price=price + 10),
            stop_loss=StopLossRequest(stop_price=price - 10),
        )
    )


def test_every_endpoint_answers_the_real_client_library(client: TradingClient) -> None:
    """Account, clock, calendar, assets, orders of each class, positions, activities, replace."""
    clock = client.get_clock()
    assert clock.is_open
    assert clock.timestamp.astimezone().date() == date.fromisoformat(DAY)
    day = GetCalendarRequest(start=date(2025, 6, 10), end=date(2025, 6, 10))
    assert [each.open for each in client.get_calendar(day)] == [datetime(2025, 6, 10, 9, 30)]
    assert client.get_asset("AAA").shortable
    before = client.get_account()
    assert (before.multiplier, before.shorting_enabled) == ("4", True)
    entry = bracket(client, "AAA", "entry-1")
    assert [leg.status.value for leg in entry.legs] == ["held", "held"]
    found = client.get_order_by_client_id("entry-1")
    assert (found.id, found.status.value, found.filled_qty) == (entry.id, "filled", "10")
    nested = client.get_order_by_id(entry.id, GetOrderByIdRequest(nested=True))
    profit, loss = nested.legs
    assert {profit.status.value, loss.status.value} == {"new"}
    position = client.get_open_position("AAA")
    assert (position.qty, position.qty_available) == ("10", "0")
    moved = client.replace_order_by_id(loss.id, ReplaceOrderRequest(stop_price=95.0))
    assert moved.replaces == loss.id
    client.cancel_order_by_id(moved.id)
    asked = GetOrdersRequest(status=QueryOrderStatus.OPEN, symbols=["AAA"])
    assert client.get_orders(asked) == []
    both = {
        "take_profit": TakeProfitRequest(limit_price=120),
        "stop_loss": StopLossRequest(stop_price=90),
    }
    oco = client.submit_order(
        LimitOrderRequest(
            symbol="AAA",
            qty=10,
            side=OrderSide.SELL,
            time_in_force=TimeInForce.DAY,
            order_class=OrderClass.OCO,
            **both,
        )
    )
    assert [leg.type.value for leg in oco.legs] == ["stop"]
    client.cancel_order_by_id(oco.id)
    client.submit_order(market("AAA", 10, OrderSide.SELL))
    assert "AAA" not in {each.symbol for each in client.get_all_positions()}
    activities = client.get("/account/activities/FILL", {"direction": "asc"})
    assert [(each["side"], each["qty"]) for each in activities] == [("buy", "10"), ("sell", "10")]


def test_a_refusal_reaches_the_client_with_its_code_and_words(client: TradingClient) -> None:
    twice = market("BBB", 1, OrderSide.BUY, client_order_id="twice")
    client.submit_order(twice)
    with pytest.raises(APIError, match="client_order_id must be unique") as caught:
        client.submit_order(twice)
    assert (caught.value.code, caught.value.status_code) == (40010001, 422)
    stop = StopOrderRequest(
        symbol="BBB", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.DAY, stop_price=60
    )
    with pytest.raises(APIError, match="stop price must be less than current price"):
        client.submit_order(stop)
    with pytest.raises(APIError, match="asset not found"):
        client.get_asset("ZZZ")
    client.submit_order(market("BBB", 1, OrderSide.SELL))


def test_wrong_keys_are_refused(double: AlpacaDouble) -> None:
    with pytest.raises(APIError, match="not authorized") as caught:
        TradingClient(KEY, "wrong", url_override=double.base_url).get_account()
    assert caught.value.status_code == 401


async def test_the_real_stream_hears_of_orders(double: AlpacaDouble, client: TradingClient) -> None:
    stream = TradingStream(KEY, SECRET, url_override=double.stream_url)
    heard: asyncio.Queue[Any] = asyncio.Queue()
    stream.subscribe_trade_updates(heard.put)
    listening = asyncio.create_task(stream._run_forever())
    events: list[str] = []
    attempt = 0
    while "fill" not in events:
        # What happens before it listens it never hears of.
        attempt += 1
        name = f"heard-{attempt}"
        await asyncio.to_thread(
            client.submit_order, market("BBB", 1, OrderSide.BUY, client_order_id=name)
        )
        try:
            while events[-1:] != ["fill"]:
                update = await asyncio.wait_for(heard.get(), timeout=1.0)
                events.append(update.event)
        except TimeoutError:
            continue
    assert events[-3:] == ["pending_new", "new", "fill"]
    assert update.position_qty == attempt
    assert update.order.client_order_id == name
    await stream.stop_ws()
    listening.cancel()
    client.submit_order(market("BBB", attempt, OrderSide.SELL))


def test_a_double_that_is_killed_goes_on_as_it_was(
    double: AlpacaDouble, client: TradingClient
) -> None:
    entry = bracket(client, "AAA", "before-the-kill")
    before = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True))
    double.kill()
    double.start()
    assert client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True)) == before
    assert client.get_open_position("AAA").qty == "10"
    client.cancel_order_by_id(entry.legs[0].id)
    client.submit_order(market("AAA", 10, OrderSide.SELL))


def test_no_answer_on_a_connection_that_is_kept_waits_for_the_one_before() -> None:
    """Else half of what is measured from a bar's close to its orders would be the double's."""
    nodelay: list[int] = []

    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        nodelay.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def ask() -> None:
        listener = listen(0)
        port = listener.getsockname()[1]
        async with await asyncio.start_server(answer, sock=listener):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.read()
            writer.close()

    asyncio.run(ask())
    assert nodelay == [1]
