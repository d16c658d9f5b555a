"""The structure of the code: layers, one way out, protected and documented routes."""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections.abc import Callable, Collection, Iterator
from functools import cache, wraps
from pathlib import Path

import pytest
from flask import Flask

import errors
from addresses import OWN_SEGMENTS
from settings import ROOT, SETTINGS
from web.api.blueprint import Blueprint
from web.api.problems import HTTP_PROBLEMS
from web.pages.pages import problem_help

PACKAGES = ("plugin_store", "integrations", "schemas", "web")
OURS = {
    *PACKAGES,
    "addresses",
    "app",
    "errors",
    "installation",
    "regular_files",
    "settings",
    "examples",
    "migrations",
}

# Which of our top-level modules each package may import.
ALLOWED_IMPORTS = {
    "schemas": set(),
    # The example frontend's page declares the examples.
    "web": {
        "addresses",
        "errors",
        "installation",
        "regular_files",
        "settings",
        "schemas",
        "plugin_store",
        "integrations",
        "examples",
    },
    "plugin_store": {"errors", "installation", "settings", "schemas"},
    "integrations": {"errors", "regular_files", "settings", "schemas", "plugin_store"},
}
# Routes stand on top of their package and reach the web layer, which hands them the services.
ROUTE_MODULES = re.compile(r"^(plugin_store|integrations)/routes/.*$")
FLASK_MODULES = re.compile(
    r"^(app\.py|web/.*|(plugin_store|integrations)/routes/.*|plugin_store/engine/(opening|migrating)\.py)$"
)
# Folders, and modules that stand alone, from the top down: each may import what stands below it.
LAYERS = [
    "app",
    "web/routes",
    "web/cli",
    "web/doctor",
    "web/monitoring",
    "plugin_store/routes",
    "integrations/routes",
    "web/pages",
    "web/server",
    "web/api",
    "web/events",
    "web/gate",
    "integrations/fast_path",
    "integrations/provisioning",
    "integrations/backup",
    "integrations/copying",
    "integrations/prefetch",
    "integrations/authoring",
    "integrations/actions",
    "integrations/rendering",
    "integrations/sample_answers",
    "integrations/tokens",
    "integrations/calling",
    "integrations/budget",
    "integrations/usage",
    "integrations/catalog",
    "integrations/caching",
    "integrations/history",
    "integrations/manifests",
    "integrations/answers",
    "integrations/egress",
    "integrations/redaction",
    "integrations/json",
    "integrations/concurrency",
    "plugin_store/services",
    "plugin_store/registry",
    "plugin_store/registrations",
    "plugin_store/declarers",
    "plugin_store/settings",
    "plugin_store/vault",
    "plugin_store/events",
    "plugin_store/audit_log",
    "plugin_store/workspaces",
    "plugin_store/ownership",
    "plugin_store/time_zones",
    "plugin_store/engine",
    "plugin_store/access_models",
    "plugin_store/shared_models",
    "plugin_store/models",
    "plugin_store/columns",
    "schemas/api",
    "schemas/provisioning",
    "schemas/manifests",
    "schemas/rules",
    "schemas/fields",
    "settings",
    "regular_files",
    "addresses",
    "installation",
    "errors",
]
FLASK_LIBRARIES = {"flask", "flask_smorest", "flask_sqlalchemy", "flask_migrate", "werkzeug"}
# The pure part of the integrations: values in, values out.
PURE_MODULES = {
    "budget/retries.py",
    "caching/cache_key.py",
    "caching/conditional_requests.py",
    "caching/freshness.py",
    "calling/answer_reading.py",
    "calling/auth.py",
    "calling/body_formats.py",
    "calling/carried.py",
    "calling/carried_places.py",
    "calling/identification.py",
    "calling/pagination.py",
    "calling/parameters.py",
    "calling/protocols.py",
    "calling/quotation.py",
    "calling/requests_builder.py",
    "calling/session_end.py",
    "calling/signatures.py",
    "calling/token_need.py",
    "calling/upstream_error_message.py",
    "calling/whole_urls.py",
    "egress/call_identity.py",
    "egress/cookies.py",
    "egress/http_dates.py",
    "egress/messages.py",
    "json/canonical_json.py",
    "json/members.py",
    "manifests/base_url.py",
    "manifests/display.py",
    "manifests/freshness_policy.py",
    "manifests/compiling",
    "manifests/markers.py",
    "manifests/model",
    "manifests/positions.py",
    "manifests/templating.py",
    "manifests/time_placeholders.py",
    "manifests/tls_settings.py",
    "rendering/block_inputs.py",
    "rendering/inputs.py",
    "rendering/sampling.py",
    "sample_answers/sample_file.py",
}
REPLACEABLE = {
    "granian": {"web/server/granian_engine.py"},
    "psycopg": {
        f"plugin_store/engine/postgresql/{name}.py"
        for name in ("changes", "connections", "database", "failures", "locks", "reads", "rows", "texts")
    },
    "diskcache": {"integrations/caching/bodies.py", "integrations/caching/bytes_cache.py"},
    "opentelemetry": {"web/server/tracing.py"},
    "yaml": {"integrations/authoring/yaml_source.py"},
}
DATABASE_MODULES = ("sqlite3", "psycopg", "sqlalchemy.dialects")
IMPURE_LIBRARIES = {
    "sqlalchemy",
    "diskcache",
    "requests",
    "urllib3",
    "socket",
    "threading",
    "sqlite3",
    *FLASK_LIBRARIES,
}


@cache
def sources() -> list[Path]:
    files = [
        ROOT / name
        for name in (
            "addresses.py",
            "app.py",
            "errors.py",
            "installation.py",
            "regular_files.py",
            "settings.py",
        )
    ]
    return files + [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def imported(path: Path, *, at_run_time: bool = True) -> frozenset[str]:
    """Modules that a file imports; those for type checkers only are left out unless asked for."""
    tree = tree_of(path)
    skipped = set(_type_checking_nodes(tree)) if at_run_time else set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            found.update({str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)})
    return frozenset(found)


def _type_checking_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for statement in node.body:
                yield from ast.walk(statement)


def for_every_source(check: Callable[[Path], None]) -> Callable[[], None]:
    """One test that runs the check over every source file, and names each file that fails."""

    @wraps(check)
    def test() -> None:
        failures: dict[str, str] = {}
        for path in sources():
            try:
                check(path)
            except AssertionError as error:
                failures[name_of(path)] = str(error)
        assert failures == {}

    # pytest would look for a fixture of the name of the check's parameter.
    del test.__wrapped__
    return test


def tops(modules: Collection[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@for_every_source
def test_imports_run_one_way(path: Path):
    name = name_of(path)
    package = name.partition("/")[0]
    if package not in ALLOWED_IMPORTS:
        return
    allowed = ALLOWED_IMPORTS[package] | {package} | ({"web"} if ROUTE_MODULES.match(name) else set())
    assert tops(imported(path)) & OURS <= allowed


def layer_of(module: str) -> str | None:
    """The folder, or the module that stands alone, that a module of ours belongs to."""
    parts = module.split(".")
    place = parts[0] if parts[0] not in PACKAGES else "/".join(parts[:2])
    return place if place in LAYERS else None


@for_every_source
def test_folders_depend_on_those_below_them_only(path: Path):
    own = layer_of(_module_of(path))
    if own is None:
        assert _module_of(path) in PACKAGES, f"{name_of(path)} stands in no layer"
        return
    used = {layer_of(module) for module in imported(path)} - {None, own}
    assert [layer for layer in used if LAYERS.index(str(layer)) <= LAYERS.index(own)] == []


@for_every_source
def test_flask_is_known_to_routes_web_and_database_only(path: Path):
    if not FLASK_MODULES.match(name_of(path)):
        assert not tops(imported(path)) & FLASK_LIBRARIES


@for_every_source
def test_one_module_imports_requests(path: Path):
    if name_of(path) != "integrations/egress/door.py":
        assert not tops(imported(path)) & {"requests", "httpx", "aiohttp"}
        assert "urllib.request" not in imported(path)


@for_every_source
def test_what_may_have_to_be_replaced_is_known_to_few(path: Path):
    """docs/decisions names these files as the places where another library, or ours, would stand."""
    named = tops(imported(path)) | set(re.findall(r"import_module\(.(\w+)", path.read_text("utf-8")))
    for library, known_to in REPLACEABLE.items():
        assert library not in named or name_of(path) in known_to


@for_every_source
def test_the_database_is_known_to_its_engine_only(path: Path):
    """diskcache keeps its rows in SQLite too, so the body store knows it as well."""
    name = name_of(path)
    if not name.startswith("plugin_store/engine/") and name not in REPLACEABLE["diskcache"]:
        assert not {module for module in imported(path) if module.startswith(DATABASE_MODULES)}
        assert "rowid" not in path.read_text("utf-8")


@pytest.mark.parametrize("name", sorted(PURE_MODULES))
def test_pure_modules_touch_neither_database_nor_network(name: str):
    place = ROOT / "integrations" / name
    for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        used = {module for module in imported(path) if not module.startswith("urllib3.filepost")}
        assert not tops(used) & IMPURE_LIBRARIES, path


def test_nothing_imports_in_a_circle():
    graph = {
        _module_of(path): {module for module in imported(path) if tops({module}) & OURS} for path in sources()
    }
    done: set[str] = set()

    def walk(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " > ".join((*way, module))
        if module in done or module not in graph:
            return
        for imported_module in graph[module]:
            if imported_module != module:
                walk(imported_module, (*way, module))
        done.add(module)

    for module in graph:
        walk(module, ())


def _module_of(path: Path) -> str:
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@for_every_source
def test_a_file_stays_short_enough_to_read_at_once(path: Path):
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_the_application_reads_like_a_table_of_contents():
    assert len((ROOT / "app.py").read_text("utf-8").splitlines()) < 120


@for_every_source
def test_no_service_is_made_of_more_than_six_things(path: Path):
    """A class that takes more holds two things, or lacks a name for some of what it takes."""
    tree = tree_of(path)
    made_of = {
        node.name: [*method.args.args[1:], *method.args.kwonlyargs]
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "__init__"
    }
    assert {name: len(taken) for name, taken in made_of.items() if len(taken) > 6} == {}


def test_every_api_route_is_described(app: Flask):
    described = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()["paths"]
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/") or rule.rule.endswith("openapi.json"):
            continue
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = described[path][method.lower()]
            assert operation.get("summary"), f"{method} {path} has no docstring"
            assert "default" in operation["responses"]


def test_every_api_blueprint_reads_json_strictly(app: Flask):
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    names = {rule.endpoint.partition(".")[0] for rule in rules} - {"api-docs"}
    assert names
    assert [name for name in names if not isinstance(app.blueprints[name], Blueprint)] == []


@for_every_source
def test_routes_ask_for_the_scope_of_their_caller(path: Path):
    """`scope_of` knows what a named token may use; what stands below it does not."""
    if ROUTE_MODULES.match(name_of(path)) or name_of(path).startswith("web/routes/"):
        assert "plugin_store.workspaces.resolve_scope" not in imported(path)


def test_the_gate_stands_before_every_request(app: Flask):
    assert app.extensions["patchbay_gate"]
    assert "check_request" in [function.__name__ for function in app.before_request_funcs[None]]


@for_every_source
def test_no_function_is_a_coroutine_for_flask_does_not_ask_whether_one_is(path: Path):
    tree = tree_of(path)
    assert [node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)] == []


def test_routes_that_must_not_exist_do_not(client):
    assert client.get("/views").status_code == 404
    assert client.get("/themes").status_code == 404


def test_no_path_prefix_can_be_taken_for_a_path_of_ours(app: Flask):
    assert {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {""} == OWN_SEGMENTS


def test_every_setting_is_documented_with_its_default():
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(PATCHBAY_\w+)` \| (?:`([^`]*)`)? ?\|", text, re.MULTILINE))
    expected = {setting.variable: setting.default for setting in SETTINGS}
    expected["PATCHBAY_INSTANCE"] = "instance/"
    assert rows == expected
    for setting in SETTINGS:
        assert setting.help in text


def error_classes() -> list[type[errors.PatchbayError]]:
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    return [kind for kind in classes if issubclass(kind, errors.PatchbayError)]


def test_every_problem_code_is_documented_with_its_status():
    statuses = {kind.code: kind.status for kind in error_classes()}
    statuses |= {code: status for status, (code, _, _) in HTTP_PROBLEMS.items() if code not in statuses}
    documented = {help.code: help.paragraphs[0] for help in problem_help()}
    assert set(documented) == set(statuses)
    for code, status in statuses.items():
        assert documented[code].startswith(f"Status {status}."), code


def test_every_dependency_is_documented():
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    for name in (
        "requirements.in",
        "requirements-otel.in",
        "requirements-postgresql.in",
        "requirements-fuzz.in",
        "requirements-dev.in",
    ):
        for line in (ROOT / name).read_text("utf-8").splitlines():
            package = re.match(r"[a-z0-9][a-z0-9-]+", line)
            if package:
                assert f"| {package[0]} |" in text


def test_every_npm_package_is_documented():
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    for path in (ROOT / "frontend").glob("**/package.json"):
        if "node_modules" in path.parts:
            continue
        declared = json.loads(path.read_text("utf-8"))
        for kind in ("dependencies", "devDependencies"):
            for package in declared.get(kind, {}):
                assert package.startswith("@patchbay/") or re.search(rf"[| ]{package}[ ,]", text), package


def test_every_npm_package_is_locked_by_its_hash_and_from_no_certain_registry():
    locked = json.loads((ROOT / "frontend" / "package-lock.json").read_text("utf-8"))["packages"]
    installed = {
        name: entry for name, entry in locked.items() if "node_modules/" in name and not entry.get("link")
    }
    assert installed
    assert [name for name, entry in installed.items() if "integrity" not in entry] == []
    assert [name for name, entry in installed.items() if "resolved" in entry] == []


def test_every_import_is_a_declared_dependency():
    names = {
        "backports": "backports-zstd",
        "dotenv": "python-dotenv",
        "re2": "google-re2",
        "jsonschema_rs": "jsonschema-rs",
        "yaml": "pyyaml",
    }
    # What comes with a declared dependency and is part of its interface.
    parts = {"alembic", "click", "werkzeug", "webargs", "apispec"}
    # The standard library's from Python 3.14 on, and imported only there.
    stdlib_later = {"compression"}
    # What is optional is imported in the one folder that needs it.
    listed = "".join((ROOT / f"requirements{part}.in").read_text("utf-8") for part in ("", "-postgresql"))
    declared = set(re.findall(r"^[a-z0-9-]+", listed, re.MULTILINE))
    used = (
        {top for path in sources() for top in tops(imported(path))}
        - OURS
        - set(sys.stdlib_module_names)
        - stdlib_later
        - parts
    )
    assert {names.get(name, name.replace("_", "-")) for name in used} <= declared


def test_providers_of_tests_end_at_once():
    # pytest-httpserver's own takes half a second to stop, in each of many hundred tests.
    starting = re.compile(r"\bHTTPServer\(host")
    tests = (ROOT / "tests").rglob("*.py")
    assert [str(path) for path in tests if starting.search(path.read_text("utf-8"))] == []
