"""What an HTTP error says, and what must never be shown of it."""

from __future__ import annotations

import json
import pickle

import pytest

from delivery.service.answer import Answer, error_code, refusal


@pytest.mark.parametrize(
    ("header", "body", "code"),
    [
        ("ThrottlingException", None, "ThrottlingException"),
        ("InvalidInputException:http://internal.example/doc/", {}, "InvalidInputException"),
        ("aws.protocoltests#FooError:http://example/", None, "FooError"),
        (None, {"__type": "com.amazonaws.personalize#InvalidInputException"}, "InvalidInputException"),
        (None, {"code": "ExpiredTokenException"}, "ExpiredTokenException"),
        ("", {"__type": "FooError"}, "FooError"),
        (None, {"__type": 7, "code": "FooError"}, "FooError"),
        (None, ["FooError"], None),
        (None, None, None),
    ],
)
def test_the_code_is_found_wherever_restjson_puts_it(
    header: str | None, body: object, code: str | None
) -> None:
    assert error_code(header, body) == code


@pytest.mark.parametrize("text", ["user-3 is not valid", "Foo\nERROR forged", "x" * 101, "7", "Foo-3"])
def test_what_has_not_the_form_of_a_code_is_none(text: str) -> None:
    """Codes go into logs and summaries; a proxy's own error may have anything in their place."""
    assert error_code(text, {"__type": text, "code": text}) is None


@pytest.mark.parametrize("key", ["message", "Message"])
def test_the_message_is_kept_for_the_dead_letters(key: str) -> None:
    answer = refusal(400, "InvalidInputException", json.dumps({key: "itemId is bad"}).encode())
    assert answer == Answer(400, "InvalidInputException", "itemId is bad")


@pytest.mark.parametrize(
    "content", [b"", b"<html>503</html>", b"\xff\xfe", b"[]", b'{"message": 5}', b"[" * 60_000]
)
def test_an_answer_that_is_not_a_json_object_is_still_an_answer(content: bytes) -> None:
    assert refusal(503, None, content) == Answer(503, None, None)


@pytest.mark.parametrize("escape", [rb"\ud83d", rb"\udc00 x", rb"\ude00\ud83d"])
def test_an_unpaired_escape_in_a_message_can_be_recorded(escape: bytes) -> None:
    """JSON may escape half a character, as where a text was cut; no UTF-8 can hold it, and so no Parquet file."""
    answer = refusal(400, None, b'{"message":"item ' + escape + b'","code":"' + escape + b'"}')
    assert str(answer.message).encode().startswith(b"item ?")
    assert answer.code is None


def test_the_message_never_shows_in_the_text_form() -> None:
    answer = Answer(400, "InvalidInputException", "user-3 is not valid")
    assert "user-3" not in f"{answer} {answer!r}"


def test_answers_can_be_pickled() -> None:
    answer = Answer(400, "ThrottlingException", "Rate exceeded")
    assert pickle.loads(pickle.dumps(answer)) == answer  # noqa: S301 - our own bytes
