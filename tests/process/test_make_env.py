"""What `make env` takes, refuses and makes anew; pip itself is a stand-in that keeps its words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import REPOSITORY

PACKAGES = ("trading", "blocks", "tasks", "flows", "deployments", "api")
# `python -m pip` finds this before the real one.
PIP = "import os, sys; open(os.environ['PIP_HEARD'], 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
TOO_OLD = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; *) echo 3.9.18 "$0";; esac\n'


class Checkout:
    """A folder with what `make env` reads, and what it said and did there."""

    def __init__(self, folder: Path, stand_ins: Path) -> None:
        self.folder = folder
        self.stand_ins = stand_ins
        self.heard = stand_ins / "heard"

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call `make env`, with a PATH on which python3.11 is the Python of the tests."""
        self.heard.write_text("")
        return subprocess.run(
            ["make", "--silent", "env", *arguments],
            cwd=self.folder,
            env={
                "PATH": f"{self.stand_ins / 'bin'}:/usr/bin:/bin",
                "PYTHONPATH": str(self.stand_ins / "modules"),
                "PIP_HEARD": str(self.heard),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def installs(self) -> int:
        """Return how often the last call installed the lock."""
        return self.heard.read_text().count("--require-hashes --requirement requirements.lock")


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stand-ins")
    (folder / "bin").mkdir()
    (folder / "modules").mkdir()
    (folder / "modules" / "pip.py").write_text(PIP)
    (folder / "bin" / "python3.11").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    too_old = folder / "bin" / "python3.9"
    too_old.write_text(TOO_OLD)
    too_old.chmod(0o755)
    return folder


def new_checkout(folder: Path, stand_ins: Path) -> Checkout:
    folder.mkdir()
    for name in ("Makefile", "make_env.sh"):
        shutil.copy(REPOSITORY / name, folder)
    for name in ("requirements.lock", "pyproject.toml"):
        (folder / name).write_text("")
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "module.py").write_text("x = 1\n")
    return Checkout(folder, stand_ins)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, stand_ins: Path) -> Checkout:
    """A checkout whose folder has a space in its name, after `make env`; not to be changed."""
    checkout = new_checkout(tmp_path_factory.mktemp("made") / "a house", stand_ins)
    done = checkout.make()
    assert done.returncode == 0, done.stderr
    # The machine's own where it has one, else that of the tests.
    assert re.match(r"make env: \.venv is made with Python 3\.1[123]\.\d+ /", done.stdout)
    assert done.stdout.count("\n") == 1
    # Minutes without a word look like a fault.
    assert "the packages of the lock are installed" in done.stderr
    assert checkout.installs() == 1
    return checkout


@pytest.fixture
def checkout(made: Checkout, tmp_path: Path) -> Checkout:
    """The same in a folder of the test's own, as if it had been made there."""
    folder = tmp_path / "house"
    shutil.copytree(made.folder, folder, symlinks=True)
    pip = folder / ".venv" / "bin" / "pip"
    pip.write_text(pip.read_text().replace(str(made.folder), str(folder)))
    return Checkout(folder, made.stand_ins)


def test_all_bytecode_is_written_at_once(made: Checkout) -> None:
    for name in PACKAGES:
        assert list((made.folder / name / "__pycache__").glob("module.*.pyc"))


def test_a_second_call_says_and_installs_nothing(checkout: Checkout) -> None:
    done = checkout.make()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert checkout.installs() == 0


def test_a_changed_lock_is_installed(checkout: Checkout) -> None:
    stamp = (checkout.folder / ".venv" / ".installed").stat().st_mtime
    os.utime(checkout.folder / "requirements.lock", (stamp + 5, stamp + 5))
    assert checkout.make().returncode == 0
    assert checkout.installs() == 1


def test_a_moved_checkout_makes_its_environment_anew(checkout: Checkout, tmp_path: Path) -> None:
    checkout.folder = checkout.folder.rename(tmp_path / "elsewhere")
    done = checkout.make()
    assert done.returncode == 0, done.stderr
    assert "made anew: it was made in another folder" in done.stdout
    assert str(checkout.folder) in (checkout.folder / ".venv" / "bin" / "pip").read_text()
    assert checkout.installs() == 1


def test_the_command_of_a_moved_checkout_says_what_to_do_and_then_works(
    checkout: Checkout, made: Checkout
) -> None:
    (checkout.folder / "deployments" / "openbell.py").write_text("print('it works')\n")

    def call() -> subprocess.CompletedProcess[str]:
        command = [checkout.folder / ".venv" / "bin" / "openbell", "halt"]
        path = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(checkout.folder)}
        return subprocess.run(command, env=path, capture_output=True, text=True, check=False)

    refused = call()
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert str(made.folder) in refused.stderr
    assert refused.stderr.endswith("make env\n")

    (checkout.folder / ".venv" / ".installed").unlink()
    assert checkout.make().returncode == 0
    assert call().stdout == "it works\n"


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    for link in (checkout.folder / ".venv" / "bin").glob("python*"):
        link.unlink()
    done = checkout.make()
    assert done.returncode == 0, done.stderr
    assert "made anew: its Python is gone" in done.stdout
    assert checkout.installs() == 1


@pytest.mark.parametrize("python", ["python3.9", "/nowhere/python3.12"])
def test_a_python_that_does_not_do_is_one_line_and_changes_nothing(
    checkout: Checkout, python: str
) -> None:
    done = checkout.make(f"PYTHON={python}")
    assert done.returncode == 2
    first, make_says = done.stderr.strip().splitlines()
    assert first.startswith(f"make env: {python} is ")
    assert "Install Python 3.11, 3.12 or 3.13" in first
    assert make_says.startswith("make: ***")
    assert (checkout.folder / ".venv" / ".installed").exists()


def test_an_environment_that_another_tool_made_is_left_alone(checkout: Checkout) -> None:
    (checkout.folder / ".venv" / ".installed").unlink()
    (checkout.folder / ".venv" / "bin" / "pip").unlink()
    done = checkout.make()
    assert done.returncode == 2
    assert "it has no pip. Remove it: rm -rf .venv" in done.stderr
    assert (checkout.folder / ".venv" / "bin" / "python").exists()


def leave_no_candidate(checkout: Checkout) -> None:
    script = checkout.folder / "make_env.sh"
    names = "CANDIDATES=(python3.9 python3.97)\n"
    lines = script.read_text().splitlines(keepends=True)
    script.write_text("".join(names if line.startswith("CANDIDATES=") else line for line in lines))


def test_nothing_is_removed_while_no_python_could_take_its_place(
    checkout: Checkout, tmp_path: Path
) -> None:
    leave_no_candidate(checkout)
    checkout.folder = checkout.folder.rename(tmp_path / "elsewhere")
    done = checkout.make()
    assert done.returncode == 2
    assert "no Python 3.11, 3.12 or 3.13 is found" in done.stderr
    assert (checkout.folder / ".venv" / "bin" / "python").exists()


def test_bytecode_that_cannot_be_written_is_said_and_stops_nothing(checkout: Checkout) -> None:
    shutil.rmtree(checkout.folder / "flows" / "__pycache__")
    (checkout.folder / "flows" / "__pycache__").write_text("no folder")
    done = checkout.make()
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "make env: bytecode cannot be written here; all works without, and starts more slowly"
    ]


def test_without_any_python_it_says_which_are_taken(stand_ins: Path, tmp_path: Path) -> None:
    checkout = new_checkout(tmp_path / "bare", stand_ins)
    leave_no_candidate(checkout)
    done = checkout.make()
    assert done.returncode == 2
    assert "no Python 3.11, 3.12 or 3.13 is found. Install" in done.stderr
