"""The file `.env`: which one is meant, and what its lines say."""

from __future__ import annotations

import io
import stat
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import parse_stream

ENV_FILE = "OPENBELL_ENV_FILE"
DEFAULT_ENV_FILE = Path(".env")
# Twenty times what names every variable. What is longer is another file.
MOST_BYTES = 256 * 1024


def env_file_of(given: Path | None, variables: Mapping[str, str]) -> Path | None:
    """Return the file that is meant: as it was given, of the environment, or the one here."""
    if given is not None:
        return given
    if variables.get(ENV_FILE):
        return Path(variables[ENV_FILE])
    return DEFAULT_ENV_FILE if DEFAULT_ENV_FILE.exists() else None


def is_open_to_others(path: Path) -> bool:
    """Return whether other users of this machine can read a file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def read_env_file(path: Path, problems: list[str]) -> dict[str, str]:
    """Return what each name is set to; what cannot be read is one more problem."""
    try:
        with path.open("rb") as file:
            # Not as its size says: a pipe has none, and a device no end.
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            problems.append(
                f"{path} is longer than {MOST_BYTES // 1024} kB. Name the settings' file"
            )
            return {}
        text = content.decode("utf-8-sig")
    except OSError as error:
        problems.append(f"{path} cannot be read: {error.strerror}. Check its path and permissions")
        return {}
    except UnicodeDecodeError as error:
        problems.append(f"{path} is not UTF-8 text at byte {error.start}. Save it as UTF-8")
        return {}
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text, newline=None)):
        # No word of the line is shown: it may be a secret.
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(f"{path} line {binding.original.line}: not NAME=value. Correct it")
        elif binding.key is not None and binding.value is not None:
            if binding.key in values:
                problems.append(
                    f"{path} line {binding.original.line}: {binding.key} is set twice. Keep one"
                )
            values[binding.key] = binding.value
    return values
