"""What the broker says of a symbol."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.simulation.alpaca_model.answers import Json


@dataclass(frozen=True, slots=True)
class Asset:
    """A symbol at the broker; `is_halted` is seen in no answer but that of an order."""

    symbol: str
    is_tradable: bool = True
    is_shortable: bool = True
    is_easy_to_borrow: bool = True
    is_fractionable: bool = True
    is_halted: bool = False


def asset_json(asset: Asset, asset_id: str) -> Json:
    """Return an asset as `GET /v2/assets/{symbol}` says it."""
    return {
        "id": asset_id,
        "class": "us_equity",
        "exchange": "NASDAQ",
        "symbol": asset.symbol,
        "name": f"{asset.symbol} Common Stock",
        "status": "active",
        "tradable": asset.is_tradable,
        "marginable": True,
        "shortable": asset.is_shortable,
        "easy_to_borrow": asset.is_easy_to_borrow,
        "fractionable": asset.is_fractionable,
    }
