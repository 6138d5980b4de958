"""packaging/cluster and packaging/compose: what can be checked without machines and an engine, and
haproxy's file with real nodes behind it."""
import re
import shutil
import subprocess

import pytest
import yaml

from support import daemons, paths
from support.certificates import Certificate, trusting
from support.nodes import Nodes, need, serves, why_not
from support.postgres import PostgresServer
from support.wait import eventually
from support import tokens, wire

PACKAGING = paths.REPO / "packaging"
CLUSTER, COMPOSE = PACKAGING / "cluster", PACKAGING / "compose"


def known_settings() -> str:
    return subprocess.run([str(paths.binary()), "serve", "--help"], capture_output=True, text=True,
                          env=paths.clean_environment(), check=True).stdout


def rendered(text, folder, addresses, certificate):
    """The file as it would be on this machine: its names, ports and paths replaced, no word added."""
    for name, address in addresses.items():
        assert name in text, f"{name} is not in the file"
        text = text.replace(name, address)
    text = re.sub(r"/etc/haproxy/certs/\S+", str(folder / "both.pem"), text)
    text = re.sub(r"/etc/haproxy/\S+-ca\.pem", str(certificate.cert), text)
    text = re.sub(r"(?m)^  maxconn .*$", "  maxconn 1000", text)
    text = re.sub(r"verifyhost \S+", "verifyhost localhost", text)
    text = re.sub(r"(?m)^  (user|group|log /dev/log|stats socket) .*$", "", text)
    both = folder / "both.pem"
    daemons.write(both, certificate.cert.read_text() + certificate.key.read_text())
    return daemons.write(folder / "haproxy.cfg", text)


class Packaged(daemons.Daemon):
    """haproxy with the packaged file."""

    name = "haproxy"

    def __init__(self, nodes, certificate):
        super().__init__()
        self.port, self.admin_port = daemons.free_port(), daemons.free_port()
        addresses = {":443 ssl": f"127.0.0.1:{self.port} ssl",
                     "bind :8444": f"bind 127.0.0.1:{self.admin_port}"}
        for number, node in enumerate(nodes, 1):
            addresses[f"n{number}.internal:8443"] = node.provider.split("//")[1]
            addresses[f"n{number}.internal:8444"] = node.admin.split("//")[1]
        self.file = rendered((CLUSTER / "haproxy.cfg").read_text(), self.folder, addresses, certificate)

    def command(self):
        return ["haproxy", "-db", "-f", self.file]

    def ready(self):
        return daemons.answers(self.port)


def test_both_files_of_haproxy_are_valid():
    need(daemons.absent("haproxy"))
    folder = daemons.folder("haproxy")
    certificate = Certificate(folder / "tls")
    daemons.give(folder / "tls")
    for one in (certificate.cert, certificate.key):
        daemons.give(one)
    file = rendered((CLUSTER / "haproxy.cfg").read_text(), folder,
                    {f"n{n}.internal:{port}": f"127.0.0.1:{port}" for n in (1, 2, 3)
                     for port in (8443, 8444)}, certificate)
    try:
        daemons.run("/usr/sbin/haproxy", "-c", "-f", file)
        daemons.run("/usr/sbin/haproxy", "-c", "-f", COMPOSE / "haproxy.cfg")
    finally:
        shutil.rmtree(folder)


def test_the_compose_file_has_three_equal_nodes_and_only_settings_that_exist():
    found = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    services, volumes = found["services"], set(found["volumes"])
    nodes = {name: services[name] for name in ("n1", "n2", "n3")}
    own = [one["volumes"][0].split(":")[0] for one in nodes.values()]
    assert sorted(own) == ["n1", "n2", "n3"] and set(own) <= volumes, "each has its own audit log"
    assert len({str({**one, "volumes": None}) for one in nodes.values()}) == 1, "nodes are equal"
    help_text = known_settings()
    need(why_not())
    for name in services["n1"]["environment"]:
        flag = "--" + name.removeprefix("SUTLER_").lower().replace("_", "-")
        assert flag + " " in help_text or flag + "," in help_text, f"{name} is no setting"
    for service in services.values():
        for dependency in service.get("depends_on", []):
            assert dependency in services
        for secret in service.get("secrets", []):
            assert secret in found["secrets"]
        # Nothing secret stands in the file itself.
        assert "PASSWORD" not in {key for key in service.get("environment", {})
                                  if not key.endswith("_FILE")}
    backends = (COMPOSE / "haproxy.cfg").read_text()
    assert re.findall(r"(?m)^  server (\S+) ", backends) == ["n1", "n2", "n3"]


def test_prepare_makes_secrets_once_and_for_nobody_else(tmp_path):
    shutil.copy(COMPOSE / "prepare", tmp_path / "prepare")
    subprocess.run([tmp_path / "prepare"], check=True, capture_output=True)
    made = [path for path in (tmp_path / "secrets").rglob("*") if path.is_file()]
    assert len(made) == 3 and all(path.stat().st_mode & 0o077 == 0 for path in made)
    before = {path: path.read_bytes() for path in made}
    again = subprocess.run([tmp_path / "prepare"], check=False, capture_output=True, text=True)
    assert again.returncode != 0 and "already" in again.stderr
    assert {path: path.read_bytes() for path in made} == before
    password = (tmp_path / "secrets" / "postgres-password").read_text()
    assert (tmp_path / "secrets" / "node" / "pgpass").read_text() == f"*:*:sutler:sutler:{password}\n"


def test_the_units_of_a_node_are_valid_and_still_hardened(tmp_path):
    need(daemons.absent("systemd-analyze"))
    unit = tmp_path / "sutler.service"
    text = (PACKAGING / "sutler.service").read_text()
    unit.write_text(text.replace("/usr/bin/sutler", str(paths.binary().resolve())))
    shutil.copytree(CLUSTER / "sutler.service.d", tmp_path / "sutler.service.d")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and "sutler" not in done.stderr, done.stderr
    # `security` reads no drop-ins: it gets both in one file.
    both = tmp_path / "both.service"
    drop_in = (CLUSTER / "sutler.service.d" / "cluster.conf").read_text()
    both.write_text(text + "\n" + drop_in)
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", both],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_the_config_file_of_a_node_is_read(tmp_path):
    need(why_not())
    config = tmp_path / "sutler.yaml"
    certificate = Certificate(tmp_path / "tls")
    text = (CLUSTER / "sutler.yaml").read_text()
    text = text.replace("/etc/sutler/tls/fullchain.pem", str(certificate.cert))
    text = text.replace("/etc/sutler/tls/privkey.pem", str(certificate.key))
    config.write_text(text)
    config.chmod(0o600)
    ran = subprocess.run([paths.binary(), "config", "check", "--config", config], text=True,
                         capture_output=True, env=paths.clean_environment(), check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture
def three():
    need(why_not() or daemons.absent("haproxy"))
    with PostgresServer() as database:
        nodes = Nodes(database.database())
        certificate = Certificate(nodes.folder / "tls")
        flags = ["--tls-cert", certificate.cert, "--tls-key", certificate.key,
                 "--admin-tls-cert", certificate.cert, "--admin-tls-key", certificate.key,
                 "--admin-host", "sutler.internal"]
        nodes.init()
        started = [nodes.node(*flags).start() for _ in range(3)]
        yield started, certificate
        nodes.close()


def test_the_packaged_haproxy_serves_from_three_nodes_and_passes_over_a_dead_one(three):
    nodes, certificate = three
    trust = trusting(certificate)
    nodes[0].add_key()
    nodes[0].apply({"name": "base", "secrets": {"variables": {"GREETING": "hello"}}})
    for one in nodes:
        serves(one, {"GREETING": "hello"}, tls=trust)
    for one in (certificate.cert, certificate.key, certificate.cert.parent, certificate.cert.parents[1]):
        daemons.give(one)
    with Packaged(nodes, certificate) as balancer:
        url = f"https://localhost:{balancer.port}"

        def ask():
            return wire.get(url, tokens.token(), tls=trust)

        def who() -> set:
            return {ask().header("x-node") for _ in range(9)}

        eventually(lambda: ask().status == 200, 15, "an answer through the balancer")
        eventually(lambda: who() == {"n1", "n2", "n3"}, 15, "all three answering")
        nodes[1].kill()
        answers = [ask() for _ in range(30)]
        assert {one.status for one in answers} == {200}, "a dead node was noticed by a workload"
        assert all(one.values() == {"GREETING": "hello"} for one in answers)
        assert "n2" not in {one.header("x-node") for one in answers}
