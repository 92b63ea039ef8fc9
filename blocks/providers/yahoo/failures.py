"""What yfinance raises, and the name and hint that each failure gets."""

from __future__ import annotations

import time

from curl_cffi.requests import exceptions as curl
from yfinance.exceptions import (
    YFException,
    YFPricesMissingError,
    YFRateLimitError,
    YFTickerMissingError,
)

from blocks.providers.errors import (
    BadAnswer,
    EmptyAnswer,
    NotConnected,
    RangeTooLong,
    RateLimited,
    TimedOut,
    Unauthorized,
    UnknownSymbol,
)
from blocks.providers.pauses import retry_after_s
from blocks.providers.yahoo.session import LastAnswer
from trading.errors import OpenbellError

# An answer of another shape makes yfinance fail wherever it happens to look first.
OF_ANOTHER_SHAPE = (ValueError, KeyError, IndexError, TypeError, AttributeError)
FAILURES = (YFException, curl.RequestException, *OF_ANOTHER_SHAPE)


def named_failure(error: Exception, symbol: str, last: LastAnswer | None) -> OpenbellError:
    """Return what a failed request for a symbol's bars was, by the last answer of the chart."""
    if isinstance(error, curl.Timeout):
        return TimedOut(
            f"yahoo did not answer for {symbol} in time", "It is tried again at the next bar"
        )
    if isinstance(error, curl.RequestException):
        return NotConnected(
            f"the connection to yahoo failed for {symbol} ({type(error).__name__},"
            f" curl code {int(error.code)})",
            "Check the network, the proxy and its certificates",
        )
    status = last.status if last is not None else 0
    if isinstance(error, YFRateLimitError) or status == 429:
        pause = retry_after_s(last.retry_after if last else None, time.time())
        word = f", for {pause:.0f} s" if pause is not None else ""
        return RateLimited(
            f"yahoo answers HTTP 429, too many requests{word}",
            "Wait; fewer symbols or a longer interval ask less",
            pause,
        )
    if status in (401, 403):
        return Unauthorized(
            f"yahoo refuses this client (HTTP {status}) for {symbol}",
            "It refuses unknown browsers and addresses: update yfinance, or use another provider",
        )
    if status == 404:
        return UnknownSymbol(
            f"yahoo knows no symbol {symbol}", "Check its spelling at finance.yahoo.com"
        )
    if status == 422:
        said = error.yahoo_reason if isinstance(error, YFPricesMissingError) else None
        return RangeTooLong(
            f"yahoo refuses the range for {symbol}: {(said or 'HTTP 422').rstrip('.')}",
            "Ask for later sessions or a longer interval",
        )
    if status >= 400:
        return BadAnswer(
            f"yahoo answers HTTP {status} for {symbol}", "Its servers have trouble; try again later"
        )
    if isinstance(error, YFTickerMissingError):
        return EmptyAnswer(
            f"yahoo answered for {symbol} without any bar",
            "Bars were due by the calendar: try again, or use another provider",
        )
    return BadAnswer(
        f"yahoo sent no bars for {symbol} but something else ({type(error).__name__})",
        "A consent or error page is likely; try again later, or update yfinance",
    )
