// The tables: sources, rules, series with their budgets, and lines that nothing matched.
import {LiveTable, byId, element, setText} from './dom.js';
import {NONE, bytes, percent, rate, seconds, short, span, whole} from './format.js';
import {Counters} from './history.js';

const RATE_WINDOW_SECONDS = 5;

// Rates of the counters of many rows.
class RowRates {
  constructor() {
    this.rows = new Map();
  }

  // The change a second of the row's `values` ({name: count}), or {} while it is not known.
  of(key, at, values) {
    if (!this.rows.has(key)) this.rows.set(key, new Counters());
    const counters = this.rows.get(key);
    counters.add(at, values);
    const since = counters.since(RATE_WINDOW_SECONDS);
    if (!since) return {};
    return Object.fromEntries(Object.entries(since.change).map(([name, change]) => [name, change / since.seconds]));
  }

  keep(keys) {
    const known = new Set(keys);
    for (const key of this.rows.keys()) if (!known.has(key)) this.rows.delete(key);
  }
}

export class Sources {
  constructor() {
    this.rates = new RowRates();
    this.table = new LiveTable(byId('sources-table'), 'Sources', [
      {name: 'Source'},
      {name: 'Lines/s', number: true},
      {name: 'Lines', number: true},
      {name: 'Unmatched', number: true},
      {name: 'Not read yet', number: true, title: 'Bytes of followed files that were not read yet'},
      {name: 'Behind', number: true, title: 'How long ago the oldest of these bytes was written'},
      {name: 'Files', number: true},
      {name: 'Rotations', number: true},
      {name: 'Lost', number: true, title: 'Bytes that were truncated or deleted before they could be read'},
    ], 'No source is there yet. Name a file that is written to (parshall /var/log/nginx/access.log), or pipe a server’s log into parshall.');
  }

  show(answer) {
    this.table.show(answer.sources.map((source) => {
      const {read} = this.rates.of(source.name, answer.uptime_seconds, {read: source.lines_read});
      const follow = source.following;
      return {
        key: source.name,
        alarm: follow && (follow.lag_seconds > 30 || follow.lost_bytes > 0),
        cells: [
          source.name, rate(read), whole(source.lines_read), whole(source.outcomes.unmatched),
          follow ? bytes(follow.lag_bytes) : NONE, follow ? span(follow.lag_seconds) : NONE,
          follow ? whole(follow.files) : NONE, follow ? whole(follow.rotations + follow.truncations) : NONE,
          follow ? bytes(follow.lost_bytes) : NONE,
        ],
      };
    }));
    this.rates.keep(answer.sources.map((source) => source.name));
  }
}

export class Rules {
  constructor() {
    this.rates = new RowRates();
    this.table = new LiveTable(byId('rules-table'), 'Rules', [
      {name: 'Rule'},
      {name: 'Matches/s', number: true},
      {name: 'Matches', number: true},
      {name: 'Misses', number: true, title: 'Lines that the rule was asked about and did not match'},
      {name: 'By plan', number: true, title: 'Matches that needed no regular expression'},
      {name: 'Cost a line', number: true, title: 'Time for each line that it was asked about, from a sample of the lines'},
      {name: 'Time', number: true, title: 'Time spent on the rule so far, estimated'},
      {name: 'Last match', number: true},
    ], 'No rule is active.');
  }

  show(answer, now_ms) {
    this.table.show(answer.rules.map((rule) => {
      const {matches} = this.rates.of(rule.name, answer.uptime_seconds, {matches: rule.matches});
      const asked = rule.matches + rule.misses;
      return {
        key: rule.name,
        idle: rule.matches === 0,
        cells: [
          rule.name, rate(matches), whole(rule.matches), whole(rule.misses),
          percent(rule.plan_matches, rule.matches), asked > 0 && rule.seconds > 0 ? seconds(rule.seconds / asked) : NONE,
          seconds(rule.seconds), rule.last_match_ms === null ? 'never' : ago(now_ms - rule.last_match_ms),
        ],
      };
    }));
    this.rates.keep(answer.rules.map((rule) => rule.name));
  }
}

const ago = (ms) => (ms < 2000 ? 'now' : span(ms / 1000) + ' ago');

// One label: how much of its limit is used, and what is beyond it.
function budget(label) {
  const use = label.limit > 0 ? label.values / label.limit : 0;
  const text = label.name + ' ' + whole(label.values) + ' of ' + whole(label.limit);
  const line = element('div', {class: 'budget'},
    element('meter', {min: 0, max: label.limit || 1, value: label.values, high: 0.8 * (label.limit || 1), 'aria-label': text}),
    element('span', {class: use >= 1 ? 'alarm-text' : null}, text));
  if (label.overflow > 0) {
    line.append(element('span', {class: 'alarm-text'}, short(label.overflow) + ' beyond it'));
    const top = label.top.map((one) => one.value + ' ' + percent(one.ratio, 1)).join(', ');
    if (top) line.append(element('span', {class: 'top'}, 'mostly ' + top));
  }
  return line;
}

export class Series {
  constructor() {
    this.shown = new Map();
    this.table = new LiveTable(byId('series-table'), 'Series', [
      {name: 'Metric'},
      {name: 'Series', number: true},
      {name: 'Refused', number: true, title: 'Observations that were refused because of their value'},
      {name: 'Labels: values used of the limit'},
    ], 'No metric is active. Metrics come with the rules: docs/RULES.md.');
  }

  show(answer) {
    setText(byId('series-sum'), whole(answer.series) + ' in all');
    const first = (metric) => Math.max(0, ...metric.labels.map((label) => label.overflow));
    const rows = [...answer.metrics].sort((a, b) => first(b) - first(a) || b.series - a.series || (a.name < b.name ? -1 : 1));
    this.table.show(rows.map((metric) => ({
      key: metric.name,
      alarm: first(metric) > 0,
      cells: [
        (cell) => {
          setText(cell, metric.name);
          cell.title = metric.help;
        },
        whole(metric.series), whole(metric.rejected),
        (cell) => {
          const text = JSON.stringify(metric.labels);
          if (this.shown.get(metric.name) === text) return;
          this.shown.set(metric.name, text);
          cell.replaceChildren(...(metric.labels.length ? metric.labels.map(budget) : [NONE]));
        },
      ],
    })));
  }
}

export class Unmatched {
  // `explain` is called with a line that shall be explained.
  constructor(explain) {
    this.explain = explain;
    this.samples = new Map();
    this.table = new LiveTable(byId('unmatched-table'), 'Lines that no rule matched', [
      {name: 'Shape and a sample'},
      {name: 'Lines', number: true},
      {name: 'Source'},
      {name: 'Last', number: true},
      {name: 'Why?'},
    ], 'None: every line so far matched a rule.');
  }

  show(answer, now_ms) {
    const rows = answer.shapes.map((shape) => ({
      key: shape.shape,
      cells: [
        (cell) => {
          if (this.samples.get(shape.shape) === shape.sample) return;
          this.samples.set(shape.shape, shape.sample);
          cell.replaceChildren(element('code', {class: 'shape'}, shape.shape), element('code', {class: 'sample'}, shape.sample));
        },
        whole(shape.lines), shape.source, ago(now_ms - shape.last_ms),
        (cell) => {
          if (cell.firstChild) return;
          const button = element('button', {type: 'button', 'aria-label': 'Explain the sample of ' + shape.shape}, 'Explain');
          button.addEventListener('click', () => this.explain(this.samples.get(shape.shape)));
          cell.append(button);
        },
      ],
    }));
    if (answer.other_lines > 0) {
      rows.push({key: '\0other', cells: ['other shapes', whole(answer.other_lines), NONE, NONE, NONE]});
    }
    this.table.show(rows);
  }
}
