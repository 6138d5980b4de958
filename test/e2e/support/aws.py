"""moto's server for AWS services, botocore to talk to it and to sign, and a server that plays the
places that give keys."""
import glob
import http.server
import json
import re
import subprocess
import sys
import threading
import urllib.request

import pytest

from . import paths
from .wait import eventually

VENV = paths.REPO / "build" / "venv"
REGION = "eu-west-1"


def libraries():
    """Makes the packages of the venv importable; they come after our own python's."""
    for folder in glob.glob(str(VENV / "lib" / "python3*" / "site-packages")):
        if folder not in sys.path:
            sys.path.append(folder)
    return pytest.importorskip("botocore", reason="botocore is not there: run script/bootstrap")


class Moto:
    """Context manager: one server with all services, on a port of its own."""

    def __init__(self, directory):
        self.log = directory / "moto.log"

    def __enter__(self):
        program = VENV / "bin" / "moto_server"
        if not program.exists():
            pytest.skip(f"there is no {program}: run script/bootstrap")
        libraries()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", "0"], stdout=log,
                                            stderr=log, env=paths.clean_environment())
        self.url = eventually(self._announced, 60, "moto's port")
        eventually(lambda: self.post("/moto-api/reset") == 200, 30, "moto")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def _announced(self):
        assert self.process.poll() is None, self.log.read_text()
        found = re.search(r"http://127\.0\.0\.1:\d+", self.log.read_text())
        return found and found.group()

    def post(self, path, body=b""):
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "text/plain"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status

    def client(self, service, key="test", secret="test"):
        import boto3
        return boto3.client(service, endpoint_url=self.url, region_name=REGION,
                            aws_access_key_id=key, aws_secret_access_key=secret)

    def require_auth(self):
        """From now on signatures and policies are checked."""
        self.post("/moto-api/reset-auth", b"0")

    def trust_all(self):
        self.post("/moto-api/reset-auth", b"1000000")


class Recorder:
    """Context manager: answers each request by `answer(handler, body)` -> (status, dict or bytes),
    and keeps what was asked."""

    def __init__(self, answer):
        self.asked = []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                recorder.asked.append((self.command, self.path, dict(self.headers), body))
                status, content = answer(self, body)
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = reply

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
