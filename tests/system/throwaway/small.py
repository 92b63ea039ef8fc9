"""A flow that writes down what it sees and then sleeps."""

import asyncio
import json
import os
from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run


@flow(name="small")
async def small(data_dir: Path, seconds: float = 0.0, problem: str = "") -> None:
    """Write the environment to `<run id>.json`, sleep, and write `<run id>.finally`."""
    note = data_dir / f"{flow_run.id}.json"
    note.write_text(json.dumps({"pid": os.getpid(), "cwd": os.getcwd(), **os.environ}))
    try:
        await asyncio.sleep(seconds)
        if problem:
            raise RuntimeError(problem)
    finally:
        note.with_suffix(".finally").touch()
