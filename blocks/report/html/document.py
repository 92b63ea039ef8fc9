"""A page of HTML put together: its template, its style, its one script and its data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

_HEAD = "report/assets/head.html"
# What a page that is a file may do: run its one script, and style its own bars by their numbers.
# The empty picture of its tab is its own: a browser would ask the server that shows it for one.
FILE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-$script_hash'; img-src data:"
)


def document(
    template: str | Traversable,
    values: Mapping[str, str],
    data: Mapping[str, bytes],
    *,
    styles: Sequence[str | Traversable],
    scripts: Sequence[str | Traversable],
    policy: str = FILE_POLICY,
) -> bytes:
    """Return a page that is whole by itself and lets no script run but its own.

    Template, styles and scripts are paths inside `blocks`, or files of elsewhere; scripts in the
    order in which they build on each other. `data` are texts in ASCII by the id of their element,
    JSON where that is `run`. They take the place of the template's line `$data`, and what all
    pages begin with the place of its line `$head`. `policy` is the page's content security policy;
    it may name `$script_hash` and `$style_hash`.
    """
    script = "(async () => {\n'use strict';\n" + "\n".join(map(_asset, scripts)) + "})();"
    style = "".join(map(_asset, styles))
    # Only this script may run, whatever a symbol or a note tries to bring along. The style is as it
    # stands between its tags.
    hashes = {"script_hash": _hash(script), "style_hash": _hash(f"\n{style}\n")}
    filled = {
        **values,
        "policy": Template(policy).substitute(hashes),
        "script": script,
        "style": style,
    }
    whole = _asset(template).replace("$head\n", _asset(_HEAD))
    # The data are by far the longest, and put between the rest without a copy as text.
    before, after = (
        # A path may hold bytes that are no text.
        Template(part).substitute(filled).encode("utf-8", "replace")
        for part in whole.split("$data\n")
    )
    pieces = [before]
    for name, value in data.items():
        kind = "json" if name == "run" else "base64"
        pieces += [
            f'<script type="application/{kind}" id="data-{name}">'.encode(),
            value,
            b"</script>\n",
        ]
    return b"".join([*pieces, after])


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _asset(path: str | Traversable) -> str:
    found = files("blocks") / path if isinstance(path, str) else path
    return found.read_text(encoding="utf-8")
