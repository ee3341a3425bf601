"""The meaning of the lines of Spark's package resolver (Ivy): its progress, the jars, the cause of a failure. Pure.

Read from Ivy 2.5 as Spark 3.5 to 4.x print it (org.apache.ivy.core.resolve,
org.apache.spark.util.MavenUtils).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

_FOUND = re.compile(r"^\s+found \S+ in ")
_FETCHED = re.compile(r"^\s+\[SUCCESSFUL \]")
_JARS = re.compile(r"^\(spark\.jars,(file:.+)\)$")
_ACCESS = re.compile(r"Server access error at url \S+ \((?:[\w.]+\.)?(\w+)")
_NOT_FOUND = re.compile(r":: ([\w.-]+)#([\w.-]+);(\S+): not found")
_BROKEN = re.compile(r"download failed: ([\w.-]+)#([\w.-]+);([^!\s]+)")
BROKE_OFF = "the download broke off of"
"""How the cause begins where a jar was there and its download did not end."""

_MESSAGE = re.compile(r"Exception in thread \"main\" (?:[\w.$]+\.)?([\w$]+)")


@dataclass(frozen=True, slots=True)
class Fetching:
    """The packages that were found so far, and the jars of them that came over the network, by number."""

    found: int = 0
    fetched: int = 0

    def after(self, line: str) -> Self:
        """Return the state after one more line."""
        if _FOUND.match(line):
            return replace(self, found=self.found + 1)
        return replace(self, fetched=self.fetched + 1) if _FETCHED.match(line) else self

    def __str__(self) -> str:
        if not self.fetched:
            return f"packages found: {self.found}"
        return f"{self.fetched} of {self.found} jars fetched"


def jars_in(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the jars' `file:` URLs, which spark-submit lists in its settings with `--verbose`; else empty."""
    for line in lines:
        if match := _JARS.match(line):
            return tuple(match[1].split(","))
    return ()


def cause_of(lines: Iterable[str], *, has_password: bool) -> str:
    """Return why nothing was fetched, in a clause. `has_password`: the proxy's URL has one, which Java can't use."""
    text = "\n".join(lines)
    access = _ACCESS.search(text)
    if access and ("SSL" in access[1] or "Cert" in access[1]):
        return f"Java does not trust the certificate of the repository or proxy ({access[1]})"
    if access:
        return f"no package repository can be reached ({access[1]})"
    if has_password and _NOT_FOUND.search(text):
        return "the proxy's user and password can't be passed to Java, so it may have refused"
    if missing := _NOT_FOUND.search(text) or _BROKEN.search(text):
        what = BROKE_OFF if _BROKEN.search(text) else "no repository gave"
        return f"{what} {':'.join(missing.groups())}"
    ended = _MESSAGE.search(text)
    return f"Spark's resolver ended with {ended[1]}" if ended else "Spark's resolver named no jars"
