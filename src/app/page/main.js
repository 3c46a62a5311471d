// The status page: asks the API every two seconds, hands the answers to charts and tables, and says
// when the program stops answering. All addresses are relative, so that a proxy may add a prefix.
import {Chart} from './charts.js';
import {byId, element, setText} from './dom.js';
import {Explain} from './explain.js';
import {NONE, bytes, percent, rate, seconds, span, whole} from './format.js';
import {Counters, WINDOW_SECONDS, quantile} from './history.js';
import {Rules, Series, Sources, Unmatched} from './tables.js';

const EVERY_MS = 2000;
const TIMEOUT_MS = 5000;
const STALE_MS = 6000;
const OUTCOMES = ['matched', 'unmatched', 'rejected', 'dropped', 'duplicate', 'oversized'];
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'];
const QUANTILES = [0.5, 0.9, 0.99];

// Seconds of Unix time by a clock that does not step while the page is open.
const now = () => (performance.timeOrigin + performance.now()) / 1000;

async function get(name) {
  const response = await fetch('api/v1/' + name, {signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store'});
  if (!response.ok) throw new Error('the program answered ' + response.status);
  return response.json();
}

function quantileSeries() {
  return [
    {name: 'p50', colour: 'q50', always: true},
    {name: 'p90', colour: 'q90', always: true, dash: [6, 3]},
    {name: 'p99', colour: 'q99', always: true, dash: [2, 3]},
  ];
}

class Tiles {
  constructor(names) {
    this.values = new Map();
    for (const [name, title] of names) {
      const value = element('dd', {}, NONE);
      const detail = element('dd', {class: 'faint'});
      this.values.set(name, {value, detail, tile: element('div', {title}, element('dt', {}, name), value, detail)});
      byId('tiles').append(this.values.get(name).tile);
    }
  }

  set(name, value, detail = '', alarm = false) {
    const tile = this.values.get(name);
    setText(tile.value, value);
    setText(tile.detail, detail);
    tile.tile.classList.toggle('alarm', alarm);
  }
}

class Page {
  constructor() {
    const place = byId('charts');
    this.lines = new Chart(place, 'Lines per second', OUTCOMES.map((name) => (
      {name, colour: name, always: name === 'matched', dash: name === 'unmatched' ? [6, 3] : null})), rate);
    this.requests = new Chart(place, 'Requests per second by status', CLASSES.map((name) => (
      {name, colour: 's' + name, always: name === '2xx', dash: {'4xx': [6, 3], '5xx': [2, 3]}[name]})), rate);
    this.sizes = new Chart(place, 'Response size', quantileSeries(), bytes);
    this.durations = new Chart(place, 'Duration', quantileSeries(), seconds);
    this.charts = [this.lines, this.requests, this.sizes, this.durations];
    this.tiles = new Tiles([
      ['Lines', 'Lines read a second, and in all'],
      ['Matched', 'Share of the lines that some rule matched, in the last half minute'],
      ['Requests', 'Requests a second, and the share of answers 5xx, in the last half minute'],
      ['Duration', 'The 99th percentile of the durations of the last half minute'],
      ['Behind', 'How long ago the oldest byte was written that is not read yet, of any source'],
      ['Written', 'Bytes of records written'],
      ['Memory', 'Resident memory, and the share of one core'],
      ['Up', 'Since when this page\'s program runs'],
    ]);
    this.sources = new Sources();
    this.rules = new Rules();
    this.series = new Series();
    const explain = new Explain();
    this.unmatched = new Unmatched((line) => explain.show(line));
    this.status = new Counters();
    this.traffic = new Counters();
    this.answered = 0;
    this.stale = false;
  }

  // One round: everything is asked for, and shown if everything came.
  async round() {
    try {
      const names = ['status', 'traffic', 'sources', 'rules', 'cardinality', 'unmatched'];
      const [status, traffic, sources, rules, cardinality, unmatched] = await Promise.all(names.map(get));
      const gap = this.stale;
      this.answered = performance.now();
      this.say(status.ready ? 'live' : 'starting', status.ready ? 'live' : 'not reading: it starts or stops');
      this.showStatus(status, sources, gap);
      this.showTraffic(traffic, gap);
      this.sources.show(sources);
      this.rules.show(rules, status.now_ms);
      this.series.show(cardinality);
      this.unmatched.show(unmatched, status.now_ms);
    } catch (error) {
      // One that is late may still come; then nothing was wrong.
      const own = error instanceof TypeError || error.name === 'TimeoutError' ? 'no answer' : error.message;
      if (this.answered === 0) this.say('stale', own);
      else if (performance.now() - this.answered > STALE_MS) this.say('stale', own + ': these figures are old');
    }
  }

  say(state, text) {
    const place = byId('state');
    place.dataset.state = state;
    this.stale = state === 'stale';
    document.body.classList.toggle('stale', this.stale);
    setText(byId('state-text'), text);
  }

  showStatus(status, sources, gap) {
    setText(byId('version'), status.version);
    const values = {read: status.lines.read, outcomes: status.lines.outcomes, bytes: status.output.bytes,
      cpu: status.process.cpu_seconds ?? 0};
    const fresh = this.status.add(status.uptime_seconds, values);
    const empty = byId('empty');
    empty.hidden = status.lines.read > 0;
    setText(empty, status.lines.read > 0 ? '' : 'No lines yet. ' + (status.sources > 0
      ? 'The sources below are watched; this page moves when something is written to them.'
      : 'No file is there that was named: the program’s own log says what it waits for. Or pipe a server’s log into it.'));
    const last = this.status.since();
    const calm = this.status.since(WINDOW_SECONDS);
    if (fresh && last) {
      const time = now();
      if (gap) this.lines.gap(time - EVERY_MS / 1000);
      this.lines.add(time, OUTCOMES.map((name) => last.change.outcomes[name] / last.seconds));
    }
    const outcomes = calm ? calm.change.outcomes : status.lines.outcomes;
    const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
    this.tiles.set('Lines', last ? rate(last.change.read / last.seconds) : NONE, whole(status.lines.read) + ' in all');
    this.tiles.set('Matched', percent(outcomes.matched, all), whole(status.lines.outcomes.unmatched) + ' unmatched');
    const behind = sources.sources.filter((source) => source.following).map((source) => source.following);
    const lag = Math.max(0, ...behind.map((one) => one.lag_seconds));
    this.tiles.set('Behind', behind.length ? span(lag) : NONE,
      behind.length ? bytes(behind.reduce((sum, one) => sum + one.lag_bytes, 0)) + ' not read' : 'nothing is followed', lag > 30);
    const trouble = status.output.paused ? 'paused: it cannot be written'
      : status.output.dropped_records > 0 ? whole(status.output.dropped_records) + ' records dropped'
        : status.state && status.state.write_errors > 0 ? 'the state could not be saved ' + whole(status.state.write_errors) + ' times' : '';
    this.tiles.set('Written', last ? bytes(last.change.bytes / last.seconds) + '/s' : NONE,
      trouble || bytes(status.output.bytes) + ' in all', trouble !== '');
    this.tiles.set('Memory', bytes(status.process.memory_bytes ?? NaN),
      calm ? percent(calm.change.cpu, calm.seconds) + ' of a core' : '');
    this.tiles.set('Up', span(status.uptime_seconds), status.state ? 'state ' + whole(status.state.generation) + ' saved' : 'no state is kept');
  }

  showTraffic(traffic, gap) {
    const values = {
      classes: traffic.requests ? traffic.requests.by_class : {},
      size: traffic.size_bytes ? traffic.size_bytes.counts : [],
      duration: traffic.duration_seconds ? traffic.duration_seconds.counts : [],
    };
    const fresh = this.traffic.add(traffic.uptime_seconds, values);
    const last = this.traffic.since();
    const calm = this.traffic.since(WINDOW_SECONDS);
    const time = now();
    if (gap && fresh) [this.requests, this.sizes, this.durations].forEach((chart) => chart.gap(time - EVERY_MS / 1000));
    setText(this.requests.subtitle, traffic.requests ? traffic.requests.metric : '');
    if (!traffic.requests) this.requests.say('No metric of the active rules counts requests with a label for their status.');
    else if (fresh && last) this.requests.add(time, CLASSES.map((name) => last.change.classes[name] / last.seconds));
    this.quantiles(this.sizes, traffic.size_bytes, calm && calm.change.size, fresh, time,
      'No metric of the active rules is a histogram of sizes in bytes.', 'No size has been observed yet.');
    const slow = this.quantiles(this.durations, traffic.duration_seconds, calm && calm.change.duration, fresh, time,
      'No metric of the active rules is a histogram of durations.',
      'No duration has been observed yet. Let the server log it: %(D)s or %(L)s at the end of gunicorn’s access format, $request_time in nginx’s.');
    this.tiles.set('Duration', seconds(slow), 'p99 over ' + WINDOW_SECONDS + ' s');
    if (!calm || !traffic.requests) return this.tiles.set('Requests', NONE);
    const all = Object.values(calm.change.classes).reduce((sum, count) => sum + count, 0);
    const failed = calm.change.classes['5xx'];
    this.tiles.set('Requests', rate(all / calm.seconds), percent(failed, all) + ' of them 5xx', all > 0 && failed / all > 0.05);
  }

  // Draws the quantiles of what was observed in the window; the highest of them.
  quantiles(chart, histogram, change, fresh, time, missing, unseen) {
    setText(chart.subtitle, histogram ? histogram.metric + ', over ' + WINDOW_SECONDS + ' s' : '');
    if (!histogram) {
      chart.say(missing);
      return NaN;
    }
    if (histogram.counts.every((count) => count === 0)) {
      chart.say(unseen);
      return NaN;
    }
    const values = QUANTILES.map((q) => (change ? quantile(q, histogram.bounds, change) : NaN));
    if (fresh && change) chart.add(time, values);
    return values[values.length - 1];
  }
}

function chooseTheme(page) {
  const select = byId('theme');
  select.value = document.documentElement.dataset.theme || 'auto';
  const restyle = () => page.charts.forEach((chart) => chart.restyle());
  select.addEventListener('change', () => {
    if (select.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = select.value;
    try {
      localStorage.setItem('parshall-theme', select.value);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
    restyle();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', restyle);
}

const page = new Page();
chooseTheme(page);
(async function () {
  for (;;) {
    await page.round();
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
})();
