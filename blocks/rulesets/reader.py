"""Finding and reading a ruleset by its name: ours, and those of the user's folder."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from blocks.rulesets.reference_keys import in_our_words
from blocks.rulesets.ruleset import Ruleset, ruleset_of
from trading.errors import BadInput, together
from trading.near_names import nearest_of

SHIPPED = Path(__file__).parent / "shipped"
# What the reference system puts before the names of its own.
_PREFIX = "orb_"
# A file system knows no name of more than 255 bytes.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_MOST_BYTES = 100_000
_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_MOST_DIGITS = 40


def user_folder(data_dir: Path) -> Path:
    """Return the folder of the user's own rulesets."""
    return data_dir / "rulesets"


def ruleset_names(data_dir: Path) -> list[str]:
    """Return the names of all rulesets that are there."""
    folders = (SHIPPED, user_folder(data_dir))
    found = (path for folder in folders for path in folder.glob("*.yaml") if path.is_file())
    return sorted({path.stem for path in found})


def read_ruleset(name: str, data_dir: Path) -> Ruleset:
    """Return a ruleset by its name; raises BadInput, naming all that is wrong with it."""
    ruleset, wrong = look_at_ruleset(name, data_dir)
    if ruleset is None:
        raise together(wrong)
    return ruleset


def look_at_ruleset(name: str, data_dir: Path) -> tuple[Ruleset | None, list[BadInput]]:
    """Return a ruleset by its name, None where anything is wrong, and all that is."""
    try:
        path = _find(name, data_dir)
        content, wrong = in_our_words(_content_of(path))
    except BadInput as error:
        return None, [error]
    ruleset, more = ruleset_of(path.stem, path, content)
    wrong = [BadInput(f"ruleset {path}: {each.what}", each.hint) for each in (*wrong, *more)]
    return None if wrong else ruleset, wrong


def _find(name: str, data_dir: Path) -> Path:
    stem = name.strip().removesuffix(".yaml")
    if not _NAME.fullmatch(stem):
        raise BadInput(
            f"{name[:60]!r} is no name of a ruleset", "Use letters, digits, _ and -, 100 at most"
        )
    folders = (SHIPPED, user_folder(data_dir))
    for wanted in (stem, stem.removeprefix(_PREFIX)):
        found = [path for folder in folders if (path := folder / f"{wanted}.yaml").is_file()]
        if len(found) > 1:
            raise BadInput(
                f"ruleset {wanted} is one of ours, and {found[1]} has its name", "Rename your file"
            )
        if found:
            return found[0]
    names = ruleset_names(data_dir)
    near = nearest_of(stem, names)
    raise BadInput(
        f"ruleset {stem} is none of ours and not in {user_folder(data_dir)}",
        f"Did you mean {near}?" if near else f"There are: {', '.join(names)}",
    )


def _content_of(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(f"ruleset {path} is longer than 100 kB", "Give a ruleset")
        content = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except OSError as error:
        raise BadInput(
            f"ruleset {path} cannot be read: {error.strerror}", "Check its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(
            f"ruleset {path} is not UTF-8 text at byte {error.start}", "Save it as UTF-8"
        ) from error
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f" line {error.problem_mark.line + 1}"
        raise BadInput(
            f"ruleset {path}{line}: {error.problem or 'this is no YAML'}", "Correct this line"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"ruleset {path} is no YAML: {error}", "Write it anew") from error
    if not isinstance(content, dict):
        raise BadInput(f"ruleset {path} has no keys", "Write such as strategy: and risk:")
    return content


class _Loader(yaml.SafeLoader):
    """YAML without what may mean another thing than it seems.

    That is keys given twice, aliases, 017 for 15, and sets, which have no order.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node; raises for an alias."""
        is_alias = self.check_event(yaml.AliasEvent)
        node = super().compose_node(parent, index)
        if is_alias and node is not None:
            raise yaml.constructor.ConstructorError(
                None, None, "what stands here is meant elsewhere too, by *", node.start_mark
            )
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping; raises for a key that is no word, or is given twice."""
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            is_word = isinstance(name, str)
            if not is_word or name in seen:
                fault = "is given twice" if is_word else "is no word for a key"
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name!s:.60} {fault}", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)

    def construct_whole_number(self, node: yaml.ScalarNode) -> int:
        """Return a whole number; raises for one with a leading zero, and one beyond all bounds."""
        written = self.construct_scalar(node)
        fault = None
        if _OCTAL.fullmatch(written):
            fault = "begins with 0, and is another number in YAML than it seems"
        elif len(written) > _MOST_DIGITS:
            fault = "is larger than anything here may be"
        if fault is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"{written:.60} {fault}", node.start_mark
            )
        return self.construct_yaml_int(node)

    def refuse_set(self, node: yaml.Node) -> NoReturn:
        """Raise for a set, whose order is another in each run."""
        raise yaml.constructor.ConstructorError(
            None, None, "!!set has no order, write a list such as [AAPL, MSFT]", node.start_mark
        )


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_whole_number)
_Loader.add_constructor("tag:yaml.org,2002:set", _Loader.refuse_set)
