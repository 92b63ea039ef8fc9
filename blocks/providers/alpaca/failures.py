"""What Alpaca's answers say when they hold no bars, each under its own name."""

from __future__ import annotations

import time
from collections.abc import Mapping

from blocks.providers.access import Feed
from blocks.providers.errors import (
    BadAnswer,
    NotInPlan,
    RateLimited,
    Unauthorized,
)
from blocks.providers.pauses import pause_of
from trading.errors import OpenbellError

LONGEST_QUOTE = 120


class FeedNotInPlan(NotInPlan, Unauthorized):
    """The plan does not cover the feed that is asked for, which a person has to mend."""


class RecentNotInPlan(FeedNotInPlan):
    """The plan covers the feed, but for its newest bars."""


class RefusedQuestion(BadAnswer):
    """The question itself is wrong: asked again it is refused again."""


class RefusedSymbol(RefusedQuestion):
    """The question was refused for a symbol; `said` is Alpaca's sentence."""

    def __init__(self, said: str) -> None:
        super().__init__(f"alpaca says: {said}", "Check the symbols' spelling")
        self.said = said


def named_failure(status: int, said: str, headers: Mapping[str, str], feed: Feed) -> OpenbellError:
    """Return what an answer with this status and message was."""
    quote = said[:LONGEST_QUOTE]
    if status == 403 and "recent sip" in said.lower():
        return RecentNotInPlan(
            "the plan of this alpaca key has sip's bars but for the last 15 minutes",
            "Set ALPACA_FEED=iex for live bars, or book the plan that has all of sip",
        )
    if status == 403 and "subscription" in said.lower():
        return FeedNotInPlan(
            f"the plan of this alpaca key does not cover the feed {feed} (HTTP 403: {quote})",
            f"Set ALPACA_FEED={Feed.IEX if feed == Feed.SIP else Feed.SIP},"
            " or book the plan that covers it",
        )
    if status in (401, 403):
        return Unauthorized(
            f"alpaca refuses the keys (HTTP {status})",
            "Check ALPACA_API_KEY and ALPACA_SECRET_KEY: both are of one account, live or paper",
        )
    if status == 429:
        pause = pause_of(headers, time.time())
        word = f", for {pause:.0f} s" if pause is not None else ""
        return RateLimited(
            f"alpaca answers HTTP 429, too many requests{word}",
            "Wait, or set ALPACA_RATE_LIMIT to what the plan allows a minute",
            pause,
        )
    if status in (400, 422) and "symbol" in said.lower():
        return RefusedSymbol(quote)
    if status == 404:
        return RefusedQuestion(
            "alpaca answers HTTP 404: these bars are not at this address",
            "Check ALPACA_DATA_URL, or leave it out",
        )
    if status in (400, 422):
        return RefusedQuestion(
            f"alpaca refuses the question (HTTP {status}: {quote})",
            "Check ALPACA_FEED and ALPACA_ADJUSTMENT",
        )
    return BadAnswer(f"alpaca answers HTTP {status}", "Its servers have trouble; try again later")


def another_shape(of_what: str) -> BadAnswer:
    """Return the failure of an answer that is something else than was asked for."""
    return BadAnswer(
        f"alpaca sent something else than {of_what}", "Try again later, or update alpaca-py"
    )
