"""Spark's access to S3: the connector's jars, its credentials, and each bucket's region, endpoint and proxy.

Pure: buckets in, Spark settings out. On a cluster the connector and its credentials are the cluster's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from core.aws.buckets import Bucket
from jobs.errors import UsageError
from jobs.spark.local.hadoop import HadoopVersion
from jobs.spark.local.jar_resolver import Packages

S3_FILESYSTEM = "org.apache.hadoop.fs.s3a.S3AFileSystem"
"""The file system for `s3://` if no other is configured. Amazon EMR configures its own."""

CREDENTIALS = "spark.hadoop.fs.s3a.aws.credentials.provider"
"""Spark's setting for where S3A finds its credentials."""

_FIRST_HADOOP_ON_SDK_2: HadoopVersion = (3, 4, 0)
"""From here on S3A uses AWS's second SDK for Java (HADOOP-18073)."""

_FIRST_HADOOP_WITH_FLAGS: HadoopVersion = (3, 4, 1)
"""From here on S3A leaves out what only a file system with folders needs (HADOOP-19161, `fs.s3a.performance.flags`)."""

_FIRST_HADOOP_WITH_CHECKSUMS: HadoopVersion = (3, 4, 2)
"""From here on S3A can send a checksum with each object, and with each part of one (HADOOP-15224)."""

# Each file is written under a name of its own, so S3A need not check what is there already, or the folders above.
_FLAGS = "create,delete,mkdir"

# Tried with Hadoop 3.3.4, 3.4.1 and 3.5.0: 11 to 20 MB in place of the 558 MB "bundle" of hadoop-aws. sts
# and sso are not dependencies of S3A: a profile that assumes a role or signs in needs them.
_SDK_1 = ("com.amazonaws", ("s3", "sts", "dynamodb"), "1.12.262", "aws-java-sdk-bundle", "aws-java-sdk-")
_SDK_2_MODULES = ("s3", "sts", "sso", "ssooidc", "s3-transfer-manager", "apache-client", "netty-nio-client")
_SDK_2 = ("software.amazon.awssdk", _SDK_2_MODULES, "2.40.2", "bundle", "")

# The second SDK's usual chain knows keys in the environment (session token included), containers and instances as boto3
# does, and is never anonymous; for all else boto3 is asked, through a profile. S3A's own default knows neither profiles
# nor web identities. The first SDK's chain lacks single sign-on, AWS_SHARED_CREDENTIALS_FILE and the container
# credentials of EKS: there boto3 is always asked.
_SDK_1_CREDENTIALS = "com.amazonaws.auth.profile.ProfileCredentialsProvider"
_SDK_2_CREDENTIALS = "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider"
_SDK_2_PROFILE = "software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider"


def connector_packages(hadoop: HadoopVersion | None) -> Packages:
    """Return the Maven packages of S3A for a Spark started here with this Hadoop.

    Raises:
        UsageError: this Spark has no Hadoop client that a connector could match.
    """
    if hadoop is None:
        raise UsageError("s3:// can't be read here: this Spark brings no Hadoop client. Use spark-submit.")
    group, modules, version, bundle, prefix = _SDK_1 if _is_on_sdk_1(hadoop) else _SDK_2
    packages = [f"org.apache.hadoop:hadoop-aws:{'.'.join(map(str, hadoop))}"]
    packages += [f"{group}:{prefix}{module}:{version}" for module in modules]
    return Packages("the S3 connector for Spark", ",".join(packages), f"{group}:{bundle}")


def account_settings(hadoop: HadoopVersion | None, *, from_boto3: bool = False) -> dict[str, str]:
    """Return the settings for credentials as the AWS tools find them, for a Spark started here.

    `from_boto3`: the second SDK is to ask boto3, as the first one always does.
    """
    second = _SDK_2_PROFILE if from_boto3 else _SDK_2_CREDENTIALS
    chain = _SDK_1_CREDENTIALS if _is_on_sdk_1(hadoop) else second
    return {CREDENTIALS: chain}


def needs_credential_process(hadoop: HadoopVersion | None) -> bool:
    """Return whether S3A of this Hadoop takes its credentials from `jobs.spark.java_credentials`."""
    return _is_on_sdk_1(hadoop)


def bucket_settings(hadoop: HadoopVersion | None, buckets: Iterable[Bucket]) -> dict[str, str]:
    """Return S3A's settings for each bucket: it reads no proxy variable and no AWS configuration file.

    Options of one bucket: Hadoop's documentation of S3A, "Configuring different S3 buckets with Per-Bucket
    Configuration".
    """
    settings: dict[str, str] = {}
    for bucket in buckets:
        options = {
            "endpoint.region": bucket.region,
            **_fewer_requests(hadoop),
            **_checksums(hadoop, bucket),
            **_endpoint_options(hadoop, bucket),
            **_proxy_options(bucket),
        }
        settings |= {
            f"spark.hadoop.fs.s3a.bucket.{bucket.name}.{key}": value for key, value in options.items()
        }
    return settings


def direct_hosts(hadoop: HadoopVersion | None, buckets: Iterable[Bucket]) -> str:
    """Return the hosts of buckets that need no proxy, as Java's property `http.nonProxyHosts` has them; "" for none.

    The first SDK follows HTTPS_PROXY by itself, and its rules for NO_PROXY are not botocore's: there a domain names no
    host below it (com.amazonaws.http.apache.SdkProxyRoutePlanner).
    """
    if not _is_on_sdk_1(hadoop):
        return ""
    return "|".join(
        host if bucket.path_style else f"{bucket.name}.{host}"
        for bucket in buckets
        if bucket.proxy is None and (host := urlsplit(bucket.endpoint_url).hostname)
    )


def _fewer_requests(hadoop: HadoopVersion | None) -> dict[str, str]:
    """Return what spares requests that only a file system with folders needs."""
    if _is_on_sdk_1(hadoop):
        # Else each write deletes the markers of all folders above, which a narrow role may not (HADOOP-13230).
        return {"directory.marker.retention": "keep"}
    return {"performance.flags": _FLAGS} if (hadoop or (0,)) >= _FIRST_HADOOP_WITH_FLAGS else {}


def _checksums(hadoop: HadoopVersion | None, bucket: Bucket) -> dict[str, str]:
    """Return what lets S3A send a checksum with each object: S3 demands one under a default retention (Object Lock).

    Its second SDK sends none unless an option says so, as other servers may not know them; with the first one S3A's
    markers of folders have none. Where there is no such option, `spark_failures` has a sentence.
    """
    if bucket.own_endpoint or (hadoop or (0,)) < _FIRST_HADOOP_WITH_CHECKSUMS:
        return {}
    return {"create.checksum.algorithm": "CRC32"}


def _endpoint_options(hadoop: HadoopVersion | None, bucket: Bucket) -> dict[str, str]:
    url = urlsplit(bucket.endpoint_url)
    if bucket.needs_endpoint or _is_on_sdk_1(hadoop):
        return {
            "endpoint": bucket.endpoint_url,
            "path.style.access": str(bucket.path_style).lower(),
            "connection.ssl.enabled": str(url.scheme == "https").lower(),
        }
    # The second SDK accepts no endpoint together with FIPS or dual-stack, and finds AWS's own by the
    # region. It reads AWS_USE_DUALSTACK_ENDPOINT by itself; S3A overrides what it reads of FIPS.
    return {"endpoint.fips": "true"} if "fips" in (url.hostname or "") else {}


def _proxy_options(bucket: Bucket) -> dict[str, str]:
    proxy = bucket.proxy
    if proxy is None:
        return {}
    options = {"host": proxy.host, "port": str(proxy.port), "ssl.enabled": str(proxy.tls).lower()}
    options |= {"username": proxy.username} if proxy.username else {}
    options |= {"password": proxy.password} if proxy.password else {}
    return {f"proxy.{key}": value for key, value in options.items()}


def _is_on_sdk_1(hadoop: HadoopVersion | None) -> bool:
    return hadoop is None or hadoop < _FIRST_HADOOP_ON_SDK_2
