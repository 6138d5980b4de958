"""Secret groups as the API and the files write them."""
import json


def group(name, variables=None, files=None, team="default", **members) -> dict:
    """A group for everybody unless `projects` or `objects` say otherwise."""
    projects, objects = members.pop("projects", None), members.pop("objects", None)
    made = {"name": name, "team": team, **members}
    if projects or objects:
        made["restrictions"] = {}
        if projects:
            made["restrictions"]["projects"] = projects
        if objects:
            made["restrictions"]["nfObjects"] = objects
    made["secrets"] = {}
    if variables:
        made["secrets"]["variables"] = variables
    if files:
        made["secrets"]["files"] = files
    return made


def file_of(directory, *made, name="groups.json"):
    """Writes groups to a file that `group apply -f` and `serve --apply` read."""
    path = directory / name
    path.write_text(json.dumps({"groups": list(made)}))
    return path


def shown(document) -> dict:
    """The one group that `group show` prints, bare or under `groups:`."""
    return document["groups"][0] if "groups" in document else document


def variables(shown_group) -> dict:
    return shown_group["secrets"].get("variables", {})
