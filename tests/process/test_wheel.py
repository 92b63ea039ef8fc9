"""What is installed from the wheel, in a folder that holds nothing: as `uvx` and `pipx` run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.repository import REPOSITORY

PACKAGES = ("trading", "blocks", "tasks", "flows", "deployments", "api")
BESIDE = ("docs", "pyproject.toml", "prefect.yaml", "README.md", "LICENSE")
# Pictures and what they were made from are for readers of the repository.
LEFT_OUT = shutil.ignore_patterns("__pycache__", "images")
SHORT = ("--symbols", "AAA,BBB", "--interval", "15", "--set", "range_minutes=15")
# What `register` does before it speaks to a server.
LOAD_ALL = """
import asyncio, os
os.environ["OPENBELL_DATA_DIR"] = os.path.abspath("data")
# Each build step is handed a client, which is asked nothing.
os.environ["PREFECT_API_URL"] = "http://127.0.0.1:9/api"
from deployments.processes.home import PREFECT_FILE, working_folder
from deployments.registry.register import _load
from deployments.registry.spec import read_specs
folder = working_folder(PREFECT_FILE)
for spec in asyncio.run(read_specs(PREFECT_FILE)):
    print(_load(spec, folder).name, spec.name, spec.parameters["data_dir"])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of a copy: what an earlier build left behind would come along."""
    source = tmp_path_factory.mktemp("source")
    for name in (*PACKAGES, *BESIDE):
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, source / name, symlinks=True, ignore=LEFT_OUT)
        else:
            shutil.copy(REPOSITORY / name, source / name)
    built = tmp_path_factory.mktemp("built")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built))
    subprocess.run([*pip, "wheel", *options, "."], cwd=source, check=True, capture_output=True)
    return next(built.glob("openbell-*.whl"))


class Installed:
    """The wheel in an environment of its own, which borrows the packages of the tests'."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        self.empty = folder / "empty"
        self.empty.mkdir()
        self._programs = folder / "env" / "bin"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
        into = ("--python", str(self._programs / "python"), "install", "--quiet")
        subprocess.run([*pip, *into, "--no-deps", "--no-index", "--no-compile", wheel], check=True)
        packages = next((folder / "env" / "lib").glob("python3*")) / "site-packages"
        # A path in such a file is searched last, and the editable install of the checkout is not.
        (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))

    def run(self, program: str, *arguments: str) -> str:
        """Return what a program of the environment prints, run where there is nothing."""
        variables = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self.empty,
            env={**variables, "PATH": f"{self._programs}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(wheel, tmp_path_factory.mktemp("installed"))


def test_it_holds_each_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    wanted = {
        f"{folder}/{name}".removeprefix(f"{REPOSITORY}/")
        for package in PACKAGES
        for folder, _, names in os.walk(REPOSITORY / package, followlinks=True)
        if not {"__pycache__", "images"} & set(Path(folder).parts)
        for name in names
        if name not in ("luck.json", "benchmarks.json")
    }
    with ZipFile(wheel) as opened:
        held = {name for name in opened.namelist() if ".dist-info/" not in name}
        licences = [name for name in opened.namelist() if name.endswith("licenses/LICENSE")]
    assert held == wanted
    assert "blocks/report/assets/lightweight-charts.LICENSE" in held
    assert len(licences) == 1


def test_it_tests_trades_and_shows_without_a_checkout(installed: Installed) -> None:
    dates = ("--start", "2025-06-02", "--end", "2025-06-03")
    installed.run("openbell", "backtest", *SHORT, *dates, "--out", "result")
    assert (installed.empty / "result" / "report.html").stat().st_size > 50_000
    installed.run("openbell", "run", "--replay", "2025-06-10", *SHORT, "--data-dir", "data")
    shown = installed.run("openbell", "show-status", "--data-dir", "data")
    assert "replay (SIMULATED bars): equity" in shown
    assert "default" in installed.run("openbell", "validate-config")
    # Nothing was written but where it was told to.
    assert {path.name for path in installed.empty.iterdir()} == {"result", "data"}


def test_what_it_says_of_itself_is_in_it(installed: Installed) -> None:
    overview = installed.run("openbell", "--help")
    for name in ("backtest", "up", "demo", "api", "docs"):
        assert f"\n  {name} " in overview
    assert "usage: openbell api" in installed.run("openbell", "api", "--help")
    assert installed.run("openbell", "docs", "rulesets").startswith("# ")


def test_each_deployment_of_it_can_be_registered(installed: Installed) -> None:
    """As `up` does it; a checkout's folder would be gone on the machine of a user."""
    lines = installed.run("python", "-c", LOAD_ALL).splitlines()
    assert len(lines) > 15
    assert any(line.startswith("trade-session paper ") for line in lines)
    assert {line.split(" ", 2)[2] for line in lines} == {str(installed.empty / "data")}
