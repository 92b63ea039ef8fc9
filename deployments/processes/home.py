"""Where the Prefect server and worker of one data folder keep their things."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from blocks.process.web.auth_string import auth_file, kept_auth_string
from blocks.process.web.prefect_place import port_file, server_port, server_url
from trading.errors import StoreUnavailable

_MACHINE_FILE = Path("/etc/machine-id")
# Where the packages lie: in a checkout, or where a wheel was installed.
REPOSITORY = Path(__file__).resolve().parents[2]
# What is registered unless another file is named. In a checkout a link to the one at its top.
PREFECT_FILE = (REPOSITORY / "deployments" / "prefect.yaml").resolve()

# Every process that a supervisor starts carries this with the data folder's path, and hands it
# down: it is how flow runs, which Prefect puts in sessions of their own, are found again.
MARK = "OPENBELL_SUPERVISED"
DATA_DIR = "OPENBELL_DATA_DIR"
# What a server asks for, and what a client tells it: at our own server one and the same.
AUTH_VARIABLES = ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING")


@dataclass(frozen=True, slots=True)
class Home:
    """The part of a data folder that belongs to Prefect."""

    data_dir: Path

    @classmethod
    def at(cls, data_dir: Path) -> Home:
        """Return the home in a data folder, creating its folders."""
        home = cls(data_dir.expanduser().resolve())
        for folder in (home.data_dir, home.prefect, home.logs):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                # Asked of the file system itself: modes say nothing of read-only mounts and root.
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                raise not_writable(folder, error) from error
        return home

    @property
    def prefect(self) -> Path:
        """Return PREFECT_HOME: database, profiles and the server's port."""
        return self.data_dir / "prefect"

    @property
    def logs(self) -> Path:
        """Return the folder of log files."""
        return self.data_dir / "logs"

    @property
    def port_file(self) -> Path:
        """Return the file that remembers the server's port."""
        return port_file(self.data_dir)

    @property
    def server_port(self) -> int | None:
        """Return the port of this folder's own server, None before its first start."""
        return server_port(self.data_dir)

    @property
    def server_url(self) -> str | None:
        """Return the address of this folder's own server, None before its first start."""
        return server_url(self.data_dir)

    def asks_elsewhere(self) -> str | None:
        """Return the server that PREFECT_API_URL names, None where it is this folder's own.

        The line that `up` prints for a shell names our own, and `up` is started there too.
        """
        given = os.environ.get("PREFECT_API_URL") or None
        return None if given == self.server_url else given

    def auth_string(self) -> str:
        """Return what our own server asks for; one that the user has set himself wins."""
        for name in AUTH_VARIABLES:
            if given := os.environ.get(name):
                return given
        try:
            return kept_auth_string(self.data_dir)
        except OSError as error:
            raise not_writable(auth_file(self.data_dir), error) from error

    def left_places(self) -> list[str]:
        """Return what this folder was called before, while its server is being told of a move."""
        try:
            return self._left_places_file.read_text().splitlines()
        except FileNotFoundError:
            return []

    def write_left_places(self, places: Iterable[str]) -> None:
        """Write down what this folder was called, before its server is told of the first."""
        new = self._left_places_file.with_suffix(".new")
        try:
            new.write_text("\n".join(sorted(places)))
            new.replace(self._left_places_file)
        except OSError as error:
            raise not_writable(new, error) from error

    def forget_left_places(self) -> None:
        """Take note that the server has been told everything."""
        self._left_places_file.unlink(missing_ok=True)

    @property
    def _left_places_file(self) -> Path:
        return self.prefect / "left_places"

    @property
    def identity(self) -> str:
        """Return eight letters that no other data folder has, nor a copy on another machine."""
        return hashlib.sha256((self._own_word() + _machine()).encode()).hexdigest()[:8]

    def _own_word(self) -> str:
        file = self.prefect / "identity"
        if not file.exists():
            file.write_text(uuid.uuid4().hex)
        return file.read_text()

    def environment(self, api_url: str | None) -> dict[str, str]:
        """Return the environment of a child process that reads no profile of the user's."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PREFECT_PROFILE", "PREFECT_API_URL")
        }
        environment |= {
            "PREFECT_HOME": str(self.prefect),
            "PREFECT_PROFILES_PATH": str(self.prefect / "profiles.toml"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_LOGGING_COLORS": "false",
            "PYTHONUNBUFFERED": "1",
            # Prefect's server answers 503 while others write to its database. Five tries end after
            # a minute, and with them a session that was about to begin; seven take four minutes.
            "PREFECT_CLIENT_MAX_RETRIES": environment.get("PREFECT_CLIENT_MAX_RETRIES", "7"),
            # Threads of glibc keep what they have freed to themselves, in eight heaps a core: two
            # heaps in all save a server or session some tens of MB over months.
            "MALLOC_ARENA_MAX": environment.get("MALLOC_ARENA_MAX", "2"),
            DATA_DIR: str(self.data_dir),
            MARK: str(self.data_dir),
        }
        if api_url is not None:
            environment["PREFECT_API_URL"] = api_url
        if self.asks_elsewhere() is None:
            environment |= dict.fromkeys(AUTH_VARIABLES, self.auth_string())
        elif password := environment.get("PREFECT_SERVER_API_AUTH_STRING"):
            environment.setdefault("PREFECT_API_AUTH_STRING", password)
        return environment

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep any second supervisor away from this folder while the context lasts."""
        path = self.prefect / "supervisor.lock"
        try:
            file = path.open("a+")
        except OSError as error:
            raise not_writable(path, error) from error
        with file as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                raise StoreUnavailable(
                    f"data folder {self.data_dir} is already served by process"
                    f" {lock.read().strip() or 'unknown'}",
                    "Stop that one with Ctrl-C or SIGTERM, or use another --data-dir",
                ) from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield


def is_checkout() -> bool:
    """Return whether this is the source, and not a wheel that was installed."""
    return (REPOSITORY / "pyproject.toml").is_file()


def working_folder(prefect_file: Path) -> Path:
    """Return where the flow runs of a file's deployments work, and their entrypoints start."""
    return REPOSITORY if prefect_file == PREFECT_FILE else prefect_file.parent


def not_writable(path: Path, error: OSError) -> StoreUnavailable:
    """Return what to say when a place in the data folder cannot be written."""
    return StoreUnavailable(
        f"data folder cannot be written: {path}: {error.strerror}",
        "Give it to the user who runs Openbell, or choose another with --data-dir",
    )


def _machine() -> str:
    # A container has none, or its image's; there the data folder alone has to do.
    try:
        return _MACHINE_FILE.read_text()
    except OSError:
        return ""


Say = Callable[[str], None]
