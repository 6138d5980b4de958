"""For schemathesis in test_openapi.py: each request comes from an address of its own. Of one address
the server would soon answer wrong tokens with 429, in place of the 401 that is to be seen."""
import itertools

from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util import connection

NUMBERS = itertools.count(1)
connect = connection.create_connection


def connect_from_elsewhere(address, *args, source_address=None, **options):
    number = next(NUMBERS)
    source = f"127.{1 + number // 62500 % 250}.{number // 250 % 250}.{1 + number % 250}"
    return connect(address, *args, source_address=source_address or (source, 0), **options)


def forget(_pool, used):
    if used is not None:
        used.close()


connection.create_connection = connect_from_elsewhere
HTTPConnectionPool._put_conn = forget
