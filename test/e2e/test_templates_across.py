"""Templates that fail because of another group: refused when they are saved, where that is seen."""
from support.groups import file_of, group


def template(text) -> dict:
    return {"template": text}


def test_a_cycle_with_another_group_is_refused_with_its_way(server, cli, tmp_path):
    server.apply(group("hosts", {"HOST": template("${NAME}.example"), "NAME": "db"},
                       projects=["shop"]))
    closing = file_of(tmp_path, group("names", {"NAME": template("${HOST}")}, projects=["shop"],
                                      priority=50))
    refused = cli("group", "apply", "-f", closing, exits=1)
    assert "HOST (hosts) -> NAME (names) -> HOST (hosts)" in refused.err and "hint:" in refused.err
    assert server.fetch(project="shop").values()["HOST"] == "db.example"
    apart = file_of(tmp_path, group("names", {"NAME": template("${HOST}")}, projects=["else"]),
                    group("more", {"HOST": "h"}, projects=["else"]), name="apart.json")
    cli("group", "apply", "-f", apart)
    assert server.fetch(project="else").values()["NAME"] == "h"


def test_a_name_that_nobody_has_is_refused_unless_it_comes_along(server, cli, tmp_path):
    needing = group("needing", {"URL": template("postgres://${PASSWORD}@db")}, projects=["shop"])
    alone = file_of(tmp_path, needing)
    refused = cli("group", "apply", "-f", alone, exits=1)
    assert "${PASSWORD}" in refused.err and "needing" in refused.err
    both = file_of(tmp_path, needing, group("having", {"PASSWORD": "p"}, projects=["sh*"]),
                   name="both.json")
    cli("group", "apply", "-f", both)
    assert server.fetch(project="shop").values()["URL"] == "postgres://p@db"


def test_a_name_that_only_some_workloads_have_is_warned_about(server):
    status, answer = server.call("POST", "/api/v1/apply", {"groups": [
        group("wide", {"URL": template("${PASSWORD}")}),
        group("having", {"PASSWORD": "p"}, projects=["shop"])]})
    assert status == 200
    assert any("${PASSWORD}" in one and "not all" in one for one in answer["warnings"])
