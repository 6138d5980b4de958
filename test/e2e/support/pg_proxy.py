"""A connection to PostgreSQL that loses what it is told to lose: the answer to a COMMIT, or the COMMIT.

It stands between the nodes and the server and passes bytes on. `lose` arms it for the next COMMIT
of a change; from then on nobody gets through, new connections neither, until `heal()`."""
import contextlib
import select
import socket
import threading

COMMIT, CHANGE = b"COMMIT\x00", b"sutler_store SET revision"


class PgProxy:
    def __init__(self, port):
        self.target = port
        self.lock = threading.Lock()
        self.lost = threading.Event()
        self.what = None  # "answer" or "commit"
        self.away = False
        self.pairs = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def lose(self, what):
        self.lost.clear()
        self.what = what

    def heal(self):
        with self.lock:
            self.away = False

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                away = self.away
            if away:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            with self.lock:
                self.pairs.append((client, server))
            threading.Thread(target=self.carry, args=(client, server), daemon=True).start()

    def carry(self, client, server):
        changes = False
        with contextlib.suppress(OSError, ValueError):
            while True:
                readable = select.select([client, server], [], [])[0]
                for one in readable:
                    data = one.recv(1 << 16)
                    if not data:
                        return self.end(client, server)
                    if one is client:
                        changes = changes or CHANGE in data
                    if one is client and self.what and changes and COMMIT in data:
                        return self.strike(client, server, data)
                    (server if one is client else client).sendall(data)
        self.end(client, server)

    def strike(self, client, server, data):
        what, self.what = self.what, None
        with self.lock:
            self.away = True
        if what == "answer":
            server.sendall(data)
            assert server.recv(1 << 16), "the server has committed and said so"
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            self.end(*pair)
        self.lost.set()

    @staticmethod
    def end(*sockets):
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self):
        # A thread that waits in accept() is not woken by close() alone.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            self.end(*pair)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
