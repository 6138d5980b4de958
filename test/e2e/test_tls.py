"""TLS: versions, ciphers, and a certificate that changes while it is in use."""
import ssl
import threading
import warnings

import pytest

from support import tokens, wire
from support.certificates import Certificate, trusting
from support.groups import group
from support.server import NotStarted
from support.wait import eventually
from support.wire import Wire

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture
def pair(tmp_path):
    return Certificate(tmp_path / "used")


@pytest.fixture
def secure(serve, pair):
    server = serve("--tls-cert", pair.cert, "--tls-key", pair.key)
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    return server


def served_certificate(server, context) -> bytes:
    with Wire(server.provider, tls=context) as connection:
        return connection.sock.getpeercert(binary_form=True)


@pytest.mark.parametrize("version, name", [(V12, "TLSv1.2"), (V13, "TLSv1.3")])
def test_tls_1_2_and_1_3_are_spoken(secure, pair, version, name):
    assert secure.provider.startswith("https://")
    with Wire(secure.provider, tls=trusting(pair, least=version, most=version)) as connection:
        assert connection.sock.version() == name
        assert connection.get(tokens.token()).values() == {"A": "1"}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_refused(secure, pair, version):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = trusting(pair, least=version, most=version)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Wire(secure.provider, tls=context)
    assert secure.fetch(tls=trusting(pair)).status == 200


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "AES128-SHA", "ECDHE-ECDSA-AES128-SHA",
                                    "ECDHE-ECDSA-AES256-SHA384", "NULL-SHA", "ADH-AES128-SHA"])
def test_ciphers_without_forward_secrecy_or_aead_are_refused(secure, pair, cipher):
    context = trusting(pair, least=V12, most=V12)
    context.set_ciphers(cipher + ":@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Wire(secure.provider, tls=context)


@pytest.mark.parametrize("cipher", [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_ciphers_with_both_are_accepted(secure, pair, cipher):
    context = trusting(pair, least=V12, most=V12)
    context.set_ciphers(cipher)
    assert secure.fetch(tls=context).status == 200


def test_a_session_can_be_resumed(secure, pair):
    context = trusting(pair)
    with Wire(secure.provider, tls=context) as first:
        assert first.get(tokens.token()).status == 200
        session = first.sock.session
    again = Wire(secure.provider)
    again.sock = context.wrap_socket(again.sock, server_hostname="127.0.0.1", session=session)
    with again:
        assert again.get(tokens.token()).status == 200
        assert again.sock.session_reused


def test_plain_http_at_the_tls_port_is_cut_and_never_redirected(secure):
    plain = secure.provider.replace("https://", "http://")
    with Wire(plain) as connection:
        connection.send(wire.request(tokens.token()))
        said = connection.rest()
    assert b"HTTP/1.1 3" not in said and b"secrets" not in said and b"Location" not in said
    assert secure.audit("fetch") == []


def test_a_handshake_that_never_comes_is_cut_off(serve, pair):
    server = serve("--tls-cert", pair.cert, "--tls-key", pair.key, "--header-timeout", "1s")
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    with Wire(server.provider.replace("https", "http")) as silent:
        assert server.fetch(tls=trusting(pair)).status == 200
        assert silent.rest(seconds=8) == b""


def test_a_new_certificate_is_taken_up_without_a_failed_handshake(secure, pair, tmp_path):
    new = Certificate(tmp_path / "new")
    context, stop = trusting(pair, new), threading.Event()
    failed, served = [], [0]

    def shake():
        while not stop.is_set():
            try:
                assert secure.fetch(tls=context).status == 200
                served[0] += 1
            except Exception as error:  # whatever it is, it is a failure of this test
                failed.append(repr(error))
    threads = [threading.Thread(target=shake) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: served[0] > 20, 10, "twenty answers")
        new.install(pair.cert, pair.key)
        eventually(lambda: served_certificate(secure, context) == new.der, 15, "the new one")
        more = served[0] + 20
        eventually(lambda: served[0] > more, 10, "twenty more")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed, failed[:3]


@pytest.mark.parametrize("bad", ["garbage", "empty", "absent", "of another key"])
def test_a_bad_reload_keeps_the_old_certificate(secure, pair, tmp_path, bad):
    context, old = trusting(pair), pair.der
    said = secure.log()
    if bad == "absent":
        pair.cert.unlink()
    elif bad == "of another key":
        pair.cert.write_bytes(Certificate(tmp_path / "other").cert.read_bytes())
    else:
        pair.cert.write_text("" if bad == "empty" else "-----BEGIN CERTIFICATE-----\nnonsense\n")
    eventually(lambda: str(pair.cert) in secure.log()[len(said):], 15, "a line in the log")
    assert served_certificate(secure, context) == old
    assert secure.fetch(tls=context).status == 200


def test_a_good_certificate_after_a_bad_one_is_taken_up(secure, pair, tmp_path):
    new = Certificate(tmp_path / "new")
    pair.cert.write_text("nonsense")
    new.install(pair.cert, pair.key)
    context = trusting(new)

    def taken():
        try:
            return served_certificate(secure, context) == new.der
        except ssl.SSLError:
            return False
    eventually(taken, 15, "the new certificate")


def test_a_certificate_without_its_key_is_refused_at_start(serve, pair, tmp_path):
    other = Certificate(tmp_path / "other")
    for flags in (["--tls-cert", pair.cert], ["--tls-key", pair.key],
                  ["--tls-cert", pair.cert, "--tls-key", other.key],
                  ["--tls-cert", tmp_path / "absent.pem", "--tls-key", pair.key]):
        with pytest.raises(NotStarted) as refused:
            serve(*flags)
        assert refused.value.code in (1, 2) and "hint:" in refused.value.err
        assert "PRIVATE KEY" not in refused.value.err


def test_the_command_fetches_over_tls_with_the_ca_it_is_given(secure, pair, tmp_path):
    key = tmp_path / "key"
    key.write_text(tokens.KEY)
    about = ["fetch", "--url", secure.provider, "--key-file", key, "--project", "p", "--object",
             "o", "--type", "service"]
    assert '"A"' in secure.cli(*about, "--cacert", pair.cert).out
    refused = secure.cli(*about, exits=5)
    assert "certificate" in refused.err.lower() and refused.out == ""


def test_tls_off_loopback_needs_no_leave(serve, pair):
    server = serve("--tls-cert", pair.cert, "--tls-key", pair.key, listen="0.0.0.0:0")
    assert server.provider.startswith("https://0.0.0.0:")


def test_the_admin_listener_speaks_tls_too(serve, pair):
    server = serve("--admin-tls-cert", pair.cert, "--admin-tls-key", pair.key)
    assert server.admin.startswith("https://")
    owner = (server.data_dir / "owner-token").read_text().strip()
    answer = wire.get(server.admin, owner, "/api/v1/status", tls=trusting(pair))
    assert answer.status == 200 and answer.json()["version"]
