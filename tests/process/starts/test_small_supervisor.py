"""A supervisor lives for months: what it needs once is loaded, used and given back elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.start_settings import StartSettings
from tests.repository import REPOSITORY

# Each would be 5 to 40 MB for as long as the process lives.
HEAVY = ("click", "duckdb", "fastapi", "numpy", "pandas", "prefect", "pydantic", "rich")
CONFIGURED = f"""
import dataclasses, json, os, sys
import deployments.__main__
from pathlib import Path
settings = deployments.__main__.configure(Path(sys.argv[1]))
print(json.dumps({{
    "settings": dataclasses.asdict(settings),
    "prefect": os.environ.get("PREFECT_LOGGING_LEVEL"),
    "heavy": [name for name in {HEAVY} if name in sys.modules],
    "masked": deployments.__main__.MASK.text("say letmein-letmein-16 to nobody"),
}}))
"""


def configured(env_file: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.run(
        [sys.executable, "-c", CONFIGURED, str(env_file)],
        cwd=REPOSITORY,
        env=clean | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_up_knows_its_settings_and_secrets_without_what_reads_them(tmp_path: Path) -> None:
    env_file = tmp_path / "our.env"
    env_file.write_text(
        f"DATA_DIR={tmp_path / 'data'}\nAPI_TOKEN=letmein-letmein\nALLOWED_HOSTS=a.example\n"
        "DEADMAN_URL=https://eye.example/1\nPREFECT_LOGGING_LEVEL=WARNING\n"
    )
    env_file.chmod(0o644)
    done = configured(env_file)
    assert done.returncode == 1
    assert "API_TOKEN" in done.stderr
    env_file.write_text(env_file.read_text().replace("letmein-letmein", "letmein-letmein-16"))
    done = configured(env_file, HEALTH_CHECK_PORT="9000")
    assert f"warning: {env_file} can be read by others" in done.stderr
    said = json.loads(done.stdout)
    assert said["heavy"] == []
    assert said["prefect"] == "WARNING"
    assert "letmein" not in said["masked"]
    settings = StartSettings(**said["settings"])
    assert settings.data_dir == str(tmp_path / "data")
    assert (settings.health_check_port, settings.has_api_token) == (9000, True)
    assert (tuple(settings.allowed_hosts), settings.has_dead_man) == (("a.example",), True)
    assert settings.variables["OPENBELL_ENV_FILE"] == str(env_file)
    assert "letmein-letmein-16" in settings.secrets


@pytest.mark.parametrize("command", ["up", "demo", "register"])
def test_a_slip_in_the_settings_is_one_line_before_anything_starts(
    tmp_path: Path, command: str
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("DATA_DIR=data\nSHUTDOWN_TIMEOUT_SECONDS=soon\n")
    done = subprocess.run(
        [sys.executable, "-m", "deployments", command, "--env-file", str(env_file)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: SHUTDOWN_TIMEOUT_SECONDS: ")
    assert done.stderr.count("\n") == 1
    assert not done.stdout
