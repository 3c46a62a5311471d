"""A real Prometheus (Debian's package) of a test's own, on a free port of loopback."""
import json
import subprocess
import time
import urllib.parse
import urllib.request

import parshall


class Prometheus:
    """Scrapes one target every second, evaluates `rules` (rule files); ended by its own id."""

    def __init__(self, folder, target, job="parshall", rules=(), features="exemplar-storage,native-histograms"):
        self.port = parshall.free_port()
        config = folder / "prometheus.yml"
        # JSON is YAML.
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [target]}]}]}), encoding="utf-8")
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}", f"--enable-feature={features}"],
            stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()

    def get(self, path, **params):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(params)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def wait(self, what, deadline_s=40):
        """The first answer of what() that is not empty."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            assert self.process.poll() is None, open(self.log.name).read()[-2000:]
            try:
                if answer := what():
                    return answer
            except OSError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"nothing in {deadline_s} s: {open(self.log.name).read()[-2000:]}")

    def values(self, query):
        """{label values but for those of the target: value} of an instant query."""
        rows = self.wait(lambda: self.get("query", query=query)["result"])
        own = ("__name__", "instance", "job")
        return {tuple(v for k, v in sorted(r["metric"].items()) if k not in own): float(r["value"][1]) for r in rows}
