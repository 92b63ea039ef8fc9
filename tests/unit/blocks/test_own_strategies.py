"""A strategy of one's own is found by its name, and no other may have written it."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from blocks.own_strategies import own_strategy
from blocks.rulesets.ruleset import ruleset_of
from tests.unit.trading import coin_side
from trading.errors import BadInput
from trading.plan import make_plan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "strategies"
    place.mkdir(mode=0o700)
    (place / "side.py").write_text(Path(coin_side.__file__).read_text())
    (place / "side.py").chmod(0o600)
    return place


def test_a_file_is_found_by_its_name(folder: Path) -> None:
    assert own_strategy("side", folder).MEMORY == coin_side.MEMORY


def test_a_strategy_without_a_word_of_its_own_is_called_as_its_file(folder: Path) -> None:
    text = (folder / "side.py").read_text()
    word = '    strategy: Literal["coin_side"] = "coin_side"\n'
    assert word in text
    (folder / "side.py").write_text(text.replace(word, ""))
    module = own_strategy("side", folder)
    assert make_plan(("A",), {}, strategy_module=module).strategy_name == "side"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sde", "Did you mean side?"),
        ("or", "Did you mean orb?"),
        ("something_else", "Put its file there, or correct STRATEGIES_DIR"),
    ],
)
def test_a_name_of_no_file_is_one_line_with_the_nearest(name: str, hint: str, folder: Path) -> None:
    with pytest.raises(BadInput) as caught:
        own_strategy(name, folder)
    assert f"there is no {folder / name}.py. {hint}" in str(caught.value)
    with pytest.raises(BadInput, match="Put its file there"):
        own_strategy("first", folder / "not_there")


def test_what_a_ruleset_says_wrongly_of_a_file_is_told_by_the_ruleset(folder: Path) -> None:
    path = folder / "mine.yaml"
    said = {"strategy": "side", "max_entrys": 2}
    ruleset, wrong = ruleset_of("mine", path, {"strategy": said})
    assert wrong == []
    with pytest.raises(BadInput) as caught:
        own_strategy("side", folder, ruleset)
    line = f"ruleset {path}: strategy.max_entrys is not known. Did you mean strategy.max_entries?"
    assert str(caught.value) == line
    right, _ = ruleset_of("mine", path, {"strategy": {"strategy": "side", "max_entries": 2}})
    assert own_strategy("side", folder, right).MEMORY == coin_side.MEMORY


@pytest.mark.parametrize("place", ["", "side.py"])
@pytest.mark.parametrize("mode", [0o722, 0o777])
def test_what_others_may_write_is_refused_with_the_command_that_mends_it(
    place: str, mode: int, folder: Path
) -> None:
    (folder / place).chmod(mode)
    with pytest.raises(BadInput) as caught:
        own_strategy("side", folder)
    command = re.search(r"Run: (chmod .*)", str(caught.value))
    assert command is not None
    subprocess.run(shlex.split(command[1]), check=True)
    assert own_strategy("side", folder).MEMORY == coin_side.MEMORY


def test_a_link_does_not_lead_around_a_folder_that_others_may_write(
    folder: Path, tmp_path: Path
) -> None:
    open_to_all = tmp_path / "shared"
    open_to_all.mkdir()
    (open_to_all / "side.py").symlink_to(folder / "side.py")
    open_to_all.chmod(0o777)
    with pytest.raises(BadInput, match=rf"folder of strategies {open_to_all} may be written"):
        own_strategy("side", open_to_all)
