"""Command lines out of a block of shell: words as a shell would see them. It runs nothing but `bash -n`."""

from __future__ import annotations

import re
import shlex
import subprocess

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_COMMENT = re.compile(r"(^|\s)#.*")


def commands(text: str) -> list[list[str]]:
    """The simple commands in `text`, without comments, prompts and assignments before them."""
    joined = text.replace("\\\n", " ")
    return [command for line in joined.splitlines() for command in _commands_of(line.removeprefix("$ "))]


def syntax_error(text: str) -> str:
    """What bash says of the block's form; empty where it would read it."""
    read = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)  # noqa: S607
    return read.stderr


def _commands_of(line: str) -> list[list[str]]:
    # Not shlex's own comments: it would end a word at a # in its middle.
    lexer = shlex.shlex(_COMMENT.sub("", line), posix=True, punctuation_chars="&;|")
    lexer.whitespace_split, lexer.commenters = True, ""
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("&;|"):
            found.append([])
        elif found[-1] or not _ASSIGNMENT.match(word):
            found[-1].append(word)
    return [command for command in found if command]
