"""A signal to end stays one, whatever the library makes of it that it strikes inside."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.exceptions import TerminationSignal


@contextmanager
def termination_kept() -> Iterator[None]:
    """Raise TerminationSignal where what was raised is only what became of it.

    Prefect raises it wherever the process is. Compiled code answers with an error of its own, by
    which Prefect would call a run that was cancelled crashed.
    """
    try:
        yield
    except TerminationSignal:
        raise
    except BaseException as error:
        if _came_of_it(error):
            raise TerminationSignal(signal.SIGTERM) from error
        raise


def _came_of_it(error: BaseException) -> bool:
    # Compiled code keeps no cause, but names it in its text.
    name = TerminationSignal.__name__
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, TerminationSignal) or name in str(found):
            return True
        found = found.__cause__ or found.__context__
    return False
