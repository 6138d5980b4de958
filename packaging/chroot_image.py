"""A Dockerfile carried out in chroots instead of in an engine: see test-dockerfile, which uses it.

Each stage starts as a Debian 12 made by debootstrap. Instructions and flags that the Dockerfile
does not use today are errors, not guesses. Nothing is unmounted here: the caller runs in a mount
namespace of its own, which ends with it.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("SUTLER_CACHE") or pathlib.Path.home() / ".cache/sutler")
BASE_IMAGE, SUITE = "debian:12-slim", "bookworm"
COMPILE_STEP, COMPILED = "script/build release sutler", "build/release/sutler"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Failure(Exception):
    """What went wrong, for the person who runs the test."""


def say(text):
    print(f"test-dockerfile: {text}", flush=True)


def output_of(*command, **options):
    options = {"text": True, "check": True, "stdout": subprocess.PIPE, **options}
    return subprocess.run(command, **options).stdout


def instructions(text):
    """(word, rest) for each instruction: comments dropped, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    for line in filter(str.strip, joined.splitlines()):
        word, _, rest = line.strip().partition(" ")
        yield word.upper(), rest.strip()


def ignored(patterns, path):
    """Whether .dockerignore leaves out `path` or a folder that it is in."""
    parts = pathlib.PurePath(path).parts
    prefixes = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    return any(pattern.fullmatch(prefix) for pattern in patterns for prefix in prefixes)


def ignore_patterns():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    lines = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if any(line.startswith("!") or "[" in line for line in lines):
        raise Failure(".dockerignore uses more than this test knows (! or [])")
    parts = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    split = re.compile(r"(\*\*/|\*|\?)")
    return [
        re.compile("".join(parts.get(part, re.escape(part)) for part in split.split(line)))
        for line in lines
    ]


def apt_sources():
    """The machine's own Debian mirrors, so that this works wherever apt does."""
    form = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    targets = ("apt-get", "indextargets", "--format", form, "Created-By: Packages")
    text = output_of(*targets)
    if not text:  # apt does not say before it has lists
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        text = output_of(*targets)
    suites = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
    found = {tuple(line.split()) for line in text.splitlines()}
    found = sorted(row for row in found if row[1] in suites and row[2] == "main")
    if SUITE not in [row[1] for row in found]:
        raise Failure(f"this machine's apt has no {SUITE} main: this test is for Debian 12")
    return found


def base_archive():
    """A Debian as small as the slim image, made once and kept."""
    archive = CACHE / f"debootstrap-{SUITE}.tar"
    if archive.exists():
        return archive
    uri = next(uri for uri, release, _ in apt_sources() if release == SUITE)
    say(f"making a base system with debootstrap; kept as {archive}")
    proxy = output_of("apt-config", "shell", "proxy", "Acquire::http::Proxy").partition("=")[2]
    env = {**os.environ, **({"http_proxy": shlex.split(proxy)[0]} if proxy.strip() else {})}
    with tempfile.TemporaryDirectory(prefix="base-", dir=CACHE) as folder:
        command = ["debootstrap", "--variant=minbase", SUITE, f"{folder}/root", uri]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
        partial = f"{folder}/base.tar"
        # What is left of the download is no part of an image, and apt's cache is mounted anyway.
        shutil.rmtree(f"{folder}/root/var/cache/apt/archives")
        subprocess.run(["tar", "-C", f"{folder}/root", "-cf", partial, "."], check=True)
        os.replace(partial, archive)
    return archive


class Chroot:
    """One stage: its root, and what ENV, WORKDIR, USER and the rest have said so far."""

    def __init__(self, root):
        self.root = root
        self.env, self.user, self.workdir = {}, "0:0", "/"
        self.entrypoint, self.command, self.healthcheck = [], [], []
        self.volumes, self.ports, self.stop_signal = [], [], "SIGTERM"
        root.mkdir()
        subprocess.run(["tar", "-C", root, "-xpf", base_archive()], check=True)
        self.mount(["-t", "proc", "proc"], "proc")
        (CACHE / "apt-archives/partial").mkdir(parents=True, exist_ok=True)
        self.mount(["--bind", CACHE / "apt-archives"], "var/cache/apt/archives")
        self.take_over_network_settings()

    def mount(self, what, where):
        place = self.root / where
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", *map(str, what), place], check=True)

    def take_over_network_settings(self):
        """Host names as an engine gives them; apt reaches its mirror as this machine's apt does."""
        for name in ("resolv.conf", "hosts"):
            shutil.copyfile(f"/etc/{name}", self.root / "etc" / name)
        apt = self.root / "etc/apt"
        (apt / "sources.list").write_text(
            "".join(f"deb {' '.join(row)}\n" for row in apt_sources())
        )
        wanted = re.compile(r"Acquire::(https?::|Check-|Retries|ForceIPv)", re.I)
        dump = [line for line in output_of("apt-config", "dump").splitlines() if wanted.match(line)]
        bundle = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
        if bundle.exists():
            # For a mirror behind https; not where the image's own certificates would be.
            shutil.copyfile(bundle, apt / "test-ca.crt")
            dump.append('Acquire::https::CAInfo "/etc/apt/test-ca.crt";')
        (apt / "apt.conf.d/99test").write_text("\n".join(dump) + "\n")

    def inside(self, path):
        """Where the absolute or WORKDIR-relative `path` of this stage is for us."""
        return self.root / os.path.normpath(os.path.join(self.workdir, path)).lstrip("/")

    def argv(self, command, extra_env=None):
        env = {"PATH": PATH, "HOME": "/root", **self.env, **(extra_env or {})}
        pairs = [f"{name}={value}" for name, value in env.items()]
        # No host group may come along with root's uid into the chroot.
        user = ["--userspec", self.user, "--groups", ""]
        return [
            "chroot",
            *user,
            str(self.root),
            "/usr/bin/env",
            "-i",
            "-C",
            self.workdir,
            *pairs,
            *command,
        ]

    def run(self, command, extra_env=None, **options):
        return subprocess.run(self.argv(command, extra_env), check=False, **options)


class Build:
    def __init__(self, folder, binary):
        self.folder, self.binary = folder, binary
        self.compile_skipped = False
        self.stages, self.names, self.patterns = [], {}, ignore_patterns()

    @property
    def stage(self):
        return self.stages[-1]

    def carry_out(self, word, rest):
        step = getattr(self, f"do_{word.lower()}", None)
        if step is None:
            raise Failure(f"the Dockerfile uses {word}, which this test does not know")
        say(f"{word} {re.sub(' +', ' ', rest)}")
        step(rest)

    def do_from(self, rest):
        image, *name = re.split(r"\s+as\s+", rest, flags=re.I)
        if image != BASE_IMAGE:
            raise Failure(f"the base is {image}, and this test has {BASE_IMAGE} only")
        self.stages.append(Chroot(self.folder / f"stage-{len(self.stages)}"))
        self.names.update(dict.fromkeys(name, self.stage))

    def do_run(self, rest):
        if self.binary and rest == COMPILE_STEP:
            say(f"********** THE COMPILE WAS SKIPPED: {self.binary} stands in **********")
            self.compile_skipped = True
            target = self.stage.inside(COMPILED)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.binary, target)
            return
        done = self.stage.run(["/bin/sh", "-c", rest], stdin=subprocess.DEVNULL, stdout=sys.stderr)
        if done.returncode != 0:
            raise Failure(f"the step exited {done.returncode}: RUN {rest}")

    def do_copy(self, rest):
        *flags, source, target = shlex.split(rest)
        names = [flag.removeprefix("--from=") for flag in flags if flag.startswith("--from=")]
        if len(names) != len(flags):
            raise Failure(f"COPY with flags that this test does not know: {flags}")
        place = self.stage.inside(target)
        if names:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.names[names[0]].inside(source), place)
        else:
            self.copy_from_context(ROOT / source, place)

    def copy_from_context(self, path, place):
        if ignored(self.patterns, path.relative_to(ROOT)):
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            place.mkdir(exist_ok=True)
            for child in sorted(path.iterdir()):
                self.copy_from_context(child, place / child.name)
        else:
            shutil.copy2(path, place, follow_symlinks=False)

    def do_env(self, rest):
        self.stage.env.update(pair.split("=", 1) for pair in shlex.split(rest))

    def do_workdir(self, rest):
        self.stage.workdir = rest
        self.stage.inside(rest).mkdir(parents=True, exist_ok=True)

    def do_volume(self, rest):
        if not self.stage.inside(rest).is_dir():
            raise Failure(f"VOLUME {rest} does not exist, so it would belong to root")
        self.stage.volumes.append(rest)

    def do_healthcheck(self, rest):
        self.stage.healthcheck = json.loads(rest[rest.index("CMD ") + 4 :])

    def do_user(self, rest):
        self.stage.user = rest

    def do_expose(self, rest):
        self.stage.ports.append(rest)

    def do_stopsignal(self, rest):
        self.stage.stop_signal = rest

    def do_entrypoint(self, rest):
        self.stage.entrypoint = json.loads(rest)  # exec form only: a shell as pid 1 eats signals

    def do_cmd(self, rest):
        self.stage.command = json.loads(rest)

    def do_label(self, rest):
        pass
