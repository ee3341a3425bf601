from __future__ import annotations

import json
from pathlib import Path

import pytest

from standin.keys import Credentials, KeyFile, single_key


def line(access_key: str, **more: object) -> str:
    return json.dumps({"access_key": access_key, "secret_key": "secret", **more}) + "\n"


def test_a_single_pair_knows_itself_alone() -> None:
    mine = Credentials("A", "secret")
    assert (single_key(mine)("A"), single_key(mine)("B")) == (mine, None)


def test_a_file_of_keys_may_grow(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(line("A"))
    find = KeyFile(file)
    assert (find("A"), find("B")) == (Credentials("A", "secret"), None)
    with file.open("a") as more:
        more.write(line("B", token="token", expires=5.0, principal="ignored"))
    assert find("B") == Credentials("B", "secret", "token", 5.0)


def test_a_line_that_is_still_being_written_waits(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    whole = line("A")
    file.write_text(whole[:10])
    find = KeyFile(file)
    assert find("A") is None
    file.write_text(whole)
    assert find("A") is not None


def test_no_secret_is_shown() -> None:
    assert "secret" not in repr(Credentials("A", "secret", "secret"))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        KeyFile(tmp_path / "absent")("A")
