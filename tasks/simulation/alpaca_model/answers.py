"""What the API answers: a status with JSON, and how it refuses."""

from __future__ import annotations

from typing import NamedTuple

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

FORBIDDEN = 40310000
UNPROCESSABLE = 42210000
INVALID = 40010001
NOT_FOUND = 40410000


class ApiAnswer(NamedTuple):
    """A status of HTTP and the body's JSON, None for an empty body."""

    status: int
    body: Json


class ApiRefusal(Exception):
    """A request that the API refuses, by a status, a code of its own and its words."""

    def __init__(self, status: int, code: int, message: str, **more: Json) -> None:
        super().__init__(message)
        self.answer = ApiAnswer(status, {"code": code, "message": message, **more})


def forbidden(message: str, **more: Json) -> ApiRefusal:
    """Return the refusal of what the account may not or cannot pay."""
    return ApiRefusal(403, FORBIDDEN, message, **more)


def unprocessable(message: str, **more: Json) -> ApiRefusal:
    """Return the refusal of what is understood and cannot be done."""
    return ApiRefusal(422, UNPROCESSABLE, message, **more)


def invalid(message: str) -> ApiRefusal:
    """Return the refusal of a request that is not well formed."""
    return ApiRefusal(422, INVALID, message)


def not_found(message: str) -> ApiRefusal:
    """Return the refusal of what names nothing."""
    return ApiRefusal(404, NOT_FOUND, message)
