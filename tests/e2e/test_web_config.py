"""--web.config.file: what exporter-toolkit's documentation promises, with curl and a real Prometheus as clients."""
import json
import socket
import subprocess
import time
import urllib.request

import pytest

import parshall
import web


@pytest.fixture
def pki(tmp_path):
    """A folder with an authority, a certificate of the server, a client's, a stranger's and an expired one."""
    web.certificate(tmp_path, "ca", san="DNS:ca.test")
    web.certificate(tmp_path, "server", issuer="ca")
    web.certificate(tmp_path, "client", san="DNS:client.test", issuer="ca")
    web.certificate(tmp_path, "stranger", san="DNS:client.test")
    web.certificate(tmp_path, "old", issuer="ca", days=-1)
    return tmp_path


TLS = {"cert_file": "server.crt", "key_file": "server.key"}


def config_in(folder, **config):
    path = folder / "web.yml"
    web.write(path, config)
    return path


def check(path):
    return parshall.run("check", "--web.config.file", path)


# What the toolkit's README and its own cases promise.

def test_wrong_password_is_401_over_tls(pki):
    users = {"anna": web.bcrypt("secret"), "ben": web.bcrypt("other", cost=10)}
    with web.Server(config_in(pki, tls_server_config=TLS, basic_auth_users=users), secure=True) as live:
        def status(*args, path="/metrics"):
            code, status, _ = web.curl(live.url + path, "--cacert", pki / "ca.crt", *args)
            assert code == 0
            return status

        assert status() == 401
        assert status("-u", "anna:wrong") == 401
        assert status("-u", "ben:secret") == 401
        assert status("-u", "nobody:secret") == 401
        assert status("-u", "anna:secret") == 200
        assert status("-u", "ben:other") == 200
        for path in ("/", "/-/healthy", "/-/ready", "/api/v1/unmatched", "/nothing"):
            assert status(path=path) == 401
        headers = subprocess.run(["curl", "-sSI", "--cacert", pki / "ca.crt", live.url], capture_output=True, timeout=30)
        assert b'WWW-Authenticate: Basic realm="parshall"' in headers.stdout
        assert web.curl(live.url + "/metrics", "-u", "anna:secret")[0] == 60  # the certificate is not trusted by itself


def test_a_client_without_certificate_is_refused(pki):
    tls = {**TLS, "client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.crt",
           "client_allowed_sans": ["client.test"]}
    with web.Server(config_in(pki, tls_server_config=tls), secure=True) as live:
        def ask(name=None):
            own = ["--cert", pki / f"{name}.crt", "--key", pki / f"{name}.key"] if name else []
            return web.curl(live.url + "/metrics", "--cacert", pki / "ca.crt", *own)[:2]

        assert ask("client") == (0, 200)
        for name in (None, "stranger", "old", "server"):  # the last one has another name
            assert ask(name)[0] in (35, 56), name
        assert ask("client") == (0, 200)
        text = web.curl(live.url + "/metrics", "--cacert", pki / "ca.crt", "--cert", pki / "client.crt", "--key",
                        pki / "client.key")[2].decode()
        assert parshall.Samples(text).total("parshall_http_tls_handshakes_failed_total") == 4


def test_an_expired_certificate_is_reported(pki):
    path = config_in(pki, tls_server_config={"cert_file": "old.crt", "key_file": "old.key"})
    done = check(path)
    assert done.code == 2 and f"{pki}/old.crt: the certificate expired on 20" in done.err
    with web.Server(path, secure=True) as live:
        assert "the certificate expired on" in live.err
        assert web.curl(live.url, "--cacert", pki / "ca.crt")[0] == 60


@pytest.mark.parametrize("version, served", [("1.0", False), ("1.1", False), ("1.2", True), ("1.3", True)])
def test_tls_versions(pki, version, served):
    with web.Server(config_in(pki, tls_server_config=TLS), secure=True) as live:
        code, status, _ = web.curl(live.url, "--cacert", pki / "ca.crt", "--tlsv" + version, "--tls-max", version,
                                   "--ciphers", "DEFAULT@SECLEVEL=0")
        assert (code, status) == ((0, 200) if served else (35, 0))


def test_inline_certificates(pki):
    tls = {"cert": (pki / "server.crt").read_text(), "key": (pki / "server.key").read_text()}
    with web.Server(config_in(pki, tls_server_config=tls), secure=True) as live:
        assert web.curl(live.url, "--cacert", pki / "ca.crt")[:2] == (0, 200)


BAD = {
    "unknown key": ("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  cert_flie: x\n",
                    "web.yml:4:3: tls_server_config has an unknown key \"cert_flie\""),
    "unknown section": ("basic_auth_usres: {}\n", 'web.yml:1:1: the web configuration has an unknown key "basic_auth_usres"'
                        ' (did you mean "basic_auth_users"?)'),
    "TLS 1.0": ("tls_server_config: {cert_file: server.crt, key_file: server.key, min_version: TLS10}\n",
                "web.yml:1:79: tls_server_config: min_version: TLS10 is not safe"),
    "no such version": ("tls_server_config: {cert_file: server.crt, key_file: server.key, min_version: TLS111}\n",
                        'min_version: cannot be "TLS111"'),
    "no key": ("tls_server_config:\n  cert_file: server.crt\n", "web.yml:2:3: tls_server_config needs `key_file:`"),
    "no certificate": ("tls_server_config:\n  key_file: server.key\n", "web.yml:2:3: tls_server_config needs `cert_file:`"),
    "missing key file": ("tls_server_config: {cert_file: server.crt, key_file: nothing}\n", "/nothing: there is no such file"),
    "another's key": ("tls_server_config: {cert_file: server.crt, key_file: client.key}\n",
                      "/client.key: this key does not belong to the certificate"),
    "no PEM": ("tls_server_config: {cert_file: web.yml, key_file: server.key}\n", "web.yml: there is no certificate in PEM"),
    "a folder": ("tls_server_config: {cert_file: ., key_file: server.key}\n", "this is no regular file"),
    "no such policy": ("tls_server_config: {cert_file: server.crt, key_file: server.key, client_auth_type: Require}\n",
                       'client_auth_type: cannot be "Require"'),
    "verify without authority": ("tls_server_config: {cert_file: server.crt, key_file: server.key,\n"
                                 "  client_auth_type: RequireAndVerifyClientCert}\n", "client_ca_file: must say who signed"),
    "authority without policy": ("tls_server_config: {cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt}\n",
                                 "client_auth_type: does not ask"),
    "names without policy": ("tls_server_config: {cert_file: server.crt, key_file: server.key, client_allowed_sans: [x]}\n",
                             "client_allowed_sans: needs client_auth_type"),
    "no such suite": ("tls_server_config: {cert_file: server.crt, key_file: server.key, cipher_suites: [TLS_RSA_NULL]}\n",
                      'there is no "TLS_RSA_NULL"'),
    "no such curve": ("tls_server_config: {cert_file: server.crt, key_file: server.key, curve_preferences: [CurveP257]}\n",
                      'there is no "CurveP257"'),
    "not bcrypt": ("basic_auth_users:\n  anna: secret\n", "web.yml:2:9: basic_auth_users: \"anna\": this is no bcrypt hash"),
    "a cost without end": ("basic_auth_users:\n  anna: $2y$31$" + "x" * 53 + "\n", "a bcrypt cost of 31 cannot be used"),
    "user twice": ("basic_auth_users:\n  anna: $2y$04$" + "x" * 53 + "\n  anna: x\n", "web.yml:3:3"),
    "no such header": ("http_server_config: {headers: {X-Powered-By: me}}\n", 'unknown key "X-Powered-By"'),
    "no such frame option": ("http_server_config: {headers: {X-Frame-Options: never}}\n", 'X-Frame-Options: cannot be "never"'),
    "no interval": ("rate_limit: {burst: 1}\n", "rate_limit needs `interval:`"),
    "no unit": ("rate_limit: {burst: 1, interval: 5}\n", "must be a time"),
    "no burst": ("rate_limit: {burst: 0, interval: 5s}\n", "burst: must be a whole number from 1"),
    "empty": ("", "web.yml"),
    "a list": ("- a\n", "the web configuration must be a mapping"),
    "no YAML": ("a: [b\n", "web.yml:"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_configuration_is_refused(pki, name):
    text, wanted = BAD[name]
    path = pki / "web.yml"
    path.write_text(text)
    for done in (check(path), parshall.run("--once", "/dev/null", "--web.config.file", path, "--web.listen-address",
                                           "127.0.0.1:0", "--output", "none")):
        assert done.code == 2, done
        assert wanted in done.err, done.err


def test_missing_file_is_refused(tmp_path):
    done = check(tmp_path / "nothing.yml")
    assert (done.code, "nothing.yml: there is no such file" in done.err) == (2, True), done.err


def test_check_tells_what_the_file_comes_to(pki):
    done = check(config_in(pki, tls_server_config=TLS, basic_auth_users={"anna": web.bcrypt("x")},
                           rate_limit={"burst": 5, "interval": "1s"}))
    assert done.code == 0 and f"{pki}/web.yml: TLS, 1 user, a rate limit\n".encode() in done.out
    done = check(config_in(pki, http_server_config={"http2": True}))
    assert done.code == 0 and "only HTTP/1.1 is served" in done.err and b"plain HTTP, no password" in done.out


def test_configuration_file_names_it_too(pki):
    users = config_in(pki, basic_auth_users={"anna": web.bcrypt("secret")})
    config = pki / "parshall.yaml"
    config.write_text(f"web:\n  config_file: {users}\n")
    assert f"{users}: plain HTTP, 1 user\n".encode() in parshall.run("check", "--config", config).out


# It is read anew when it changes.

def wait_status(url, wanted, *args):
    return parshall.wait_until(lambda: web.curl(url, *args)[:2] == (0, wanted), lambda: f"{url} gives {wanted}")


def test_changes_hold_at_once_and_a_broken_file_changes_nothing(pki):
    path = config_in(pki, basic_auth_users={"anna": web.bcrypt("secret")})
    with web.Server(path) as live:
        url = live.url + "/metrics"
        assert web.curl(url, "-u", "anna:secret")[1] == 200
        config_in(pki, basic_auth_users={"anna": web.bcrypt("changed")})
        assert web.curl(url, "-u", "anna:secret")[1] == 401
        assert web.curl(url, "-u", "anna:changed")[1] == 200
        assert "was read anew: plain HTTP, 1 user" in live.err
        for broken in ("basic_auth_users: [", "", "basic_auth_users: {anna: x}", "basic_auth_user: {}"):
            web.write(path, broken)
            assert web.curl(url)[1] == 401
            assert web.curl(url, "-u", "anna:changed")[1] == 200
        path.unlink()
        assert web.curl(url)[1] == 401
        assert live.err.count("the web configuration stays as it was") == 5, live.err
        assert "changed" not in live.err and "$2y$" not in live.err
        config_in(pki, basic_auth_users={})
        assert web.curl(url)[1] == 200


def test_a_new_certificate_is_shown_at_the_next_handshake(pki):
    with web.Server(config_in(pki, tls_server_config=TLS), secure=True) as live:
        def serial():
            shown = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{live.port}"], input=b"",
                                   capture_output=True, timeout=30).stdout
            return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, capture_output=True).stdout

        before = serial()
        web.certificate(pki, "next", issuer="ca")
        (pki / "next.crt").replace(pki / "server.crt")
        assert serial() == before  # the key is still the old one
        assert "this key does not belong to the certificate" in live.err
        (pki / "next.key").replace(pki / "server.key")
        assert serial() not in (before, b"")


def test_a_configmap_is_swapped_as_kubernetes_does(pki):
    for version, password in (("v1", "one"), ("v2", "two")):
        (pki / version).mkdir()
        config_in(pki / version, basic_auth_users={"anna": web.bcrypt(password)})
    (pki / "..data").symlink_to("v1")
    (pki / "web.yml").symlink_to("..data/web.yml")
    with web.Server(pki / "web.yml") as live:
        assert web.curl(live.url, "-u", "anna:one")[1] == 200
        (pki / "new").symlink_to("v2")
        (pki / "new").replace(pki / "..data")
        assert web.curl(live.url, "-u", "anna:one")[1] == 401
        assert web.curl(live.url, "-u", "anna:two")[1] == 200


# Limits, headers, and what is told.

def test_rate_limit_is_429(tmp_path):
    with web.Server(config_in(tmp_path, rate_limit={"interval": "1h", "burst": 3})) as live:
        statuses = [web.curl(live.url + "/metrics")[1] for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]


def test_headers(tmp_path):
    headers = {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=5", "X-XSS-Protection": ""}
    with web.Server(config_in(tmp_path, http_server_config={"headers": headers})) as live:
        _, got, _ = live.get("/metrics")
        assert (got["X-Frame-Options"], got["Strict-Transport-Security"], got["X-XSS-Protection"]) == ("deny", "max-age=5", None)


def test_a_dear_hash_does_not_stall_scrapes(tmp_path):
    """While one client guesses at a cost of 13, a scrape with a known password is quick."""
    users = {"slow": web.bcrypt("x", cost=13), "fast": web.bcrypt("y")}
    with web.Server(config_in(tmp_path, basic_auth_users=users)) as live:
        url = live.url + "/metrics"
        assert web.curl(url, "-u", "fast:y")[1] == 200
        guesses = [subprocess.Popen(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", f"slow:{n}", url],
                                    stdout=subprocess.PIPE) for n in range(8)]
        slowest, scrapes = 0, 0
        while any(guess.poll() is None for guess in guesses):
            began = time.monotonic()
            assert web.curl(url, "-u", "fast:y")[1] == 200
            slowest, scrapes = max(slowest, time.monotonic() - began), scrapes + 1
        assert {guess.stdout.read() for guess in guesses} <= {b"401", b"429"}
        assert scrapes >= 3 and slowest < (10 if parshall.SANITIZED else 1), (scrapes, slowest)


@pytest.mark.parametrize("host, config, warned", [
    ("127.0.0.1", None, False), ("", None, True), ("", {}, True), ("", {"basic_auth_users": {"a": web.bcrypt("x")}}, False)])
def test_an_open_door_is_warned_of_once(tmp_path, host, config, warned):
    extra = ["--web.config.file", config_in(tmp_path, **config)] if config is not None else []
    done = parshall.run("--once", "/dev/null", "--output", "none", "--web.listen-address", f"{host}:0", *extra)
    assert done.code == 0, done.err
    assert done.err.count("ask for a password with --web.config.file") == (1 if warned else 0), done.err


# Real clients.

def test_a_real_prometheus_scrapes_over_https_with_a_password(pki):
    users = {"prometheus": web.bcrypt("secret", cost=10)}
    with web.Server(config_in(pki, tls_server_config=TLS, basic_auth_users=users), secure=True) as live:
        port = parshall.free_port()
        (pki / "prometheus.yml").write_text(json.dumps({"scrape_configs": [{
            "job_name": "parshall", "scrape_interval": "1s", "scheme": "https",
            "tls_config": {"ca_file": str(pki / "ca.crt"), "server_name": "localhost"},
            "basic_auth": {"username": "prometheus", "password": "secret"},
            "static_configs": [{"targets": [live.address]}]}]}))
        with open(pki / "prometheus.log", "wb") as log:
            prometheus = subprocess.Popen(
                ["prometheus", f"--config.file={pki}/prometheus.yml", f"--storage.tsdb.path={pki}/tsdb",
                 f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        try:
            def up():
                try:
                    url = f"http://127.0.0.1:{port}/api/v1/query?query=up%7Bjob%3D%22parshall%22%7D"
                    with urllib.request.urlopen(url, timeout=5) as answer:
                        result = json.load(answer)["data"]["result"]
                except OSError:
                    return False
                return bool(result) and result[0]["value"][1] == "1"

            parshall.wait_until(up, lambda: (pki / "prometheus.log").read_text()[-2000:], 60)
        finally:
            prometheus.terminate()
            prometheus.wait(30)


def test_verify_and_explain_ask_over_https_with_a_password(pki):
    log = pki / "access.log"
    log.write_bytes(b'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "GET /a HTTP/1.1" 200 512 "-" "t"\n' * 7)
    users = {"anna": web.bcrypt("p@ss:w/rd")}
    with web.Server(config_in(pki, tls_server_config=TLS, basic_auth_users=users), log, secure=True) as live:
        url = f"https://anna:p%40ss%3Aw%2Frd@localhost:{live.port}"
        ca = ["--url.ca-file", pki / "ca.crt"]
        parshall.wait_until(lambda: parshall.run("verify", log, "--url", url, *ca).code == 0, "7 lines are claimed")
        assert b'"lines":0' in parshall.run("explain", "--unmatched", "--json", "--url", url, *ca).out
        wrong = parshall.run("verify", log, "--url", url.replace("anna", "carl"), *ca)
        assert (wrong.code, "the answer is 401" in wrong.err, "p%40ss" in wrong.err) == (1, True, False), wrong.err
        untrusted = parshall.run("verify", log, "--url", url)
        assert untrusted.code == 1 and "certificate verify failed" in untrusted.err
        config_in(pki, tls_server_config={"cert_file": "client.crt", "key_file": "client.key"})  # of another name
        other_name = parshall.run("verify", log, "--url", url, *ca)
        assert other_name.code == 1 and "certificate verify failed" in other_name.err


# parshall healthcheck

def healthcheck(*args, **env):
    done = parshall.run("healthcheck", *args, env=env)
    return done.code, done.out.decode(), done.err


def test_healthcheck(pki):
    nobody = f"127.0.0.1:{parshall.free_port()}"
    code, _, err = healthcheck("--url", f"http://{nobody}")
    assert code == 1 and err.count("\n") == 1 and "nobody answers" in err
    with parshall.Live("--output", "none", stdin=subprocess.PIPE) as live:
        assert healthcheck("--url", f"http://{live.address}") == (0, "healthy\n", "")
        assert healthcheck("--web.listen-address", f":{live.port}")[0] == 0
        assert healthcheck(PARSHALL_WEB_LISTEN_ADDRESS=f"0.0.0.0:{live.port}")[0] == 0


@pytest.mark.parametrize("more", [{}, {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.crt"}])
def test_healthcheck_needs_no_password_and_no_certificate(pki, more):
    path = config_in(pki, tls_server_config={**TLS, **more}, basic_auth_users={"anna": web.bcrypt("x")})
    with web.Server(path, secure=True) as live:
        assert healthcheck("--web.listen-address", live.address, "--web.config.file", path) == (0, "healthy\n", "")


def test_healthcheck_gives_up_after_three_seconds():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        code, _, err = healthcheck("--url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert code == 1 and "nobody answers" in err
        assert 2.5 < time.monotonic() - began < 10
