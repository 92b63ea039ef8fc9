"""What `openbell service` prints is a unit of systemd that starts `up` where it was asked for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.service import unit

# Words that a shell, or systemd, would take apart.
ODD = "a b%h $HOME 'c' \"d\""


def unescaped(line: str) -> list[str]:
    """Return the words of a command as systemd.service(5) and systemd.syntax(7) read them."""
    words = [quoted or plain for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)]
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%").replace("$$", "$") for word in words]


def test_it_starts_up_in_this_folder_with_the_settings_that_were_named(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "mine.env").write_text("SHUTDOWN_TIMEOUT_SECONDS=100\n")

    text = subprocess.run(
        [
            *(sys.executable, "-m", "deployments", "service"),
            *("--data-dir", "data", "--env-file", "mine.env"),
        ],
        cwd=folder, stdout=subprocess.PIPE, text=True, timeout=300, check=True,
    ).stdout  # fmt: skip

    settings = dict(line.split("=", 1) for line in text.splitlines() if re.match("[A-Z]", line))
    assert unescaped(settings["ExecStart"]) == [
        *(sys.executable, "-m", "deployments", "up"),
        *("--data-dir", str(folder / "data"), "--env-file", str(folder / "mine.env")),
    ]
    assert settings["WorkingDirectory"].replace("%%", "%") == str(folder)
    # Sessions outlive an `up` that dies, and have their time where it is stopped.
    assert settings["KillMode"] == "process"
    assert settings["Restart"] == "always"
    assert float(settings["TimeoutStopSec"]) > 100


def test_systemd_takes_it(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    file = tmp_path / "openbell.service"
    file.write_text(unit(tmp_path / ODD, tmp_path, 45.0))

    done = subprocess.run(
        [program, "verify", "--user", str(file)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
