"""What a message must hold, and how it looks in a channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from blocks.ledger.message_payloads import (
    OrderPayload,
    payload_from_json,
    payload_of,
    payload_to_json,
)
from blocks.ledger.rows import message_row
from blocks.messages.discord import embed as discord_embed
from trading.session.messages.message import (
    Kind,
    MarketMessage,
    Message,
    OrderMessage,
    RangeLevel,
    RangeMessage,
    SummaryMessage,
    TradeMessage,
    system_message,
)

# discord-api-docs, resources/message: embed limits, inclusive; beyond them the answer is 400.
LIMITS = {
    "title": 256, "description": 4096, "fields": 25, "field.name": 256, "field.value": 1024,
    "sum_all_embeds_chars": 6000,
}  # fmt: skip
NOW = datetime(2025, 6, 10, 14, 0, tzinfo=UTC)
ORDER = OrderMessage(
    "x.sent", Kind.ORDER_SENT, NOW, "x", "AAPL", "buy", "market", 10, "orb", "enter_long",
    "MOCK", "paper", order_price=200.0,
)  # fmt: skip
FILL = replace(
    ORDER, id="x.1.filled", event_type=Kind.ORDER_FILLED, fill_price=200.05, filled_quantity=4,
    remaining_quantity=6,
)  # fmt: skip
CANCEL = replace(
    ORDER, id="x.cancelled", event_type=Kind.ORDER_CANCELLED, filled_quantity=4,
    remaining_quantity=6, cancel_reason="no_volume",
)  # fmt: skip
TRADE = TradeMessage(
    "t", Kind.TRADE_CLOSED, NOW, "AAPL", "long", 10, 200.0, 201.5, 15.0, 0.0075, "target", "orb",
    "paper",
)  # fmt: skip
LEVELS = (RangeLevel("AAPL", 201.0, 200.0, 0.4), RangeLevel("MSFT", None, None, None))
RANGE = RangeMessage("o", Kind.ORB_ESTABLISHED, NOW, LEVELS, "paper")
START = MarketMessage("m", Kind.MARKET_START, NOW, "healthy", "yahoo", ("2 symbols",), "paper")
CLOSE = replace(START, event_type=Kind.MARKET_CLOSE)
SUMMARY = SummaryMessage(
    "d", Kind.DAILY_SUMMARY, NOW, "2025-06-10", 10_015.0, 15.0, 1, 3, (("AAPL", 1),),
    (("weak_body", 2),), LEVELS, "yahoo", "paper",
)  # fmt: skip


def system(kind: str, **fields: Any) -> Message:
    return system_message(kind, "disk is full", "2025-06-10", "paper", NOW, fields)


def embed_of(message: Message, **more: Any) -> dict[str, Any]:
    embed: dict[str, Any] = discord_embed.embed_of(payload_of(message), message.id, **more)
    return embed


def fields_of(message: Message) -> dict[str, str]:
    return {field["name"]: field["value"] for field in embed_of(message)["fields"]}


@pytest.mark.parametrize(
    ("message", "colour"),
    [
        (ORDER, 0x3498DB),
        (FILL, 0x2ECC71),
        (CANCEL, 0xE74C3C),
        (TRADE, 0x2ECC71),
        (replace(TRADE, pnl=-1.0), 0xE74C3C),
        (replace(TRADE, pnl=0.0), 0x95A5A6),
        (RANGE, 0x9B59B6),
        (START, 0x2ECC71),
        (replace(START, status="degraded"), 0xF39C12),
        (replace(START, status="unhealthy"), 0xE74C3C),
        (CLOSE, 0x2ECC71),
        (SUMMARY, 0x2ECC71),
        (replace(SUMMARY, pnl=-0.5), 0xE74C3C),
        (system("SYSTEM_WARNING"), 0xF39C12),
        (system("SYSTEM_ERROR"), 0xE74C3C),
    ],
)
def test_each_kind_has_the_references_colour(message: Message, colour: int) -> None:
    assert embed_of(message)["color"] == colour


def test_a_payload_carries_the_references_names() -> None:
    names = (
        "event_type timestamp order_id symbol side order_type quantity strategy_name"
        " signal_reason fill_price filled_quantity remaining_quantity cancel_reason order_price"
        " exchange account_id"
    )
    assert set(OrderPayload.model_fields) == set(names.split())
    assert orjson.loads(payload_to_json(payload_of(FILL)))["event_type"] == "ORDER_FILLED"


@pytest.mark.parametrize(
    "message", [ORDER, FILL, CANCEL, TRADE, RANGE, START, SUMMARY, system("SYSTEM_ERROR", a=1)]
)
def test_a_payload_survives_the_outbox_to_the_last_bit(message: Message) -> None:
    payload = payload_of(message)
    assert payload_from_json(payload_to_json(payload)) == payload


@pytest.mark.parametrize(
    "message",
    [
        replace(FILL, fill_price=None),
        replace(FILL, filled_quantity=None),
        replace(FILL, filled_quantity=0),
        replace(FILL, fill_price=float("nan")),
        replace(CANCEL, cancel_reason=None),
        replace(CANCEL, cancel_reason=""),
        replace(ORDER, side="long"),
        replace(ORDER, quantity=0),
        replace(ORDER, quantity=-5),
        replace(ORDER, order_type="iceberg"),
        replace(TRADE, pnl=float("inf")),
        replace(START, status="fine"),
    ],
)
def test_a_payload_that_is_not_whole_is_refused_and_never_stops_the_books(
    message: Message,
) -> None:
    with pytest.raises(ValidationError):
        payload_of(message)
    row = message_row("2025-06-10", message)
    assert (row[0], row[2]) == (message.id, "SYSTEM_WARNING")
    assert "could not be written" in row[4]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        payload_of(replace(ORDER, timestamp=datetime(2025, 6, 10)))


@pytest.mark.parametrize(
    ("side", "fill_price", "slippage"),
    [("buy", 200.05, 0.2), ("buy", 199.9, -0.4), ("sell", 199.9, 0.4), ("sell", 200.05, -0.2)],
)
def test_slippage_is_positive_when_the_fill_is_worse(
    side: str, fill_price: float, slippage: float
) -> None:
    message = replace(FILL, side=side, fill_price=fill_price)
    payload = payload_of(message)
    assert isinstance(payload, OrderPayload)
    assert payload.slippage == pytest.approx(slippage)
    word = "worse" if slippage > 0 else "better"
    sign = "+" if slippage > 0 else "-"
    shown = fields_of(message)["Slippage"]
    assert shown.startswith(f"{sign}${abs(slippage):.2f} ")
    assert shown.endswith(f"{word})")


def test_slippage_of_a_cent_and_of_an_unknown_price_is_not_shown() -> None:
    assert "Slippage" not in fields_of(replace(FILL, fill_price=200.0025))
    assert "Slippage" not in fields_of(replace(FILL, order_price=None))


def test_a_trade_shows_its_profit_in_money_and_percent() -> None:
    assert fields_of(TRADE)["P&L"] == "+$15.00 (+0.75%)"
    assert fields_of(replace(TRADE, pnl=-1500.5, pnl_pct=-0.01))["P&L"] == "-$1,500.50 (-1.00%)"


def test_a_summary_shows_what_the_reference_shows() -> None:
    shown = fields_of(SUMMARY)
    assert (shown["P&L"], shown["Equity"], shown["Trades"]) == ("+$15.00", "$10,015.00", "1")
    assert shown["Signals by symbol"] == "AAPL 1"
    assert shown["Rejections by reason"] == "weak_body 2"
    assert "MSFT incomplete" in shown["Levels"]


def test_trouble_names_what_is_to_be_done() -> None:
    message = system(
        "SYSTEM_ERROR", severity="critical", component="ledger", action_required="Free space", x=3
    )
    shown = fields_of(message)
    assert shown == {
        "Severity": "critical", "Component": "ledger", "Action required": "Free space", "x": "3",
    }  # fmt: skip
    assert fields_of(system("SYSTEM_ERROR", severity="odd"))["Severity"] == "error"
    assert payload_of(system("SOMETHING_NEW")).event_type == "SYSTEM_WARNING"


def test_the_footer_tells_messages_apart_and_a_second_attempt() -> None:
    assert embed_of(FILL)["footer"]["text"] == "x.1.filled | paper"
    assert "sent again" in embed_of(FILL, is_repeat=True)["footer"]["text"]


def test_nothing_rings_a_channels_bell() -> None:
    embed = embed_of(system("SYSTEM_WARNING", note="@everyone"))
    body = discord_embed.body_of([embed])
    assert body["allowed_mentions"] == {"parse": []}


def test_however_much_there_is_to_say_it_fits() -> None:
    many = tuple(RangeLevel(f"SYMBOL{n}", 1234.5678, 1200.1234, 0.5) for n in range(300))
    words = "word " * 3000
    for message in (
        replace(RANGE, levels=many),
        replace(SUMMARY, levels=many, signals=tuple((f"S{n}", n) for n in range(900))),
        replace(START, details=(words, words)),
        system("SYSTEM_ERROR", title=words, component=words, **{words: words, "empty": " "}),
        replace(CANCEL, cancel_reason=words, signal_reason=words),
    ):
        embed = embed_of(message)
        texts = [embed["title"], embed.get("description", ""), embed["footer"]["text"]]
        assert len(texts[0]) <= LIMITS["title"]
        assert len(texts[1]) <= LIMITS["description"]
        assert len(embed["fields"]) <= LIMITS["fields"]
        for field in embed["fields"]:
            assert 0 < len(field["name"]) <= LIMITS["field.name"]
            assert 0 < len(field["value"]) <= LIMITS["field.value"]
            texts += [field["name"], field["value"]]
        assert sum(map(len, texts)) <= LIMITS["sum_all_embeds_chars"]
