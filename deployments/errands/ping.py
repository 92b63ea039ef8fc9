"""One ping to DEADMAN_URL if all is well; a process of its own, usage: --data-dir DIR.

Exits with 0 when the other side took it, with 3 when something is not well or it did not.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import httpx
from pydantic import SecretStr

from blocks.account.status import live_account
from blocks.health.checks import Level
from blocks.health.health import check_health_as_set
from blocks.process.secret_mask import MASK
from blocks.process.shutdown import leave
from blocks.settings.app_settings import AppSettings
from deployments.errands.asked import asked
from trading.errors import OpenbellError

TIMEOUT_SECONDS = 10.0
LIMIT_SECONDS = 30.0
EXIT_NOT_PINGED = 3


def main(arguments: list[str] | None = None) -> int:
    """Ping once, or say in one line why not."""
    data_dir, read = asked(__doc__, arguments)
    try:
        settings = read.without_blamed().required()
        url = settings.notifications.deadman_url
        if url is None:
            return 0
        now = datetime.now(UTC)
        trouble = _trouble(data_dir, now, settings) or ping(url)
    except OpenbellError as error:
        trouble = str(error)
    if trouble:
        print(MASK.text(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} no ping: {trouble}"))
        return EXIT_NOT_PINGED
    return 0


def ping(url: SecretStr, timeout_s: float = TIMEOUT_SECONDS, limit_s: float = LIMIT_SECONDS) -> str:
    """Ask an address once; return why that failed without showing it, nothing when it did not.

    `timeout_s` is for each piece of the answer, `limit_s` for the whole: an answer that comes drop
    by drop would keep every later ping waiting.
    """
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(_asked(url, timeout_s)), daemon=True)
    thread.start()
    thread.join(limit_s)
    return found[0] if found else f"DEADMAN_URL did not come to an end within {limit_s:g} s"


def _asked(url: SecretStr, timeout_s: float) -> str:
    try:
        with httpx.stream(
            "GET", url.get_secret_value(), timeout=timeout_s, follow_redirects=False
        ) as answer:
            return "" if answer.is_success else f"DEADMAN_URL answers HTTP {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        # Its text has the address in it, which is all that one needs to ping in our place.
        return f"DEADMAN_URL does not answer ({type(error).__name__})"


def _trouble(data_dir: Path, now: datetime, settings: AppSettings) -> str:
    account = live_account(data_dir)
    if account is None:
        return ""
    report = check_health_as_set(data_dir, account, now, settings)
    return "; ".join(report.reasons) if report.level == Level.UNHEALTHY else ""


if __name__ == "__main__":
    # A thread that still waits for an answer is not waited for.
    leave(main())
