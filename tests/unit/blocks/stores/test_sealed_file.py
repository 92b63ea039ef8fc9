"""A file that was changed is as good as none: nobody goes on with figures of nobody's making."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.stores.sealed_file import read_sealed, write_sealed


@settings(max_examples=30)
@given(st.binary(max_size=200), st.data())
def test_content_comes_back_whole_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("sealed") / "file"
    write_sealed(path, content)
    assert read_sealed(path) == content

    sealed = bytearray(path.read_bytes())
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(sealed)
    assert read_sealed(path) is None

    path.write_bytes(sealed[: data.draw(st.integers(0, len(sealed) - 1))])
    assert read_sealed(path) is None


def test_what_is_not_there_or_no_file_is_none(tmp_path: Path) -> None:
    assert read_sealed(tmp_path / "nothing") is None
    assert read_sealed(tmp_path) is None
