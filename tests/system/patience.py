"""Calls of the tests' own to a Prefect server, which says 503 while its database is locked."""

from __future__ import annotations

import time

import httpx

LONGEST_SECONDS = 90.0


class _Patient(httpx.HTTPTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        give_up_at = time.monotonic() + LONGEST_SECONDS
        while True:
            answer = super().handle_request(request)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer
            if time.monotonic() >= give_up_at:
                return answer
            answer.close()
            time.sleep(0.5)


def patient(base_url: str = "") -> httpx.Client:
    """Return a client that asks again for as long as the server is only busy."""
    return httpx.Client(base_url=base_url, transport=_Patient(), timeout=30)
