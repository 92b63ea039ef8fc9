"""What the Dockerfile, compose.yaml and the locks promise, read without building anything."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deployments import probe
from deployments.processes.home import Home
from tests.repository import REPOSITORY

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
IGNORED = (REPOSITORY / ".dockerignore").read_text().splitlines()
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
# Compose refuses to start without it.
STRING = "${PREFECT_SERVER_API_AUTH_STRING:?Put it into .env, as openbell:LETTERS}"
FILES = ("Dockerfile", ".dockerignore", "compose.yaml", "requirements-runtime.lock")
OURS = ("prefect-server", "openbell")


def instructions() -> list[tuple[str, str]]:
    """Return each instruction with its arguments; comments left out, continued lines joined."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [
        (name, rest)
        for name, _, rest in (line.partition(" ") for line in joined.splitlines())
        if name
    ]


def runtime() -> dict[str, str]:
    """Return the instructions of the last stage by name, the last of each name."""
    steps = instructions()
    last = max(number for number, (name, _) in enumerate(steps) if name == "FROM")
    return dict(steps[last:])


def versions(lock: str) -> dict[str, str]:
    text = (REPOSITORY / lock).read_text()
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", text, re.M))


def test_both_stages_start_from_the_same_pinned_base() -> None:
    steps = instructions()
    assert [rest.split()[0] for name, rest in steps if name == "FROM"] == ["${PYTHON_IMAGE}"] * 2
    assert steps[0] == ("ARG", "PYTHON_IMAGE=python:3.11-slim-bookworm")


def test_both_images_can_be_pinned_to_a_digest_from_outside() -> None:
    built = [each["build"] for each in COMPOSE["services"].values() if "build" in each]
    assert built
    named = {each["args"]["PYTHON_IMAGE"] for each in built}
    assert named == {"${PYTHON_IMAGE:-python:3.11-slim-bookworm}"}
    assert COMPOSE["services"]["postgres"]["image"].startswith("${POSTGRES_IMAGE:-postgres:16")


@pytest.mark.parametrize("name", ["ENTRYPOINT", "CMD"])
def test_signals_reach_the_process_because_no_shell_stands_before_it(name: str) -> None:
    assert isinstance(json.loads(runtime()[name]), list)


def test_the_health_check_runs_the_images_own_python_without_a_shell() -> None:
    command = json.loads(runtime()["HEALTHCHECK"].partition("CMD ")[2])
    assert command[:2] == ["python", "-m"]
    assert command[2] == probe.__name__


def test_it_is_stopped_by_the_signal_that_the_supervisor_listens_to() -> None:
    assert runtime()["STOPSIGNAL"] == "SIGTERM"


def test_the_user_is_not_root_and_has_a_fixed_number() -> None:
    assert runtime()["USER"] == "10001:10001"


def test_the_runtime_stage_installs_nothing() -> None:
    stage = DOCKERFILE.rpartition("\nFROM ")[2]
    assert not re.search(r"\b(pip|apt|apt-get|gcc|curl|wget)\b", stage)


def test_every_install_is_held_to_hashes() -> None:
    text = "\n".join(rest for _, rest in instructions())
    installs = re.findall(r"pip install (.*?)(?:&&|$)", text, re.M)
    assert len(installs) == 3
    for install in installs:
        assert "--no-deps" in install
        assert "--require-hashes" in install or "--editable ." in install


def test_all_packages_of_the_project_are_copied() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    packages = {
        name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    copied = {word for name, rest in instructions() if name == "COPY" for word in rest.split()}
    assert packages <= copied
    assert {f"!{name}" for name in packages} <= set(IGNORED)


def test_the_image_brings_its_bytecode_with_it() -> None:
    build = "\n".join(rest for name, rest in instructions() if name == "RUN")
    assert "--compile --requirement requirements-runtime.lock" in build
    assert "compileall -q /app" in build
    assert "PYTHONDONTWRITEBYTECODE=1" in runtime()["ENV"]


@pytest.mark.parametrize("file", FILES)
def test_no_registry_and_no_address_outside_this_machine_is_named(file: str) -> None:
    text = (REPOSITORY / file).read_text()
    assert not re.search(r"(?<!no-emit-)index-url|trusted-host|pypi\.org|docker\.io|ghcr\.io", text)
    hosts = {address.split("/")[0] for address in re.findall(r"https?://([^\s\"\]]+)", text)}
    assert {host.split(":")[0] for host in hosts} <= {"127.0.0.1", "prefect-server"}


@pytest.mark.parametrize("file", FILES[:3])
def test_secrets_come_from_outside_only(file: str) -> None:
    text = (REPOSITORY / file).read_text()
    for line in text.splitlines():
        if re.search(r"(PASSWORD|SECRET|API_KEY|TOKEN|WEBHOOK)\w*\s*[:=]", line):
            assert re.search(r"\$\{(PREFECT_SERVER_DATABASE_PASSWORD|API_TOKEN):\?", line), line
    assert not re.search(r"^(ARG|ENV)\b.*(PASSWORD|SECRET|KEY|TOKEN)", DOCKERFILE, re.M)


def test_only_what_is_named_is_sent_to_the_build() -> None:
    named = {line for line in IGNORED if line and not line.startswith("#")}
    assert "*" in named
    for name in ("data", ".env", ".git", "tests", ".venv", "benchmarks"):
        assert f"!{name}" not in named
    # What lies inside the folders that are sent.
    assert {"**/.env*", "**/*.duckdb*", "**/__pycache__"} <= named
    # `openbell docs` prints pages, not pictures.
    assert "docs/images" in IGNORED


def test_the_runtime_lock_agrees_with_the_lock_that_was_tested() -> None:
    tested, shipped = versions("requirements.lock"), versions("requirements-runtime.lock")
    assert len(shipped) > 100
    assert shipped.items() <= tested.items()


def test_the_runtime_lock_holds_what_the_project_needs_and_no_development_package() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]

    def names(requirements: list[str]) -> set[str]:
        found = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
        return {match[0].lower() for match in found if match}

    shipped = set(versions("requirements-runtime.lock"))
    assert names(project["dependencies"]) <= shipped
    development = {"pytest", "hypothesis", "coverage", "ruff", "mypy", "moto", "setuptools"}
    # Some others of them are needed by what is shipped too.
    assert development < names(
        [name.partition("[")[0] for name in project["optional-dependencies"]["dev"]]
    )
    assert not development & shipped


@pytest.mark.skipif(shutil.which("uv") is None, reason="needs uv, which makes the locks")
def test_the_runtime_lock_says_how_it_is_made() -> None:
    command = (REPOSITORY / "requirements-runtime.lock").read_text().splitlines()[1]
    assert "--generate-hashes" in command
    assert "-c requirements.lock" in command
    assert "--no-emit-index-url" in command


def test_compose_publishes_on_this_machine_only() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert all(service.get("network_mode") is None for service in COMPOSE["services"].values())


def test_every_service_is_bounded_healthy_and_given_time_to_stop() -> None:
    for name, service in COMPOSE["services"].items():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert service["stop_grace_period"] == "120s", name
        assert service["restart"] == "unless-stopped", name
        # The service openbell has the image's own.
        assert "healthcheck" in service or name == "openbell"


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_no_service_can_write_outside_its_data_or_be_more_than_its_user(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["pids_limit"] > 0
    # Ours have the image's own user; Postgres would begin as root.
    assert name in OURS or service["user"] == "999:999"
    # Somebody has to bury the processes whose parents were killed.
    assert service["init"] is True


def test_services_wait_until_what_they_need_is_well() -> None:
    services = COMPOSE["services"]
    assert services["prefect-server"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["openbell"]["depends_on"]["prefect-server"]["condition"] == "service_healthy"


def test_what_compose_passes_in_beats_the_env_file() -> None:
    service = COMPOSE["services"]["openbell"]
    assert service["env_file"] == [{"path": ".env", "required": False}]
    assert service["environment"] == {
        "PREFECT_API_URL": "http://prefect-server:4200/api",
        "PREFECT_API_AUTH_STRING": STRING,
        "DATA_DIR": "/data",
        "API_HOST": "0.0.0.0",
        "API_TOKEN": "${API_TOKEN:?Put it into .env, 16 letters and digits or more}",
        "HEALTH_CHECK_PORT": "8085",
    }
    assert service["ports"] == ["127.0.0.1:8085:8085"]


def test_prefects_server_asks_for_a_string_and_answers_to_its_own_names() -> None:
    service = COMPOSE["services"]["prefect-server"]
    assert service["environment"]["PREFECT_SERVER_API_AUTH_STRING"] == STRING
    # Without the door of ours it answers whoever calls it by any name.
    assert service["command"][0] == "deployments.server.prefect_server"
    (name,) = [word for word in service["command"] if word.startswith("--name=")]
    asked_for = COMPOSE["services"]["openbell"]["environment"]["PREFECT_API_URL"]
    assert httpx.URL(asked_for).host == name.removeprefix("--name=")


def test_named_volumes_are_declared_and_used() -> None:
    used = {
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", [])
    }
    assert used == set(COMPOSE["volumes"])


def test_a_folder_that_nobody_serves_is_not_well(tmp_path: Path) -> None:
    assert "no supervisor" in str(probe.problem_of(Home.at(tmp_path)))


def test_the_lock_file_of_a_supervisor_that_is_gone_does_not_count(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    # A number that another program has taken since: ours, which is no supervisor.
    (home.prefect / "supervisor.lock").write_text(str(os.getpid()))
    assert "no supervisor" in str(probe.problem_of(home))


def test_a_server_that_does_not_answer_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    home = Home.at(tmp_path / "data")
    with subprocess.Popen(["/bin/sh", "-c", "read _", "deployments"], stdin=subprocess.PIPE) as up:
        (home.prefect / "supervisor.lock").write_text(str(up.pid))
        assert "not been started" in str(probe.problem_of(home))
        home.port_file.write_text("1\n")
        assert "does not answer" in str(probe.problem_of(home))


def test_the_probe_of_an_address_ends_with_one_when_nobody_answers() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deployments.probe", "http://127.0.0.1:1/health/live"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "does not answer" in done.stdout
