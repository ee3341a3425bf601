from __future__ import annotations

import pickle

from transforms.errors import BadInput


def test_the_error_survives_pickling_with_its_sentence() -> None:
    error = pickle.loads(pickle.dumps(BadInput("mapping.itemId: there is no column x.")))  # noqa: S301
    assert isinstance(error, BadInput)
    assert str(error) == "mapping.itemId: there is no column x."
