"""Where compiled engines are kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from blocks.process.files import cache_folder
from blocks.process.files.cache_folder import engine_cache_folder


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the installation would have machine code; there is none."""
    folder = tmp_path / "installed"
    monkeypatch.setattr(cache_folder, "INSTALLED_ENGINES", folder)
    return folder


def test_it_follows_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    assert engine_cache_folder() == tmp_path / "cache" / "openbell" / "engine"
    assert list((tmp_path / "cache" / "openbell" / "engine").iterdir()) == []


@pytest.mark.parametrize("unset", ["", "relative/cache"])
def test_it_is_in_the_home_folder_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unset: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", unset)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert engine_cache_folder() == tmp_path / ".cache" / "openbell" / "engine"


def test_there_is_none_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert engine_cache_folder() is None


def test_there_is_none_on_a_disk_with_too_little_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert engine_cache_folder() is not None

    monkeypatch.setattr(cache_folder, "LEAST_FREE_BYTES", 10**18)

    assert engine_cache_folder() is None


def test_a_new_cache_has_what_the_installation_brought(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for key in ("one", "other"):
        (installed / key / "engine").mkdir(parents=True)
        (installed / key / "engine" / "stage.nbc").write_text(f"machine code of {key}")
    folder = engine_cache_folder()
    assert folder is not None
    assert (folder / "one" / "engine" / "stage.nbc").read_text() == "machine code of one"

    # What a run has added for its own signatures stays.
    (folder / "one" / "engine" / "stage.nbc").write_text("of a run")

    assert engine_cache_folder() == folder
    assert (folder / "one" / "engine" / "stage.nbc").read_text() == "of a run"
    assert sorted(found.name for found in folder.iterdir()) == ["one", "other"]


def test_a_second_installation_brings_its_own(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for place in ("checkout", "another-checkout"):
        shutil.rmtree(installed, ignore_errors=True)
        (installed / "key" / place).mkdir(parents=True)
        folder = engine_cache_folder()
        assert folder is not None

    found = sorted(path.name for path in (folder / "key").iterdir())
    assert found == ["another-checkout", "checkout"]
