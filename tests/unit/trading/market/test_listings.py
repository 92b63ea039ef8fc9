"""A symbol whose ending names another exchange than the one that is traded is told of."""

from __future__ import annotations

from datetime import date

import pandas_market_calendars
import pytest

from trading.errors import BadInput
from trading.market.calendar import sessions_between
from trading.market.listings import _CALENDARS_OF, NOT_TRADED, listed_elsewhere


@pytest.mark.parametrize(
    ("symbols", "exchange", "told"),
    [
        ("AAPL VOD.L", "NYSE", ["VOD.L is of LSE"]),
        ("vod.l", "NYSE", ["vod.l is of LSE"]),
        ("VOD.L BARC.L SAP.DE", "NYSE", ["VOD.L, BARC.L are of LSE", "SAP.DE is of XETR"]),
        ("SHOP.TO", "LSE", ["SHOP.TO is of TSX"]),
        ("VOD.L BT-A.L", "LSE", []),
        ("VOD.L", "XLON", []),
        ("VOD.L", "24/7", []),
        # Classes of shares, pairs, futures and other notations.
        ("BRK.B BF-B EUR/USD ES=F ^GSPC BAC.PR.L BRK.A LGF.A L T F", "NYSE", []),
    ],
)
def test_each_other_exchange_is_named_once(symbols: str, exchange: str, told: list[str]) -> None:
    lines = listed_elsewhere(symbols.split(), exchange)
    assert len(lines) == len(told)
    for line, start in zip(lines, told, strict=True):
        assert line.startswith(start)
        assert f"in the sessions of {exchange}. Choose exchange {start.split()[-1]} with" in line


def test_what_the_way_out_names_can_be_chosen() -> None:
    known = set(pandas_market_calendars.get_calendar_names())
    for calendars in set(_CALENDARS_OF.values()):
        assert set(calendars) <= known
        if calendars[0] in NOT_TRADED:
            continue
        assert sessions_between(calendars[0], date(2025, 6, 2), date(2025, 6, 13))


@pytest.mark.parametrize(("symbol", "exchange"), [("7203.T", "JPX"), ("0700.HK", "HKEX")])
def test_an_exchange_that_is_not_traded_is_no_way_out(symbol: str, exchange: str) -> None:
    with pytest.raises(BadInput):
        sessions_between(exchange, date(2025, 6, 2), date(2025, 6, 13))
    (line,) = listed_elsewhere([symbol], "NYSE")
    assert f"{symbol} is of {exchange}" in line
    assert line.endswith("Leave it out")
