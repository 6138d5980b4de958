"""docs/openapi.yaml against the running server, by schemathesis: every check, on a seeded store.

It sends whatever the document allows, and much that it does not; so it has a server of its own."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from support import paths, wire
from support.groups import group

PROGRAM = paths.REPO / "build" / "venv" / "bin" / "schemathesis"
SECONDS = paths.rounds(70, 900)
EXAMPLES = paths.rounds(10, 300)


@pytest.fixture
def schemathesis():
    program = Path(os.environ.get("SUTLER_SCHEMATHESIS", PROGRAM))
    if not program.exists():
        pytest.skip(f"there is no {program}: run script/bootstrap")
    return program


def seed(server):
    """What the examples of the document name, and neighbours for pages to go over."""
    server.add_key()
    server.add_team("acme", require_match=True)
    server.add_key("acme", "acme-key-0123456789abcdefghijklmnop")
    server.apply(
        group("payments", {"STRIPE_KEY": "sk_live_example", "DB_HOST": "db", "OLD_KEY": "1",
                           "DATABASE_URL": {"template": "postgres://${DB_HOST}/app"}},
              {"/etc/key.pem": {"data": "aGVsbG8=", "encoding": "base64"}}, projects=["shop"]),
        group("defaults", {"LOG_LEVEL": "info"}, type="config"),
        *(group(f"team-{number}", {"A": str(number)}, team="acme") for number in range(5)))


def owner_token(server):
    return (server.data_dir / "owner-token").read_text().strip()


def test_the_document_is_served_to_all(server):
    answer = wire.get(server.admin, None, "/openapi.yaml")
    assert answer.status == 200 and answer.header("content-type") == "application/yaml"
    assert answer.body == (paths.REPO / "docs" / "openapi.yaml").read_bytes()


def test_every_check_of_schemathesis_holds(serve, schemathesis, tmp_path):
    server = serve()
    seed(server)
    # It keeps what it generated in files beside it, so it runs in a folder that goes away.
    done = subprocess.run(
        [schemathesis, "--config-file", Path(__file__).with_name("schemathesis.toml"), "run",
         paths.REPO / "docs" / "openapi.yaml", "--url", server.admin,
         "--header", f"Authorization: Bearer {owner_token(server)}", "--checks", "all",
         "--max-examples", str(EXAMPLES), "--max-time", str(SECONDS), "--continue-on-failure",
         "--request-timeout", "20", "--seed", "20260101", "--generation-database", "none",
         "--no-color", "--workers", "1", "--suppress-health-check", "all"],
        cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS + 120, check=False,
        env=paths.clean_environment({"SCHEMATHESIS_HOOKS": "schemathesis_hooks",
                                     "PYTHONPATH": str(Path(__file__).parent)}))
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-20000:]
    print("\n".join(line for line in told.split("\n") if re.search(r"cases|operations", line, re.I)))
    # Whatever was asked, the store is whole, the chain is too, and a fetch still works.
    assert server.status()["integrity"] == "ok"
    assert server.cli("audit", "verify").code == 0
    assert server.fetch(project="shop").status in (200, 401)
