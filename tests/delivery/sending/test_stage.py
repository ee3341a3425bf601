"""Reading the stage: every row, in order, as bytes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.packing import StagedEvent
from delivery.sending.stage import leave_out, read_stage


def write(path: Path, events: list[StagedEvent]) -> str:
    columns = {
        "first_of_request": [True] * len(events),
        "body": [event.body.decode() for event in events],
        "event_id": [event.event_id for event in events],
        "envelope": [event.envelope.decode() for event in events],
        "sent_at": [event.sent_at for event in events],
        "requests_after": [event.requests_after for event in events],
    }
    texts = [(name, pa.string()) for name in ("body", "event_id", "envelope")]
    numbers = [("sent_at", pa.int64()), ("requests_after", pa.int32())]
    schema = pa.schema([("first_of_request", pa.bool_()), *texts, *numbers])
    table = pa.table(columns, schema)
    pq.write_table(table, path, compression="zstd", row_group_size=3000, write_page_checksum=True)
    return str(path)


def events(count: int) -> list[StagedEvent]:
    return [
        StagedEvent(
            f"é{number}",
            f'{{"sessionId":"{number // 7}"}}'.encode(),
            f'{{"n":"ü{number}"}}'.encode(),
            1_700_000_000 + number,
            number % 3,
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_every_row_comes_in_the_files_order_with_any_other_columns(tmp_path: Path, count: int) -> None:
    assert list(read_stage(write(tmp_path / "s.parquet", events(count)))) == events(count)


@given(settled=st.sets(st.integers(0, 59)))
def test_settled_events_are_left_out_and_the_others_keep_their_order(settled: set[int]) -> None:
    left = leave_out({f"é{number}" for number in settled}, iter(events(50)))
    assert list(left) == [event for number, event in enumerate(events(50)) if number not in settled]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_stage(str(tmp_path / "none.parquet")))


def test_a_changed_bit_is_an_error_instead_of_another_event(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "s.parquet", events(1000)))
    content = bytearray(path.read_bytes())
    bodies = pq.read_metadata(path).row_group(0).column(1)
    content[bodies.data_page_offset - 10] ^= 1  # in the dictionary's last values
    path.write_bytes(content)
    with pytest.raises(OSError, match="integrity"):
        list(read_stage(str(path)))
