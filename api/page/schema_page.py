"""The API's own schema as a page: each route, what it takes and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blocks.report.html.markup import element, table, wrap

Schema = Mapping[str, Any]
LONGEST_DEFAULT = 60


def schema_html(schema: Schema) -> str:
    """Return an OpenAPI schema's routes and models as HTML."""
    models = schema.get("components", {}).get("schemas", {})
    routes = [_route(path, methods) for path, methods in schema.get("paths", {}).items()]
    shown = [_model(name, model) for name, model in models.items() if "properties" in model]
    return "".join([element("h2", "Routes"), *routes, element("h2", "Answers"), *shown])


def _route(path: str, methods: Schema) -> str:
    found = methods.get("get", {})
    rows = [
        wrap(
            "tr",
            element("th", parameter["name"], scope="row")
            + element("td", _type(parameter["schema"]))
            + element("td", "needed" if parameter.get("required") else _default(parameter)),
        )
        for parameter in found.get("parameters", ())
    ]
    content = found.get("responses", {}).get("200", {}).get("content", {})
    answer: Schema = next((each["schema"] for each in content.values() if "schema" in each), {})
    has_name = "{" not in path
    title = element("a", path, href=path) if has_name else element("span", path)
    parts = [wrap("h3", "GET " + title)]
    if rows:
        parts.append(table(("Parameter", "Type", "Default"), rows, class_="facts"))
    parts.append(wrap("p", "Answers " + _link(answer)))
    return wrap("section", "".join(parts), class_="route")


def _model(name: str, model: Schema) -> str:
    rows = [
        wrap("tr", element("th", field, scope="row") + wrap("td", _link(inner)))
        for field, inner in model["properties"].items()
    ]
    return wrap(
        "section",
        element("h3", name)
        + element("p", str(model.get("description", "")))
        + table(("Field", "Type"), rows, class_="facts"),
        id=f"model-{name}",
        class_="route",
    )


def _link(schema: Schema) -> str:
    """Return a type as HTML, models as links to where they are described."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return element("a", name, href=f"#model-{name}")
    if "anyOf" in schema:
        return " or ".join(_link(each) for each in schema["anyOf"])
    if schema.get("type") == "array" and "items" in schema:
        return "list of " + _link(schema["items"])
    return element("span", _type(schema))


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    kind = str(schema.get("type", "anything"))
    kind = {"null": "nothing", "object": "names and values"}.get(kind, kind)
    bounds = [
        f"{word} {schema[name]}"
        for name, word in (("minimum", "from"), ("maximum", "to"), ("format", "as"))
        if name in schema
    ]
    return " ".join([kind, *bounds])


def _default(parameter: Schema) -> str:
    default = parameter["schema"].get("default")
    return "" if default is None else str(default)[:LONGEST_DEFAULT]
