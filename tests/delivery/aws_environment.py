"""An AWS environment of the tests' own: nothing of the machine's is seen."""

from __future__ import annotations

import os

import pytest

from core.aws.buckets import forget_buckets

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}


_OTHERS = ("_PROXY", "REQUESTS_CA_BUNDLE")


def only(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """Leave no variable of AWS, a proxy or a bundle but these, no shared file, and nothing that was found before."""
    forget_buckets()
    for name in [name for name in os.environ if name.startswith("AWS_") or name.upper().endswith(_OTHERS)]:
        monkeypatch.delenv(name)
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name, value in {**nowhere, "AWS_EC2_METADATA_DISABLED": "true", **variables}.items():
        monkeypatch.setenv(name, value)
