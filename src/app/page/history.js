// What counters did: samples, rates between two of them, and quantiles of histograms. Bounded: what
// is older than KEPT_SECONDS is let go. Pure; knows no page.

export const KEPT_SECONDS = 600;
export const WINDOW_SECONDS = 30;  // over which quantiles are taken: long enough to be calm

// As Prometheus' histogram_quantile: `counts` of each bucket, not cumulative, the one of +Inf last.
// Linear within a bucket; beyond the last bound, that bound.
export function quantile(q, bounds, counts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (!(total > 0) || bounds.length === 0) return NaN;
  const rank = q * total;
  let below = 0;
  let n = 0;
  while (n < counts.length - 1 && below + counts[n] < rank) below += counts[n++];
  if (n === counts.length - 1) return bounds[bounds.length - 1];
  if (n === 0 && bounds[0] <= 0) return bounds[0];
  const start = n === 0 ? 0 : bounds[n - 1];
  return start + (bounds[n] - start) * ((rank - below) / counts[n]);
}

// b - a, where both are numbers, arrays or objects of them of the same shape.
export function difference(b, a) {
  if (typeof b === 'number') return b - a;
  if (Array.isArray(b)) return b.map((value, n) => difference(value, a[n]));
  return Object.fromEntries(Object.keys(b).map((key) => [key, difference(b[key], a[key] ?? 0)]));
}

function fell(change) {
  if (typeof change === 'number') return change < 0;
  return Object.values(change).some(fell);
}

// Samples of one set of counters. `at` is the program's own uptime: it never steps, and two answers
// of one moment have the same.
export class Counters {
  constructor() {
    this.samples = [];
  }

  // True when it is a new moment. A program that was started anew begins a new history.
  add(at, values) {
    const last = this.samples[this.samples.length - 1];
    if (last && at === last.at) return false;
    if (last && (at < last.at || !sameShape(values, last.values) || fell(difference(values, last.values)))) {
      this.samples = [];
    }
    this.samples.push({at, values});
    while (this.samples.length > 2 && this.samples[0].at < at - 2 * WINDOW_SECONDS) this.samples.shift();
    return true;
  }

  // What happened between the latest sample and the one before it (or the latest that is at least
  // `window` seconds older, or the oldest): {seconds, change}; null while there is but one.
  since(window = 0) {
    const last = this.samples.length - 1;
    if (last < 1) return null;
    let from = last - 1;
    while (from > 0 && this.samples[last].at - this.samples[from].at < window) --from;
    const seconds = this.samples[last].at - this.samples[from].at;
    return {seconds, change: difference(this.samples[last].values, this.samples[from].values)};
  }
}

function sameShape(a, b) {
  if (typeof a !== 'object' || typeof b !== 'object') return typeof a === typeof b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && sameShape(a[key], b[key]));
}

// Columns of a chart over time: [[time…], [value…], …]; null is a gap.
export class Columns {
  constructor(count) {
    this.data = Array.from({length: count + 1}, () => []);
  }

  add(time, values) {
    this.data[0].push(time);
    values.forEach((value, n) => this.data[n + 1].push(Number.isFinite(value) ? value : null));
    while (this.data[0][0] < time - KEPT_SECONDS) this.data.forEach((column) => column.shift());
  }

  // Nothing is known of the time between: the lines break here.
  gap(time) {
    if (this.data[0].length > 0) this.add(time, this.data.slice(1).map(() => null));
  }
}
