from __future__ import annotations

import pickle

import pytest

from expectations.errors import ExpectationsError, RuleCrashedError, SuiteError


@pytest.mark.parametrize("kind", [SuiteError, RuleCrashedError])
def test_an_error_survives_pickling_with_its_sentence(kind: type[ExpectationsError]) -> None:
    copy = pickle.loads(pickle.dumps(kind("one sentence")))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy)) == (kind, "one sentence")
