"""Where a cluster listens, and whether anybody does."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from trading.errors import BadInput, SourceUnavailable

# A machine of one's own network answers in milliseconds, one that is off never does.
PATIENCE_S = 5.0


class Service(NamedTuple):
    """What listens: an example of its address, and how it is begun."""

    example: str
    start: str


DASK = Service(
    "tcp://192.168.1.10:8786",
    "dask scheduler --host HOST, and on each machine dask worker tcp://HOST:8786"
    " (openbell docs scale-out)",
)
RAY = Service(
    "ray://192.168.1.10:10001",
    "ray start --head, and on each other machine ray start --address=HOST:6379"
    " (openbell docs scale-out)",
)


class Address(NamedTuple):
    """A host and a port, and the address as it was written."""

    host: str
    port: int
    written: str


def address_of(written: str, service: Service) -> Address:
    """Return an address that was written as HOST:PORT, with a scheme or without.

    Raises BadInput.
    """
    said = written.strip()
    parts = urlsplit(said if "://" in said else f"//{said}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise BadInput(
            f"--address {written!r} is no HOST:PORT", f"Give one such as {service.example}"
        )
    return Address(host, port, said)


def refuse_silence(address: Address, service: Service) -> None:
    """Raise SourceUnavailable, within seconds, when nobody listens."""
    try:
        socket.create_connection((address.host, address.port), PATIENCE_S).close()
    except OSError as error:
        why = "it does not answer" if isinstance(error, TimeoutError) else error.strerror or error
        raise SourceUnavailable(
            f"nobody listens at --address {address.written}: {why}",
            f"Start it with: {service.start}; or leave --address out, and workers are started here",
        ) from error


def is_loopback(address: str) -> bool:
    """Return whether an address is one of this machine alone, by what it says of itself."""
    host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
