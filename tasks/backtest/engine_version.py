"""Which engine made a result: the package's version, and a hash of what computes."""

from __future__ import annotations

import hashlib
import inspect
from importlib import metadata
from pathlib import Path
from types import ModuleType

import trading


def engine_version(module: ModuleType) -> str:
    """Return the version of the package and a hash of the sources, the strategy's among them."""
    try:
        version = metadata.version("openbell")
    except metadata.PackageNotFoundError:
        version = "unreleased"
    digest = hashlib.sha256()
    for path in sorted(Path(trading.__path__[0]).rglob("*.py")):
        digest.update(path.read_bytes())
    digest.update(inspect.getsource(module).encode())
    return f"{version}+{digest.hexdigest()[:12]}"
