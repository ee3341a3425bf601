"""The settings of a stand-in: the command line read into a frozen value.

The credentials come from the environment alone, so that no secret is in a process list.
"""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from standin.faults import KINDS, parse_faults
from standin.keys import Credentials
from standin.quota import QuotaStep, parse_quota

EXAMPLE_CREDENTIALS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
"""The keys of AWS's own documentation, which give access to nothing: used when the environment holds none."""

DEFAULT_SECONDS = 900.0
"""The stand-in ends by itself after this long, so that none is left running."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one stand-in; times in seconds."""

    host: str
    port: int
    tls: bool
    certificate: Path | None
    key: Path | None
    credentials: Credentials
    keys: Path | None
    region: str | None
    tracking_id: str | None
    quota: tuple[QuotaStep, ...]
    latency: float
    faults: Mapping[str, float]
    slow_seconds: float
    clock_ahead: float
    seed: int
    record: Path | None
    seconds: float
    max_requests: int | None


def parse_settings(arguments: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Read the command line; like argparse, exit with 2 and one sentence when it is wrong."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    if (options["certificate"] is None) != (options["key"] is None):
        parser.error("--certificate and --key go together")
    latency = options.pop("latency_ms") / 1000
    return Settings(**options, latency=latency, credentials=_credentials(environ))


def _credentials(environ: Mapping[str, str]) -> Credentials:
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        return EXAMPLE_CREDENTIALS
    return Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN") or None)


def _loopback(text: str) -> str:
    if text != "localhost" and not ipaddress.ip_address(text).is_loopback:
        raise argparse.ArgumentTypeError("the stand-in listens on loopback only")
    return text


def _checked(read: Any) -> Any:  # noqa: ANN401 - argparse takes any callable
    """Return `read`, with its ValueError shown as argparse shows its own."""

    def convert(text: str) -> Any:  # noqa: ANN401 - what `read` returns
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m standin",
        description="A local PutEvents. Prints its address as JSON when it listens and its account as "
        "JSON when it ends. Keys: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, else those "
        "of AWS's documentation.",
    )
    _add_address(parser)
    _add_behaviour(parser)
    _add_bounds(parser)
    return parser


def _add_address(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", type=_loopback, help="a loopback address")
    add("--port", default=0, type=int, help="0 takes any free port")
    add("--tls", action="store_true", help="https, with a certificate made at start")
    add("--certificate", type=Path, metavar="FILE", help="https, with this certificate chain (PEM)")
    add("--key", type=Path, metavar="FILE", help="the certificate's private key (PEM)")
    add(
        "--keys",
        type=Path,
        metavar="FILE",
        help="the known access keys, in place of the environment's: a JSON object a line with access_key, "
        "secret_key, token and expires (Unix seconds); lines may be added",
    )
    add("--region", help="the only region whose signatures are valid; default: any")
    add("--tracking-id", help="the only event tracker there is; default: any")


def _add_behaviour(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--quota",
        default=(),
        type=_checked(parse_quota),
        metavar="RPS",
        help="300, or 300,600@10: another after 10 s",
    )
    add("--latency-ms", default=0.0, type=float, help="minimum duration of an answer")
    add("--faults", default={}, type=_checked(parse_faults), metavar="KIND=RATE,…", help=", ".join(KINDS))
    add("--slow-seconds", default=60.0, type=float, help="delay of the answers of the fault `slow`")
    add(
        "--clock-ahead",
        default=0.0,
        type=float,
        metavar="SECONDS",
        help="how far its clock is ahead of this machine's, for signatures and for the answers' Date",
    )
    add("--seed", default=0, type=int, help="of the faults")
    add("--record", type=Path, metavar="FOLDER", help="write what was accepted to FOLDER/accepted.parquet")


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--seconds", default=DEFAULT_SECONDS, type=float, help="end after this long")
    add("--max-requests", type=int, help="end after this many requests")
