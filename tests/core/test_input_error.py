from __future__ import annotations

import pickle

from core.errors import InputError


def test_the_error_survives_pickling_with_its_sentence() -> None:
    error = pickle.loads(pickle.dumps(InputError("mapping.itemId: there is no column x.")))  # noqa: S301
    assert isinstance(error, InputError)
    assert str(error) == "mapping.itemId: there is no column x."
