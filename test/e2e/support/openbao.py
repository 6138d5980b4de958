"""A real OpenBao on loopback: TLS, one node, on disk, so that it can be sealed and restarted."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from . import paths
from .certificates import Certificate, trusting
from .wait import eventually

BUILT = paths.REPO / "build" / "openbao" / "bao"
CONFIG = """
storage "raft" {{ path = "{data}"  node_id = "one" }}
listener "tcp" {{
  address = "127.0.0.1:{port}"
  cluster_address = "127.0.0.1:{cluster}"
  tls_cert_file = "{cert}"
  tls_key_file = "{key}"
}}
api_addr = "https://127.0.0.1:{port}"
cluster_addr = "https://127.0.0.1:{cluster}"
"""

# Of the policy `reader`.
READER = """
path "kv2/data/app" { capabilities = ["read"] }
path "kv2/data/made" { capabilities = ["read"] }
path "kv2/data/none" { capabilities = ["read"] }
path "kv1/*" { capabilities = ["read"] }
"""


def program() -> Path:
    found = Path(os.environ.get("SUTLER_BAO") or BUILT)
    if not found.exists():
        pytest.skip(f"OpenBao is not built ({found}): run script/prove openbao")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OpenBao:
    def __init__(self, directory: Path):
        self.directory = directory
        self.certificate = Certificate(directory / "tls")
        self.context = trusting(self.certificate)
        (directory / "data").mkdir()
        self.process, self.root, self.unseal_key = None, None, None

    def start(self):
        """Several tries: a port that was free may be taken by the time it listens."""
        for _ in range(5):
            self.port = getattr(self, "port", None) or free_port()
            self._launch()
            try:
                eventually(self._answers, 60, "OpenBao's first answer")
                break
            except ChildProcessError:
                self.port = None
        if self.root is None:
            made = self.call("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
            self.root, self.unseal_key = made["root_token"], made["keys_base64"][0]
        self.unseal()
        return self

    def _launch(self):
        config = self.directory / "bao.hcl"
        config.write_text(CONFIG.format(
            data=self.directory / "data", port=self.port, cluster=free_port(),
            cert=self.certificate.cert, key=self.certificate.key))
        log = open(self.directory / "bao.log", "ab")
        with log:
            self.process = subprocess.Popen([program(), "server", f"-config={config}"], stdout=log,
                                            stderr=log, env=paths.clean_environment())

    def _answers(self):
        if self.process.poll() is not None:
            raise ChildProcessError((self.directory / "bao.log").read_text()[-2000:])
        status, _ = self.request("GET", "sys/seal-status")
        return status == 200

    def unseal(self):
        self.call("PUT", "sys/unseal", {"key": self.unseal_key})
        eventually(lambda: self.request("GET", "sys/health")[0] == 200, 60, "the unsealed OpenBao")

    def seal(self):
        self.call("PUT", "sys/seal")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def address(self):
        return f"https://127.0.0.1:{self.port}"

    def request(self, method, path, body=None, token=None, namespace=""):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/v1/{path}", data, method=method)
        if token or self.root:
            request.add_header("X-Vault-Token", token or self.root)
        if namespace:
            request.add_header("X-Vault-Namespace", namespace)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.context) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def call(self, method, path, body=None, **options):
        status, answer = self.request(method, path, body, **options)
        assert status < 300, (method, path, status, answer.get("errors"))
        return answer

    def settings(self, **more):
        """What a driver needs to reach it."""
        return {"address": self.address, "ca_file": self.certificate.cert, **more}


@contextlib.contextmanager
def stocked(directory):
    """A server with both kinds of KV (`kv1`, `kv2`), AppRole and the policy `reader`."""
    program()
    server = OpenBao(directory)
    try:
        server.start()
        server.call("POST", "sys/mounts/kv2", {"type": "kv", "options": {"version": "2"}})
        server.call("POST", "sys/mounts/kv1", {"type": "kv", "options": {"version": "1"}})
        server.call("PUT", "sys/policies/acl/reader", {"policy": READER})
        server.call("POST", "sys/auth/approle", {"type": "approle"})
        eventually(lambda: server.request("GET", "kv2/config")[0] == 200, 30, "the KV store")
        yield server
    finally:
        server.close()


def write(bao, path, **values):
    bao.call("POST", "kv2/data/" + path, {"data": values})


def approle(bao, name, **role):
    """Makes a role; its id and a secret id."""
    bao.call("POST", f"auth/approle/role/{name}", {"token_policies": ["reader"], **role})
    role_id = bao.call("GET", f"auth/approle/role/{name}/role-id")["data"]["role_id"]
    secret_id = bao.call("POST", f"auth/approle/role/{name}/secret-id")["data"]["secret_id"]
    return role_id, secret_id
