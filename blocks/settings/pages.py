"""The settings as pages: docs/settings.md and .env.example, both made from the table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from blocks.settings.app_settings import AppSettings, field_info, is_secret, shown
from blocks.settings.variables import VARIABLES, Fate, Variable
from trading.plan import BUILT_IN

GROUP_TITLES = {
    "trading": "Trading",
    "data": "Data",
    "cloud": "Copies elsewhere",
    "broker": "Broker",
    "strategy": "Any strategy",
    **{name: f"Strategy {name}" for name in BUILT_IN},
    "risk": "Risk",
    "fills": "Fills of the simulated venue",
    "gate": "The data gate",
    "notifications": "Messages",
    "api": "Health, metrics and the read-only API",
    "operations": "Operations",
}
# Where the field itself has no more to say than its choices.
TEXTS = {
    "STRATEGY": "A built-in strategy, or the name of a file in STRATEGIES_DIR",
    "USE_VOLUME_FILTER": "Entries need the volume that VOLUME_THRESHOLD says",
    "ORB_ALLOW_SHORT": "Breaks below the range are sold short",
    "ORB_BREAKOUT_ON": "What must break the range: the bar's close, or its wick",
    "ORB_STOP": "Stop at the other side of the range, or by atr",
    "ORB_TARGET": "Target in opening ranges, in atr, or none",
    "GATE_ZERO_VOLUME": "Nothing is entered at a bar without volume",
    "TRAILING": "How the stop trails: none, breakeven or stepped",
    "TRAIL_STEPS": "Steps of TRAILING=stepped as [[at_r, stop_r], ...], in R",
}


def settings_page() -> str:
    """Return the text of docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Made from the table in `blocks/settings/variables.py`; a test holds the two equal.",
        "",
        "A command's argument wins over the environment, the environment over `.env`, `.env` "
        "over the ruleset (docs/rulesets.md), that over the default. Parameters of a strategy"
        " that is not chosen are not used. `.env` is read from the working directory, or from"
        " where `--env-file` or `OPENBELL_ENV_FILE` says. Flows in Prefect use the saved "
        "blocks and the deployment's parameters, which registration (`make up`) fills from "
        "the settings. What it wrote there itself follows the settings at the next start, and"
        " the session after that takes it. What was changed by hand in Prefect's page stays "
        "and is listed, what is saved and what the settings say, until `openbell"
        " register --overwrite --data-dir data` takes the settings' values, or `--keep` in "
        "its place those that are saved. A block of the type `Openbell S3 copies` or "
        "`Openbell Azure copies` that you save as `openbell` says where the flows' copies go,"
        " whatever CLOUD_PROVIDER says. `openbell validate-config` shows every value "
        "and where it comes from.",
        "",
        "An unknown name in `.env` is refused. In the environment, which others use too, a name"
        " that looks like one of ours is warned about. An empty value counts as not set; an empty"
        " variable of the environment goes before `.env`'s value all the same, so that the default"
        " counts.",
    ]
    for group, title in GROUP_TITLES.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| variable | default | what it says | |",
            "|---|---|---|---|",
        ]
        for variable in _of_group(group):
            secret = " Secret." if is_secret(variable.field) else ""
            lines.append(
                f"| `{variable.name}` | {_code(default_text(variable))} |"
                f" {_text(variable)}.{secret} | {variable.fate} |"
            )
    lines += [
        "",
        "## Names of the reference system that are not read",
        "",
        "In `.env` each is refused with its hint; in the environment the hint is a warning.",
        "",
        "| variable | | what to do |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{variable.name}` | {variable.fate} | {variable.hint}. |"
        for variable in VARIABLES
        if not variable.field
    ]
    return "\n".join(lines) + "\n"


def env_example() -> str:
    """Return the text of .env.example, in which every variable stands at its default."""
    lines = [
        "# Copy this file to .env and change what you like; what you leave out keeps its default.",
        "# Check it with: openbell validate-config",
    ]
    for group, title in GROUP_TITLES.items():
        lines += ["", f"# {title}"]
        for variable in _of_group(group):
            lines += [f"# {_text(variable)}", f"# {variable.name}={default_text(variable)}"]
    return "\n".join(lines) + "\n"


def default_text(variable: Variable) -> str:
    """Return a variable's default as it is written in `.env`."""
    return shown(AppSettings.model_validate({}).value(variable.field))


def _of_group(group: str) -> Iterator[Variable]:
    read = (Fate.KEPT, Fate.NEW)
    return (v for v in VARIABLES if v.fate in read and v.field.startswith(f"{group}."))


def _text(variable: Variable) -> str:
    text = TEXTS.get(variable.name) or field_info(variable.field).description
    assert text, f"{variable.name} needs a word of description"
    return text.rstrip(".").replace("|", "or")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def main(folder: Path) -> None:
    """Write both pages into the repository."""
    (folder / "docs" / "settings.md").write_text(settings_page())
    (folder / ".env.example").write_text(env_example())


if __name__ == "__main__":
    main(Path.cwd())
