"""Alpaca's trading REST through alpaca-py: one request, one time-out, one answer.

The library sends a request again by itself after 429 and 504, orders too, and takes 0 retries for
"the usual three"; it sets no time-outs. Both are decided in `_one_request`, which is replaced here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from ssl import SSLCertVerificationError
from typing import Any

import requests
from alpaca.trading.client import TradingClient
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, SSLError

from blocks.exchange.alpaca.line.access import BrokerAccess
from blocks.exchange.alpaca.line.replies import Json, NoReply, Reply, reply_of
from blocks.process.clock_offset import note_date

_CAME = "response"


class AlpacaTradingClient:
    """Sends single requests. `transport` takes the place of the network."""

    def __init__(
        self,
        access: BrokerAccess,
        now: Callable[[], datetime],
        *,
        at_once: int,
        transport: BaseAdapter | None = None,
    ) -> None:
        self._name = access.name
        # A server of this machine may have any clock, and a replay's is not that of the world.
        self._now = None if access.is_on_this_machine else now
        self._sdk = _OneRequest(access)
        session = self._sdk._session
        # Nobody else's keys are put in from a .netrc.
        session.auth = _as_it_is
        if access.is_on_this_machine:
            # None of ours pass through a proxy in the clear; the machine's own authorities count.
            session.trust_env = False
            session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        for scheme in ("http://", "https://"):
            session.mount(
                scheme, transport or HTTPAdapter(pool_maxsize=at_once, pool_connections=1)
            )

    def ask(
        self, method: str, path: str, content: dict[str, Json] | None = None
    ) -> Reply | NoReply:
        """Send one request; never a second time, and never raises for what the line does.

        `content` is the query of GET and DELETE, else the body.
        """
        try:
            response = self._sdk.one(method, path, content or None)
        except requests.ConnectTimeout:
            return NoReply("no connection in time", was_sent=False)
        except requests.Timeout:
            return NoReply("no answer in time", was_sent=True, is_late=True)
        except requests.exceptions.ProxyError:
            return NoReply("the proxy lets nothing through", was_sent=False)
        except requests.ConnectionError as error:
            return _no_reply(error)
        except requests.RequestException as error:
            return NoReply(f"the answer broke off ({type(error).__name__})", was_sent=True)
        if self._now is not None:
            note_date(response.headers.get("Date"), self._now())
        try:
            body, is_json = response.json(), True
        except ValueError:
            body, is_json = None, False
        return reply_of(int(response.status_code), body, is_json, response.headers)

    def close(self) -> None:
        """Let go of the connections."""
        self._sdk._session.close()

    def __repr__(self) -> str:
        return f"AlpacaTradingClient({self._name}, keys=**********)"


class _OneRequest(TradingClient):
    """alpaca-py's client, that sends each request once, in time, and returns what came."""

    def __init__(self, access: BrokerAccess) -> None:
        super().__init__(
            access.key.get_secret_value(),
            access.secret.get_secret_value(),
            paper=not access.is_live,
            raw_data=True,
            url_override=access.address,
        )
        self._timeout_s = access.timeout_s

    def one(self, method: str, path: str, content: dict[str, Json] | None) -> requests.Response:
        """Return what came. Raises what `requests` raises."""
        sent = self._request(method, path, content)
        if not isinstance(sent, dict):
            raise TypeError("alpaca-py asks in another way than it did")
        response: requests.Response = sent[_CAME]
        return response

    def _one_request(
        self, method: str, url: str, opts: dict[str, Any], retry: int
    ) -> dict[str, requests.Response]:
        # Redirects stay forbidden, as the library sets it: one would carry the keys elsewhere.
        return {_CAME: self._session.request(method, url, timeout=self._timeout_s, **opts)}


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _no_reply(error: requests.ConnectionError) -> NoReply:
    cause = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(cause, NewConnectionError | ConnectTimeoutError):
        return NoReply("no connection", was_sent=False)
    inner = cause.args[0] if isinstance(cause, SSLError) and cause.args else None
    if isinstance(inner, SSLCertVerificationError):
        return NoReply("its certificate is not one that this machine trusts", was_sent=False)
    return NoReply("the connection broke", was_sent=True)
