"""The image, built for real and run as its user. Takes minutes and 4 GB: only when asked for.

OPENBELL_CONTAINER_TEST=1 builds it; OPENBELL_CONTAINER_FOLDER=DIR takes what
`python -m tests.system.container.build_image DIR` has built there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.container.build_image import TOOLS, Builder, Image
from tests.system.container.container import Container, pss_mb
from tests.system.patience import connect

NEEDED_GB = 6
SYMBOLS = ["AAPL", "MSFT", "QQQ", "SPY"]
DATES = ("--start", "2025-06-02", "--end", "2025-06-06")


def why_not() -> str:
    """Return what is missing for a real build, nothing if nothing is."""
    if not os.environ.get("OPENBELL_CONTAINER_TEST"):
        return "takes minutes: set OPENBELL_CONTAINER_TEST=1 to build and run the image"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        return f"needs root and {', '.join(missing or TOOLS)}"
    free_gb = shutil.disk_usage("/tmp").free / 1e9
    return "" if free_gb > NEEDED_GB else f"needs {NEEDED_GB} GB, {free_gb:.0f} are free"


pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    given = os.environ.get("OPENBELL_CONTAINER_FOLDER")
    folder = Path(given) if given else tmp_path_factory.mktemp("container")
    builder = Builder(folder)
    if not given:
        builder.build()
    yield builder.unpack()
    if not given:
        shutil.rmtree(folder)


@pytest.fixture
def container(image: Image, tmp_path: Path) -> Iterator[Container]:
    data = tmp_path / "data"
    data.mkdir(mode=0o750)
    user, group = map(int, image.user.split(":"))
    os.chown(data, user, group)
    running = Container(image, data)
    yield running
    running.kill()


def test_it_runs_as_its_user_and_writes_only_to_data_and_tmp(container: Container) -> None:
    done = container.run(
        "sh", "-c", "id -u; for d in /data /tmp /app /opt /etc; do test -w $d && echo $d; done"
    )
    assert done.stdout.split() == ["10001", "/data", "/tmp"]


@pytest.mark.parametrize("program", ["gcc", "cc", "make", "pip", "pytest", "ruff", "uv"])
def test_no_compiler_installer_or_development_tool_is_in_it(
    container: Container, program: str
) -> None:
    assert container.run("sh", "-c", f"command -v {program}").returncode != 0


def test_no_secret_data_or_test_was_copied(container: Container) -> None:
    names = set(container.run("ls", "-A", "/app").stdout.split())
    code = {"api", "blocks", "deployments", "docs", "flows", "tasks", "trading"}
    files = {"LICENSE", "README.md", "prefect.yaml", "pyproject.toml", "requirements-runtime.lock"}
    assert names == code | files


def test_what_a_session_imports_is_compiled(container: Container) -> None:
    """Python cannot write its bytecode there, so what is missing is compiled at every start."""
    lines = (
        "import importlib, os, sys",
        "for name in ('flows.trade', 'deployments.__main__', 'api.app'):"
        " importlib.import_module(name)",
        "paths = [module.__spec__.cached for module in list(sys.modules.values())"
        " if getattr(getattr(module, '__spec__', None), 'has_location', False)]",
        "print([path for path in paths if path and path.startswith(('/app', '/opt/venv'))"
        " and not os.path.exists(path)])",
    )
    done = container.run("python", "-c", "\n".join(lines))
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_a_simulated_backtest_runs_in_it(container: Container) -> None:
    done = container.run(
        *container.image.entry_point,
        *("flows", "backtest", "--symbols", ",".join(SYMBOLS), *DATES, "--out", "/data/out"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((container.data / "out" / "summary.json").read_text())
    assert (container.data / "out" / "report.html").stat().st_size > 100_000


def test_a_session_runs_in_it_until_it_is_stopped_and_nothing_is_left(
    container: Container, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    began = time.monotonic()
    container.start(log)
    wait_until(lambda: container.health_check().returncode == 0, 180, log)
    wait_until(lambda: "is up" in log.read_text(), 120, log)
    print(f"up in {time.monotonic() - began:.0f} s")

    api = connect(container.data)
    request = {"replay": "2025-06-10", "symbols": SYMBOLS, "data_dir": "/data"}
    request["market"] = "simulated"
    run = api.start_run("trade-session/paper", request)
    most: dict[str, float] = {}

    def has_ended() -> bool:
        for name, share in memory(container).items():
            most[name] = max(share, most.get(name, 0.0))
        return api.read_run(run.id).is_final

    began = time.monotonic()
    wait_until(has_ended, 300, log)
    ended = api.read_run(run.id)
    assert ended.state_type == "COMPLETED", "\n".join(api.read_log(run.id))
    print(f"a session in {time.monotonic() - began:.0f} s; PSS, MB: {most}")
    assert all((Path(f"/proc/{pid}").stat().st_uid) == 10001 for pid in container.pids())

    began = time.monotonic()
    os.kill(container.first_pid, getattr(signal, container.image.stop_signal))
    assert container.process is not None
    assert container.process.wait(120) == 0, log.read_text()
    print(f"stopped in {time.monotonic() - began:.1f} s")
    # It left of its own accord, so the kernel had nothing to end.
    assert log.read_text().rstrip().endswith("Stopped")
    after = Container(container.image, container.data).run(*container.image.health_check[1:])
    assert after.returncode == 1
    assert "no supervisor" in after.stdout


def test_the_health_check_fails_while_the_server_hangs(
    container: Container, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    container.start(log)
    wait_until(lambda: container.health_check().returncode == 0, 180, log)
    servers = [
        pid for pid in container.pids() if "deployments.server.prefect_server" in command(pid)
    ]
    for pid in servers:
        os.kill(pid, signal.SIGSTOP)
    assert container.health_check().returncode == 1
    for pid in servers:
        os.kill(pid, signal.SIGCONT)
    assert container.health_check().returncode == 0


def wait_until(condition, limit_s: float, log: Path) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.5)


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def memory(container: Container) -> dict[str, float]:
    """Return the shares of memory of the supervisor, server, worker and flow runs."""
    kinds = {
        "server": "deployments.server.prefect_server",
        "worker": ".prefect_worker worker start",
        "supervisor": "deployments up",
        "session": "prefect.engine",
    }
    found: dict[str, float] = {}
    for pid in container.pids():
        line = command(pid)
        for kind, words in kinds.items():
            if words in line:
                try:
                    found[kind] = round(max(found.get(kind, 0.0), pss_mb(pid)))
                except (FileNotFoundError, ProcessLookupError):
                    continue
    return found
