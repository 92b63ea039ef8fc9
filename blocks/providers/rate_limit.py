"""How often a provider may be asked, by all processes together."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from blocks.providers.errors import RateLimited
from trading.errors import StoreUnavailable


class Bucket(Protocol):
    """Tokens that come back at a steady rate; each request takes one."""

    def acquire(self) -> None:
        """Return when a token was taken. Raises RateLimited when that would take too long."""
        ...


class LocalBucket:
    """A bucket in a small file, shared by the processes of this machine under a file lock.

    Holds at most `burst` tokens, and gets `per_second` of them back. Who finds it empty books a
    token of the future and waits for it, in the order of coming. The times in the file are of
    the monotonic clock, which all processes since the machine's start have in common.
    """

    def __init__(
        self,
        path: Path,
        per_second: float,
        burst: int,
        *,
        longest_wait_s: float = 10.0,
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._per_second = per_second
        self._burst = float(burst)
        self._longest_wait_s = longest_wait_s
        self._now = now
        self._wait = wait

    def acquire(self) -> None:
        """Take a token, waiting up to `longest_wait_s` for it.

        Raises RateLimited, and takes none, when it would take longer; StoreUnavailable when
        the file cannot be used.
        """
        try:
            seconds = self._book()
        except OSError as error:
            raise StoreUnavailable(
                f"the rate limit's file {self._path} cannot be used: {error.strerror}",
                "Check the folder's permissions and free disk space",
            ) from error
        if seconds > self._longest_wait_s:
            raise RateLimited(
                f"our own limit for {self._path.stem} is used up for {seconds:.0f} s",
                "Ask for fewer symbols, or less often",
                seconds,
            )
        if seconds > 0:
            self._wait(seconds)

    def _book(self) -> float:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            now = self._now()
            tokens = self._tokens(os.read(descriptor, 200), now) - 1.0
            seconds = max(-tokens / self._per_second, 0.0)
            if seconds <= self._longest_wait_s:
                text = json.dumps({"tokens": tokens, "at": now}).encode()
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, text, 0)
            return seconds
        finally:
            os.close(descriptor)

    def _tokens(self, text: bytes, now: float) -> float:
        try:
            kept = json.loads(text)
            tokens, at = float(kept["tokens"]), float(kept["at"])
        except (ValueError, KeyError, TypeError):
            return self._burst
        if at > now:
            # Written before the machine's last start.
            return self._burst
        return min(tokens + (now - at) * self._per_second, self._burst)


class PrefectBucket:
    """A global concurrency limit with slot decay, shared by machines; else the local bucket.

    A server that does not answer, or has no such limit, is asked again after a minute; until
    then, and for that request, the local bucket counts. `acquired_from` says who counted last.
    """

    RETRY_SECONDS = 60.0

    def __init__(
        self,
        limit: str,
        local: Bucket,
        *,
        longest_wait_s: float = 10.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._local = local
        self._longest_wait_s = longest_wait_s
        self._now = now
        self._not_before = float("-inf")
        self._seen_until = float("-inf")
        self.acquired_from = ""
        self.trouble = ""

    def acquire(self) -> None:
        """Take a token. Raises RateLimited when none comes free in time."""
        if self._now() >= self._not_before and self._acquire_from_server():
            self.acquired_from = "prefect"
            return
        self.acquired_from = "local"
        self._local.acquire()

    def _acquire_from_server(self) -> bool:
        # Imported here: a terminal without a server never pays for Prefect.
        import httpx
        from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
        from prefect.concurrency.sync import rate_limit

        try:
            if self._now() >= self._seen_until:
                # Prefect's own client would try an absent server for up to a minute.
                health = httpx.get(f"{os.environ['PREFECT_API_URL']}/health", timeout=1.0)
                health.raise_for_status()
                self._seen_until = self._now() + self.RETRY_SECONDS
            rate_limit(self._limit, timeout_seconds=self._longest_wait_s, strict=True)
        except TimeoutError as error:
            raise RateLimited(
                f"the limit {self._limit} is used up for more than {self._longest_wait_s:.0f} s",
                "Ask for fewer symbols, or raise the limit in Prefect",
            ) from error
        except (httpx.HTTPError, ConcurrencySlotAcquisitionError, RuntimeError, OSError) as error:
            self._seen_until = float("-inf")
            self._not_before = self._now() + self.RETRY_SECONDS
            self.trouble = f"{type(error).__name__}: limit {self._limit} is counted locally"
            return False
        return True


def bucket_for(
    provider: str, per_second: float, burst: int, folder: Path, *, longest_wait_s: float = 10.0
) -> Bucket:
    """Return a provider's bucket: Prefect's limit `openbell-PROVIDER` where there is a server."""
    local = LocalBucket(
        folder / f"{provider}.bucket", per_second, burst, longest_wait_s=longest_wait_s
    )
    if not os.environ.get("PREFECT_API_URL"):
        return local
    return PrefectBucket(f"openbell-{provider}", local, longest_wait_s=longest_wait_s)
