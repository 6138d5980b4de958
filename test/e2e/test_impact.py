"""Impact: what a change would do to the workloads that were seen, told before it is made."""
import pytest

from support.groups import group


@pytest.fixture
def shop(serve):
    """Two workloads that fetched, one of another project, and a group that only it does not get."""
    server = serve()
    server.add_key()
    server.apply(group("pay", {"STRIPE": "s1", "HOST": "h"}, projects=["shop"]),
                 group("all", {"REGION": "eu"}))
    for project, name in (("shop", "api"), ("shop", "web"), ("blog", "site")):
        assert server.fetch(project=project, object_id=name).status == 200
    return server


def hit(answer):
    return {(one["project"], one["object"]): one for one in answer["impact"]["affected"]}


def revision(server):
    return server.status()["revision"]


def test_every_write_tells_its_impact(shop):
    answer = shop.api("PATCH", "/api/v1/teams/default/groups/pay",
                      {"variables": {"STRIPE": "s2", "HOST": None, "NEW": "n"}})
    assert set(hit(answer)) == {("shop", "api"), ("shop", "web")}
    one = hit(answer)["shop", "api"]
    assert (one["gained"], one["lost"], one["changed"]) == (["NEW"], ["HOST"], ["STRIPE"])
    assert (one["before"], one["after"]) == ("ok", "ok")
    assert answer["impact"]["workloads_checked"] == 3
    assert answer["impact"]["summary"]["losing"] == 2


def test_a_dry_run_says_the_same_and_changes_nothing(shop):
    before = revision(shop)
    records = len(shop.audit())
    for method, path, body in (
            ("PATCH", "/api/v1/teams/default/groups/pay?dry_run=true", {"variables": {"HOST": None}}),
            ("DELETE", "/api/v1/teams/default/groups/pay?dry_run=true", None),
            ("POST", "/api/v1/impact", {"groups": [group("pay", {"A": "1"}, projects=["shop"])]}),
            ("POST", "/api/v1/apply", {"dry_run": True,
                                       "groups": [group("pay", {"A": "1"}, projects=["shop"])]})):
        answer = shop.api(method, path, body)
        assert answer["dry_run"] is True and answer["revision"] == before
        assert "HOST" in hit(answer)["shop", "api"]["lost"], path
    assert revision(shop) == before
    assert len([one for one in shop.audit() if one["event"].startswith("group.")]) <= records


def test_what_it_says_is_what_fetches_show(shop):
    said = hit(shop.api("POST", "/api/v1/impact",
                        {"groups": [group("pay", {"STRIPE": "s1", "B": "b"}, projects=["blog"])]}))
    before = {name: shop.fetch(project=name[0], object_id=name[1]).values() for name in said}
    shop.apply(group("pay", {"STRIPE": "s1", "B": "b"}, projects=["blog"]))
    for name, one in said.items():
        after = shop.fetch(project=name[0], object_id=name[1]).values()
        assert set(one["gained"]) == after.keys() - before[name].keys()
        assert set(one["lost"]) == before[name].keys() - after.keys()
        assert set(one["changed"]) == {k for k in after.keys() & before[name].keys()
                                       if after[k] != before[name][k]}


def test_a_fetch_that_would_fail_is_told_with_its_reason_and_no_value(shop):
    shop.apply(group("need", {"N": "canary-text"}, projects=["shop"], requiredKeys=["HOST"]))
    answer = shop.api("PATCH", "/api/v1/teams/default/groups/pay?dry_run=true",
                      {"variables": {"HOST": None}})
    one = hit(answer)["shop", "api"]
    assert (one["before"], one["after"]) == ("ok", "fails")
    assert "missing_required" in one["reason"] and "canary" not in str(answer)


def test_a_team_that_refuses_demands_force(shop):
    shop.cli("team", "set", "default", "--impact", "refuse")
    before = revision(shop)
    status, problem = shop.call("DELETE", "/api/v1/teams/default/groups/pay")
    assert (status, problem["code"]) == (409, "impact")
    assert ("shop", "api") in hit(problem)
    assert revision(shop) == before
    assert shop.audit("group.delete")[-1]["outcome"] == "failed"
    # What harms nobody needs no force.
    shop.cli("set", "pay", "MORE=1")
    ran = shop.cli("unset", "pay", "HOST", exits=None)
    assert ran.code != 0 and "refuses" in ran.err and "--force" in ran.err
    ran = shop.cli("unset", "pay", "HOST", "--force")
    assert "loses HOST" in ran.err
    assert shop.audit("group.update")[-1]["reason"] == "forced"


def test_the_command_shows_the_impact_and_a_dry_run_stops_there(shop):
    before = revision(shop)
    ran = shop.cli("set", "pay", "STRIPE=s9", "--dry-run")
    assert "shop/api (service): gets another STRIPE" in ran.err and "nothing was changed" in ran.out
    ran = shop.cli("group", "delete", "all", "--dry-run")
    assert "blog/site (service): loses REGION; ends up with nothing" in ran.err
    assert revision(shop) == before


def test_teams_and_imports_show_whom_they_hit_like_other_writes(shop, tmp_path):
    before = revision(shop)
    lost = tmp_path / "pay.env"
    lost.write_text("STRIPE=s9\n")
    ran = shop.cli("import", "pay", str(lost), "--format", "dotenv", "--replace", "--dry-run")
    assert "shop/api (service): loses HOST" in ran.err and "s9" not in ran.err + ran.out
    shop.cli("group", "delete", "all")
    ran = shop.cli("team", "set", "default", "--require-match", "--dry-run")
    assert "blog/site (service): will fail; no_match" in ran.err and "dry run" in ran.out
    assert shop.fetch(project="blog", object_id="site").status == 200
    shop.cli("team", "set", "default", "--impact", "refuse")
    assert "--force" in shop.cli("team", "set", "default", "--require-match", exits=6).err
    shop.cli("team", "set", "default", "--require-match", "--force")
    assert shop.fetch(project="blog", object_id="site").status == 503
    undone = revision(shop)
    shop.cli("undo", str(undone))
    assert shop.fetch(project="blog", object_id="site").status == 200
    assert before < undone < revision(shop)


def test_a_long_list_is_cut_for_people(serve):
    server = serve()
    server.add_key()
    server.apply(group("all", {"A": "1"}))
    for number in range(30):
        server.fetch(object_id=f"o{number}")
    ran = server.cli("set", "all", "A=2")
    assert "and 10 more" in ran.err and ran.err.count("gets another A") == 20
