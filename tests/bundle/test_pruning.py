"""The packaged environment keeps botocore's model of every service that the job makes a client of."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from botocore.loaders import Loader

from bundle.__main__ import PACKAGES
from bundle.pruning import CLIENTS, KEPT_SERVICES, keeps_package_file

ROOT = Path(__file__).resolve().parents[2]
LOOK_UPS = {"client", "create_client", "resource", "load_service_model", "get_service_model"}
"""Methods of boto3 and botocore whose first argument is a service."""


def services_in(file: Path) -> Iterator[str]:
    """The services that a module looks up; a name is read as its module's constant."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in LOOK_UPS:
            continue
        assert node.args, f"{file}:{node.lineno}: no service by position"
        (first, *_) = node.args
        yield str(first.value) if isinstance(first, ast.Constant) else constant(file, ast.unparse(first))


def constant(file: Path, name: str) -> str:
    module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    value = getattr(module, name)
    assert isinstance(value, str)
    return value


def test_the_clients_are_those_that_the_code_makes() -> None:
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    assert {service for file in files for service in services_in(file)} == CLIENTS


def test_the_models_of_kept_services_are_kept_and_no_others() -> None:
    assert CLIENTS < KEPT_SERVICES <= set(Loader().list_available_services("service-2"))
    kept = {
        service
        for service in Loader().list_available_services("service-2")
        if keeps_package_file(PurePosixPath("botocore", "data", service, "1", "service-2.json.gz"))
    }
    assert kept == KEPT_SERVICES
