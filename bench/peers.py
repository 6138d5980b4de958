"""The servers under load. All run on one core; `pid` is the process whose CPU time counts."""

import json
import os
import pathlib
import secrets
import selectors
import signal
import socket
import subprocess
import time

from measure import BenchError, cores, sign

ROOT = pathlib.Path(__file__).resolve().parent.parent
READY_SECONDS_MAX = 180


def clean_environment(**extra):
    """Settings of the person who runs the bench must not reach the servers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SUTLER_") and name not in ("HOST", "PORT", "SECRET", "NODE_OPTIONS")
    }
    return {**kept, **extra}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command],
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )
    if done.returncode != 0:
        raise BenchError(
            f"{' '.join(map(str, command[:4]))} … exited {done.returncode}: {done.stderr.strip()}"
        )
    return done.stdout


class Keys:
    """One signing key, one ECDSA P-256 certificate and one token for all peers of a run."""

    def __init__(self, work):
        self.signing_key = secrets.token_hex(32)
        self.signing_key_file = work / "signing-key"
        self.signing_key_file.touch(0o600)
        self.signing_key_file.write_text(self.signing_key)
        self.token_file = self.tokens(work / "token", [("bench-project", "bench-service")])
        self.certificate, self.private_key = work / "cert.pem", work / "key.pem"
        run(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            self.private_key,
            "-out",
            self.certificate,
        )

    def tokens(self, path, workloads):
        path.touch(0o600)
        path.write_text("".join(f"{sign(self.signing_key, *names)}\n" for names in workloads))
        return path


class Peer:
    """A started server: `with` stops it again, by its pid."""

    tls = False
    cafile = None

    def __init__(self, name, keys):
        self.name, self.token_file = name, keys.token_file
        self.process, self.pid, self.port = None, None, None

    def start(self, command, log, env):
        core = cores()[0]
        with open(log, "ab") as stderr:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(core), *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=env,
            )
        self.pid, self.log = self.process.pid, log

    def first_line(self):
        """The line by which a server says that it is ready."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            line = self.process.stdout.readline() if selector.select(READY_SECONDS_MAX) else b""
        if not line.startswith(b"{"):
            self.stop()
            tail = pathlib.Path(self.log).read_text(errors="replace")[-600:]
            raise BenchError(f"{self.name} did not get ready: {tail.strip()}")
        return json.loads(line)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Sutler(Peer):
    """One thread, all else as it comes. `ready_seconds` is from exec to the ready line."""

    def __init__(self, binary, data_dir, keys, name="sutler", tls=False, flags=()):
        super().__init__(name, keys)
        self.tls, self.cafile = tls, keys.certificate
        command = [
            binary,
            "serve",
            "--data-dir",
            data_dir,
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--threads",
            "1",
        ]
        command += ["--tls-cert", keys.certificate, "--tls-key", keys.private_key] if tls else []
        command += flags
        begin = time.perf_counter()
        self.start(command, f"{data_dir}.log", clean_environment())
        ready = self.first_line()
        self.ready_seconds = time.perf_counter() - begin
        self.port = int(ready["provider"].rpartition(":")[2])
        self.admin_port = int(ready["admin"].rpartition(":")[2])


class Nginx(Peer):
    """One worker that answers `body` by `return`: no file, check or log. What HTTP alone costs."""

    def __init__(self, body, work, keys, tls=False):
        super().__init__("nginx", keys)
        self.tls, self.cafile, self.port = tls, keys.certificate, free_port()
        prefix = work / f"nginx-{self.port}"
        prefix.mkdir()
        (prefix / "nginx.conf").write_text(self.configuration(body, keys))
        self.start(
            ["nginx", "-p", prefix, "-c", prefix / "nginx.conf", "-e", prefix / "error.log"],
            prefix / "stderr.log",
            clean_environment(),
        )
        self.pid = self.worker_pid()

    def configuration(self, body, keys):
        text = body.decode().replace("\\", "\\\\").replace('"', '\\"').replace("$", "${dollar}")
        if len(text) > 4000:
            raise BenchError("nginx takes no `return` text over 4 KiB: choose a smaller bundle")
        listen = f"listen 127.0.0.1:{self.port};"
        if self.tls:
            # Session tickets stay on, nginx's own default: sutler sends them too. No load uses one.
            listen = (
                f"listen 127.0.0.1:{self.port} ssl; ssl_protocols TLSv1.3; "
                f"ssl_certificate {keys.certificate}; ssl_certificate_key {keys.private_key};"
            )
        user = "user root;" if os.geteuid() == 0 else ""
        temporary = " ".join(
            f"{kind}_temp_path tmp-{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return f"""
{user} worker_processes 1; daemon off; pid nginx.pid; error_log error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; server_tokens off; default_type application/json; {temporary}
  keepalive_requests 1000000000; keepalive_timeout 300s;
  geo $dollar {{ default "$"; }}
  server {{ {listen} location / {{ return 200 "{text}"; }} }}
}}
"""

    def worker_pid(self):
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children")
        for _ in range(500):
            if self.process.poll() is not None:
                break
            if pids := children.read_text().split():
                return int(pids[0])
            time.sleep(0.01)
        self.stop()
        raise BenchError(f"nginx did not start; see {self.log}")


class Express(Peer):
    """bench/baseline: the reference's way of doing it."""

    def __init__(self, work, keys):
        super().__init__("express", keys)
        folder = ROOT / "bench" / "baseline"
        if not (folder / "node_modules" / "express").is_dir():
            raise BenchError("bench/baseline has no node_modules: run script/bootstrap")
        self.start(
            ["node", folder / "server.js"],
            work / "express.log",
            clean_environment(
                HOST="127.0.0.1", PORT="0", SECRET=keys.signing_key, NODE_ENV="production"
            ),
        )
        self.port = int(self.first_line()["provider"].rpartition(":")[2])


class Stores:
    """Data directories for sutler, each made once in a run."""

    def __init__(self, binary, work, keys):
        self.binary, self.work, self.keys, self.made = binary, work, keys, {}

    def reference(self, name):
        """A store with the example group that gives what the reference gives."""
        data_dir = self.work / f"store-{name}"
        if name not in self.made:
            env = clean_environment(SUTLER_DATA_DIR=str(data_dir))
            run(self.binary, "init", env=env)
            with Sutler(self.binary, data_dir, self.keys):
                run(
                    self.binary,
                    "team",
                    "key",
                    "add",
                    "default",
                    "--from-file",
                    self.keys.signing_key_file,
                    env=env,
                )
                run(
                    self.binary,
                    "group",
                    "apply",
                    "-f",
                    ROOT / "examples" / "reference-set.yaml",
                    env=env,
                )
            self.made[name] = data_dir
        return data_dir

    def of_group(self, name, group, flags=()):
        """A store with that one group, as a file of groups says it."""
        data_dir = self.work / f"store-{name}"
        if name not in self.made:
            env = clean_environment(SUTLER_DATA_DIR=str(data_dir))
            file = self.work / f"{name}.json"
            file.write_text(json.dumps({"groups": [group]}))
            key = self.keys.signing_key_file
            with Sutler(self.binary, data_dir, self.keys, flags=flags):
                run(self.binary, "team", "key", "add", "default", "--from-file", key, env=env)
                run(self.binary, "group", "apply", "-f", file, env=env)
            self.made[name] = data_dir
        return data_dir

    def seeded(self, groups):
        """A store with `groups` groups of 20 entries, three for each workload (see `workload`)."""
        data_dir = self.work / f"store-{groups}-groups"
        if groups not in self.made:
            print(f"  making a store with {groups:,} groups", flush=True)
            run(
                self.binary,
                "store",
                "seed",
                "--data-dir",
                data_dir,
                "--groups",
                groups,
                "--entries",
                "20",
                "--signing-key-file",
                self.keys.signing_key_file,
                env=clean_environment(),
            )
            self.made[groups] = data_dir
        return data_dir

    @staticmethod
    def workload(number):
        """Whom the groups 3n, 3n+1 and 3n+2 of a seeded store are for, from n = 1 up."""
        return f"bench-{number}", f"svc-{number}"
