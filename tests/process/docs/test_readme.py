"""What the pages list of commands, deployments, ports, paths and variables is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from api.app import create_app
from blocks.live.source import Source
from blocks.settings.app_settings import AppSettings
from blocks.settings.variables import find_variable
from deployments.openbell import API, SERVING
from flows.commands.names import COMMANDS
from flows.process.settings import begin_process
from tests.process.docs.pages import PAGES
from tests.repository import REPOSITORY

README = PAGES["README.md"]
COMMANDS_PAGE = PAGES["docs/commands.md"]
API_PAGE = PAGES["docs/api.md"]
# Two screens of an editor, at 100 letters a line.
MOST_LINES = 110
LETTERS = 100
# Variables of Prefect and of make, which no table of ours has.
OTHERS = {
    "PREFECT_SERVER_DATABASE_PASSWORD",
    "PREFECT_API_URL",
    "XDG_CACHE_HOME",
    "SIGTERM",
    "DATE",
}


def test_each_command_is_on_its_page_and_each_one_there_exists() -> None:
    shown = {
        name
        for row in re.findall(r"^\| (`[a-z`, -]+`) \|", COMMANDS_PAGE, re.M)
        for name in re.findall(r"`([a-z-]+)`", row)
    }
    assert shown == {*COMMANDS, *SERVING, *API}


def test_the_readme_fits_two_screens_and_says_what_a_newcomer_has_to_know() -> None:
    shown = sum(1 + len(line) // LETTERS for line in README.splitlines())
    assert shown <= MOST_LINES
    for words in (
        "It is a tool, not advice",
        "the defaults here lose money",
        "make demo",
        "](docs/",
    ):
        assert words in README
    assert len(re.findall(r"!\[[^]]+\]\(docs/images/", README)) == 3


def test_the_port_is_the_default_one() -> None:
    port = AppSettings.read({}, {}).api.health_check_port
    assert f"| {port} | health probes" in API_PAGE
    assert f"127.0.0.1:{port}" in (REPOSITORY / "compose.yaml").read_text()


def test_each_path_of_the_api_is_on_its_page_and_answers(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    shown = {path.partition("?")[0] for path in re.findall(r"`(/[a-z/_]+)[^`]*`", API_PAGE)}
    client = TestClient(create_app(Source(tmp_path)))
    assert len(shown) == 17
    for path in shown:
        # 404 is what an account that is not there answers, in words of ours.
        answer = client.get(path)
        assert answer.status_code in (200, 503) or "error" in answer.json(), path


def test_each_deployment_is_on_its_page() -> None:
    document = yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())
    for entry in document["deployments"]:
        file, _, function = entry["entrypoint"].partition(":")
        source = (REPOSITORY / file).read_text()
        flow = re.findall(r'@flow\(name="([^"]+)"', source.partition(f"def {function}(")[0])[-1]
        assert f"| `{flow}/{entry['name']}` |" in PAGES["docs/deployments.md"]


def test_each_variable_on_the_pages_is_one_of_the_table() -> None:
    pages = ("README.md", "commands.md", "deployments.md", "api.md", "container.md")
    text = "".join(PAGES[page if page == "README.md" else f"docs/{page}"] for page in pages)
    for name in set(re.findall(r"`([A-Z]{2,}[A-Z_]+)`", text)) - OTHERS:
        assert find_variable(name) is not None, name


def test_a_flow_run_goes_on_with_a_slip_in_the_file_and_says_so(
    tmp_path: Path, monkeypatch: object
) -> None:
    from blocks.process.logs import install_logs

    file = tmp_path / "slip.env"
    file.write_text("SYMBLS=A\n")
    monkeypatch.setenv("OPENBELL_ENV_FILE", str(file))  # type: ignore[attr-defined]
    settings = begin_process(str(tmp_path))
    install_logs(None, console=None)
    assert settings == AppSettings.read({}, {})
    assert "SYMBLS is not known" in (tmp_path / "logs" / "openbell.jsonl").read_text()
