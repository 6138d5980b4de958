"""The drivers of AWS Secrets Manager and Parameter Store against moto's server, which checks
signatures and policies; their signatures against botocore's; each place that keys come from."""
import datetime
import json
import random
import string

import pytest

from support.aws import REGION, Moto, Recorder, libraries
from support.store_probe import StoreProbe, digest, has_field

SECRETS, SSM = "aws-secretsmanager", "aws-ssm"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
NO_INSTANCE = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}
BINARY = bytes(range(256)) * 3


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    with Moto(tmp_path_factory.mktemp("moto")) as server:
        secrets, ssm = server.client("secretsmanager"), server.client("ssm")
        secrets.create_secret(Name="prod/db", SecretString=json.dumps({"password": "old"}))
        secrets.put_secret_value(
            SecretId="prod/db",
            SecretString='{"password": "CANARY-new", "port": 5432, "rate": 1.10}')
        secrets.create_secret(Name="prod/text", SecretString="zwei\nZeilen äöü")
        secrets.create_secret(Name="prod/binary", SecretBinary=BINARY)
        for value in ("one", "two", "three"):
            ssm.put_parameter(Name="/prod/db/password", Value=value, Type="SecureString",
                              Overwrite=True)
        for number in range(12):
            ssm.put_parameter(Name=f"/many/{number}", Value=f"value {number}", Type="String")
        yield server


def probe(moto, kind, env=KEYS, **settings):
    return StoreProbe(kind, env={**NO_INSTANCE, **env}, region=REGION, endpoint=moto.url,
                      **settings)


def test_a_secret_is_given_exactly(moto):
    with probe(moto, SECRETS) as store:
        answer = store.read("prod/db")
        assert has_field(answer, "password", "CANARY-new") and has_field(answer, "port", "5432")
        assert has_field(answer, "rate", "1.10")
        text = store.read("prod/text")
        assert text["sha256"] == digest("zwei\nZeilen äöü") and "fields" not in text
        binary = store.read("prod/binary")
        assert binary["sha256"] == digest(BINARY) and binary["bytes"] == len(BINARY)


def test_stages_and_versions_of_a_secret(moto):
    described = moto.client("secretsmanager").describe_secret(SecretId="prod/db")
    stages = {stage: version for version, names in described["VersionIdsToStages"].items()
              for stage in names}
    with probe(moto, SECRETS) as store:
        assert has_field(store.read("prod/db?stage=AWSPREVIOUS"), "password", "old")
        by_id = store.read("prod/db?version=" + stages["AWSCURRENT"])
        assert has_field(by_id, "password", "CANARY-new")
        assert has_field(store.read(described["ARN"]), "password", "CANARY-new")
        assert store.kind("prod/db?stage=NONE") == "missing"
        assert store.kind("prod/none") == "missing"
        assert store.kind("a name with spaces") != "ok"


def test_a_secret_marked_for_deletion_does_not_exist(moto):
    client = moto.client("secretsmanager")
    client.create_secret(Name="prod/going", SecretString="x")
    with probe(moto, SECRETS) as store:
        assert store.kind("prod/going") == "ok"
        client.delete_secret(SecretId="prod/going")
        assert store.kind("prod/going") == "missing"


def test_many_secrets_in_one_call_each_with_its_own_answer(moto):
    client = moto.client("secretsmanager")
    names = [f"batch/{number}" for number in range(25)]
    for name in names:
        client.create_secret(Name=name, SecretString="of " + name)
    wanted = [*names, "batch/none", "prod/db?stage=AWSPREVIOUS"]
    with probe(moto, SECRETS) as store:
        answers = dict(zip(wanted, store.read_many(*wanted)))
    for name in names:
        assert answers[name]["sha256"] == digest("of " + name)
    assert answers["batch/none"]["kind"] == "missing"
    assert "batch/none" in answers["batch/none"]["message"]
    assert has_field(answers["prod/db?stage=AWSPREVIOUS"], "password", "old")


def test_parameters_with_their_versions(moto):
    with probe(moto, SSM) as store:
        assert store.read("/prod/db/password")["sha256"] == digest("three")
        assert store.read("/prod/db/password?version=1")["sha256"] == digest("one")
        assert store.read("/prod/db/password:2")["sha256"] == digest("two")
        assert store.kind("/prod/db/password?version=9") == "missing"
        assert store.kind("/prod/none") == "missing"
        wanted = [f"/many/{number}" for number in range(12)]
        wanted += ["/prod/none", "/prod/db/password?version=1", "/prod/db/password"]
        answers = store.read_many(*wanted)
    assert [one["sha256"] for one in answers[:12]] == [digest(f"value {n}") for n in range(12)]
    assert answers[12]["kind"] == "missing" and "/prod/none" in answers[12]["message"]
    assert answers[13]["sha256"] == digest("one") and answers[14]["sha256"] == digest("three")


@pytest.fixture
def checked(moto):
    """moto with its checks on, and keys of a user who may read `prod/…` only."""
    iam = moto.client("iam")
    iam.create_user(UserName="reader")
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ssm:GetParameters"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue",
                                       "secretsmanager:DescribeSecret"], "Resource": "*"}]}
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(policy))
    made = iam.create_access_key(UserName="reader")["AccessKey"]
    moto.require_auth()
    try:
        yield {"AWS_ACCESS_KEY_ID": made["AccessKeyId"],
               "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
    finally:
        moto.trust_all()
    iam.delete_access_key(UserName="reader", AccessKeyId=made["AccessKeyId"])
    iam.delete_user_policy(UserName="reader", PolicyName="read")
    iam.delete_user(UserName="reader")


def test_signatures_and_policies_that_are_checked(moto, checked):
    for kind, good in ((SECRETS, "prod/db"), (SSM, "/prod/db/password")):
        with probe(moto, kind, checked) as store:
            assert store.kind(good) == "ok"
            assert "the environment" in store.check()["says"]
        wrong = {**checked, "AWS_SECRET_ACCESS_KEY": "wrong"}
        with probe(moto, kind, wrong) as store:
            answer = store.read(good)
            assert answer["kind"] == "login", answer
            assert store.check()["kind"] == "login"
        with probe(moto, kind, {**checked, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}) as store:
            assert store.kind(good) == "login"


def test_a_batch_that_is_not_allowed_is_read_one_by_one(moto, checked):
    with probe(moto, SECRETS, checked) as store:
        answers = store.read_many("prod/db", "prod/text", "prod/none")
    assert [one["kind"] for one in answers] == ["ok", "ok", "missing"]


def refused(name):
    return 400, {"__type": name, "Message": "CANARY"}


def test_keys_that_are_not_taken_are_read_anew_once(tmp_path):
    """A profile file that was rotated under us; the store refuses the old keys."""
    profile = tmp_path / "credentials"

    def keys(name):
        profile.write_text(f"[default]\naws_access_key_id = {name}\naws_secret_access_key = s\n")

    def answer(handler, _):
        if "Credential=NEW/" in handler.headers["Authorization"]:
            return 200, {"SecretString": "x"}
        return refused("ExpiredTokenException")

    keys("OLD")
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(profile)}
    with Recorder(answer) as store, probe(store, SECRETS, env) as reader:
        first = reader.read("a")
        assert first["kind"] == "login" and "CANARY" not in str(first)
        assert len(store.asked) == 2
        keys("NEW")
        assert reader.kind("a") == "ok"


@pytest.mark.parametrize("status, body, kind, calls", [
    (*refused("AccessDeniedException"), "denied", 2),
    (*refused("ResourceNotFoundException"), "missing", 1),
    (*refused("ThrottlingException"), "outage", 1),
    (*refused("InternalServiceError"), "outage", 1),
    (500, {"__type": "ResourceNotFoundException"}, "outage", 1),
    (404, b"<html>not here</html>", "outage", 1),
    (200, b'{"SecretString": "cut o', "outage", 1),
    (301, b"", "outage", 1),
])
def test_each_refusal_means_what_it_says(status, body, kind, calls):
    with Recorder(lambda *_: (status, body)) as store, probe(store, SECRETS) as reader:
        answer = reader.read("a")
        assert answer["kind"] == kind and "CANARY" not in str(answer)
        assert len(store.asked) == calls


def test_signatures_are_those_of_botocore():
    libraries()
    chance = random.Random(20261124)
    letters = string.ascii_letters + string.digits

    def word(count, more=""):
        return "".join(chance.choice(letters + more) for _ in range(count))

    for _ in range(12):
        key, secret, token = word(20), word(40, "+/"), word(chance.choice((0, 200)), "+/=")
        region = chance.choice(("us-east-1", "eu-west-1", "ap-southeast-2", "us-gov-west-1"))
        env = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
        kind, service = chance.choice(((SECRETS, "secretsmanager"), (SSM, "ssm")))
        with Recorder(lambda *_: refused("ResourceNotFoundException")) as store:
            settings = {"region": region, "endpoint": store.url}
            with StoreProbe(kind, env={**NO_INSTANCE, **env}, **settings) as reader:
                for _ in range(4):
                    reader.read("/" + word(chance.randrange(1, 60), "_.-/"))
            assert len(store.asked) == 4
            for asked in store.asked:
                assert signature_by_botocore(asked, store.url, key, secret, region, service) == \
                    asked[2]["Authorization"]


def signature_by_botocore(asked, url, key, secret, region, service):
    """What botocore signs for the same request at the same time."""
    from botocore import auth, awsrequest, credentials
    method, path, headers, body = asked
    headers = {name.lower(): value for name, value in headers.items()}
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    kept = {name: headers[name] for name in signed if name not in ("host", "x-amz-date")}
    assert signed == sorted(signed) and "x-amz-target" in signed
    assert ("x-amz-security-token" in signed) == ("x-amz-security-token" in headers)
    request = awsrequest.AWSRequest(method, url + path, kept, body)
    signer = auth.SigV4Auth(credentials.Credentials(key, secret), service, region)
    request.context["timestamp"] = headers["x-amz-date"]
    request.headers["X-Amz-Date"] = headers["x-amz-date"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    fields = ";".join(signed)
    return (f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={fields}, "
            f"Signature={signer.signature(text, request)}")


def in_future(seconds):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def keys_json(name, seconds=3600):
    return {"Code": "Success", "AccessKeyId": name, "SecretAccessKey": "s", "Token": "t",
            "Expiration": in_future(seconds)}


def key_used(store):
    return store.asked[-1][2]["Authorization"].split("Credential=")[1].split("/")[0]


def good_store():
    return Recorder(lambda *_: (200, {"SecretString": "x"}))


def test_keys_of_a_container(tmp_path):
    token = tmp_path / "token"
    token.write_text("CANARY-token\n")

    def answer(handler, _):
        good = handler.headers["Authorization"] == "CANARY-token"
        return (200, keys_json("CONTAINER")) if good else (403, {})

    with Recorder(answer) as place, good_store() as store:
        env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": place.url + "/keys",
               "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}
        with probe(store, SECRETS, env) as reader:
            assert reader.kind("a") == "ok" and reader.kind("b") == "ok"
            assert key_used(store) == "CONTAINER" and len(place.asked) == 1
            assert "container" in reader.check()["says"]
        del env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
        with probe(store, SECRETS, env) as reader:
            assert reader.kind("a") == "login"


def test_keys_near_their_end_are_got_ahead_and_serve_until_it():
    lives = iter((60, None, None))

    def answer(*_):
        seconds = next(lives)
        return (500, b"") if seconds is None else (200, keys_json("SHORT", seconds))

    with Recorder(answer) as place, good_store() as store:
        env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": place.url}
        with probe(store, SECRETS, env) as reader:
            for name in "abcd":
                assert reader.kind(name) == "ok"
        assert len(place.asked) == 1  # due ahead, but not at each call


def test_keys_of_an_instance_by_version_two_only():
    def answer(handler, _):
        if handler.command == "PUT" and handler.path == "/latest/api/token":
            return 200, b"session"
        if handler.headers["X-aws-ec2-metadata-token"] != "session":
            return 401, b""
        if handler.path.endswith("/security-credentials/"):
            return 200, b"the-role"
        return 200, keys_json("INSTANCE")

    with Recorder(answer) as place, good_store() as store:
        settings = {"region": REGION, "endpoint": store.url, "metadata_endpoint": place.url}
        with StoreProbe(SECRETS, env={"HOME": "/nonexistent"}, **settings) as reader:
            assert reader.kind("a") == "ok" and key_used(store) == "INSTANCE"
        assert [one[0] for one in place.asked] == ["PUT", "GET", "GET"]
        assert place.asked[2][1].endswith("/security-credentials/the-role")


def test_keys_of_a_web_identity(moto, tmp_path):
    token = tmp_path / "token"
    token.write_text("the.token.of-the-pod")
    env = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/app",
           "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}
    with probe(moto, SECRETS, env, sts_endpoint=moto.url) as reader:
        assert reader.kind("prod/db") == "ok"
        assert "web identity" in reader.check()["says"]
    with Recorder(lambda *_: (400, b"<E><Code>InvalidIdentityToken</Code></E>")) as place:
        with probe(moto, SECRETS, env, sts_endpoint=place.url) as reader:
            assert reader.kind("prod/db") == "login"
        assert b"the.token.of-the-pod" in place.asked[0][3]


def test_without_keys_it_says_where_it_looked():
    with good_store() as store, probe(store, SECRETS, {}) as reader:
        answer = reader.read("a")
    assert answer["kind"] == "login" and "profile" in answer["message"] and not store.asked


def test_a_store_that_is_gone_is_an_outage():
    with good_store() as store:
        pass
    with probe(store, SECRETS) as reader:
        assert reader.kind("a") == "outage"
        assert [one["kind"] for one in reader.read_many("a", "b")] == ["outage", "outage"]
