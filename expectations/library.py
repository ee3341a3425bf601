"""Great Expectations, imported late and kept quiet."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from core.imports import loaded_on_first_use, not_installed

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_UNUSED = ("pyspark.sql.connect", "sqlalchemy")
"""The client of Spark Connect and databases, which no job uses, and Great Expectations would try.

Spark 4.3's client takes `python -c` for a doctest, and ends the process with exit code 0 where gRPC is missing.
SQLAlchemy is a tenth of the import.
"""

_RARELY_USED = ("scipy.stats", "altair")
"""What Great Expectations imports for a few expectations and for drawing, in 30 % of the whole import's time."""


@cache
def great_expectations() -> ModuleType:
    """Return the package, imported on first use (2 to 4 s), with analytics, progress bars and logs off.

    Its loggers may print the values of rows (`partial_unexpected_list` at debug level), so they are cut at
    ERROR. The variable is Great Expectations' own switch for usage statistics (`enable_analytics`).
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with (
        warnings.catch_warnings(),
        _no_garbage_collection(),
        not_installed(*_UNUSED),
        loaded_on_first_use(*_RARELY_USED),
    ):
        warnings.simplefilter("ignore")
        package: ModuleType = importlib.import_module("great_expectations")
    return package


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Suspend garbage collection for an import of 1,900 modules, which leaves no garbage: a fifth of its CPU.

    What is there after it is never searched again, which took 0.2 s each time. By its threshold: whether it is enabled,
    a fork that goes on in another thread decides (`subprocess`).
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(0)
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*thresholds)


def importing() -> threading.Thread:
    """Return a thread that imports the package while its caller waits for Spark. Join it before the package's use.

    Start it only when the caller has forked for the JVM (see `called_once_forked`). An error of the import is raised on
    the first use, in the thread that uses the package.
    """

    def quietly() -> None:
        with contextlib.suppress(Exception):
            great_expectations()

    return threading.Thread(target=quietly, name="import-great-expectations", daemon=True)


def build_expectation(configuration: dict[str, Any], parameters: dict[str, Any]) -> Expectation:
    """Return an expectation object for its JSON, with suite parameters filled in.

    `configuration` holds `type`, `kwargs`, `meta`, `notes`, `description` and `severity` as
    `ExpectationConfiguration.to_json_dict` writes them. Any error of Great Expectations is passed on.
    """
    great_expectations()
    from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415 - see above
        ExpectationConfiguration,
    )

    # String row conditions are deprecated in Great Expectations, and still what suites contain.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recipe = ExpectationConfiguration(**configuration)
        recipe.process_suite_parameters(parameters, True, None)
        return recipe.to_domain_obj()


def known_expectation_types() -> frozenset[str]:
    """Return the names of all expectations that the installed Great Expectations knows."""
    great_expectations()
    from great_expectations.expectations.registry import (  # noqa: PLC0415 - see above
        list_registered_expectation_implementations,
    )

    return frozenset(list_registered_expectation_implementations())
