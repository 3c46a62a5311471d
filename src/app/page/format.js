// Numbers, sizes and times for people. Nothing depends on the browser's language, so that two people
// read the same figures.

const GROUPS = /\B(?=(\d{3})+(?!\d))/g;
export const NONE = '–';

// 1234567 → 1,234,567
export function whole(value) {
  if (!Number.isFinite(value)) return NONE;
  return Math.round(value).toString().replace(GROUPS, ',');
}

// Three digits and a magnitude: 0.123, 12.3, 1.23 k, 45.6 M.
export function short(value, unit = '') {
  if (!Number.isFinite(value)) return NONE;
  const magnitudes = ['', 'k', 'M', 'G', 'T', 'P'];
  let size = Math.abs(value);
  let n = 0;
  while (size >= 999.5 && n + 1 < magnitudes.length) {
    size /= 1000;
    ++n;
  }
  const digits = size === 0 || size >= 99.95 || (n === 0 && Number.isInteger(size)) ? 0 : size >= 9.995 ? 1 : 2;
  const sign = value < 0 ? '-' : '';
  const tail = (magnitudes[n] + unit).trim();
  return sign + size.toFixed(digits) + (tail ? ' ' + tail : '');
}

export const bytes = (value) => short(value, 'B');
export const rate = (value) => (Number.isFinite(value) ? short(value) + '/s' : NONE);

// Seconds of a duration that may be tiny: 250 µs, 12.3 ms, 1.2 s.
export function seconds(value) {
  if (!Number.isFinite(value)) return NONE;
  for (const [unit, factor] of [['ns', 1e9], ['µs', 1e6], ['ms', 1e3]]) {
    if (value !== 0 && Math.abs(value) * factor < 999.5) return short(value * factor) + ' ' + unit;
  }
  return short(value) + ' s';
}

// Seconds of a span that may be long: 5 s, 3 min, 2 h, 4 d.
export function span(value) {
  if (!Number.isFinite(value)) return NONE;
  if (value < 1) return value === 0 ? '0 s' : seconds(value);
  if (value < 120) return Math.round(value) + ' s';
  if (value < 7200) return Math.round(value / 60) + ' min';
  if (value < 172800) return Math.round(value / 3600) + ' h';
  return Math.round(value / 86400) + ' d';
}

export function percent(part, all) {
  if (!(all > 0)) return NONE;
  const value = (100 * part) / all;
  // What is not all shall not look like all.
  if (value > 0 && value < 0.1) return '<0.1 %';
  if (value < 100 && value > 99.9) return '>99.9 %';
  return value.toFixed(value === 0 || value === 100 ? 0 : 1) + ' %';
}
