"""What a process is asked that does one errand for a data folder: which one, by which settings."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from blocks.process.secret_mask import MASK
from blocks.settings.reader import ReadSettings, read_settings


def asked(description: str | None, arguments: Sequence[str] | None) -> tuple[Path, ReadSettings]:
    """Return the data folder that is named and the settings, whose secrets are masked from now on.

    Arguments are those of the process when left out; wrong ones end it with usage and exit code 2.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data-dir", type=Path, required=True)
    data_dir: Path = parser.parse_args(arguments).data_dir
    read = read_settings()
    MASK.learn(read.secrets())
    return data_dir, read
