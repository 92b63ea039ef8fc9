"""A unit of systemd that starts `up` with the machine, and again when it has ended by itself."""

from __future__ import annotations

import string
import sys
from pathlib import Path

from deployments.processes.home import PREFECT_FILE

# What `up` takes at most to end, beside the time that sessions have: server, worker, leftovers.
REST_OF_THE_END_S = 90.0
# A word that systemd would split, or take for something else, is put in quotes.
_PLAIN = frozenset(string.ascii_letters + string.digits + "-_./=+:,@")

UNIT = """\
# Made by `openbell service`. To have it started with the machine:
#   mkdir -p ~/.config/systemd/user
#   openbell service > ~/.config/systemd/user/openbell.service
#   systemctl --user daemon-reload
#   systemctl --user enable --now openbell
#   loginctl enable-linger
[Unit]
Description=Openbell, data folder {data_dir}
# A start that fails is tried again for ever, and not five times.
StartLimitIntervalSec=0

[Service]
WorkingDirectory={folder}
ExecStart={command}
Restart=always
RestartSec=10
# A session outlives an `up` that dies, and `up` itself ends its sessions when it is stopped.
KillMode=process
TimeoutStopSec={stop_s:.0f}
# One process that takes too much memory is no reason to end the others.
OOMPolicy=continue

[Install]
WantedBy=default.target
"""


def unit(
    data_dir: Path,
    folder: Path,
    shutdown_timeout_s: float,
    env_file: Path | None = None,
    prefect_file: Path = PREFECT_FILE,
) -> str:
    """Return the unit of an `up` that works in a folder, whose .env it reads.

    `shutdown_timeout_s` is the time that sessions have to end, in seconds.
    """
    words = [sys.executable, "-m", "deployments", "up", "--data-dir", str(data_dir)]
    if env_file is not None:
        words += ["--env-file", str(env_file.resolve())]
    if prefect_file.resolve() != PREFECT_FILE:
        words += ["--prefect-file", str(prefect_file.resolve())]
    return UNIT.format(
        data_dir=_doubled(str(data_dir)),
        folder=_doubled(str(folder)),
        command=" ".join(_word(word) for word in words),
        stop_s=shutdown_timeout_s + REST_OF_THE_END_S,
    )


def _word(word: str) -> str:
    text = _doubled(word).replace("$", "$$")
    if set(word) <= _PLAIN:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _doubled(text: str) -> str:
    """Return a text in which systemd finds no specifier, such as %h."""
    return text.replace("%", "%%")
