"""Bytecode that a full disk cut short stops no entry point, whoever it belongs to."""

from __future__ import annotations

import errno
import importlib.util
import marshal
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from blocks.process.bytecode import heal_bytecode
from tests.repository import REPOSITORY

PACKAGES = ("api", "blocks", "deployments", "flows", "tasks", "trading")
ENTRY_PACKAGES = ("api", "deployments", "flows")
# A full disk gives a small file its whole block or none, and `ulimit -f` counts blocks of these.
SMALLEST_LIMIT_BYTES = 1024
HEADER_BYTES = 16


@dataclass(frozen=True)
class Checkout:
    """A copy of the packages, and one package of somebody else's, with all bytecode compiled."""

    folder: Path

    def run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run Python in the copy, which comes before the packages that are installed."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def bytecode(self, source: str) -> Path:
        """Return where the bytecode of a source file is."""
        return Path(importlib.util.cache_from_source(str(self.folder / source)))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Compile it once; not to be changed."""
    folder = tmp_path_factory.mktemp("compiled")
    for name in PACKAGES:
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    # Stands for a package that is installed, whose own bytecode is nobody's to break here.
    (folder / "dotenv").mkdir()
    theirs = Path(str(importlib.util.find_spec("dotenv").origin)).parent  # type: ignore[union-attr]
    for path in theirs.glob("*.py"):
        shutil.copy(path, folder / "dotenv")
    made = Checkout(folder)
    done = made.run(["-m", "compileall", "-q", "."])
    assert done.returncode == 0, done.stdout
    return made


@pytest.fixture
def checkout(compiled: Checkout, tmp_path: Path) -> Checkout:
    """Return a copy of it for the test to break."""
    shutil.copytree(compiled.folder, tmp_path, dirs_exist_ok=True)
    return Checkout(tmp_path)


CUTS: dict[str, Callable[[int], int]] = {
    "nothing": lambda size: 0,
    "10 bytes": lambda size: 10,
    "the header": lambda size: HEADER_BYTES,
    "2,000 bytes": lambda size: min(2000, size - 2),
    "half": lambda size: size // 2,
    "all but one": lambda size: size - 1,
}
# What is run, what is broken, the exit code of a run in which nothing is, and how it is broken:
# how much is missing is the loader's matter, so that what starts slowly shows it once.
ALL, ONCE = tuple(CUTS), ("2,000 bytes",)
STARTS = (
    (("flows", "--help"), ("flows/__main__.py", "trading/errors.py"), 0, ALL),
    (("flows", "halt", "--help"), ("flows/commands/account/halt.py",), 0, ONCE),
    (
        ("flows", "validate-config"),
        ("blocks/settings/app_settings.py", "trading/parameters.py", "dotenv/main.py"),
        0,
        ONCE,
    ),
    (("api", "--help"), ("api/__main__.py", "api/app.py"), 0, ONCE),
    (("deployments", "--help"), ("deployments/__main__.py", "deployments/supervisor.py"), 0, ONCE),
    (("deployments.probe",), ("deployments/probe.py",), 1, ONCE),
    (
        ("deployments.server.prefect_server", "--help"),
        ("deployments/server/prefect_server.py",),
        0,
        ONCE,
    ),
)
BY_PATH = """
import deployments
from prefect.flows import load_flow_from_entrypoint
print(load_flow_from_entrypoint("flows/health.py:health").name)
"""


def assert_well(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert (done.returncode, done.stderr.count("Traceback")) == (code, 0), done.stderr
    assert done.stdout != ""


@pytest.mark.parametrize(
    ("arguments", "sources", "code", "cuts"), STARTS, ids=[" ".join(start[0]) for start in STARTS]
)
def test_an_entry_point_makes_broken_bytecode_anew(
    arguments: tuple[str, ...],
    sources: tuple[str, ...],
    code: int,
    cuts: tuple[str, ...],
    checkout: Checkout,
) -> None:
    whole = {source: checkout.bytecode(source).read_bytes() for source in sources}
    for cut in cuts:
        for source, content in whole.items():
            checkout.bytecode(source).write_bytes(content[: CUTS[cut](len(content))])
        assert_well(checkout.run(["-m", *arguments]), code)
        for source, content in whole.items():
            # The paths of two compilers differ, the code does not: it is whole again.
            made = marshal.loads(checkout.bytecode(source).read_bytes()[HEADER_BYTES:])
            expected = marshal.loads(content[HEADER_BYTES:])
            assert (made.co_code, made.co_names) == (expected.co_code, expected.co_names), cut


def test_what_heals_needs_no_bytecode_of_its_own(checkout: Checkout) -> None:
    for source in (
        "blocks/__init__.py",
        "blocks/process/__init__.py",
        "blocks/process/bytecode.py",
    ):
        path = checkout.bytecode(source)
        path.write_bytes(path.read_bytes()[:-1])
    assert_well(checkout.run(["-m", "flows", "--help"]), 0)


def test_a_flow_that_is_loaded_by_its_path_is_made_anew(checkout: Checkout) -> None:
    path = checkout.bytecode("flows/health.py")
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size // 2])
    assert_well(checkout.run(["-c", BY_PATH]), 0)
    assert path.stat().st_size > size // 2


def test_bytecode_that_cannot_be_removed_is_passed_over(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkout.bytecode("trading/errors.py")
    path.write_bytes(path.read_bytes()[:2000])
    heal_bytecode()

    # As in a checkout that is read-only, where root is refused as well.
    def refuse(path: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    monkeypatch.setattr(os, "remove", refuse)
    loader = SourceFileLoader("errors", str(checkout.folder / "trading/errors.py"))
    code = loader.get_code("errors")
    assert code is not None
    assert "OpenbellError" in code.co_names
    assert path.stat().st_size == 2000


@pytest.mark.parametrize("text", ["broken = = 1\n", "broken = '\0'\n"])
def test_a_source_that_is_no_python_is_still_an_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    heal_bytecode()
    with pytest.raises((SyntaxError, ValueError)):
        SourceFileLoader("broken", str(path)).get_code("broken")


def test_an_entry_package_is_too_small_to_be_cut_short(checkout: Checkout) -> None:
    # It is read before anything can heal it.
    for name in ENTRY_PACKAGES:
        size = checkout.bytecode(f"{name}/__init__.py").stat().st_size
        assert size < SMALLEST_LIMIT_BYTES, (name, size)
