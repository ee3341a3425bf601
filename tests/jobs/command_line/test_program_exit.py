"""The exit code of a command, and the one sentence that goes with it."""

from __future__ import annotations

import io
import sys

import pytest
from botocore.exceptions import ClientError

from core.aws.s3_errors import explain
from core.errors import InputError
from jobs.command_line.program_exit import exit_code_of
from jobs.errors import RunInterruptedError


def ends_by(error: BaseException) -> int:
    def program() -> int:
        raise error

    return exit_code_of(program)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RunInterruptedError("SIGTERM was received"), 5, "SIGTERM was received before the run began to read"),
        (KeyboardInterrupt(), 130, "SIGINT was received before the command had ended"),
    ],
)
def test_a_signal_ends_a_command_in_one_sentence(
    error: BaseException, code: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert ends_by(error) == code
    [message] = caplog.messages
    assert message.startswith(said)
    assert message.endswith("Run the same command again.")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_text_that_the_output_can_t_encode_ends_no_program(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file's name, of a local disk's, may be no text in any encoding; `inspect` and the demo ended with a trace."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))

    def program() -> int:
        print("…/\udcff.parquet")
        sys.stdout.flush()
        return 0

    assert exit_code_of(program) == 0
    assert written.getvalue().endswith(b"/\\udcff.parquet\n")


def test_what_s3s_own_trouble_ended_is_to_be_run_again(caplog: pytest.LogCaptureFixture) -> None:
    """It had been exit code 2, which a scheduler does not try again."""
    slow = explain(ClientError({"Error": {"Code": "SlowDown"}}, "GetObject"))

    def program() -> int:
        try:
            raise slow
        except OSError as error:
            raise InputError(f"source file s3://logs/a: can't be read: {error}.") from None

    assert exit_code_of(program) == 5
    assert ends_by(InputError("source file s3://logs/a: not Parquet. Write it again.")) == 2
    assert caplog.messages[0].endswith("S3 asks for fewer requests. Try again later.")
