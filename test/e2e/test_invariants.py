"""Things are taken away from a running server: fetches and errors are as the invariants say."""
import shutil

from support import audit
from support.wait import eventually


def test_the_database_file_goes_while_it_runs(server):
    for path in server.data_dir.glob("sutler.db*"):
        path.rename(path.with_name("away-" + path.name))
    assert server.fetch().values() == {"GREETING": "hello"}

    def refused():
        status, _ = server.call("PATCH", "/api/v1/teams/default/groups/base",
                                {"variables": {"A": "1"}})
        return status in (500, 503, 507)
    eventually(refused, 10, "a write is refused")
    assert server.fetch().values() == {"GREETING": "hello"}, "the last good state is served"
    for path in server.data_dir.glob("away-sutler.db*"):
        path.rename(path.with_name(path.name.removeprefix("away-")))


def test_the_socket_goes_while_it_runs(server):
    (server.data_dir / "admin.sock").unlink()
    assert server.fetch().status == 200
    server.cli("status", exits=5)
    token = (server.data_dir / "owner-token").read_text().strip()
    server.cli("status", "--addr", server.admin, env={"SUTLER_TOKEN": token})


def test_the_audit_folder_goes_and_comes_back(server):
    folder = server.data_dir / "audit"
    folder.rename(server.data_dir / "away")
    folder.write_text("a file in its place")

    def refused():
        return server.fetch().status == 503
    eventually(refused, 10, "no fetch without a record")
    before = server.status()["revision"]
    status, answer = server.call("PATCH", "/api/v1/teams/default/groups/base",
                                 {"variables": {"A": "2"}})
    assert status == 503 and answer["code"] == "audit_unavailable", answer
    assert server.status()["revision"] == before, "nothing was changed without a record"
    folder.unlink()
    (server.data_dir / "away").rename(folder)
    eventually(lambda: server.fetch().status == 200, 10, "it goes on by itself")
    audit.check_chain(audit.whole_lines(server.data_dir))


def test_the_whole_data_directory_goes(server):
    away = server.data_dir.with_name("gone")
    server.data_dir.rename(away)
    eventually(lambda: server.fetch().status == 503, 10, "no fetch without a record")
    away.rename(server.data_dir)
    eventually(lambda: server.fetch().status == 200, 10, "it goes on by itself")
    shutil.rmtree(away, ignore_errors=True)
