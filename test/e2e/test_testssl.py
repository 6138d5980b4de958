"""What testssl.sh says of the TLS listener. It takes over a minute: script/prove tls runs it."""
import json
import os
import shutil
import subprocess

import pytest

from support.certificates import Certificate

# Of the certificate, which is made for the test, soon over and signed by nobody.
OF_THE_CERTIFICATE = ("cert_", "DNS_CAArecord")


def test_testssl_finds_no_weakness(serve, tmp_path):
    if not os.environ.get("SUTLER_PROVE"):
        pytest.skip("it takes over a minute: script/prove tls runs it")
    if shutil.which("testssl") is None:
        pytest.skip("testssl is not installed: script/bootstrap installs it")
    pair = Certificate(tmp_path / "pair")
    server = serve("--tls-cert", pair.cert, "--tls-key", pair.key)
    said = tmp_path / "said.json"
    subprocess.run(
        ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--openssl-timeout", "10", "--jsonfile",
         said, "-p", "-s", "-f", "-P", "-U", "-S", server.provider.removeprefix("https://")],
        check=False, stdout=subprocess.DEVNULL, timeout=500)
    findings = json.loads(said.read_text())
    protocols = {one["id"]: one["finding"] for one in findings}
    assert protocols["TLS1"] == protocols["TLS1_1"] == protocols["SSLv3"] == "not offered"
    assert "offered" in protocols["TLS1_2"] and "offered" in protocols["TLS1_3"]
    assert "not vulnerable" in protocols["heartbleed"]
    bad = [f"{one['severity']} {one['id']}: {one['finding']}" for one in findings
           if one["severity"] not in ("OK", "INFO")
           and not one["id"].startswith(OF_THE_CERTIFICATE)]
    assert not bad, "\n".join(bad)
