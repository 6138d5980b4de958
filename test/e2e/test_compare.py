"""`sutler compare`: the parity proof before switching on."""
import base64
import json

import pytest

from support.groups import group

ABOUT = ["--project", "shop", "--object", "api", "--type", "service"]


def saved(tmp_path, name, content):
    path = tmp_path / "saved" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def environment(variables, files=None) -> dict:
    made = {path: {"data": base64.b64encode(data).decode(), "encoding": "utf-8"}
            for path, data in (files or {}).items()}
    return {"data": {"runtimeEnvironment": variables, "runtimeFiles": made}}


@pytest.fixture
def shop(server):
    server.apply(group("web", {"A": "1", "B": "s3cret"}, {"/f": {"data": "hi"}},
                       projects=["shop"]))
    return server


WHOLE = {"A": "1", "B": "s3cret", "GREETING": "hello", "NF_HOST": "h"}


def test_a_folder_of_saved_environments_that_are_the_same(shop, cli, tmp_path):
    saved(tmp_path, "shop/api-service.json", environment(WHOLE, {"/f": b"hi"}))
    saved(tmp_path, "shop/worker-1-job.json", {"runtimeEnvironment": {
        name: {"value": value, "inheritedFrom": "web", "priority": 10, "overriding": []}
        for name, value in WHOLE.items()}, "runtimeFiles": {"/f": {"data": "aGk="}}})
    saved(tmp_path, "other/api-service.env", "GREETING=hello\n")
    done = cli.json("compare", "--with", tmp_path / "saved")
    assert done["same"] == 3 and done["different"] == 0
    assert [one["object"] for one in done["workloads"]] == ["api", "api", "worker-1"]
    assert len(shop.audit("value.reveal")) == 3


def test_what_differs_is_named_and_masked(shop, cli, tmp_path):
    saved(tmp_path, "shop/api-service.json",
          environment({"A": "other", "GREETING": "hello", "GONE": "x"}, {"/f": b"ho"}))
    told = cli("compare", "--with", tmp_path / "saved", exits=1)
    for line in ("- GONE", "+ B", "~ A", "~ /f", "0 same, 1 different"):
        assert line in told.out
    assert "s3cret" not in told.out and "other" not in told.out
    shown = cli("compare", "--with", tmp_path / "saved", "--reveal", exits=1)
    assert '"s3cret"' in shown.out and '"other"' in shown.out


def test_the_answer_of_another_provider_and_a_single_file(shop, cli, tmp_path):
    answer = {"secrets": [{"type": "ENV", "key": "A", "value": "1"},
                          {"type": "ENV", "key": "B", "value": "s3cret"},
                          {"type": "ENV", "key": "GREETING", "value": "hello"},
                          {"type": "FILE", "path": "/f", "data": "hi"}]}
    path = saved(tmp_path, "one.json", answer)
    cli("compare", "--with", path, *ABOUT)
    cli("compare", "--with", path, exits=2)
    answer["secrets"][3]["permissions"] = {"policy": "AlwaysSet", "mode": "0400"}
    path.write_text(json.dumps(answer))
    assert "~ /f" in cli("compare", "--with", path, *ABOUT, exits=1).out


def test_a_manifest_says_which_file_is_whose(shop, cli, tmp_path):
    saved(tmp_path, "x.env", "GREETING=hello\n")
    saved(tmp_path, "manifest.json", {"workloads": [
        {"file": "x.env", "project": "p", "object": "o", "type": "job"}]})
    assert cli.json("compare", "--with", tmp_path / "saved")["same"] == 1
    saved(tmp_path, "manifest.json", {"workloads": [{"file": "x.env"}]})
    cli("compare", "--with", tmp_path / "saved", exits=1)


def test_wrong_folders_are_refused(cli, tmp_path):
    (tmp_path / "saved").mkdir()
    for name in ("shop/api.json", "api-service.json", "a/b/api-service.json"):
        path = saved(tmp_path, name, {"A": "1"})
        assert "hint:" in cli("compare", "--with", tmp_path / "saved", exits=1).err
        path.unlink()
    cli("compare", "--with", tmp_path / "saved", exits=1)
    saved(tmp_path, "shop/api-service.json", {"A": "1"})
    (tmp_path / "saved" / "shop" / "job-job.json").symlink_to("nowhere")
    told = cli("compare", "--with", tmp_path / "saved", exits=1).err
    assert "job-job.json" in told and "mend the link" in told, "it would pass for the same"
    cli("compare", "--with", tmp_path / "nothing", *ABOUT, exits=1)
