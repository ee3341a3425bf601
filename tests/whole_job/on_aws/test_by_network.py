"""One rule for the network: proxy, certificate bundle, FIPS and the AWS configuration file mean the same to every part.

boto3, Spark's S3A and the sender's client each make connections of their own; each case fails if one of them does not
obey.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from standin.process import StandinProcess
from tests.aws.moto_server import CREDENTIALS, MotoServer
from tests.aws.world import AwsWorld
from tests.whole_job.harness import Job, interactions, run_process
from tests.whole_job.on_aws.shop import CONF, LOGS, OUT, Shop

pytestmark = [pytest.mark.job, pytest.mark.aws, pytest.mark.usefixtures("needs_world", "s3_jars")]

REGION = "eu-west-1"
HOSTS = {
    f"{CONF}.s3.eu-central-1.amazonaws.com:443",
    f"{LOGS}.s3.us-west-2.amazonaws.com:443",
    f"{OUT}.s3.eu-west-1.amazonaws.com:443",
    "personalize-events.eu-west-1.amazonaws.com:443",
}


def test_a_proxy_with_a_login_is_the_only_way_and_serves_every_part(tmp_path: Path) -> None:
    with AwsWorld(tmp_path, proxied=True) as aws:
        shop = Shop.open(aws)
        aws.events(REGION)
        proxy = aws.proxy(login="jane:p@ss")
        shop.configure("proxied")
        environ = {
            **aws.user(),
            "AWS_REGION": REGION,
            "HTTPS_PROXY": proxy.url_with_login.replace("p@ss", "p%40ss"),
            "NO_PROXY": "localhost,127.0.0.1",
        }

        ended = shop.run("proxied", environ)

        shop.require_delivered("proxied", ended)
        assert set(proxy.tunnels) >= HOSTS
        assert "p@ss" not in ended.stderr + ended.stdout + str(shop.summary("proxied"))


def test_a_role_is_assumed_through_the_proxy_by_every_part(tmp_path: Path) -> None:
    with AwsWorld(tmp_path, proxied=True) as aws:
        shop = Shop.open(aws)
        aws.events(REGION)
        proxy = aws.proxy()
        shop.configure("pod")
        environ = {**aws.web_identity("pod"), "AWS_DEFAULT_REGION": REGION, "HTTPS_PROXY": proxy.url}

        ended = shop.run("pod", environ)

        shop.require_delivered("pod", ended)
        assert {host for host in proxy.tunnels if host.startswith("sts")} == {
            f"sts.{REGION}.amazonaws.com:443"
        }


def test_a_bundle_of_ones_own_and_no_proxy_are_obeyed_by_every_part(tmp_path: Path) -> None:
    """No certificate is trusted without the bundle, and no host that NO_PROXY names is asked for through the proxy."""
    with AwsWorld(tmp_path, trusted=False) as aws:
        shop = Shop.open(aws)
        aws.events(REGION)
        shop.configure("direct")
        proxy = aws.proxy()
        keys = {**aws.user(), "AWS_REGION": REGION, "HTTPS_PROXY": proxy.url, "NO_PROXY": ".amazonaws.com"}

        without = shop.run("direct", keys)
        ended = shop.run("direct", {**keys, "REQUESTS_CA_BUNDLE": str(aws.ca_file)})

        assert without.returncode == 2
        assert one_sentence(without.stderr, "certificate is not trusted. Name a bundle")
        shop.require_delivered("direct", ended)
        assert not proxy.tunnels


def test_fips_endpoints_are_used_by_every_part(tmp_path: Path) -> None:
    """S3 has them in the United States and Canada alone (AWS General Reference, "Amazon S3 endpoints and quotas")."""
    with AwsWorld(tmp_path) as aws:
        shop = Shop.open(aws, {CONF: "us-east-1", LOGS: "us-west-2", OUT: "us-east-1"})
        service = aws.events("us-west-2")
        shop.configure("fips")

        ended = shop.run("fips", {**aws.user(), "AWS_REGION": "us-west-2", "AWS_USE_FIPS_ENDPOINT": "true"})

        shop.require_delivered("fips", ended)
        hosts = {entry.host for entry in aws.requests if entry.service == "s3"}
        assert {host for host in hosts if "s3-fips." not in host} == set()
        assert service.stop()["events_accepted"]


def test_dual_stack_endpoints_are_used_by_every_part(tmp_path: Path) -> None:
    """Only S3 has them: Personalize is named by the configuration."""
    with AwsWorld(tmp_path) as aws:
        shop = Shop.open(aws)
        aws.events(REGION)
        url = f"https://personalize-events.{REGION}.amazonaws.com"
        shop.configure("dual", personalize={"tracking_id": "tracker", "endpoint_url": url})
        config = aws.folder / "dual-config"
        config.write_text("[default]\nregion = eu-west-1\ns3 =\n  use_dualstack_endpoint = true\n")

        ended = shop.run("dual", {**aws.user(), "AWS_CONFIG_FILE": str(config)})

        shop.require_delivered("dual", ended)
        hosts = {entry.host for entry in aws.requests if entry.service == "s3"}
        assert {host for host in hosts if ".dualstack." not in host} == set()


def test_endpoints_that_are_ignored_are_used_by_no_part(tmp_path: Path) -> None:
    """Those of a stand-in, for one run on AWS itself. In us-east-1, where S3 also has a name without a region."""
    with AwsWorld(tmp_path) as aws:
        shop = Shop.open(aws, {CONF: "us-east-1", LOGS: "us-east-1", OUT: "eu-west-1"})
        service = aws.events(REGION)
        shop.configure("ignored")
        own = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}

        ended = shop.run("ignored", {**aws.user(), "AWS_REGION": REGION, **own})

        shop.require_delivered("ignored", ended)
        assert service.stop()["events_accepted"]


def test_endpoints_in_the_aws_configuration_file_are_used_by_every_part(
    tmp_path: Path, standin: StandinProcess
) -> None:
    job = Job(tmp_path / "job", standin)
    job.write_source(interactions([{"TIMESTAMP": 1_760_000_000 + n} for n in range(10)]))
    with MotoServer() as s3:
        s3.create_bucket("out")
        (tmp_path / "config").write_text(
            "[profile own]\nregion = eu-west-1\nservices = ours\n\n[services ours]\n"
            f"s3 =\n  endpoint_url = {s3.url}\npersonalize_events =\n  endpoint_url = {standin.url}\n"
        )
        job.settings["output"] = {"path": "s3://out/backfill/"}
        del job.settings["personalize"]["endpoint_url"]
        environ = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "own"}

        ended = run_process(job, "run-1", environ=environ)

        assert ended.exit_code == 0, ended.log
        assert "backfill/runs/run-1/summary.json" in s3.keys("out", "backfill/runs/")
    assert standin.stop()["events_accepted"] == 10
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in ended.log


def one_sentence(log: str, part: str) -> bool:
    """Whether the log is one line, an error's, that holds `part`."""
    (line,) = log.splitlines()
    return " ERROR " in line and part in line
