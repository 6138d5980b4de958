"""The npm libraries, each behind a process that answers one JSON line with one JSON line."""
import base64
import json
import shutil
import subprocess

from . import paths


def key_base64(key) -> str:
    return base64.b64encode(key.encode() if isinstance(key, str) else key).decode()


class Node:
    def __init__(self):
        self.processes = {}

    def install(self):
        """Runs `npm ci` when needed. Gives None, or the problem as text."""
        if not shutil.which("node") or not shutil.which("npm"):
            return "node and npm are not installed"
        needed = ("jsonwebtoken", "dotenv")
        if all((paths.INTEROP / "node_modules" / name).exists() for name in needed):
            return None
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                              cwd=paths.INTEROP, capture_output=True, text=True, check=False)
        return done.stderr.strip()[-400:] if done.returncode else None

    def ask(self, script, question: dict) -> dict:
        process = self.processes.get(script)
        if process is None:
            process = subprocess.Popen(["node", paths.INTEROP / script], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.processes[script] = process
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, f"{script} ended"
        return json.loads(answer)

    def sign(self, library, key, alg, payload: dict) -> str:
        return self.ask("sign.mjs", {"library": library, "key_b64": key_base64(key), "alg": alg,
                                     "payload": payload})["token"]

    def verify(self, token, key, algs, now) -> dict:
        """jsonwebtoken's verdict: {"accept": bool, "reason": text when refused}."""
        return self.ask("verify-server.mjs", {"token": token, "key_b64": key_base64(key),
                                              "algorithms": algs, "now": now})

    def close(self):
        for process in self.processes.values():
            process.stdin.close()
            process.wait(timeout=10)
            process.stdout.close()

    def dotenv(self, text: bytes) -> dict:
        """What npm dotenv makes of a file."""
        return self.ask("dotenv.mjs", {"text_b64": key_base64(text)})["entries"]
