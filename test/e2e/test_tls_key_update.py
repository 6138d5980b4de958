"""TLS 1.3 KeyUpdate, which Python's ssl cannot send: by a small client of ours in C."""
import subprocess
from pathlib import Path

import pytest

from support import tokens, wire
from support.certificates import Certificate, trusting
from support.groups import group

SOURCE = Path(__file__).parent / "support" / "keyupdate.c"


@pytest.fixture(scope="session")
def client(tmp_path_factory):
    made = tmp_path_factory.mktemp("client") / "keyupdate"
    built = subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", str(SOURCE), "-o", str(made),
                            "-lssl", "-lcrypto"], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return made


def resident_kib(pid) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])


def test_a_flood_of_key_updates_is_held_back_and_every_record_decrypts(serve, tmp_path, client):
    pair = Certificate(tmp_path / "used")
    server = serve("--tls-cert", pair.cert, "--tls-key", pair.key)
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    assert server.fetch(tls=trusting(pair)).status == 200
    before = resident_kib(server.pid)
    host, port = wire.endpoint(server.provider)[:2]
    with subprocess.Popen([str(client), host, str(port), tokens.token()], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as flooding:
        stuck = flooding.stdout.readline()
        # The server stops reading while its own answers do not leave, and keeps none of them.
        assert stuck.startswith("stuck "), stuck + flooding.stderr.read()
        assert resident_kib(server.pid) - before < 8 * 1024
        assert server.fetch(tls=trusting(pair)).status == 200, "others are served"
        out, err = flooding.communicate("go on\n", timeout=60)
    assert flooding.returncode == 0 and out == "HTTP/1.1 200 OK\n", (out, err)
