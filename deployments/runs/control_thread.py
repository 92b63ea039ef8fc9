"""The thread of a supervisor that hears what is clicked, whatever else the supervisor waits for."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import httpx

from deployments.processes.home import Home, Say
from deployments.runs.control_runs import ControlRuns
from deployments.runs.upcoming_names import UpcomingNames
from deployments.server.last_write import Stamp, last_write
from deployments.server.prefect_api import PrefectApi
from deployments.server.prefect_connection import ServerRefused
from deployments.server.server import Server
from deployments.server.worker import CONTROL_POOL, worker_name
from trading.errors import OpenbellError, SourceUnavailable

LOOK_EVERY_S = 1.0
# Where nothing was written at the server: a run may have been told to begin later.
LOOK_ANYWAY_S = 4.0
SAY_SERVED_EVERY_S = 20.0
STOP_GRACE_S = 5.0


class ControlThread:
    """Looks for control runs about once a second, whatever else a supervisor waits for.

    A server of our own is only asked when something was written there, or four seconds went by.

    Beside them it gives upcoming runs their names, which nobody waits for.
    """

    def __init__(
        self, home: Home, say: Say, server: Callable[[], Server], broker: str = ""
    ) -> None:
        self._runs = ControlRuns(home, say)
        self._names = UpcomingNames(home, broker)
        self._server = server
        self._say = say
        self._worker = worker_name(home)
        self._say_served_at = -math.inf
        self._was_served = False
        self._trouble = ""
        self._home = home
        self._written: Stamp | None = None
        self._look_at = -math.inf
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End after the command that is being done; what is not done stays scheduled."""
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join(STOP_GRACE_S)

    def _serve(self) -> None:
        server: Server | None = None
        api: PrefectApi | None = None
        while not self._is_over.wait(LOOK_EVERY_S):
            try:
                if api is None or server is not self._server():
                    server = self._server()
                    api = server.connect()
                    api.hurry()
                if not self._is_time(server, time.monotonic()):
                    continue
                self._runs.look(api)
                self._names.look(api, time.monotonic())
                self._say_served(api, time.monotonic())
                self._trouble = ""
                self._look_at = time.monotonic() + LOOK_ANYWAY_S
            except SourceUnavailable:
                # The supervisor says that a server is away; what was clicked waits there.
                continue
            except ServerRefused as error:
                # Busy: the next look is in a second.
                if error.status != httpx.codes.SERVICE_UNAVAILABLE:
                    self._say_once(str(error))
            except OpenbellError as error:
                self._say_once(str(error))
            except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
                # An answer that is not Prefect's: the next halt is heard all the same.
                self._say_once(f"{type(error).__name__}: {error}")
        if api is not None:
            api.close()

    def _is_time(self, server: Server | None, now: float) -> bool:
        is_own = server is not None and server.child is not None
        # Before the question: what is written meanwhile is looked for again.
        written = last_write(self._home) if is_own else None
        if written is not None and written == self._written and now < self._look_at:
            return False
        # Again in a second, unless the look comes to its end.
        self._written, self._look_at = written, -math.inf
        return True

    def _say_served(self, api: PrefectApi, now: float) -> None:
        if now < self._say_served_at:
            return
        self._say_served_at = now + SAY_SERVED_EVERY_S
        try:
            api.say_served(CONTROL_POOL, self._worker, SAY_SERVED_EVERY_S)
            self._was_served = True
        except ServerRefused as error:
            # A server that is busy, or whose pools are being registered, shows the pool red for a
            # while; what is clicked is heard all the same, but where somebody removed it.
            if error.status == httpx.codes.NOT_FOUND and self._was_served:
                raise

    def _say_once(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._say(f"Halt and flatten of Prefect's page are not heard: {trouble}")
        self._trouble = trouble
