"""Settings are read once: below the entry points nobody looks into the environment."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.repository import REPOSITORY

FOLDERS = ("api", "blocks", "flows", "tasks", "trading")
# Each with the reason why a value would not do.
EXCEPTIONS = {
    "api/live/controls.py": "PREFECT_API_AUTH_STRING, which Prefect's client goes by as well",
    "blocks/bars/times/zone_names.py": "tells polars to read times in zones that it does not know",
    "blocks/exchange/alpaca/line/client.py": "REQUESTS_CA_BUNDLE, which requests goes by as well",
    "blocks/process/files/cache_folder.py": "XDG_CACHE_HOME is asked where it is used",
    "blocks/process/web/prefect_place.py": "PREFECT_API_URL, which Prefect's client goes by too",
    "blocks/providers/rate_limit.py": "PREFECT_API_URL, which Prefect's client goes by too",
    "blocks/settings/reader.py": "the one reader of the settings",
    "flows/commands/configuration.py": "gives Prefect's variables of .env to Prefect",
    "flows/process/output.py": "what a worker and a supervisor say of the process that they start",
    "flows/process/saved_values.py": "tells Prefect its server before it is imported",
    "tasks/sweep/runners/ray_cluster.py": "tells Ray to report to nobody before it is imported",
}
NAMES = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


def asks_the_environment(text: str) -> bool:
    """Return whether a module names the environment, however it is imported."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(attr=name) if name in NAMES:
                return True
            case ast.ImportFrom(module="os" | "posix", names=names):
                if any(alias.name in NAMES for alias in names):
                    return True
            case ast.ImportFrom(module="dotenv") | ast.ImportFrom(module="pydantic_settings"):
                return True
            case ast.Import(names=names):
                # Both read the environment by themselves.
                if {alias.name for alias in names} & {"dotenv", "pydantic_settings"}:
                    return True
    return False


def modules() -> dict[str, Path]:
    paths = [path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py")]
    return {str(path.relative_to(REPOSITORY)): path for path in paths}


def test_the_environment_is_asked_where_the_list_says_and_nowhere_else() -> None:
    asking = {name for name, path in modules().items() if asks_the_environment(path.read_text())}
    assert asking == set(EXCEPTIONS)


def test_however_the_environment_is_asked_it_is_seen() -> None:
    for text in (
        "import os\nos.environ['A']",
        "import os\nos.getenv('A')",
        "import os as system\nsystem.environ.get('A')",
        "from os import environ",
        "from os import getenv as g",
        "import dotenv",
        "from pydantic_settings import BaseSettings",
    ):
        assert asks_the_environment(text), text
    assert not asks_the_environment("import os\nenvironment = os.path.join('environ', 'getenv')")
