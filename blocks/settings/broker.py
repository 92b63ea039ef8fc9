"""Who fills the orders: the simulated venue or a broker, with play money or real money."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from trading.errors import BadInput
from trading.near_names import nearest_of

MOCK, ALPACA = "mock", "alpaca"
PAPER, LIVE = "paper", "live"
# The one word that lets orders go out with real money.
ACCEPTED = "yes"
# Whose orders go where: no host takes those of the other mode.
ALPACA_HOSTS = {PAPER: "paper-api.alpaca.markets", LIVE: "api.alpaca.markets"}
# How keys of Alpaca begin, by the mode that they are for.
KEYS_BEGIN = {PAPER: "PK", LIVE: "AK"}

Complaint = tuple[str, str]


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


class BrokerSettings(BaseModel):
    """Who fills the orders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    broker_type: Annotated[Literal["mock", "alpaca"], BeforeValidator(_lower)] = Field(
        default="mock",
        description="Who fills the orders: mock (the simulated venue) or alpaca (docs/broker.md),"
        " with ALPACA_API_KEY and ALPACA_SECRET_KEY",
    )
    trading_mode: Annotated[Literal["paper", "live"], BeforeValidator(_lower)] = Field(
        default="paper",
        description="paper (no money is moved) or live: REAL MONEY at the broker, with"
        " I_ACCEPT_REAL_MONEY",
    )
    i_accept_real_money: str | None = Field(
        default=None,
        description="yes, word for word: without it TRADING_MODE=live is refused. Read"
        " docs/broker.md first",
    )
    alpaca_base_url: str | None = Field(
        default=None,
        description="Where Alpaca's orders go, when not to its own address of TRADING_MODE: a"
        " server of this machine",
    )
    alpaca_stream_url: str | None = Field(
        default=None,
        description="Where Alpaca's news of orders come from; made of ALPACA_BASE_URL when left"
        " out",
    )

    @property
    def is_mock(self) -> bool:
        """Return whether orders go to the simulated venue."""
        return self.broker_type == MOCK

    @property
    def is_real_money(self) -> bool:
        """Return whether orders move real money."""
        return not self.is_mock and self.trading_mode == LIVE and not self.is_of_this_machine

    @property
    def account(self) -> str:
        """Return what the broker's account is called here, empty for the simulated venue."""
        return "" if self.is_mock else f"{self.broker_type}-{self.trading_mode}"

    @property
    def base_url(self) -> str:
        """Return where orders go at Alpaca, without the path that is added to it."""
        given = self.alpaca_base_url or f"https://{ALPACA_HOSTS[self.trading_mode]}"
        # Alpaca's own page shows the address with it.
        return given.rstrip("/").removesuffix("/v2")

    @property
    def stream_url(self) -> str:
        """Return where Alpaca tells what became of them."""
        if self.alpaca_stream_url is not None:
            return self.alpaca_stream_url
        base = _parts(self.base_url)
        secure = "s" if base is not None and base.scheme == "https" else ""
        return f"ws{secure}://{'' if base is None else base.netloc}/stream"

    @property
    def is_of_this_machine(self) -> bool:
        """Return whether orders go to a server of this machine, and to no broker."""
        return _is_here(_parts(self.base_url))

    def required(self) -> Self:
        """Return the same; raises BadInput where something is wrong with it."""
        return self


class UnreadableBroker(BrokerSettings):
    """What is left of settings of a broker that are wrong: nobody is taken for who was meant."""

    def required(self) -> Self:
        """Raise BadInput."""
        see = "See what is wrong with: openbell validate-config"
        raise BadInput("the settings of the broker are wrong, and no other is sent its orders", see)


def complaints_of_broker(
    broker: BrokerSettings, key: SecretStr | None, secret: SecretStr | None
) -> Iterator[Complaint]:
    """Yield a variable and what is wrong with it, never showing a secret."""
    if broker.is_mock:
        if broker.trading_mode == LIVE:
            yield (
                "TRADING_MODE",
                "live needs a broker, and BROKER_TYPE=mock moves no money. Write"
                " TRADING_MODE=paper, or BROKER_TYPE=alpaca",
            )
        return
    if broker.trading_mode == LIVE and broker.i_accept_real_money != ACCEPTED:
        yield (
            "I_ACCEPT_REAL_MONEY",
            "TRADING_MODE=live sends orders with real money, and this is not the word yes. Read"
            " openbell docs broker and write I_ACCEPT_REAL_MONEY=yes, or write TRADING_MODE=paper",
        )
    wrong = list(_complaints_of_addresses(broker))
    yield from wrong
    if key is None and secret is None:
        yield (
            "ALPACA_API_KEY",
            "it is not set, nor is ALPACA_SECRET_KEY, and BROKER_TYPE=alpaca needs both. Copy them"
            f" from alpaca.markets, those of the {broker.trading_mode} account",
        )
    if key is not None and not wrong and not broker.is_of_this_machine:
        yield from _complaints_of_key(broker.trading_mode, key)


def _complaints_of_key(mode: str, key: SecretStr) -> Iterator[Complaint]:
    other = PAPER if mode == LIVE else LIVE
    if key.get_secret_value().startswith(KEYS_BEGIN[other]):
        yield (
            "ALPACA_API_KEY",
            f"it begins with {KEYS_BEGIN[other]}, as keys of {other} accounts do, and"
            f" TRADING_MODE={mode}. Copy the key of the {mode} account, or change TRADING_MODE",
        )


def _complaints_of_addresses(broker: BrokerSettings) -> Iterator[Complaint]:
    mode = broker.trading_mode
    host = ALPACA_HOSTS[mode]
    found = {
        "ALPACA_BASE_URL": (broker.alpaca_base_url, ("http", "https"), f"https://{host}", ""),
        "ALPACA_STREAM_URL": (broker.alpaca_stream_url, ("ws", "wss"), f"wss://{host}", "/stream"),
    }
    for name, (text, (plain, secure), right, path) in found.items():
        if text is None:
            continue
        example = f"{plain}://127.0.0.1:PORT{path}"
        hint = f"Write {right}{path}, or {example} for a server of this machine"
        parts = _parts(text)
        if parts is None or parts.scheme not in (plain, secure):
            yield name, f"{_shown(text)} is no {plain} address. {hint}"
        elif "@" in parts.netloc or parts.query or parts.fragment:
            yield name, f"an address with a password or a question in it is not taken. {hint}"
        elif not path and parts.path.strip("/") not in ("", "v2"):
            yield name, f"{_shown(text)} has a path, which is added by itself. {hint}"
        elif _is_here(parts):
            continue
        elif parts.hostname in ALPACA_HOSTS.values() and parts.hostname != host:
            other = LIVE if mode == PAPER else PAPER
            yield (
                name,
                f"{parts.hostname} is of {other} accounts, and TRADING_MODE={mode}. {hint}",
            )
        elif parts.hostname != host:
            near = nearest_of(parts.hostname or "", ALPACA_HOSTS.values())
            meant = f"Did you mean {near}?" if near else hint
            yield (
                name,
                f"{_shown(text)} is neither of Alpaca nor of this machine, and would be sent the"
                f" keys. {meant}",
            )
        elif parts.scheme != secure or parts.port not in (None, 443):
            yield name, f"keys would be sent in the clear, or to another port. {hint}"
    stream = None if broker.alpaca_stream_url is None else _parts(broker.alpaca_stream_url)
    if stream is not None and _is_here(stream) != broker.is_of_this_machine:
        yield (
            "ALPACA_STREAM_URL",
            "it and the address of orders are not of the same machine. Leave ALPACA_STREAM_URL out",
        )


def _parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _is_here(parts: SplitResult | None) -> bool:
    if parts is None or parts.hostname is None:
        return False
    try:
        return parts.hostname == "localhost" or ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _shown(text: str) -> str:
    """Return an address for people, without what may be a password in it."""
    return repr(text[:60]) if "@" not in text else "it"
