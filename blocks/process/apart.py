"""A question that a process of its own answers: what it imports goes when it ends.

Who lives for months asks so what needs DuckDB, or the calendar's pandas, and is asked seldom: each
takes 40 MB for as long as a process lives.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from trading.errors import BadInput, OpenbellError, SourceUnavailable, StoreUnavailable

LIMIT_SECONDS = 60.0
_ERRORS: dict[str, type[OpenbellError]] = {
    kind.__name__: kind for kind in (BadInput, SourceUnavailable, StoreUnavailable)
}


class NoAnswer(Exception):
    """The other process said nothing of use: who asks finds out himself."""


def answer_of(module: str, *arguments: str, limit_s: float = LIMIT_SECONDS) -> object:
    """Return what a module's `tell` answers to these arguments, of what JSON has.

    Raises what it raised of our errors, NoAnswer where it did not start, or did not come to an end.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps(arguments),
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=True,
        )
        answer = json.loads(done.stdout)
        if "error" not in answer:
            return answer["answer"]
        kind, what, hint = answer["error"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        raise NoAnswer(f"{module}: {type(error).__name__}") from error
    raise _ERRORS[kind](what, hint)


def tell(answer: Callable[..., object]) -> None:
    """Answer the question that this process was started with."""
    arguments = json.load(sys.stdin)
    try:
        said: dict[str, object] = {"answer": answer(*arguments)}
    except tuple(_ERRORS.values()) as error:
        said = {"error": [type(error).__name__, error.what, error.hint]}
    print(json.dumps(said))
