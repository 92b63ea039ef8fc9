"""Steps, and what flows do between them, whose errors carry no secret, however far they travel."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import TracebackException
from typing import Any, ParamSpec, TypeVar, cast

from blocks.process.secret_mask import MASK
from trading.errors import OpenbellError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def without_secrets_in_errors(
    function: Callable[Parameters, Result],
) -> Callable[Parameters, Result]:
    """Return a function that does the same and raises the same, its text masked if need be.

    A library may put a whole URL with its key into an error, and Prefect keeps the text of an
    error, those before it and its traceback. One of ours stays of its kind, for retries ask for
    that; any other becomes a RuntimeError that names it. A coroutine function remains one.
    """
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def masked_coroutine(*arguments: Parameters.args, **named: Parameters.kwargs) -> Any:
            with _masked_errors():
                return await function(*arguments, **named)

        return cast(Callable[Parameters, Result], masked_coroutine)

    @functools.wraps(function)
    def masked(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        with _masked_errors():
            return function(*arguments, **named)

    return masked


@contextmanager
def _masked_errors() -> Iterator[None]:
    try:
        yield
    except OpenbellError as error:
        what, hint = MASK.text(error.what), MASK.text(error.hint)
        if (what, hint) == (error.what, error.hint) and not _tells_secret(error):
            raise
        raise type(error)(what, hint) from None
    except Exception as error:
        if not _tells_secret(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {MASK.text(str(error))}") from None


def _tells_secret(error: BaseException) -> bool:
    """Return whether an error, its notes, its parts or those that led to it hold a secret."""
    told = "".join(TracebackException.from_exception(error, limit=0).format())
    return MASK.text(told) != told
