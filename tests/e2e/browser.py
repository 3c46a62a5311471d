"""A real Chromium (Debian's), driven by tests/page/driver.mjs: run() takes the body of an async JavaScript function of
Playwright's `page`, of `seen` (what the page did by itself) and of `context`, and returns what that returns."""
import json
import select
import shutil
import subprocess

import parshall

FOLDER = parshall.ROOT / "tests" / "page"
DEADLINE_S = 60


class Browser:
    def __init__(self, origin, **context):
        chromium = shutil.which("chromium")
        assert chromium and (FOLDER / "node_modules").is_dir(), "scripts/setup --tests installs the browser and its driver"
        options = {"executable": chromium, "origin": origin, "context": context}
        self.process = subprocess.Popen(["node", FOLDER / "driver.mjs", json.dumps(options)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=parshall.environment())

    def __enter__(self):
        return self

    def run(self, js):
        self.process.stdin.write(json.dumps({"js": js}).encode() + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE_S)
        assert ready, f"the browser did not answer within {DEADLINE_S} s: {js}"
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
