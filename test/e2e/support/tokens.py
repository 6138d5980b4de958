"""Tokens in plain hmac, so that no library stands between a test and the bytes."""
import base64
import hashlib
import hmac
import json
import secrets
import time

HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}

# One signing key per run: never a value that somebody could have written into the product.
KEY = secrets.token_urlsafe(36)


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def as_bytes(part) -> bytes:
    """A dict or a list as compact JSON; text as UTF-8; bytes as they are."""
    if isinstance(part, bytes):
        return part
    if isinstance(part, str):
        return part.encode()
    return json.dumps(part, separators=(",", ":")).encode()


def mac(key, signing_input: str, alg="HS256") -> bytes:
    key = key.encode() if isinstance(key, str) else key
    return hmac.new(key, signing_input.encode("latin-1"), HASHES[alg]).digest()


def compact(header, payload, key=KEY, alg="HS256") -> str:
    """A compact JWS over exactly these header and payload bytes, signed with `alg`."""
    signing_input = b64url(as_bytes(header)) + "." + b64url(as_bytes(payload))
    return signing_input + "." + b64url(mac(key, signing_input, alg))


def claims(project="shop", object_id="api", type_="service", now=None, ttl=86400, **extra) -> dict:
    now = int(time.time()) if now is None else now
    body = {"projectId": project, "nfObjectId": object_id, "nfObjectType": type_,
            "iat": now, "exp": now + ttl}
    body.update(extra)
    return {name: value for name, value in body.items() if value is not ...}


def token(key=KEY, alg="HS256", header=None, **claim) -> str:
    """A token as Northflank signs it; `name=...` (an Ellipsis) leaves a claim out."""
    return compact({"alg": alg, "typ": "JWT", **(header or {})}, claims(**claim), key, alg)
