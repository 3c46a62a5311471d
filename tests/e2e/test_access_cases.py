"""Access lines of public test suites and of real servers give exactly the expected fields, each in a fresh process."""
import json

import pytest

import parshall
import score

pytestmark = pytest.mark.sanitized

CASES = [json.loads(line) for line in open(parshall.DATA / "access" / "cases.jsonl", encoding="utf-8")]
# Lines of format_variant are in formats of their own: they are read with --format, see below.
PROMISED = [case for case in CASES if case["class"] != "format_variant"]


def test_all_promised_cases_are_there():
    # 87 core, 106 server, 57 adversarial, 6 hostile_bytes, 3 reject.
    assert len(PROMISED) == 259


@pytest.mark.parametrize("case", PROMISED, ids=[case["id"] for case in PROMISED])
def test_access_case(case):
    done = parshall.run(*parshall.NO_WEB, stdin=score.case_input(case))
    why = score.judge(case, done.code, done.out)
    assert not why, f'{why}\nline: {case.get("input_lines") or case["input_line"]!r}\nrecord: {done.out!r}\n{done.err}'


# The formats that the servers of these lines had, as their configuration says it.
COMBINED = '[$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
# With the request in its parts: then there is no field `request`.
PARTS = '[$time_local] "$request_method $request_uri $server_protocol" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
INGRESS = (f"nginx:$remote_addr - $remote_user {COMBINED} $request_length $request_time [$proxy_upstream_name]"
           " [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time"
           " $upstream_status $req_id")
NPM = ('nginx:[$time_local] $host $remote_addr $request_time "$request_method $request_uri $server_protocol" $status'
       " $body_bytes_sent $request_length $http_referer $http_user_agent")
FORMATS = {
    "crowdsec-apache2-logs-apache2-logs-6": "apache:vhost_combined",
    "crowdsec-nginx_http-catch-npm-nginx-logs-0": NPM,
    "crowdsec-nginx_http-catch-npm-nginx-logs-1": NPM,
    "crowdsec-nginx_http-catch-npm-nginx-logs-3":
        NPM.replace("$request_method $request_uri $server_protocol", "$request"),
    "crowdsec-nginx_http-catch-npm-nginx-logs-4":
        'nginx:[$time_local] $status - $request_method $scheme $host "$request_uri" [Client $remote_addr]'
        ' [Length $body_bytes_sent] [Gzip $gzip_ratio] [Sent-to $server] "$http_user_agent" "$http_referer"',
    "crowdsec-nginx_http-logs-nginx-logs-4": f"nginx:$host $remote_addr - $remote_user {COMBINED}",
    "crowdsec-nginx_http-logs-nginx-logs-5": f"nginx:$host:$server_port $remote_addr - $remote_user {COMBINED}",
    "crowdsec-nginx_http-logs-nginx-logs-7": f"nginx:$remote_addr - {PARTS}",
    "crowdsec-spring4shell_cve-2022-22965-nginx-logs-0":
        f'nginx:$host $remote_addr - $remote_user {COMBINED} "$http_x_forwarded_for"',
    "mtail-apache-common-0": 'apache:%h %l %u %t "%r" %>s %b %D "%{Referer}i" "%{User-agent}i"',
    "mtail-apache-common-1": 'apache:%h %l %u %t "%r" %>s %b %D "%{Referer}i" "%{User-agent}i"',
    "vrl-nginx-ingress_nginx_upstreaminfo_valid_all_fields": INGRESS,
    "vrl-nginx-ingress_nginx_upstreaminfo_valid_empty_referer": INGRESS,
    "vrl-nginx-ingress_nginx_upstreaminfo_valid_without_optional_fields": INGRESS,
}
# Read by eye where the source says nothing of the line, and the fields that only these formats have.
MORE = {
    "mtail-apache-common-0": {"status": 304, "size": 0, "duration": 0.003551, "agent": "Mozilla/5.0", "path": "/prefix"},
    "mtail-apache-common-1": {"status": 200, "size": 1880, "duration": 0.00868, "referer": None, "path": "/docs/"},
    "vrl-nginx-ingress_nginx_upstreaminfo_valid_all_fields": {
        "request_length": 462, "duration": 0.05, "proxy_upstream_name": "some-upstream-service-9000",
        "proxy_alternative_upstream_name": "some-other-upstream-5000", "upstream_addr": "10.0.50.80:9000",
        "upstream_response_length": 19437, "upstream_response_time": 0.049, "upstream_tries": 1,
        "upstream_status": "200", "req_id": "752178adb17130b291aefd8c386279e7"},
    "vrl-nginx-ingress_nginx_upstreaminfo_valid_empty_referer": {
        "upstream_addr": None, "upstream_response_time": None, "upstream_tries": None, "upstream_status": None,
        "proxy_alternative_upstream_name": ""},
    "crowdsec-nginx_http-catch-npm-nginx-logs-0": {"duration": 0.227, "vhost": "mx.example.org", "request_length": 440},
    "crowdsec-nginx_http-catch-npm-nginx-logs-4": {"gzip_ratio": 1.2, "server": "192.168.1.50", "scheme": "https"},
}
VARIANTS = [case for case in CASES if case["class"] == "format_variant"]


def test_every_format_variant_has_its_format():
    assert len(VARIANTS) == 14
    assert {case["id"] for case in VARIANTS} == set(FORMATS)


@pytest.mark.parametrize("case", VARIANTS, ids=[case["id"] for case in VARIANTS])
def test_format_variant(case):
    expected = {**case["expected"], **MORE.get(case["id"], {})}
    done = parshall.run(*parshall.NO_WEB, "--format", FORMATS[case["id"]], stdin=score.case_input(case))
    why = score.judge({**case, "expected": expected}, done.code, done.out)
    assert not why, f'{why}\nline: {case["input_line"]!r}\nrecord: {done.out!r}\n{done.err}'
