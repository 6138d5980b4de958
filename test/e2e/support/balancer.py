"""A real haproxy in front of several nodes. It says in X-Node who answered."""
import csv
import io
import socket
from urllib.parse import urlsplit

from . import daemons


def backend(name, nodes, check, retry_on, interval) -> str:
    servers = "\n".join(f"  server {node} {urlsplit(url).netloc} check inter {interval} "
                        "fall 2 rise 1 on-marked-down shutdown-sessions"
                        for node, url in nodes.items())
    return f"""backend {name}
  balance roundrobin
  option httpchk
  http-check send meth GET uri {check} ver HTTP/1.1 hdr Host localhost
  http-check expect status 200
  retry-on {retry_on}
  http-after-response set-header X-Node %s
{servers}
"""


class HaProxy(daemons.Daemon):
    """`nodes` is {name: (provider URL, admin URL)}; fixed ports, as nodes are started again. A
    GET that a dying node left unanswered goes to another one; a write is never sent twice."""

    name = "haproxy"

    def __init__(self, nodes, interval="200ms"):
        super().__init__()
        self.port, self.admin_port = daemons.free_port(), daemons.free_port()
        self.stats = self.folder / "stats"
        providers = {name: pair[0] for name, pair in nodes.items()}
        admins = {name: pair[1] for name, pair in nodes.items()}
        self.config = daemons.write(self.folder / "haproxy.cfg", f"""global
  stats socket {self.stats} mode 600 level admin
  maxconn 4000
defaults
  mode http
  timeout connect 500ms
  timeout client 30s
  timeout server 10s
  timeout check 1s
  option redispatch 1
  retries 3
frontend provider
  bind 127.0.0.1:{self.port}
  default_backend providers
frontend admin
  bind 127.0.0.1:{self.admin_port}
  default_backend admins
{backend("providers", providers, "/healthz", "conn-failure empty-response", interval)}
{backend("admins", admins, "/readyz", "conn-failure", interval)}
""")

    @property
    def provider(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    def command(self):
        return ["haproxy", "-db", "-f", self.config]

    def ready(self):
        return daemons.answers(self.port) and daemons.answers(self.admin_port)

    def up(self, name="providers") -> set:
        """The nodes that its health checks find well."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(5)
            wire.connect(str(self.stats))
            wire.sendall(b"show stat\n")
            text = b""
            while data := wire.recv(65536):
                text += data
        rows = csv.DictReader(io.StringIO(text.decode().lstrip("# ")))
        return {row["svname"] for row in rows if row["pxname"] == name
                and row["svname"] != "BACKEND" and row["status"].startswith("UP")}
