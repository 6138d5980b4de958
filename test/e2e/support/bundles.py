"""Many workloads, the groups that they get, and what each of them is answered."""
from . import tokens, wire
from .groups import group

PROJECTS, OBJECTS = 20, 50  # 1,000 workloads


def workloads():
    for project in range(PROJECTS):
        for number in range(OBJECTS):
            yield f"project-{project}", f"object-{number}", "job" if number % 5 == 0 else "service"


def groups():
    """Overlapping groups, so that nearly every workload has a bundle of its own."""
    yield group("everybody", {"EVERYBODY": "yes", "WHO": {"template": "${workload.nfObjectId}"}})
    for project in range(PROJECTS):
        yield group(f"of-project-{project}", {"PROJECT": f"p{project}", "SHARED": f"s{project}"},
                    projects=[f"project-{project}"], priority=20)
    for number in range(0, OBJECTS, 2):
        yield group(f"of-object-{number}", {"SHARED": f"o{number}", f"ONLY_{number}": "x" * number},
                    {f"/run/{number}": {"data": "aGVsbG8=", "encoding": "base64"}},
                    objects=[{"id": f"object-{number}"}], priority=30)


def answers(server) -> dict:
    """The exact body that each workload gets."""
    found = {}
    with wire.KeepAlive(server.provider) as connection:
        for project, name, kind in workloads():
            token = tokens.token(project=project, object_id=name, type_=kind)
            answer = connection.get(token)
            assert answer.status == 200, (project, name, answer.status, answer.body)
            found[project, name] = answer.body
    return found
