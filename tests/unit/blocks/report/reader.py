"""A report read back by other means than its own scripts, and a run to make one of."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser

import numpy as np

from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from trading.market.panel import Panel


class Elements(HTMLParser):
    """The elements of a page: names with attributes, and the text by id and by class."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self.words = ""
        self._open: list[tuple[str, list[str]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        own = dict(attributes)
        self.found.append((tag, own))
        if tag not in ("meta", "br", "input", "link", "img"):
            names = [*([f"#{own['id']}"] if own.get("id") else []), tag]
            self._open.append((tag, names + str(own.get("class", "")).split()))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        if "script" not in tags and "style" not in tags:
            self.words += f" {data}"
        for name in {name for _, names in self._open for name in names}:
            self.text[name] = self.text.get(name, "") + data


def element_text(page: bytes, name: str) -> str:
    """Return the text of a data element."""
    found = re.search(rf'<script type="[^"]+" id="data-{name}">([^<]*)</script>', page.decode())
    assert found is not None
    return found[1]


def element_bytes(page: bytes, name: str) -> bytes:
    """Return what a data element holds, inflated."""
    packed = base64.b64decode(element_text(page, name))
    return zlib.decompress(packed) if packed else b""


def floats(page: bytes, name: str, columns: int) -> np.ndarray:
    """Return the columns of a data element of floats."""
    return np.frombuffer(element_bytes(page, name), "<f8").reshape(columns, -1)


def whole_numbers(data: bytes) -> list[int]:
    """Return LEB128 numbers, read one byte after the other."""
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value, shift = 0, 0
    return numbers


def signed(number: int) -> int:
    """Return a number that was written zigzag."""
    return -(number + 1) // 2 if number % 2 else number // 2


def units(number: int, sign: Callable[[int], int] = int) -> int:
    """Return a price in 0.0001 USD that was written as cents where it is whole cents."""
    return sign(number // 2) * (1 if number % 2 else 100)


def unpacked_bars(page_days: list[int], data: bytes, bars: dict[int, int]) -> dict:
    """Return the bars of each packed day, None for a missing one, by session and symbol."""
    found = {}
    for row in range(0, len(page_days), 4):
        session, symbol, size, volume_units = page_days[row : row + 4]
        numbers = iter(whole_numbers(data[:size]))
        data = data[size:]
        before, day = 0, []
        for _ in range(bars[session]):
            first = next(numbers)
            if first == 0:
                day.append(None)
                continue
            opened = before + units(first - 1, signed)
            close = opened + units(next(numbers), signed)
            high = max(opened, close) + units(next(numbers))
            low = min(opened, close) - units(next(numbers))
            before = close
            prices = [each / 10000 for each in (opened, high, low, close)]
            day.append((*prices, next(numbers) / volume_units))
        assert next(numbers, None) is None
        found[session, symbol] = day
    assert data == b""
    return found


def panel_bars(panel: Panel, session: int, symbol: int) -> list:
    """Return a day's bars as they are in the panel, None for a missing one."""
    rows = range(panel.grid.first_row[session], panel.grid.first_row[session + 1])
    columns = (panel.open, panel.high, panel.low, panel.close, panel.volume)
    return [
        None if np.isnan(panel.close[row, symbol]) else tuple(c[row, symbol] for c in columns)
        for row in rows
    ]


def simulated(symbols: tuple[str, ...] = ("AAA", "BBB"), **settings: object) -> BacktestReport:
    """Return a run over five weeks that hold a half-day."""
    request = BacktestRequest(
        symbols=symbols, start=date(2025, 6, 16), end=date(2025, 7, 18), settings=settings
    )
    return backtest(request)
