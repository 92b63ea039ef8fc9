"""Values that pass for text and are none of what they are meant to be: addresses, keys, folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from blocks.process.web.door import name_of
from blocks.providers.access import US_EXCHANGES
from blocks.settings.app_settings import AppSettings
from blocks.settings.broker import complaints_of_broker
from blocks.storage.settings import CloudProvider
from trading.errors import OpenbellError
from trading.market.calendar import refuse_untradable_exchange
from trading.parameters import make_rules
from trading.plan import DEFAULT_STRATEGY
from trading.strategy_choice import OwnStrategy

# What each service takes at all; whether the name is there is known when it is asked.
BUCKET = re.compile(r"[A-Za-z0-9._-]{3,63}")
CONTAINER = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
KEY = re.compile(r"[!-~]+")
TOKEN = re.compile(r"[!-~]{16,}")

Complaint = tuple[str, str]


def complaints_of(settings: AppSettings) -> Iterator[Complaint]:
    """Yield a variable and what is wrong with it, never showing a secret."""
    yield from _trading(settings)
    yield from _keys(settings)
    yield from _providers(settings)
    data = settings.data
    yield from complaints_of_broker(settings.broker, data.alpaca_api_key, data.alpaca_secret_key)
    yield from _copies(settings)
    yield from _channels(settings)
    for origin in settings.api.api_cors_origins:
        if origin != "*" and not is_address(origin):
            yield (
                "API_CORS_ORIGINS",
                f"{origin[:60]!r} is no web page's origin. Write https://host",
            )
    for name in settings.api.allowed_hosts:
        if name_of(name.lower()) != name.lower():
            yield "ALLOWED_HOSTS", f"{name[:60]!r} is no name of a host. Write it without a port"
    token = settings.api.api_token
    if token is not None and not TOKEN.fullmatch(token.get_secret_value()):
        yield (
            "API_TOKEN",
            "it is not 16 or more of a-z, A-Z, 0-9 and ASCII signs, without a space. Make it anew",
        )


def _channels(settings: AppSettings) -> Iterator[Complaint]:
    told = settings.notifications
    if told.deadman_url is not None and not is_address(told.deadman_url.get_secret_value()):
        yield "DEADMAN_URL", "it is no address. Copy the one to ping, https://..."
    if told.notify_urls is not None:
        words = told.notify_urls.get_secret_value().replace(",", " ").split()
        if not words or "://" not in words[0] or any(word.endswith("://") for word in words):
            yield "NOTIFY_URLS", "it is no address of Apprise's. Write such as ntfy://host/topic"


def is_address(text: str) -> bool:
    """Return whether text is an http or https address with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def complaint_of_folder(folder: Path) -> str | None:
    """Say why nothing could be written to a folder, whether or not it is there yet."""
    try:
        folder.stat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        # A name that is too long, leads in a circle or holds what no file system takes.
        if not isinstance(error, PermissionError | NotADirectoryError):
            why = getattr(error, "strerror", None) or error
            return f"{ascii(str(folder))[1:81]} cannot be a folder: {why}. Name another"
    there = folder.absolute()
    # Unlike Path.exists this does not raise for what may not be looked into.
    while not os.path.exists(there) and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return f"{there} is no folder. Name another"
    if not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        return f"{there} cannot be written by this user. Change its permissions, or name another"
    return None


def _trading(settings: AppSettings) -> Iterator[Complaint]:
    try:
        # As far ahead as a schedule reaches.
        today = datetime.now(UTC).date()
        refuse_untradable_exchange(
            settings.trading.exchange, today - timedelta(days=1), today + timedelta(days=375)
        )
    except OpenbellError as error:
        yield "EXCHANGE", str(error)
    if isinstance(settings.strategy, OwnStrategy):
        # What its file says of an interval is known where the file is read.
        return
    try:
        make_rules(settings.strategy, settings.risk, settings.fills, settings.data.bar_interval)
    except OpenbellError as error:
        yield (
            ("ORB_DURATION_MINUTES" if settings.chosen == DEFAULT_STRATEGY else "STRATEGY"),
            str(error),
        )


def _keys(settings: AppSettings) -> Iterator[Complaint]:
    key = settings.data.finnhub_api_key
    if key is not None and not KEY.fullmatch(key.get_secret_value()):
        yield (
            "FINNHUB_API_KEY",
            "it holds a space or a sign that no key has. Copy it from finnhub.io",
        )
    url = settings.notifications.discord_webhook_url
    if url is not None:
        # Imported here: few commands post anything.
        from blocks.messages.discord.webhook import address_of

        try:
            address_of(url)
        except OpenbellError as error:
            yield "DISCORD_WEBHOOK_URL", str(error).replace("DISCORD_WEBHOOK_URL", "it", 1)


def _providers(settings: AppSettings) -> Iterator[Complaint]:
    data = settings.data
    halves = {"ALPACA_API_KEY": data.alpaca_api_key, "ALPACA_SECRET_KEY": data.alpaca_secret_key}
    for name, half in halves.items():
        if half is not None and not KEY.fullmatch(half.get_secret_value()):
            yield name, "it holds a space or a sign that no key has. Copy it from alpaca.markets"
    lacking = [name for name, half in halves.items() if half is None]
    if len(lacking) == 1:
        yield lacking[0], "it is not set, and the other half of the keys is. Set both, or none"
    # Who only sends orders there takes his bars from others.
    if not lacking and data.alpaca_feed is None and settings.broker.is_mock:
        yield (
            "ALPACA_FEED",
            "it is not set. Write iex (live on every plan, one exchange's volume) or sip (all"
            " volume; without a paid plan all but the last 15 minutes)",
        )
    if data.alpaca_data_url is not None and not is_safe_address(data.alpaca_data_url):
        yield (
            "ALPACA_DATA_URL",
            "keys would be sent to it in the clear, or it is no address. Write https://host, or"
            " http://127.0.0.1:port for a server of this machine",
        )
    has_what_it_needs = {
        "alpaca": not lacking and (data.alpaca_feed is not None or settings.broker.is_mock),
        "finnhub": data.finnhub_api_key is not None, "yahoo": True,
    }  # fmt: skip
    usable = {name for name in data.providers if has_what_it_needs[name]}
    if not usable:
        yield "PROVIDERS", "none of them has its key. Set it, or name yahoo too, which needs none"
    exchange, is_simulated = settings.trading.exchange, data.primary_provider == "simulated"
    if usable == {"alpaca"} and exchange not in US_EXCHANGES and not is_simulated:
        yield (
            "PROVIDERS",
            f"alpaca has no bars of {exchange}. Name yahoo too, or set EXCHANGE to one of"
            f" {', '.join(sorted(US_EXCHANGES))}",
        )


def is_safe_address(text: str) -> bool:
    """Return whether keys may be sent to an address: by https, or within this machine."""
    if not is_address(text):
        return False
    parts = urlsplit(text)
    is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return (parts.scheme == "https" or is_here) and "@" not in parts.netloc and not parts.query


def _copies(settings: AppSettings) -> Iterator[Complaint]:
    cloud = settings.cloud
    if cloud.aws_endpoint_url is not None and not is_address(cloud.aws_endpoint_url):
        yield (
            "AWS_ENDPOINT_URL",
            f"{cloud.aws_endpoint_url[:60]!r} is no address. Write http://host:port or https://host",
        )
    if not cloud.enable_cloud_sync:
        return
    name = cloud.cloud_container
    if cloud.cloud_provider == CloudProvider.AWS and not BUCKET.fullmatch(name):
        yield (
            "CLOUD_CONTAINER",
            f"{name[:60]!r} cannot be a bucket. Use 3 to 63 letters, digits, dots and hyphens",
        )
    if cloud.cloud_provider != CloudProvider.AZURE:
        return
    if name and not CONTAINER.fullmatch(name):
        yield (
            "CLOUD_CONTAINER",
            f"{name[:60]!r} cannot be a container. Use 3 to 63 small letters, digits and hyphens",
        )
    text = cloud.azure_storage_connection_string
    if text is not None and not _is_connection_string(text.get_secret_value()):
        yield (
            "AZURE_STORAGE_CONNECTION_STRING",
            "it is no connection string. Copy it from the storage account's access keys",
        )


def _is_connection_string(text: str) -> bool:
    parts = dict(part.partition("=")[::2] for part in text.split(";") if part)
    names = {name.strip().lower() for name, value in parts.items() if value}
    return "sharedaccesssignature" in names or {"accountname", "accountkey"} <= names
