"""The list of commands, where nobody reads it to its end."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.repository import REPOSITORY


def test_a_list_of_which_nobody_reads_the_end_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [sys.executable, "-c", "from deployments.openbell import main; main()", "--help"],
            cwd=REPOSITORY,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert "Traceback" not in ended.stderr
    assert "Broken pipe" not in ended.stderr
