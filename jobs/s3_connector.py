"""How Spark reaches S3: the connector's jars, its credentials and its endpoint, as Spark settings.

Pure: environment in, settings out; Spark itself fetches the jars. On a cluster the connector and its
credentials are the cluster's own; only an endpoint that the environment names is passed on there.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobs.errors import UsageError
from jobs.hadoop import HadoopVersion

S3_FILESYSTEM = "org.apache.hadoop.fs.s3a.S3AFileSystem"
"""What `s3://` means where nothing else claims it. Amazon EMR claims it for a file system of its own."""

_FIRST_HADOOP_ON_SDK_2: HadoopVersion = (3, 4, 0)
"""From here on S3A uses AWS's second SDK for Java (HADOOP-18073)."""

# Tried with Hadoop 3.3.4, 3.4.1 and 3.5.0: 11 to 20 MB in place of the 558 MB "bundle" of hadoop-aws.
# sts and sso are no dependencies of S3A: a profile that assumes a role or signs in needs them.
_SDK_1 = ("com.amazonaws", ("s3", "sts", "dynamodb"), "1.12.262", "aws-java-sdk-bundle", "aws-java-sdk-")
_SDK_2_MODULES = ("s3", "sts", "sso", "ssooidc", "s3-transfer-manager", "apache-client", "netty-nio-client")
_SDK_2 = ("software.amazon.awssdk", _SDK_2_MODULES, "2.40.2", "bundle", "")

# Each SDK's usual chain: environment (session token included), web identity, profile, container, instance;
# never anonymous. S3A's own default knows neither profiles nor web identities.
_SDK_1_CREDENTIALS = "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"
_SDK_2_CREDENTIALS = "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider"


def is_s3(path: str) -> bool:
    """Whether a configured path lies on S3."""
    return path.lower().startswith(("s3://", "s3a://"))


def connector_settings(hadoop: HadoopVersion | None) -> dict[str, str]:
    """`spark.jars.packages` and `spark.jars.excludes`, with which a Spark started here fetches S3A.

    Raises:
        UsageError: this Spark brings no Hadoop client that a connector could match.
    """
    if hadoop is None:
        raise UsageError("this Spark brings no Hadoop client and can't reach s3:// here: use spark-submit.")
    group, modules, version, bundle, prefix = _SDK_2 if hadoop >= _FIRST_HADOOP_ON_SDK_2 else _SDK_1
    packages = [f"org.apache.hadoop:hadoop-aws:{'.'.join(map(str, hadoop))}"]
    packages += [f"{group}:{prefix}{module}:{version}" for module in modules]
    return {"spark.jars.packages": ",".join(packages), "spark.jars.excludes": f"{group}:{bundle}"}


def account_settings(hadoop: HadoopVersion | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Credentials and region as the AWS tools find them, for a Spark started here."""
    if hadoop is None or hadoop < _FIRST_HADOOP_ON_SDK_2:
        # This S3A finds a bucket's region by itself; told one, it reaches that region's buckets only.
        return {"spark.hadoop.fs.s3a.aws.credentials.provider": _SDK_1_CREDENTIALS}
    settings = {"spark.hadoop.fs.s3a.aws.credentials.provider": _SDK_2_CREDENTIALS}
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    return settings | ({"spark.hadoop.fs.s3a.endpoint.region": region} if region else {})


def endpoint_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """S3A's settings for the server that `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` names, if one does.

    S3A reads neither variable. A server of one's own rarely has a host name per bucket, hence path style.
    """
    url = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    if not url:
        return {}
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return {
        "spark.hadoop.fs.s3a.endpoint": url,
        "spark.hadoop.fs.s3a.endpoint.region": region,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": str(url.lower().startswith("https:")).lower(),
    }
