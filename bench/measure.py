"""What one run of load does and costs: load tools, CPU and memory of a process, tokens, a probe."""

import base64
import dataclasses
import hashlib
import hmac
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess

BENCH = pathlib.Path(__file__).resolve().parent
CONNECTIONS = 32
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The row cannot be trusted: the text says why."""


def cores():
    """The core of the servers and the core of the load: never one and the same."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise BenchError("two cores are needed: one for the servers, one for the load")
    return allowed[0], allowed[1]


def cpu_seconds(pid):
    """utime + stime of the whole process. The grain is one tick (10 ms): runs are much longer."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def rss_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB$", status, re.M).group(1)) * 1024


def sign(key, project, workload, kind="service", now=1_700_000_000):
    """A token as Northflank's demo makes it, but without `exp`: a run may take any time."""
    part = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=")
    head = part(b'{"alg":"HS256","typ":"JWT"}')
    claims = {"projectId": project, "nfObjectId": workload, "nfObjectType": kind, "iat": now}
    signed = head + b"." + part(json.dumps(claims, separators=(",", ":")).encode())
    return (signed + b"." + part(hmac.digest(key.encode(), signed, hashlib.sha256))).decode()


@dataclasses.dataclass
class Answer:
    whole_bytes: int
    body: bytes
    cipher: str  # empty without TLS


def probe(target, token):
    """One request on a connection of its own, by a bare socket: the lengths are the wire's."""
    with socket.create_connection(("127.0.0.1", target.port), timeout=10) as plain:
        wire = plain
        if target.tls:
            context = ssl.create_default_context(cafile=target.cafile)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            wire = context.wrap_socket(plain, server_hostname="127.0.0.1")
        wire.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\n"
            f"Authorization: Bearer {token}\r\n\r\n".encode()
        )
        data = b""
        while True:
            head, found, body = data.partition(b"\r\n\r\n")
            length = (
                re.search(rb"^content-length: *(\d+)\r?$", head, re.M | re.I) if found else None
            )
            if length and len(body) >= int(length.group(1)):
                break
            more = wire.recv(65536)
            if not more:
                raise BenchError(f"{target.name} answered without a whole body: {head[:200]!r}")
            data += more
        if not head.startswith(b"HTTP/1.1 200 "):
            raise BenchError(f"{target.name} answered {head.splitlines()[0]!r}")
        cipher = wire.cipher()[0] if target.tls else ""
        return Answer(len(data), body, cipher)


@dataclasses.dataclass
class Sample:
    requests: int
    seconds: float
    cpu_seconds: float
    p50_us: int
    p99_us: int

    @property
    def per_cpu_second(self):
        return self.requests / max(self.cpu_seconds, 1 / TICKS_PER_SECOND)

    @property
    def per_second(self):
        return self.requests / self.seconds


def _run(target, command, env=None):
    """Runs a load tool on its core; returns its JSON line and the CPU time the server took."""
    before = cpu_seconds(target.pid)
    done = subprocess.run(
        ["taskset", "-c", str(cores()[1]), *map(str, command)],
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
    )
    cpu = cpu_seconds(target.pid) - before
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise BenchError(f"{command[0]} on {target.name} failed: {done.stderr.strip()}")
    result = json.loads(lines[-1])
    if result["errors"] or not result["requests"]:
        raise BenchError(
            f"{target.name}: {result['errors']} errors in {result['requests']} requests; "
            f"{done.stderr.strip()}"
        )
    return result, cpu


def _sample(result, cpu):
    return Sample(result["requests"], result["seconds"], cpu, result["p50_us"], result["p99_us"])


def keep_alive(target, seconds):
    """wrk. It counts answers that are not 2xx; the sum of bytes shows that no length was wrong."""
    scheme = "https" if target.tls else "http"
    command = [
        "wrk",
        "--latency",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        BENCH / "load" / "keepalive.lua",
        f"{scheme}://127.0.0.1:{target.port}/",
    ]
    whole = probe(target, target.token_file.read_text().split()[0]).whole_bytes
    result, cpu = _run(target, command, {"BENCH_TOKEN_FILE": str(target.token_file)})
    # The last answer of each connection may have been cut by the end of the run.
    rest = result["bytes"] - result["requests"] * whole
    if not 0 <= rest <= CONNECTIONS * whole:
        raise BenchError(
            f"{target.name}: {result['requests']} answers of {whole} bytes should make "
            f"{result['requests'] * whole} bytes, but {result['bytes']} came"
        )
    return _sample(result, cpu)


def loadgen(target, tool, *flags, body_bytes=None):
    """sutler_loadgen, which checks the status and the length of each answer itself."""
    command = [
        tool,
        "--port",
        target.port,
        "--tokens",
        target.token_file,
        "--connections",
        CONNECTIONS,
        *flags,
    ]
    command += ["--tls"] if target.tls else []
    command += ["--body-bytes", body_bytes] if body_bytes else []
    return _sample(*_run(target, command))


def new_connection(target, tool, seconds):
    body = probe(target, target.token_file.read_text().split()[0]).body
    return loadgen(target, tool, "--new-connection", "--seconds", seconds, body_bytes=len(body))
