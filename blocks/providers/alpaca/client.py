"""Alpaca's data REST through alpaca-py, one answer at a time, each failure under its own name.

The library's own paging keeps all pages in memory and begins anew after a failure, and its own
retries know neither a limit of time nor the pause that Alpaca asks for: both stay unused.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import requests
from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient
from alpaca.data.historical.corporate_actions import CorporateActionsClient
from alpaca.data.historical.stock import StockHistoricalDataClient
from requests.adapters import HTTPAdapter

from blocks.process.clock_offset import note_date
from blocks.providers.access import AlpacaAccess
from blocks.providers.alpaca.failures import RefusedQuestion, another_shape, named_failure
from blocks.providers.circuit_breaker import CircuitBreaker
from blocks.providers.errors import NotConnected, NotInPlan, RateLimited, TimedOut, Unauthorized
from trading.errors import OpenbellError, SourceUnavailable

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
# Alpaca counts by the minute; without a word of its own the next one is waited for.
LIMITED_PAUSE_SECONDS = 60.0
# What another try does not mend.
FINAL = (NotInPlan, Unauthorized, RefusedQuestion)

Answer = dict[str, Any]


class AlpacaClient:
    """Asks for one answer, again where that may help.

    `acquire` is called before each request, `timeout_s` bounds it; `patience_s` is for how long
    one answer may be tried for, and `limited_s` for how long where requests are too many, which
    is as long where it is None. `now` is aware UTC, `wait` takes seconds.
    """

    def __init__(
        self,
        access: AlpacaAccess,
        now: Callable[[], datetime],
        *,
        acquire: Callable[[], None],
        timeout_s: float,
        patience_s: float,
        wait: Callable[[float], None],
        jitter: Callable[[], float] = random.random,
        limited_s: float | None = None,
    ) -> None:
        keys = (access.key.get_secret_value(), access.secret.get_secret_value())
        address = None if access.data_url is None else access.data_url.rstrip("/")
        self._feed = access.feed
        self._now = now
        self._acquire = acquire
        self._patience_s = patience_s
        self._limited_s = patience_s if limited_s is None else limited_s
        self._wait = wait
        self._jitter = jitter
        self._bars = StockHistoricalDataClient(*keys, raw_data=True, url_override=address)
        self._actions = CorporateActionsClient(*keys, raw_data=True, url_override=address)
        for client in (self._bars, self._actions):
            self._tame(client, timeout_s)
        self.breaker = CircuitBreaker("alpaca", now, jitter=jitter)

    def bars(self, question: Mapping[str, object], token: str | None) -> Answer:
        """Return one page of bars. Raises SourceUnavailable, or BadInput for what is unknown."""
        return self._answer(self._bars, "/stocks/bars", dict(question) | {"page_token": token})

    def actions(self, question: Mapping[str, object], token: str | None) -> Answer:
        """Return one page of corporate actions. Raises as `bars`."""
        return self._answer(
            self._actions, "/corporate-actions", dict(question) | {"page_token": token}
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._bars._session.close()
        self._actions._session.close()

    def __repr__(self) -> str:
        return f"AlpacaClient({self._feed}, keys=**********)"

    def _tame(self, client: RESTClient, timeout_s: float) -> None:
        client._retry = 0
        for scheme in ("http://", "https://"):
            client._session.mount(scheme, _Impatient(timeout_s))
        client._session.hooks["response"].append(self._note_date)

    def _note_date(self, response: requests.Response, *_: object, **__: object) -> None:
        note_date(response.headers.get("Date"), self._now())

    def _answer(self, client: RESTClient, path: str, question: dict[str, object]) -> Answer:
        waited_s = limited_s = 0.0
        attempt = 0
        while True:
            self.breaker.check()
            try:
                answer = self._ask(client, path, question)
            except SourceUnavailable as error:
                if isinstance(error, FINAL):
                    raise
                pause = self._pause(error, attempt)
                if isinstance(error, RateLimited):
                    limited_s += pause
                else:
                    waited_s += pause
                    attempt += 1
                if waited_s > self._patience_s or limited_s > self._limited_s:
                    self.breaker.failed(error)
                    raise
                self._wait(pause)
            else:
                self.breaker.succeeded()
                return answer

    def _pause(self, error: SourceUnavailable, attempt: int) -> float:
        if isinstance(error, RateLimited):
            asked = error.retry_after_s
            # The reset is told in whole seconds.
            return LIMITED_PAUSE_SECONDS if asked is None else asked + 1.0
        backoff: float = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
        return backoff * (0.5 + self._jitter())

    def _ask(self, client: RESTClient, path: str, question: dict[str, object]) -> Answer:
        self._acquire()
        failure: OpenbellError
        try:
            answer = client.get(path, question)
        except APIError as error:
            failure = named_failure(*_parts_of(error), self._feed)
        except requests.Timeout:
            failure = TimedOut("alpaca did not answer in time", "It is asked again at the next bar")
        except requests.JSONDecodeError:
            failure = another_shape("JSON")
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
            failure = another_shape("a whole answer")
        except requests.RequestException as error:
            failure = NotConnected(
                f"the connection to alpaca failed ({type(error).__name__})",
                "Check the network, the proxy, its certificates and ALPACA_DATA_URL",
            )
        else:
            if isinstance(answer, dict):
                return answer
            failure = another_shape("an answer in JSON's braces")
        # Raised out here, so that no request with its headers hangs on to the error.
        raise failure


class _Impatient(HTTPAdapter):
    """Sends requests that end in time: alpaca-py sets no limit."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        kwargs["timeout"] = self._timeout_s
        return super().send(request, *args, **kwargs)


def _parts_of(error: APIError) -> tuple[int, str, Mapping[str, str]]:
    """Return status, Alpaca's own sentence and headers of an answer that alpaca-py refuses."""
    response = error.response
    if response is None:
        return 0, "", {}
    try:
        document = response.json()
        said = str(document["message"])
    except (ValueError, KeyError, TypeError):
        said = ""
    return int(response.status_code), said, response.headers
