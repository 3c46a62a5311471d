"""The status page in a real Chromium: it moves, it says what is wrong, and log text stays text."""
import gzip
import io
import json
import re
import socket
import subprocess
import threading

import pytest

import parshall
from browser import Browser

PAGE_BYTES_MAX = 150_000
LINE = '192.0.2.%d - - [21/Nov/2026:09:32:30 +0000] "GET /%d HTTP/1.1" %d %d "-" "%s" %d\n'
HOSTILE = '<script>window.stolen = 1; document.title = "stolen"</script><img src=x onerror="window.stolen = 1">'


class Load:
    """Writes access lines to a file as long as it is open: 100 a second, of every status class, some unmatched."""

    def __init__(self, path):
        self.path = path
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._write)

    def __enter__(self):
        self.thread.start()
        return self

    def _write(self):
        n = 0
        with open(self.path, "a", buffering=1, encoding="utf-8") as log:
            while not self.stop.wait(0.05):
                for _ in range(5):
                    n += 1
                    log.write(LINE % (n % 250, n % 50, (200, 200, 301, 404, 503)[n % 5], 100 * (n % 90), HOSTILE, 1000 * (n % 80)))
                log.write(f"worker {n} {HOSTILE} is slow\n")

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


@pytest.fixture
def live(tmp_path):
    log = tmp_path / "access.log"
    log.touch()
    with parshall.Live(log, "--output", "none") as running:
        running.log = log
        yield running


def open_page(browser, live, path="/"):
    browser.run(f"await page.goto('http://{live.address}{path}'); "
                "await page.waitForSelector('#state[data-state=live]')")


def clean(browser):
    """No error on the console, nothing asked of anybody else, nothing refused."""
    seen = browser.run("return seen")
    assert seen["errors"] == [] and seen["elsewhere"] == [] and seen["refused"] == [], seen


def origin(live):
    return f"http://{live.address}"


def rate_of(text):
    number, unit = re.match(r"([\d.]+) ?([kM]?)", text).groups()
    return float(number) * {"": 1, "k": 1e3, "M": 1e6}[unit]


def test_charts_move_under_load(live):
    with Browser(origin(live)) as browser, Load(live.log):
        open_page(browser, live)
        browser.run("""await page.waitForFunction(() => document.querySelectorAll('#charts canvas').length === 4, null, {timeout: 40000})""")
        legend = "return page.$$eval('#charts figure', (all) => all.map((one) => one.querySelector('.canvas').getAttribute('aria-label')))"
        lines, requests, size, duration = browser.run(legend)
        # 100 requests and 20 unmatched lines a second were meant; a busy machine writes fewer, and they are counted in
        # the same proportion.
        said = dict(re.findall(r"(\w+) ([\d.]+)/s", lines + ", " + requests))
        assert 0 < rate_of(said["unmatched"]) < rate_of(said["matched"]) < 200, lines
        assert {"2xx", "3xx", "4xx", "5xx"} <= set(said), requests
        # Sizes are 0 to 8.9 kB in even steps, durations 0 to 79 ms: linear within the buckets.
        half, ninety, most = map(float, re.search(r"p50 ([\d.]+) kB, p90 ([\d.]+) kB, p99 ([\d.]+) kB", size).groups())
        assert 2.5 < half < 6 < ninety < 10 and ninety < most <= 10, size
        assert re.search(r"p50 (2|3|4|5)[\d.]* ms, p90 [\d.]+ ms, p99 [\d.]+ ms", duration), duration
        pixels = "return page.$$eval('#charts canvas', (all) => all.map((one) => one.toDataURL()))"
        first = browser.run(pixels)
        browser.run("""const before = await page.$eval('#tiles', (one) => one.textContent);
            await page.waitForFunction((before) => document.querySelector('#tiles').textContent !== before, before)""")
        browser.run(f"const first = {json.dumps(first)};" """
            await page.waitForFunction((first) => [...document.querySelectorAll('#charts canvas')].every((one, n) => one.toDataURL() !== first[n]),
                                       first, {timeout: 40000})""")
        # What the tables say agrees with /metrics, once nothing comes any more.
        clean(browser)
    with Browser(origin(live)) as browser:
        open_page(browser, live)
        samples = live.scrape()
        wanted = f"{int(samples.total('parshall_lines_read_total')):,}"
        browser.run(f"""await page.waitForFunction((wanted) => document.querySelector('#sources-table tbody tr').textContent.includes(wanted), '{wanted}')""")
        cells = browser.run("""return page.$$eval('#rules-table tbody tr', (rows) =>
            rows.map((row) => [...row.children].map((cell) => cell.textContent)))""")
        access = next(row for row in cells if row[0] == "access")
        assert access[2] == f"{int(samples.total('parshall_rule_matches_total', rule='access')):,}"
        series = browser.run("return page.textContent('#series-table')")
        assert "http_requests_total" in series and "status 4 of 1,000" in series


def test_log_text_stays_text(live):
    live.log.write_text(LINE % (1, 1, 200, 5, HOSTILE, 9) + f"{HOSTILE} odd\n")
    with Browser(origin(live)) as browser:
        open_page(browser, live)
        browser.run("await page.click('#unmatched-table button'); await page.waitForSelector('#explained article h3.bad')")
        assert HOSTILE in browser.run("return page.textContent('#unmatched-table')")
        browser.run(f"""await page.fill('#explain-text', {json.dumps(LINE % (1, 1, 200, 5, HOSTILE.replace('"', "'"), 9))});
            await page.click('#explain-form button'); await page.waitForSelector('#explained article h3.good')""")
        assert "<script>" in browser.run("return page.textContent('#explained .fields')")
        assert browser.run("return page.evaluate(() => [window.stolen ?? null, document.title, document.querySelectorAll('main script, main img').length])") == [None, "parshall", 0]
        clean(browser)


def test_the_policy_refuses_inline_code_and_markup(live):
    with Browser(origin(live)) as browser:
        # The page with the headers that it is sent with, and with code that an attacker got into its text.
        browser.run("""await page.route('**/', async (route) => {
            const response = await route.fetch();
            const body = (await response.text()).replace('</main>', `</main><script>window.ran = 1</script>
                <button id="trap" onclick="window.ran = 2">x</button><b id="painted" style="color: rgb(1, 2, 3)">x</b>`);
            await route.fulfill({response, body});
        })""")
        open_page(browser, live)
        browser.run("await page.click('#trap')")
        assert browser.run("return page.evaluate(() => window.ran ?? null)") is None
        assert browser.run("return page.$eval('#painted', (one) => getComputedStyle(one).color)") != "rgb(1, 2, 3)"
        refused = " ".join(browser.run("return seen.errors"))
        assert "inline script" in refused and "inline event handler" in refused and "inline style" in refused
        # Our own code could not make markup of a text either, nor send it anywhere.
        assert browser.run("""return page.evaluate(() => {
            try { document.body.innerHTML += '<b>x</b>'; } catch (error) { return error.name; }
        })""") == "TypeError"
        assert browser.run("return page.evaluate(() => fetch('http://127.0.0.1:1/').then(() => 'sent', (error) => error.name))") == "TypeError"
        assert "violates" in browser.run("return seen.errors.pop()")


def test_a_pasted_line_is_explained_and_counts_nothing(live):
    before = live.scrape()
    with Browser(origin(live)) as browser:
        open_page(browser, live)
        browser.run("await page.click('#explain-form button')")
        assert browser.run("return page.textContent('#explain-said')") == "Paste a line first."
        text = LINE % (1, 7, 200, 512, "curl", 1500) + "what is this?\n"
        browser.run(f"await page.fill('#explain-text', {json.dumps(text)}); await page.press('#explain-text', 'Control+Enter');"
                    "await page.waitForFunction(() => document.querySelectorAll('#explained article').length === 2)")
        first, second = browser.run("return page.$$eval('#explained article', (all) => all.map((one) => one.textContent))")
        assert "matched by access" in first and 'http_requests_total{method="GET",status="200"} +1' in first
        assert "no rule matched" in second and "Nearest" in second
        browser.run("await page.fill('#explain-text', 'x\\n'.repeat(21)); await page.click('#explain-form button');"
                    "await page.waitForFunction(() => document.querySelector('#explain-said').textContent.includes('at most 20'))")
        seen = browser.run("return seen")
        assert [one.split()[0] for one in seen["refused"]] == ["400"] and not seen["elsewhere"]
    after = live.scrape()
    for name in ("parshall_lines_total", "http_requests_total", "parshall_rule_matches_total", "parshall_rule_misses_total"):
        assert before.total(name) == after.total(name) == 0


# Of the elements that must differ; WCAG asks for 4.5 between small text and what is behind it.
CONTRAST = """return page.evaluate(() => {
    const light = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number).map((one) => one / 255)
        .map((one) => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, n) => sum + one * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = (one) => { for (; one; one = one.parentElement) { const is = getComputedStyle(one).backgroundColor; if (!/, 0\\)$|transparent/.test(is)) return is; } return 'rgb(255,255,255)'; };
    let least = [21, ''];
    for (const one of document.querySelectorAll('body *')) {
        if (![...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) || one.checkVisibility() === false) continue;
        const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < least[0]) least = [ratio, one.outerHTML.slice(0, 80)];
    }
    return [least[0], least[1], light(getComputedStyle(document.body).backgroundColor)];
})"""


def test_both_colour_schemes_can_be_read(live):
    live.log.write_text(LINE % (1, 1, 200, 5, "a", 9) + "odd\n")
    grounds = {}
    for scheme in ("light", "dark"):
        with Browser(origin(live), colorScheme=scheme) as browser:
            open_page(browser, live)
            ratio, where, grounds[scheme] = browser.run(CONTRAST)
            assert ratio >= 4.5, (scheme, ratio, where)
            # The switch beats the system, and is remembered.
            other = {"light": "dark", "dark": "light"}[scheme]
            browser.run(f"await page.selectOption('#theme', '{other}')")
            ratio, where, switched = browser.run(CONTRAST)
            assert ratio >= 4.5, (other, ratio, where)
            assert (switched < 0.1) == (other == "dark")
            browser.run("await page.reload(); await page.waitForSelector('#state[data-state=live]')")
            assert browser.run(CONTRAST)[2] == switched
            assert browser.run("return page.inputValue('#theme')") == other
            clean(browser)
    assert grounds["dark"] < 0.1 < 0.8 < grounds["light"]


@pytest.mark.parametrize("width", [320, 375, 768])
def test_nothing_scrolls_sideways_on_a_phone(live, width):
    live.log.write_text(LINE % (1, 1, 200, 5, "a" * 300, 9) + "x" * 400 + " " + "y/" * 200 + "\n")
    with Browser(origin(live), viewport={"width": width, "height": 700}, isMobile=True, hasTouch=True) as browser:
        open_page(browser, live)
        browser.run("await page.click('#unmatched-table button'); await page.waitForSelector('#explained article')")
        wide = browser.run("""return page.evaluate(() => [document.documentElement.scrollWidth,
            [...document.querySelectorAll('main *')].filter((one) => !one.closest('.unseen, pre') && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))])""")
        assert wide == [width, []]


def test_every_control_has_a_name_and_is_reached_by_keyboard(live):
    live.log.write_text(LINE % (1, 1, 200, 5, "a", 9) + "odd\n")
    with Browser(origin(live)) as browser:
        open_page(browser, live)
        browser.run("await page.click('#unmatched-table button'); await page.waitForSelector('#explained article')")
        # The names as the browser's accessibility tree has them.
        nodes = browser.run("const session = await context.newCDPSession(page); return (await session.send('Accessibility.getFullAXTree')).nodes")
        controls = [node for node in nodes if not node.get("ignored") and node["role"]["value"] in
                    ("button", "link", "textbox", "combobox", "meter", "image", "img", "table", "region", "DisclosureTriangle")]
        assert {"button", "link", "textbox", "combobox", "meter", "table"} <= {node["role"]["value"] for node in controls}
        nameless = [node["role"]["value"] for node in controls if not node.get("name", {}).get("value", "").strip()]
        assert nameless == []
        reached = browser.run("""const reached = []; await page.evaluate(() => { scrollTo(0, 0); document.activeElement.blur(); });
            const wanted = await page.$$eval('a, button, select, textarea, summary', (all) => all.length);
            for (let n = 0; n < wanted + 5; ++n) {
                await page.keyboard.press('Tab');
                reached.push(await page.evaluate(() => { const one = document.activeElement; one.dataset.reached = 1; return one.tagName; }));
            }
            return page.$$eval('a, button, select, textarea, summary', (all) => all.filter((one) => !one.dataset.reached && one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80)))""")
        assert reached == []


def test_it_says_what_to_do_when_nothing_comes_and_when_nobody_answers(live):
    with Browser(origin(live)) as browser:
        open_page(browser, live)
        assert "No lines yet" in browser.run("return page.textContent('#empty')")
        assert "every line so far matched" in browser.run("return page.textContent('#unmatched-table')")
        live.process.kill()
        live.process.wait()
        browser.run("await page.waitForSelector('#state[data-state=stale]', {timeout: 30000})")
        assert "no answer" in browser.run("return page.textContent('#state')")
        # It comes back by itself, with the counts of the new process.
        live.log.write_text(LINE % (1, 1, 200, 5, "a", 9))
        again = subprocess.Popen([parshall.BINARY, live.log, "--output", "none", "--web.listen-address", live.address],
                                 stderr=subprocess.DEVNULL, env=parshall.environment())
        try:
            browser.run("await page.waitForSelector('#state[data-state=live]', {timeout: 30000}); await page.waitForSelector('#empty', {state: 'hidden'})")
        finally:
            again.kill()
            again.wait()


def test_it_works_below_a_proxys_prefix(live, tmp_path):
    live.log.write_text("odd\n")
    port = parshall.free_port()
    (tmp_path / "nginx.conf").write_text(f"""daemon off; pid {tmp_path}/nginx.pid; error_log stderr;
        events {{}} http {{ access_log off; client_body_temp_path {tmp_path}; proxy_temp_path {tmp_path}; fastcgi_temp_path {tmp_path};
        uwsgi_temp_path {tmp_path}; scgi_temp_path {tmp_path};
        server {{ listen 127.0.0.1:{port}; location /ops/parshall/ {{ proxy_pass http://{live.address}/; }} }} }}""")
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", tmp_path / "nginx.conf", "-p", tmp_path], stderr=subprocess.DEVNULL)
    try:
        parshall.wait_until(lambda: not _refused(port), "nginx listens")
        with Browser(f"http://127.0.0.1:{port}/ops/parshall/") as browser:
            browser.run(f"await page.goto('http://127.0.0.1:{port}/ops/parshall/'); await page.waitForSelector('#state[data-state=live]')")
            browser.run("await page.click('#unmatched-table button'); await page.waitForSelector('#explained article')")
            for name in ("metrics", "healthy", "ready"):
                status = browser.run(f"return (await context.request.get(await page.locator('footer a', {{hasText: /^{name}$/}}).evaluate((one) => one.href))).status()")
                assert status == 200, name
            clean(browser)
    finally:
        nginx.terminate()
        nginx.wait()


def _refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return False
    except OSError:
        return True


def page_files():
    """What the page loads, by its own words."""
    folder = parshall.ROOT / "src" / "app" / "page"
    named = set(re.findall(r"page/[\w.-]+", (folder / "index.html").read_text(encoding="utf-8")))
    return ["/"] + sorted({f"/{name}" for name in named} | {f"/page/{one.name}" for one in folder.glob("*.js")})


def test_it_is_small_kept_and_strict(live):
    total = 0
    for path in page_files():
        status, headers, body = live.get(path, {"Accept-Encoding": "gzip"})
        assert status == 200 and headers["Content-Encoding"] == "gzip", path
        total += len(body) + len(str(headers))
        plain = live.get(path)[2]
        assert gzip.GzipFile(fileobj=io.BytesIO(body)).read() == plain
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in headers
        # A second visit sends no file again.
        for known in (headers["ETag"], f'"other", {headers["ETag"]}', headers["ETag"].removeprefix("W/"), "*"):
            status, kept, body = live.get(path, {"If-None-Match": known})
            assert (status, body) == (304, b"") and kept["ETag"] == headers["ETag"], (path, known)
        assert live.get(path, {"If-None-Match": '"other"'})[0] == 200
        assert live.get(path, method="POST")[0] == 405
    assert total <= PAGE_BYTES_MAX, total
    assert "permission notice" in live.get("/page/uPlot-LICENSE.txt")[2].decode()


def test_the_history_is_bounded_and_begins_anew_with_the_program(tmp_path):
    script = """import assert from 'node:assert/strict';
        import {Columns, Counters} from %s;
        const columns = new Columns(2), counters = new Counters();
        for (let n = 0; n < 20000; ++n) {
            columns.add(n * 2, [n, NaN]);
            assert.equal(counters.add(n * 2, {read: n * 10, buckets: [n, 0]}), true);
        }
        assert.deepEqual(columns.data.map((one) => one.length), [301, 301, 301]);
        assert.equal(columns.data[2].every((one) => one === null), true);
        assert.ok(counters.samples.length <= 31, counters.samples.length);
        assert.deepEqual(counters.since(), {seconds: 2, change: {read: 10, buckets: [1, 0]}});
        assert.deepEqual(counters.since(30), {seconds: 30, change: {read: 150, buckets: [15, 0]}});
        // The same moment again is no sample.
        assert.equal(counters.add(39998, {read: 0, buckets: [0, 0]}), false);
        // Another process, fewer counts, or other buckets: nothing is known of the time before.
        for (const [at, values] of [[1, {read: 9e9, buckets: [9, 9]}], [99999, {read: 1, buckets: [0, 0]}], [99999, {read: 9e9, buckets: [9, 9, 9]}]]) {
            const other = new Counters();
            other.add(10, {read: 5, buckets: [1, 1]});
            other.add(12, {read: 7, buckets: [1, 1]});
            assert.equal(other.add(at, values), true);
            assert.equal(other.since(), null);
        }
        columns.gap(40000);
        assert.deepEqual(columns.data.slice(1).map((one) => one.at(-1)), [null, null]);
        """ % json.dumps((parshall.ROOT / "src/app/page/history.js").as_uri())
    (tmp_path / "ask.mjs").write_text(script)
    done = subprocess.run(["node", tmp_path / "ask.mjs"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_quantiles_are_those_of_prometheus(tmp_path):
    """histogram_quantile, asked of Prometheus' own code by promtool, for histograms made at random."""
    script = """import {quantile} from %s;
        let seed = 7; const random = () => (seed = (seed * 48271) %% 2147483647) / 2147483647;
        const rows = [];
        for (let n = 0; n < 200; ++n) {
            const bounds = [random() * (n %% 5 ? 1 : -1)];
            while (bounds.length < 1 + random() * 9) bounds.push(bounds[bounds.length - 1] + 0.01 + random() * 10);
            const counts = [...bounds, 0].map(() => random() < 0.4 ? 0 : Math.floor(random() * 1000));
            if (!counts.some((one) => one > 0)) counts[0] = 1;
            rows.push({bounds, counts, values: [0.01, 0.5, 0.9, 0.99, 1].map((q) => [q, quantile(q, bounds, counts)])});
        }
        console.log(JSON.stringify(rows));""" % json.dumps((parshall.ROOT / "src/app/page/history.js").as_uri())
    (tmp_path / "ask.mjs").write_text(script)
    done = subprocess.run(["node", tmp_path / "ask.mjs"], capture_output=True, text=True, timeout=60, check=True)
    series, tests = [], []
    for n, row in enumerate(json.loads(done.stdout)):
        total = 0
        for bound, count in zip([*row["bounds"], "+Inf"], row["counts"]):
            total += count
            series.append({"series": f'm_bucket{{n="{n}",le="{bound}"}}', "values": str(total)})
        for q, value in row["values"]:
            tests.append({"expr": f'histogram_quantile({q}, m_bucket{{n="{n}"}})', "eval_time": "0m",
                          "exp_samples": [{"labels": f'{{n="{n}"}}', "value": value}]})
    (tmp_path / "tests.yaml").write_text(json.dumps({"rule_files": [], "tests": [
        {"interval": "1m", "input_series": series, "promql_expr_test": tests}]}))
    done = subprocess.run(["promtool", "test", "rules", tmp_path / "tests.yaml"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.stdout + done.stderr)[:2000]
