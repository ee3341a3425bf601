"""The built package on a real YARN, submitted with the very arguments of the templates for Amazon EMR."""

from __future__ import annotations

from pathlib import Path

import pytest

from standin.process import StandinProcess
from tests.whole_job.harness import rows_in
from tests.yarn.submission import Shop, Site

pytestmark = pytest.mark.yarn


def rows(count: int, users: int = 7):
    return [
        {"USER_ID": f"user-{n % users}", "SESSION_ID": f"session-{n % users}", "TIMESTAMP": 1_760_000_000 + n}
        for n in range(count)
    ]


def test_everything_on_s3_is_delivered_and_the_account_closes(
    site: Site, standin: StandinProcess, tmp_path: Path
) -> None:
    shop = Shop(site, "deliver", standin, rows(140))
    shop.put("code/environment.tar.gz", (site.dist / "environment.tar.gz").read_bytes())
    ended = shop.submit(shop.step("--run-id", "first", archive_on_s3=True))
    print(ended.exit_code, ended.state, ended.diagnostics)
    for n, t in ended.all_logs().items():
        print("=====", n)
        print(t[-6000:])
    assert ended.exit_code == 0
    assert shop.summary("first")["events_delivered"] == 140
