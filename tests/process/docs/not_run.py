"""Lines of the docs that no test runs, each with its reason.

They are read all the same: an option that a command does not know fails, and so does a line that
no page has any more.
"""

from __future__ import annotations

SERVES = "stays until it is stopped: tests/system starts it"
INSTALLS = "asks a registry for packages: tests/process/test_wheel.py does without"
DEVELOPS = "is what these tests are called by, or takes minutes"
CONTAINER = "needs Docker: tests/system/container"
REAL_TIME = "waits for a session, or takes as long as one"
SERVER = "speaks to a Prefect server: tests/system"
MACHINES = "needs other machines: tests/process/tasks/sweep runs workers on this one"
SYSTEMD = "changes what this machine starts: tests/unit/deployments/test_service.py"
PLACEHOLDER = "names what only its reader has"

NOT_RUN = {
    "make demo": SERVES,
    "make demo-quick": "is tests/process/deployments/test_quick_demo.py",
    "make up": SERVES,
    "make env": INSTALLS,
    "make lint": DEVELOPS,
    "make test-fast": DEVELOPS,
    "make test": DEVELOPS,
    "make soak": DEVELOPS,
    "make bench": DEVELOPS,
    "PYTHONWARNINGS=ignore pip wheel --no-deps --wheel-dir . .": INSTALLS,
    "uvx --from ./openbell-*.whl openbell demo --quick": INSTALLS,
    "pipx run --spec ./openbell-*.whl openbell backtest --symbols AAA,BBB --start 2025-06-02"
    " --end 2025-06-30 --out first": INSTALLS,
    "pip install 'openbell[dask]'": INSTALLS,
    "openbell api --data-dir data": SERVES,
    "openbell run --live": REAL_TIME,
    "python -m tasks.simulation.alpaca_double --bars bars.parquet --symbols AAPL,MSFT"
    " --date 2025-06-10 --speed 60": REAL_TIME,
    "openbell run --replay 2025-06-10 --speed 60 --bars bars.parquet --symbols AAPL,MSFT"
    " --data-dir /tmp/tried": REAL_TIME,
    "mkdir -p ~/.config/systemd/user": SYSTEMD,
    "openbell service > ~/.config/systemd/user/openbell.service": SYSTEMD,
    "systemctl --user daemon-reload": SYSTEMD,
    "systemctl --user enable --now openbell": SYSTEMD,
    "loginctl enable-linger": SYSTEMD,
    'eval "$(openbell shell --data-dir data)"': SERVER,
    "prefect deployment run trade-session/replay": SERVER,
    "echo PREFECT_SERVER_DATABASE_PASSWORD=some-letters-and-digits >> .env": CONTAINER,
    "echo PREFECT_SERVER_API_AUTH_STRING=openbell:other-letters-and-digits >> .env": CONTAINER,
    "echo API_TOKEN=more-letters-and-digits >> .env": CONTAINER,
    "docker compose up --detach --build": CONTAINER,
    "docker compose exec openbell openbell show-status": CONTAINER,
    "docker compose down": CONTAINER,
    "docker build --tag openbell .": CONTAINER,
    "docker run --rm --volume openbell:/data openbell flows backtest --out /data/results": (
        CONTAINER
    ),
    "docker run --init --network host --stop-timeout 120 --volume openbell:/data openbell": (
        CONTAINER
    ),
    "ACTIVE_RULESET=conservative": "is a line of .env: tests/unit/flows/test_settings_matter.py",
    "openbell compare RUN RUN ...": PLACEHOLDER,
    "openbell sweep --bars bars.parquet --symbols AAPL,MSFT --grid range_minutes=5,15,30"
    " --grid min_body=0:0.8:0.1 --runner dask --workers 2 --out swept": MACHINES,
    "dask scheduler --host HOST --port 8786 --dashboard-address 127.0.0.1:0": MACHINES,
    "dask worker tcp://HOST:8786 --host OWN --dashboard-address 127.0.0.1:0 --nworkers 8"
    " --nthreads 1 --memory-limit 0": MACHINES,
    "openbell sweep ... --runner dask --address tcp://HOST:8786 --out /shared/swept": MACHINES,
    "ray get-auth-token --generate": MACHINES,
    "export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0": MACHINES,
    "ray start --head --node-ip-address HOST --include-dashboard=false"
    " --ray-client-server-port 10001": MACHINES,
    "ray start --address HOST:6379": MACHINES,
    "openbell sweep ... --runner ray --address ray://HOST:10001 --out /shared/swept": MACHINES,
}
