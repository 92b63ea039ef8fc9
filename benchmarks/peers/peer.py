"""Another backtester, measured in an environment of its own that is made for it and kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_LONGEST_S = 900


def measure_peer(
    package: str, program: str, arrays: Path, cache: Path, *arguments: str
) -> dict[str, Any]:
    """Return the figures that a program prints as its last line, or why there are none.

    It is told the file of `arrays` of bars, then the arguments; `package` is what has to be
    installed for it, with an extra in brackets if it needs one.
    """
    module, _, extra = package.rstrip("]").partition("[")
    environment = cache / (f"{module}-{extra}-venv" if extra else f"{module}-venv")
    python = environment / "bin" / "python"
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(environment)], check=False)
        if made.returncode:
            return {package: "not available: no environment could be made"}
    have = subprocess.run([str(python), "-c", f"import {module}"], capture_output=True, check=False)
    if have.returncode:
        got = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "numpy", package],
            capture_output=True,
            timeout=_LONGEST_S,
            check=False,
        )
        if got.returncode:
            return {package: "not available: it did not install"}
    done = subprocess.run(
        [str(python), "-c", program, str(arrays), *arguments],
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return {package: f"not available: {last[:200]}"}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
