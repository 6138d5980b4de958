"""Operators through the real binary: tokens, scopes, sessions, and the socket of a proxy."""
import http.client
import json
import os
import socket
from urllib.parse import urlsplit

import pytest

from support.cli import Cli
from support.groups import group
from support.server import UnixHTTP
from support.wait import eventually

JSON = {"Content-Type": "application/json"}


def ask(server, method, path, token=None, body=None, headers=None):
    """The admin listener by TCP: (status, headers, parsed body)."""
    at = urlsplit(server.admin)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    return finish(connection, method, path, token, body, headers)


def finish(connection, method, path, token=None, body=None, headers=None):
    fields = dict(headers or {})
    if token:
        fields["Authorization"] = f"Bearer {token}"
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        fields.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, data, fields)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None
    finally:
        connection.close()


def operator(server, name, *flags):
    """Adds an operator and gives a token of his."""
    server.cli("operator", "add", name, *flags)
    return server.cli("token", "create", name).out.strip()


def as_operator(server, token):
    return Cli(env={"SUTLER_ADDR": server.admin, "SUTLER_TOKEN": token})


@pytest.fixture
def pay(server):
    """A server with a group inside and one outside of the scope `pay`."""
    server.apply(group("inside", {"A": "secret-a"}, restrictions={"projects": ["pay"]}),
                 group("outside", {"B": "secret-b"}, restrictions={"projects": ["shop"]}))
    return server


def test_a_token_is_shown_once_and_is_in_no_file(server, data_dir):
    made = server.cli("operator", "add", "ci", "--role", "editor", "--scope", "projects=pay",
                      "--json").json()
    assert made["role"] == "editor" and made["scopes"] == [{"projects": ["pay"]}]
    ran = server.cli("token", "create", "ci", "--expires", "90d", "--label", "pipeline")
    token = ran.out.strip()
    assert token.startswith("sut_") and len(token) == 47 and "shown only now" in ran.err
    listed = server.cli("token", "list", "ci", "--json")
    assert token not in listed.out
    (one,) = listed.json()["items"]
    assert one["label"] == "pipeline" and one["state"] == "active" and "expires" in one
    assert as_operator(server, token)("group", "list").code == 0
    for path in data_dir.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes(), path
    assert token not in server.log()
    server.cli("token", "revoke", "ci", one["id"])
    assert as_operator(server, token)("group", "list", exits=None).code == 4


def test_an_editor_works_within_his_scope_and_nowhere_else(pay):
    ci = as_operator(pay, operator(pay, "ci", "--role", "editor", "--scope",
                                   "projects=pay priority_max=50"))
    names = [one["name"] for one in ci("group", "list", "--json").json()["items"]]
    assert "inside" in names and "outside" not in names
    ci("set", "inside", "A==new")
    for command in (["set", "outside", "B==x"], ["group", "show", "outside"],
                    ["group", "delete", "outside"]):
        ran = ci(*command, exits=None)
        assert ran.code == 3 and "shop" not in ran.err, (command, ran)
    refused = ci("set", "new", "A==1", "--create", "--project", "shop", exits=None)
    assert refused.code == 4 and "shop" in refused.err
    assert ci("set", "new", "A==1", "--create", "--everyone", exits=None).code == 4
    assert ci("set", "new", "A==1", "--create", "--project", "pay", "--priority", "51",
              exits=None).code == 4
    shown = ci("group", "show", "inside", "--reveal", exits=None)
    assert shown.code == 4 and "reveal" in shown.err
    assert ci("operator", "list", exits=None).code == 4
    pay.cli("operator", "set", "ci", "--reveal")
    assert "new" in ci("group", "show", "inside", "--reveal").out


def test_a_guess_about_a_group_out_of_scope_finds_nothing_out_and_is_recorded(server):
    server.add_key()
    server.apply(group("hidden-db", {"DB_PIN": "4711"}, priority=10, projects=["pay"]))
    assert server.fetch(project="pay").status == 200
    token = operator(server, "ed", "--role", "editor", "--scope", "projects=pay groups=mine-*")

    def told(value):
        mine = group("mine-x", {"DB_PIN": value, "LONG": {"template": "${DB_PIN}"}}, priority=50,
                     projects=["pay"])
        status, _, answer = ask(server, "POST", "/api/v1/impact", token, {"groups": [mine]})
        assert status == 200 and answer["impact"]["limited"], answer
        return answer["impact"]

    assert told("4711") == told("1234")
    assert [one["operator"] for one in server.audit("change.try")] == ["ed", "ed"]
    (workload,) = ask(server, "GET", "/api/v1/workloads", token)[2]["items"]
    assert workload["project"] == "pay" and "hidden" not in json.dumps(workload)


def test_a_token_ends_by_itself(server):
    server.cli("operator", "add", "short", "--role", "viewer")
    token = server.cli("token", "create", "short", "--expires", "3s").out.strip()
    assert ask(server, "GET", "/api/v1/teams", token)[0] == 200
    eventually(lambda: ask(server, "GET", "/api/v1/teams", token)[0] == 401, 20, "expiry")
    assert server.cli("token", "list", "short", "--json").json()["items"][0]["state"] == "expired"
    assert server.audit("admin.denied")[-1]["reason"] == "token_expired"


def test_disabling_ends_everything_at_once_and_leaves_records(server):
    token = operator(server, "alice", "--role", "viewer")
    status, headers, _ = ask(server, "POST", "/api/v1/session", body={"token": token})
    cookie = {"Cookie": headers["Set-Cookie"].split(";")[0]}
    assert status == 200 and ask(server, "GET", "/api/v1/teams", headers=cookie)[0] == 200
    server.cli("operator", "disable", "alice")
    assert ask(server, "GET", "/api/v1/teams", token)[0] == 401
    assert ask(server, "GET", "/api/v1/teams", headers=cookie)[0] == 401
    server.cli("operator", "enable", "alice")
    assert ask(server, "GET", "/api/v1/teams", token)[0] == 401
    events = [one["event"] for one in server.audit()]
    for event in ("operator.create", "token.create", "session.create", "operator.disable",
                  "admin.denied", "operator.enable"):
        assert event in events
    assert token not in json.dumps(server.audit())


def test_a_session_needs_its_page_and_answers_carry_the_policy(server, data_dir):
    owner = (data_dir / "owner-token").read_text().strip()
    status, headers, _ = ask(server, "POST", "/api/v1/session", body={"token": owner})
    assert status == 200
    line = headers["Set-Cookie"]
    assert "HttpOnly" in line and "SameSite=Strict" in line
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    cookie = {"Cookie": line.split(";")[0]}
    status, _, me = ask(server, "GET", "/api/v1/session", headers=cookie)
    assert status == 200 and me["by"] == "session"
    team = {"id": "red"}
    assert ask(server, "POST", "/api/v1/teams", headers=cookie, body=team)[2]["code"] == "csrf"
    ours = {**cookie, "X-CSRF-Token": me["csrf"]}
    evil = {**ours, "Origin": "https://evil.example"}
    assert ask(server, "POST", "/api/v1/teams", headers=evil, body=team)[2]["code"] == "cross_site"
    assert ask(server, "POST", "/api/v1/teams", headers=ours, body=team)[0] == 201
    assert ask(server, "GET", "/api/v1/session", "sut_x", headers=cookie)[0] == 401
    assert ask(server, "DELETE", "/api/v1/session", headers=ours)[0] == 200
    assert ask(server, "GET", "/api/v1/session", headers=cookie)[0] == 401


def test_behind_a_proxy_that_ends_tls_the_cookie_is_for_tls_alone(serve, data_dir):
    server = serve("--admin-behind-tls")
    owner = (data_dir / "owner-token").read_text().strip()
    # What a request says of itself is not believed, either way.
    for said in ({}, {"X-Forwarded-Proto": "http"}):
        _, headers, _ = ask(server, "POST", "/api/v1/session", headers=said, body={"token": owner})
        line = headers["Set-Cookie"]
        assert line.startswith("__Host-sutler=") and "; Secure" in line


def test_guesses_are_slowed_down_and_a_right_token_is_not(server):
    token = operator(server, "alice", "--role", "viewer")
    codes = [ask(server, "GET", "/api/v1/status", "sut_guess")[0] for _ in range(25)]
    assert set(codes) == {401, 429} and codes[0] == 401
    status, headers, _ = ask(server, "POST", "/api/v1/session", body={"token": "sut_guess"})
    assert status in (401, 429)
    if status == 429:
        assert 0 < int(headers["Retry-After"]) <= 60
    assert ask(server, "GET", "/api/v1/status", token)[0] == 200


def test_a_body_is_not_taken_from_who_may_not_send_one(server):
    big = {"token": "x" * 100_000}
    assert ask(server, "POST", "/api/v1/session", body=big)[0] == 413
    assert ask(server, "POST", "/api/v1/apply", "sut_x", body=big)[0] == 401


def test_root_with_a_scoped_token_on_the_socket_is_no_owner(server):
    token = operator(server, "alice", "--role", "viewer")
    with_token = Cli(server.data_dir, env={"SUTLER_TOKEN": token})
    assert with_token("operator", "list", exits=None).code == 4
    assert server.cli("operator", "list").code == 0


def test_the_proxys_socket_believes_its_fields_and_nothing_else_does(serve, tmp_path):
    path = tmp_path / "proxy.sock"
    config = tmp_path / "sutler.yaml"
    config.write_text(f"""\
admin_proxy_socket: {path}
admin_proxy_uids: ["{os.getuid()}"]
proxy_roles:
  platform: {{role: owner}}
  payments:
    role: editor
    reveal: true
    scopes: [{{projects: [pay], priority_max: 40}}]
""")
    config.chmod(0o600)
    server = serve("--config", config)
    server.apply(group("inside", {"A": "1"}, restrictions={"projects": ["pay"]}))

    def proxied(method, target, user, groups, body=None, **more):
        fields = {"X-Forwarded-User": user, "X-Forwarded-Groups": groups, **more}
        return finish(UnixHTTP(path), method, target, body=body, headers=fields)

    status, _, me = proxied("GET", "/api/v1/session", "bob", "payments,others")
    assert status == 200 and me["name"] == "proxy:bob" and me["scopes"][0]["priority_max"] == 40
    assert proxied("GET", "/api/v1/operators", "bob", "payments")[0] == 403
    assert proxied("GET", "/api/v1/operators", "eve", "platform")[0] == 200
    assert proxied("GET", "/api/v1/session", "eve", "nobody")[0] == 403
    assert proxied("DELETE", "/api/v1/teams/default/groups/inside", "bob", "payments")[0] == 403
    assert proxied("DELETE", "/api/v1/teams/default/groups/inside", "bob", "payments",
                   **{"X-CSRF-Token": me["csrf"]})[0] == 200
    assert server.audit("group.delete")[-1]["operator"] == "proxy:bob"
    fields = {"X-Forwarded-User": "eve", "X-Forwarded-Groups": "platform"}
    assert ask(server, "GET", "/api/v1/operators", headers=fields)[0] == 401
    # Root on this socket is the proxy, and no owner.
    assert finish(UnixHTTP(path), "GET", "/api/v1/teams")[0] == 401


def test_a_second_field_of_the_proxy_is_refused(serve, tmp_path):
    path = tmp_path / "proxy.sock"
    config = tmp_path / "sutler.yaml"
    config.write_text(f"""\
admin_proxy_socket: {path}
admin_proxy_uids: ["{os.getuid()}"]
proxy_roles: {{platform: {{role: owner}}}}
""")
    config.chmod(0o600)
    serve("--config", config)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        peer.sendall(b"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\n"
                     b"X-Forwarded-User: bob\r\nX-Forwarded-User: eve\r\n"
                     b"X-Forwarded-Groups: platform\r\nConnection: close\r\n\r\n")
        assert b" 401 " in peer.recv(4096).split(b"\r\n")[0]


def test_the_proxy_is_set_in_the_config_file_only_and_strictly(serve, tmp_path):
    config = tmp_path / "sutler.yaml"
    for text, word in ((f"admin_proxy_socket: {tmp_path}/p.sock\n", "proxy_roles"),
                       ("proxy_roles: {a: {role: owner}}\n", "admin_proxy_socket"),
                       (f"admin_proxy_socket: {tmp_path}/p.sock\nproxy_roles: {{a: {{role: king}}}}\n",
                        "role"),
                       (f"admin_proxy_socket: {tmp_path}/p.sock\nproxy_roles: "
                        "{a: {role: editor, scopes: []}}\n", "scopes"),
                       (f"admin_proxy_socket: {tmp_path}/p.sock\nproxy_roles: "
                        "{a: {role: editor, scope: x}}\n", "scope"),
                       ("listen: {a: b}\n", "listen")):
        config.write_text(text)
        config.chmod(0o600)
        ran = Cli()("config", "check", "--config", config, exits=None)
        assert ran.code != 0 and word in ran.err, (text, ran)


def test_two_admins_do_not_overwrite_each_others_operator_or_team(server):
    def admin(method, path, body=None, tag=None):
        return finish(UnixHTTP(server.socket), method, path, None, body,
                      {"If-Match": tag} if tag else None)

    for path, make, first, late in (
            ("/api/v1/operators/ann", ("PUT", {"role": "editor"}), {"reveal": True},
             {"role": "viewer"}),
            ("/api/v1/teams/red", ("POST", {"id": "red"}), {"require_exp": True},
             {"path": "/late"})):
        at = path if make[0] == "PUT" else path.rpartition("/")[0]
        status, headers, _ = admin(make[0], at, make[1])
        assert status == 201
        seen = headers["ETag"]
        status, headers, _ = admin("PATCH", path, first, seen)
        assert status == 200 and headers["ETag"] != seen
        status, _, told = admin("PATCH", path, late, seen)
        assert status == 412 and told["code"] == "precondition_failed", told
        assert told["current_etag"] == headers["ETag"] and told["current_version"] == 2
        assert admin("PATCH", path, late, headers["ETag"])[0] == 200
    assert admin("PUT", "/api/v1/operators/ann", {"role": "owner"})[0] == 428
