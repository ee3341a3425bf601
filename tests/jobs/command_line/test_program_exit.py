"""The exit code of a command, and the one sentence that goes with it."""

from __future__ import annotations

import pytest

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
