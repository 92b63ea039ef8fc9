"""The string of a data folder's server is made once, and is its owner's alone."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from blocks.process.web.auth_string import auth_file, kept_auth_string, read_auth_string


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "prefect").mkdir()
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_at_the_first_start_and_kept(data_dir: Path) -> None:
    assert read_auth_string(data_dir) is None
    before = os.umask(0)
    try:
        made = kept_auth_string(data_dir)
    finally:
        os.umask(before)
    assert made == kept_auth_string(data_dir) == read_auth_string(data_dir)
    assert mode(auth_file(data_dir)) == 0o600
    assert [path.name for path in (data_dir / "prefect").iterdir()] == ["auth-string"]


def test_no_two_folders_have_the_same(tmp_path: Path) -> None:
    made = set()
    for number in range(20):
        (tmp_path / str(number) / "prefect").mkdir(parents=True)
        made.add(kept_auth_string(tmp_path / str(number)))
    assert len(made) == 20


def test_who_wants_one_at_the_same_time_is_given_the_same(data_dir: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: kept_auth_string(data_dir), range(64)))
    assert made == {read_auth_string(data_dir)}


@pytest.mark.parametrize("left", ["", "\n", "mine:chosen\n"])
def test_a_file_that_others_may_read_is_closed_and_an_empty_one_made_anew(
    left: str, data_dir: Path
) -> None:
    auth_file(data_dir).write_text(left)
    auth_file(data_dir).chmod(0o644)
    made = kept_auth_string(data_dir)
    assert made == left.strip() if left.strip() else made.startswith("openbell:")
    assert mode(auth_file(data_dir)) == 0o600
