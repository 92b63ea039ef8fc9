"""A worker at rest knows its kind of run, and carries no library for large sweeps around."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

CODE = """
import json, sys
from deployments.server.collections import load_no_collections
load_no_collections()
from prefect.cli._worker_utils import _load_worker_class
kind = _load_worker_class("process").__name__
print(json.dumps([kind, sorted({"prefect_dask", "distributed"} & set(sys.modules))]))
"""


def test_collections_that_are_installed_are_not_imported() -> None:
    # Where none is installed nothing is shown.
    assert find_spec("prefect_dask") is not None
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=300, check=True
    )
    assert json.loads(done.stdout) == ["ProcessWorker", []]
