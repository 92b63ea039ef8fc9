"""What it takes to trade at Alpaca: keys, whose they are, and where they may be sent."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from trading.errors import BadInput

PAPER_HOST = "paper-api.alpaca.markets"
LIVE_HOST = "api.alpaca.markets"
# Requests a minute that Alpaca answers for one account.
REQUESTS_A_MINUTE = 200
# An order that has no answer by then is asked for by its id.
TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """Keys of one account; the addresses take the place of Alpaca's own, without `/v2`.

    Keys go to Alpaca's own hosts under TLS, or to this machine, and nowhere else: anything else
    is refused before a connection is made.
    """

    key: SecretStr
    secret: SecretStr
    is_live: bool = False
    base_url: str | None = None
    stream_url: str | None = None
    requests_a_minute: int = REQUESTS_A_MINUTE
    timeout_s: float = TIMEOUT_SECONDS

    @property
    def mode(self) -> str:
        """Return which of Alpaca's two environments the keys are for."""
        return "live" if self.is_live else "paper"

    @property
    def name(self) -> str:
        """Return what people call this exchange."""
        return f"Alpaca {self.mode}"

    @property
    def address(self) -> str:
        """Return where requests go. Raises BadInput where keys may not be sent."""
        given = self.base_url or f"https://{self._host}"
        parts = _checked("ALPACA_BASE_URL", given, ("http", "https"), self._host)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def stream_address(self) -> str:
        """Return where trade updates come from. Raises BadInput where keys may not be sent."""
        base = urlsplit(self.address)
        made = f"{'wss' if base.scheme == 'https' else 'ws'}://{base.netloc}/stream"
        parts = _checked("ALPACA_STREAM_URL", self.stream_url or made, ("ws", "wss"), self._host)
        if is_loopback(parts.hostname) != self.is_on_this_machine:
            raise BadInput(
                "ALPACA_STREAM_URL and ALPACA_BASE_URL are not of the same machine",
                "Leave ALPACA_STREAM_URL out: it is made of the other",
            )
        return f"{parts.scheme}://{parts.netloc}{parts.path or '/stream'}"

    @property
    def is_on_this_machine(self) -> bool:
        """Return whether no broker is asked, but a server of this machine."""
        return is_loopback(urlsplit(self.address).hostname)

    @property
    def _host(self) -> str:
        return LIVE_HOST if self.is_live else PAPER_HOST


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _checked(variable: str, text: str, schemes: tuple[str, str], host: str) -> SplitResult:
    """Return the parts of an address that may be sent keys; it is never quoted whole."""
    hint = f"Leave {variable} out, or name a server of this machine: {schemes[0]}://127.0.0.1:PORT"
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise BadInput(f"{variable} is no address", hint) from None
    if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc:
        raise BadInput(f"{variable} is no address that keys may be sent to", hint)
    if is_loopback(parts.hostname):
        return parts
    if parts.hostname != host:
        raise BadInput(
            f"{variable} names {parts.hostname}, and these keys are for {host} alone", hint
        )
    if parts.scheme != schemes[1] or port not in (None, 443):
        raise BadInput(f"{variable} would send the keys in the clear or to another port", hint)
    return parts
