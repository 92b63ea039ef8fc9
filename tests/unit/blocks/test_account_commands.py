"""A command that a hint names is one that a shell takes as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

from blocks.account_commands import account_command


def test_a_folder_and_an_account_with_spaces_are_one_word_each() -> None:
    command = account_command("restore --force", Path("/my data/it's"), "paper; rm -r")
    assert shlex.split(command) == [
        "openbell", "restore", "--force", "--data-dir", "/my data/it's",
        "--account", "paper; rm -r",
    ]  # fmt: skip
