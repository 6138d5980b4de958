"""A real pgbouncer in transaction mode: no statement survives its transaction, LISTEN is not heard."""
from . import daemons


class PgBouncer(daemons.Daemon):
    name = "pgbouncer"

    def __init__(self, server, database="sutler", user="sutler", mode="transaction", pool=5):
        super().__init__()
        self.port = daemons.free_port()
        self.database, self.user = database, user
        self.users = daemons.write(self.folder / "users.txt", f'"{user}" ""\n')
        self.config = daemons.write(self.folder / "pgbouncer.ini", f"""[databases]
{database} = host=127.0.0.1 port={server.port} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {self.users}
pool_mode = {mode}
default_pool_size = {pool}
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
""")

    def command(self):
        return ["pgbouncer", self.config]

    def ready(self):
        return daemons.answers(self.port)

    def uri(self) -> str:
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{self.database}"
