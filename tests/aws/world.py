"""AWS on loopback: a job that is given nothing but keys and a region finds S3, STS and Personalize, as on AWS.

`with AwsWorld(folder) as aws:` serves AWS's own host names over TLS on port 443 of an address of this world's own in
127.0.0.0/8. `aws.run(command)` runs a job in a mount namespace where those names lead there and the world's authority
is trusted, and where no other name is known: no endpoint is set anywhere. It needs the right to mount and to listen on
port 443, as root has (`fixtures.missing` says what is missing).

    aws.bucket("shop", "eu-west-1")             a bucket, reached at every form of S3's hosts
    aws.put("shop", "logs/a.parquet", content)  objects, past all checks: put, get, keys
    aws.user(), aws.role("job")                 who may sign, as environment variables or an ARN
    aws.events("eu-west-1")                     the stand-in of PutEvents there
    aws.run([...], {...})                       a process in the world; `aws.command` for Popen
    aws.requests                                every request and its answer, for assertions
    aws.s3.latency, aws.s3.authorize            how late S3 answers, and what it allows
    aws.personalize.answer                      what Personalize's control plane and CloudWatch answer
    aws.instance("job")                         instance metadata and container credentials
    aws.proxy(), AwsWorld(proxied=True)         a proxy; with the flag there is no way but through it

`trusted=False` leaves the machine's trust stores alone: the authority is found only through `aws.ca_file`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from standin.process import Option, StandinProcess
from tests.aws.control_plane import ControlPlane
from tests.aws.identity.instance import CONTAINER_PATH, Instance
from tests.aws.identity.keys import ACCOUNT, Key, KeyRing
from tests.aws.identity.sts import Sts
from tests.aws.log import Log
from tests.aws.network import addresses
from tests.aws.network.authority import Authority
from tests.aws.network.http import Request, Response, Server
from tests.aws.network.namespace import entered, name_mounts, script, trust_mounts
from tests.aws.network.proxy import Proxy
from tests.aws.s3.server import S3, Bucket
from tests.jobs.spark.quick_jvm import QUICK_JVM

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")
HTTPS = 443
_NEXT_TO_SERVICES = 10  # the addresses of the regions' PutEvents begin here
_UNUSED = 99  # at which no server listens


class AwsWorld:
    """One AWS; see the module. `regions` are those that exist in it."""

    def __init__(
        self,
        folder: Path,
        regions: Sequence[str] = REGIONS,
        *,
        proxied: bool = False,
        trusted: bool = True,
    ) -> None:
        self.folder = folder / "aws"
        self.folder.mkdir(parents=True)
        self.regions = tuple(regions)
        self.requests = Log()
        self.key_ring = KeyRing(self.folder / "keys.jsonl")
        self.s3 = S3(self.key_ring, self.requests)
        self.sts = Sts(self.key_ring, self.requests)
        self.personalize = ControlPlane(self.key_ring, self.requests)
        self.unmade: set[str] = set()  # buckets that do not exist, whose names lead to S3 all the same
        self._proxied = proxied
        self._authority = Authority(self.folder / "tls", addresses.certified(regions))
        self._trust = trust_mounts(self._authority) if trusted else {}
        self._standins: dict[str, StandinProcess] = {}
        self._servers: list[Server] = []
        self._stack = ExitStack()

    @property
    def ca_file(self) -> Path:
        """The authority's certificate (PEM)."""
        return self._authority.ca_file

    @property
    def address(self) -> str:
        """Where S3, STS and Personalize's control plane listen, on port 443."""
        return self._address(1)

    def __enter__(self) -> Self:
        self._network = _free_network()
        self._serve(self._handle, HTTPS, tls=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        failures = [failure for server in self._servers for failure in server.failures]
        if failures and error is None:
            raise ExceptionGroup("the services themselves failed", failures)

    def bucket(self, name: str, region: str, **kind: bool) -> str:
        """Make a bucket of a `kind` that `Bucket` has; gives its `s3://` URL."""
        assert region in self.regions, region
        self.s3.create_bucket(Bucket(name, region, **kind))
        return f"s3://{name}"

    def put(self, bucket: str, key: str, content: bytes | str, storage_class: str = "STANDARD") -> None:
        """Put an object, without a check of rights."""
        body = content.encode() if isinstance(content, str) else content
        self.s3.store.put(bucket, key, body, storage_class)

    def get(self, bucket: str, key: str) -> bytes:
        """An object's content; KeyError if there is none."""
        return self.s3.store.get(bucket, key)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of a bucket's objects, in order."""
        return self.s3.store.keys(bucket, prefix)

    def user(self, name: str = "job") -> dict[str, str]:
        """The environment of a user with a new long-lived key."""
        return self.key_ring.long_lived(f"arn:aws:iam::{ACCOUNT}:user/{name}").environ

    def session(self, name: str = "job", seconds: float = 3600.0) -> Key:
        """A new temporary key of a role's session."""
        return self.key_ring.session(f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session", seconds)

    def role(self, name: str, trusts: Callable[[str], bool] = lambda _: True) -> str:
        """Make a role that principals may assume whom `trusts` takes; gives its ARN."""
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        self.sts.roles[arn] = trusts
        return arn

    def web_identity(self, role: str) -> dict[str, str]:
        """The environment of a pod whose service account has `role` (EKS, IRSA)."""
        token, file = f"token-of-{role}", self.folder / f"{role}.token"
        self.sts.web_tokens.add(token)
        file.write_text(token)
        return {"AWS_ROLE_ARN": self.role(role), "AWS_WEB_IDENTITY_TOKEN_FILE": str(file)}

    def instance(self, role: str, region: str = "eu-west-1", seconds: float = 3600.0) -> Instance:
        """An instance or container with `role`, whose keys last `seconds`; see `instance_environ`."""
        return Instance(self.key_ring, self.role(role), region, seconds)

    def instance_environ(self, instance: Instance) -> dict[str, str]:
        """The environment of a job on the instance; the metadata service is found through its documented variable."""
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self._served(instance)}

    def container_environ(self, instance: Instance) -> dict[str, str]:
        """The environment of a job in a container with the instance's role."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self._served(instance)}{CONTAINER_PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": instance.container_token,
        }

    def events(self, region: str, **options: Option) -> StandinProcess:
        """The stand-in of a region's PutEvents, started when it is first asked for (`options` count then)."""
        if region not in self._standins:
            standin = StandinProcess(
                host=self._address(_NEXT_TO_SERVICES + self.regions.index(region)),
                port=HTTPS,
                certificate=self._authority.certificate,
                key=self._authority.key,
                keys=self.key_ring.file,
                region=region,
                **options,
            )
            self._standins[region] = self._stack.enter_context(standin)
        return self._standins[region]

    def proxy(self, login: str | None = None) -> Proxy:
        """A proxy on loopback, which finds the services whether or not the job does."""
        number = len(list(self.folder.glob("proxy-*")))
        folder = self.folder / f"proxy-{number}"
        started = Proxy(folder, self._script(direct=True), self._address(2), login)
        self._stack.callback(started.stop)
        return started

    def environ(self, *more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a job in the world, with an empty home; nothing in it speaks of AWS but `more`."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        bare = {name: os.environ[name] for name in ("PATH", "LANG", "JAVA_HOME") if name in os.environ}
        cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        bare |= {"HOME": str(home), "XDG_CACHE_HOME": cache, "SPARK_SUBMIT_OPTS": QUICK_JVM}
        for each in more:
            bare |= each
        return bare

    def command(self, command: Sequence[str | Path]) -> list[str]:
        """`command` as it runs in the world as it is now: its buckets, its stand-ins."""
        return entered(self._script(direct=not self._proxied), command)

    def run(
        self,
        command: Sequence[str | Path],
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 300.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in the world to its end; `environ` on top of `self.environ()`."""
        return subprocess.run(
            self.command(command),
            env=self.environ(environ or {}),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def python(
        self, code: str, environ: Mapping[str, str] | None = None, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a few lines of Python in the world."""
        return self.run([sys.executable, "-c", code, *arguments], environ)

    def _handle(self, request: Request) -> Response:
        if addresses.s3_address(request.host, "/") is not None:
            return self.s3(request)
        services: dict[str, Any] = {
            "sts": self.sts,
            "personalize": self.personalize,
            "monitoring": self.personalize,
        }
        return services[request.host.partition(".")[0]](request)  # type: ignore[no-any-return]

    def _script(self, *, direct: bool) -> Path:
        kind = "direct" if direct else "proxied"
        hosts = self.folder / f"hosts-{kind}"
        hosts.write_text(addresses.hosts_file(self._names(direct=direct), Path("/etc/hosts").read_text()))
        file = self.folder / f"enter-{kind}.sh"
        file.write_text(script({**name_mounts(self.folder, hosts), **self._trust}))
        return file

    def _names(self, *, direct: bool) -> dict[str, str]:
        s3 = addresses.s3_hosts(self.regions)
        buckets = [f"{bucket}.{host}" for bucket in {*self.s3.buckets, *self.unmade} for host in s3]
        here = [*s3, *buckets, *addresses.other_hosts(self.regions)]
        names = dict.fromkeys(here, self.address)
        for region in self._standins:
            address = self._address(_NEXT_TO_SERVICES + self.regions.index(region))
            names |= dict.fromkeys(addresses.events_hosts(region), address)
        return names if direct else dict.fromkeys(names, self._address(_UNUSED))

    def _served(self, instance: Instance) -> str:
        if all(each.handle is not instance for each in self._servers):
            self._serve(instance, 0, tls=False)
        server = next(each for each in self._servers if each.handle is instance)
        return f"http://{server.address}:{server.port}"

    def _serve(self, handle: Callable[[Request], Response], port: int, *, tls: bool) -> None:
        server = Server(handle, self.address, port, self._authority.server_context if tls else None)
        server.start()
        self._stack.callback(server.stop)
        self._servers.append(server)

    def _address(self, host: int) -> str:
        return f"{self._network}.{host}"


def port_unavailable() -> str | None:
    """Why port 443 can't be listened on here; None if it can."""
    try:
        _free_network()
    except OSError as error:
        return f"port {HTTPS} of loopback can't be bound: {error.strerror}"
    return None


def _free_network() -> str:
    """`127.x.y`, of which this process is the only user: derived from its id, further where that is taken."""
    for attempt in range(64):
        number = (os.getpid() + attempt * 977) % (254 * 256)
        network = f"127.{1 + number // 256}.{number % 256}"
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((f"{network}.1", HTTPS))
            except OSError:
                if attempt == 63:
                    raise
                continue
            return network
    raise AssertionError
