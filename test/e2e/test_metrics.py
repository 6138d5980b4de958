"""/metrics, /readyz, and the dashboard and rules that are shipped: every metric they name is there."""
import http.client
import json
import re
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from support.groups import group
from support.server import UnixHTTP
from support.wait import eventually

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
RULES = PACKAGING / "prometheus" / "alerts.yml"
DASHBOARD = PACKAGING / "grafana" / "sutler.json"


def scrape(server) -> str:
    connection = UnixHTTP(server.socket)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("Content-Type").startswith("text/plain; version=0.0.4")
    return answer.read().decode()


def value(text, name) -> float:
    """Of a metric with its labels as they are written."""
    found = re.search("^" + re.escape(name) + r" (\S+)", text, re.MULTILINE)
    assert found, f"{name} is not in\n{text}"
    return float(found.group(1))


def ask(server, path, **headers):
    connection = http.client.HTTPConnection(server.admin.removeprefix("http://"))
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_fetches_are_counted_by_team_outcome_and_reason(server):
    server.fetch()
    server.fetch()
    server.fetch("nonsense")
    text = scrape(server)
    assert value(text, 'sutler_fetches_total{team="default",outcome="ok"}') == 2
    assert value(text, 'sutler_fetches_total{team="default",outcome="denied"}') == 1
    assert value(text, 'sutler_fetch_refusals_total{reason="malformed_token"}') == 1
    assert value(text, "sutler_fetch_duration_seconds_count") == 3
    assert value(text, "sutler_bundle_cache_hits_total") == 1
    assert value(text, "sutler_bundle_cache_misses_total") == 1
    assert value(text, "sutler_store_revision") == server.status()["revision"]
    assert value(text, "sutler_store_sound") == 1
    assert value(text, "process_resident_memory_bytes") > 1e6


def test_the_number_of_teams_with_counts_of_their_own_is_bounded(server):
    for number in range(210):
        server.add_team(f"team{number}")
    server.fetch()
    assert eventually(lambda: 'team="other"' in scrape(server), 5, "the rest share a label")
    assert scrape(server).count('outcome="ok"') <= 201 * 8


def test_metrics_are_open_on_this_machine_and_not_through_a_proxy(server):
    assert ask(server, "/metrics")[0] == 200
    assert ask(server, "/metrics", **{"X-Forwarded-For": "192.0.2.1"})[0] == 401
    assert ask(server, "/metrics", Host="evil.example")[0] == 421
    assert ask(server, "/metrics", Authorization="Bearer nonsense")[0] == 401
    token = (server.data_dir / "owner-token").read_text().strip()
    assert ask(server, "/metrics", Authorization=f"Bearer {token}")[0] == 200


def test_metrics_open_asks_nobody(serve):
    server = serve("--metrics-open")
    assert ask(server, "/metrics", Host="evil.example")[0] == 200


def test_no_value_or_token_is_in_the_metrics(server):
    server.apply(group("canary", {"A": "canary-value-1"}))
    server.fetch()
    text = scrape(server)
    assert "canary-value-1" not in text and "canary" not in text


def test_readyz_names_its_checks(server):
    assert ask(server, "/readyz") == (200, '{"status":"ok"}')
    status, body = ask(server, "/readyz?verbose")
    checks = {one["name"]: one["state"] for one in json.loads(body)["checks"]}
    assert status == 200
    assert set(checks) >= {"store", "master_key", "audit", "snapshot", "disk", "certificate",
                           "clock", "backup"}
    assert "fail" not in checks.values()
    assert ask(server, "/livez")[0] == 200
    assert str(server.data_dir) not in body


def named(expressions) -> set:
    found = set()
    for one in expressions:
        found |= set(re.findall(r"\b(?:sutler|process)_[a-z_]+", one))
    return found


def exported(server) -> set:
    text = scrape(server)
    return set(re.findall(r"^([a-z_]+)(?:\{| )", text, re.MULTILINE))


def test_every_metric_of_the_dashboard_and_the_rules_is_there(serve, tmp_path):
    make_certificate(tmp_path)
    config = tmp_path / "sutler.yaml"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "log"))
    config.write_text(f"audit_sinks: [\"syslog:{tmp_path}/log\"]\n"
                      f"sources: [{{name: files, kind: file, root: {tmp_path}/values}}]\n")
    server = serve("--config", config, "--tls-cert", tmp_path / "cert", "--tls-key",
                   tmp_path / "key")
    have = exported(server)
    dashboard = json.loads(DASHBOARD.read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(shown) > 15
    alerts = re.findall(r"expr: (.*)", RULES.read_text())
    assert len(alerts) > 8
    later = {"sutler_backup_last_success_timestamp_seconds"}  # only once there is a backup
    missing = (named(shown) | named(alerts)) - have - later
    assert not missing, missing


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                    "-keyout", folder / "key", "-out", folder / "cert"],
                   check=True, capture_output=True)


@pytest.fixture
def promtool():
    found = shutil.which("promtool")
    if not found:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return found


def test_promtool_takes_the_rules_and_their_tests(promtool):
    for args in (["check", "rules", RULES],
                 ["check", "config", PACKAGING / "prometheus" / "prometheus.yml"],
                 ["test", "rules", PACKAGING / "prometheus" / "alerts_test.yml"]):
        done = subprocess.run([promtool, *args], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_wrong_with_a_scrape(promtool, server):
    server.fetch()
    done = subprocess.run([promtool, "check", "metrics"], input=scrape(server), text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_real_prometheus_scrapes_it(server, tmp_path):
    binary = shutil.which("prometheus")
    if not binary:
        pytest.skip("prometheus is not installed")
    server.fetch()
    target = server.admin.removeprefix("http://")
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        f"rule_files: ['{RULES}']\n"
        f"scrape_configs: [{{job_name: sutler, static_configs: [{{targets: ['{target}']}}]}}]\n")
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    process = subprocess.Popen(
        [binary, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        def scraped():
            url = (f"http://127.0.0.1:{port}/api/v1/query?query="
                   "sutler_fetches_total%7Boutcome%3D%22ok%22%7D")
            with urllib.request.urlopen(url, timeout=5) as answer:
                result = json.load(answer)["data"]["result"]
            return result and result[0]["value"][1] == "1"

        def tried():
            try:
                return scraped()
            except OSError:
                return False
        eventually(tried, 30, "prometheus has the count")
    finally:
        process.terminate()
        process.wait(20)
