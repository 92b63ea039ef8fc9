"""Requests within the budget: what is read raises where no answer came, what is sent does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from blocks.exchange.alpaca.line.access import BrokerAccess
from blocks.exchange.alpaca.line.answers import is_about_keys
from blocks.exchange.alpaca.line.budget import RequestBudget, Urgency
from blocks.exchange.alpaca.line.replies import Json, NoReply, Reply
from trading.session.broker.answers import ExchangeUnavailable, KeysRefused

# Longer than that, by the machine, a request is not kept back, but given up before it was sent.
PATIENCE_SECONDS = 3.0

# What is only read is asked again at once where a gateway or the line stumbled.
AGAIN_AFTER_SECONDS = (0.2, 0.5)


class Client(Protocol):
    """What sends one request."""

    def ask(
        self, method: str, path: str, content: dict[str, Json] | None = None
    ) -> Reply | NoReply:
        """Send one request, once."""
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


class Requester:
    """Sends what the budget allows, in the order of urgency.

    `wait` takes seconds: for so little a request is kept back that its turn may be waited for.
    `faster` of them go by in one of the machine's.
    """

    def __init__(
        self,
        client: Client,
        budget: RequestBudget,
        access: BrokerAccess,
        wait: Callable[[float], None],
        faster: float = 1.0,
    ) -> None:
        self._patience_seconds = PATIENCE_SECONDS * faster
        self._client = client
        self._budget = budget
        self._access = access
        self._wait = wait

    def send(
        self, urgency: Urgency, method: str, path: str, content: dict[str, Json] | None = None
    ) -> Reply | NoReply:
        """Send a request once; one that the budget does not allow was certainly not sent."""
        waited = 0.0
        patience = self._patience_seconds
        while (seconds := self._budget.take(urgency)) > 0 and waited + seconds <= patience:
            self._wait(seconds)
            waited += seconds
        if seconds > 0:
            words = f"our share of alpaca's requests is used up for {seconds:.0f} s"
            return NoReply(words, was_sent=False)
        reply = self._client.ask(method, path, content)
        if isinstance(reply, Reply):
            if reply.status == 429:
                self._budget.refused(reply.headers)
            else:
                self._budget.answered()
        return reply

    def read(
        self, path: str, query: dict[str, Json] | None = None, *, may_lack: bool = False
    ) -> Json:
        """Return an answer's JSON; None where what was asked for does not exist.

        A 404 without JSON may come from something in between, and says so only of what
        `may_lack`. Raises ExchangeUnavailable where no such answer came.
        """
        reply = self.send(Urgency.READ, "GET", path, query)
        for pause in AGAIN_AFTER_SECONDS:
            if not _may_pass_at_once(reply):
                break
            if not _is_refused_for_haste(reply):
                self._wait(pause)
            reply = self.send(Urgency.READ, "GET", path, query)
        if isinstance(reply, Reply) and reply.is_good:
            return reply.document
        if isinstance(reply, Reply) and reply.status == 404 and (reply.is_json or may_lack):
            return None
        raise self.failure_of(reply)

    def failure_of(self, reply: Reply | NoReply) -> ExchangeUnavailable:
        """Return why an answer is of no use."""
        if isinstance(reply, Reply) and is_about_keys(reply):
            mode, other = ("live", "paper") if self._access.is_live else ("paper", "live")
            return KeysRefused(
                f"alpaca refuses the keys for {mode} trading (HTTP {reply.status})",
                f"Set ALPACA_API_KEY and ALPACA_SECRET_KEY of the {mode} account; those of the"
                f" {other} account belong to TRADING_MODE={other}",
            )
        if isinstance(reply, NoReply):
            return ExchangeUnavailable(
                f"alpaca did not answer: {reply.words}",
                "A session that runs asks again; check the network",
            )
        return ExchangeUnavailable(
            f"alpaca does not say what it was asked ({reply.words})",
            "A session that runs asks again; if that lasts, see status.alpaca.markets",
        )


def _may_pass_at_once(reply: Reply | NoReply) -> bool:
    """Return whether a question may be answered if it is put again now; a time-out took long."""
    if isinstance(reply, NoReply):
        return reply.was_sent and not reply.is_late
    if _is_refused_for_haste(reply):
        return True
    return reply.status >= 500 or (reply.status == 200 and not reply.is_json)


def _is_refused_for_haste(reply: Reply | NoReply) -> bool:
    """Return whether there were too many requests: the budget knows when the next may go."""
    return isinstance(reply, Reply) and reply.status == 429
