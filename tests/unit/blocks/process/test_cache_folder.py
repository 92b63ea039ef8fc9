"""Where compiled engines are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.process import cache_folder
from blocks.process.cache_folder import engine_cache_folder


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
