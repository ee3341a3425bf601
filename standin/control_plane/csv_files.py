r"""The CSV of an import, read as strictly as the developer guide describes it, character by character.

[format] "Preparing training data"; [text] "Items datasets", text data, and "Troubleshooting": text in
double quotes, with `\` before `"` and `\`; [order] "Creating schema JSON files". Rules that no page
documents are marked as undocumented: there this reader accepts only the plainest form.
"""

from __future__ import annotations

from collections.abc import Iterator

Row = tuple[str | None, ...]


class CsvError(Exception):
    """A file that would fail an import; the text is the job's failure reason."""


def rows_of(content: bytes, columns: tuple[str, ...]) -> list[Row]:
    """Return the rows of one file whose header must be `columns`, in that order; an empty field is None.

    Raises:
        CsvError: see the module.
    """
    text = _text(content)
    if not text.endswith("\n"):
        raise CsvError("The last line has no end (undocumented).")
    lines = text[:-1].split("\n")
    _require_header(lines[0], columns)
    if len(lines) == 1:
        raise CsvError("A file holds a header and no row (undocumented).")
    rows = [_row(line) for line in lines[1:]]
    if any(len(row) != len(columns) for row in rows):
        raise CsvError(f"A line does not have {len(columns)} columns, or a record is not on a single line.")
    return rows


def _text(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        raise CsvError("A file begins with a byte order mark (undocumented).")
    if content.startswith(b"\x1f\x8b"):
        raise CsvError("A file is compressed (undocumented).")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise CsvError("A file is not UTF-8.") from None
    if "\r" in text:
        raise CsvError("A record is not on a single line.")
    return text


def _require_header(line: str, columns: tuple[str, ...]) -> None:
    if '"' in line:
        raise CsvError("The column headers are in quotation marks.")
    found = tuple(line.split(","))
    if missing := [column for column in columns if column not in found]:
        raise CsvError(f"Input CSV is missing the following columns:[{', '.join(missing)}]")
    if found != columns:
        raise CsvError("The columns are not in the order of the schema's fields.")


def _row(line: str) -> Row:
    return tuple(_fields(line))


def _fields(line: str) -> Iterator[str | None]:
    at = 0
    while True:
        value, at = _quoted(line, at + 1) if line[at : at + 1] == '"' else _plain(line, at)
        yield value
        if at == len(line):
            return
        if line[at] != ",":
            raise CsvError("A quoted text is followed by something else than a comma.")
        at += 1


def _plain(line: str, start: int) -> tuple[str | None, int]:
    end = line.find(",", start)
    end = len(line) if end < 0 else end
    value = line[start:end]
    if '"' in value or "\\" in value:
        raise CsvError("A quotation mark or a backslash is not in quoted text, escaped.")
    return value or None, end


def _quoted(line: str, start: int) -> tuple[str, int]:
    found: list[str] = []
    at = start
    while at < len(line):
        character = line[at]
        if character == '"':
            return "".join(found), at + 1
        if character == "\\":
            at += 1
            character = line[at : at + 1]
            if character not in ('"', "\\") or not character:
                raise CsvError("A backslash is before something else than a quotation mark or a backslash.")
        found.append(character)
        at += 1
    raise CsvError("A quoted text has no end: a record is not on a single line.")
