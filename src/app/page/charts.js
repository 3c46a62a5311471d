// The charts: uPlot for the lines, a legend of our own for names and values, so that every figure
// stands there as text too.
import {element, setText} from './dom.js';
import {Columns, KEPT_SECONDS} from './history.js';
import {NONE} from './format.js';

const HEIGHT = 190;
const SPAN_LEAST_SECONDS = 60;
const two = (value) => String(value).padStart(2, '0');

function clock(seconds) {
  const time = new Date(seconds * 1000);
  return two(time.getHours()) + ':' + two(time.getMinutes()) + ':' + two(time.getSeconds());
}

// What stands beside a line of the grid: 75 kB, not 75.0 kB.
const brief = (text) => text.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');

// A colour of page.css, which knows both schemes.
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
}

export class Chart {
  // series: [{name, colour, dash, always}]; one that was 0 all the time is not drawn unless `always`.
  // `format` makes text of a value.
  constructor(place, title, series, format) {
    this.title = title;
    this.series = series;
    this.format = format;
    this.columns = new Columns(series.length);
    this.plot = null;
    this.hovered = null;
    this.seen = series.map((one) => Boolean(one.always));
    this.subtitle = element('span', {class: 'faint'});
    this.canvas = element('div', {class: 'canvas', role: 'img', 'aria-label': title});
    this.note = element('p', {class: 'note'});
    this.values = series.map(() => element('span', {class: 'value'}));
    this.entries = series.map((one, n) => element('li', {},
      element('span', {class: 'swatch swatch-' + one.colour + (one.dash ? (one.dash[0] > 3 ? ' dashed' : ' dotted') : ''), 'aria-hidden': 'true'}),
      element('span', {}, one.name), this.values[n]));
    this.legend = element('ul', {class: 'legend'}, ...this.entries);
    this.figure = element('figure', {}, element('figcaption', {}, element('b', {}, title), this.subtitle),
      this.canvas, this.legend, this.note);
    place.append(this.figure);
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    this.say('waiting for two samples');
  }

  // Why there is nothing to see; empty: there is.
  say(text) {
    setText(this.note, text);
    this.note.hidden = text === '';
    this.canvas.hidden = text !== '';
    this.legend.hidden = text !== '';
  }

  add(time, values) {
    this.columns.add(time, values);
    values.forEach((value, n) => {
      if (Number.isFinite(value) && value !== 0) this.seen[n] = true;
    });
    this.say('');
    this.draw();
  }

  gap(time) {
    this.columns.gap(time);
  }

  draw() {
    if (this.canvas.clientWidth === 0) return;
    if (!this.plot) this.make();
    this.seen.forEach((seen, n) => {
      this.entries[n].hidden = !seen;
      if (this.plot.series[n + 1].show !== seen) this.plot.setSeries(n + 1, {show: seen});
    });
    this.plot.setData(this.columns.data);
    this.showValues();
  }

  // After a change of the colour scheme.
  restyle() {
    if (!this.plot) return;
    this.plot.destroy();
    this.plot = null;
    this.draw();
  }

  resize() {
    const width = this.canvas.clientWidth;
    if (this.plot && width > 0 && width !== this.plot.width) this.plot.setSize({width, height: HEIGHT});
  }

  // The values under the cursor, or the latest.
  showValues() {
    const times = this.columns.data[0];
    const at = this.hovered !== null && this.hovered < times.length ? this.hovered : times.length - 1;
    const said = [];
    this.values.forEach((value, n) => {
      const known = this.columns.data[n + 1][at];
      const text = known === null || known === undefined ? NONE : this.format(known);
      setText(value, text);
      if (this.seen[n]) said.push(this.series[n].name + ' ' + text);
    });
    this.canvas.setAttribute('aria-label', this.title + ': ' + said.join(', '));
  }

  make() {
    const axis = {stroke: colour('faint'), font: '11px system-ui, sans-serif',
      grid: {stroke: colour('grid'), width: 1}, ticks: {show: false}};
    this.plot = new uPlot({
      width: this.canvas.clientWidth,
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: {show: false},
      cursor: {sync: {key: 'time'}, drag: {x: false, y: false}, points: {size: 6}, y: false},
      scales: {
        x: {time: true, range: (plot, least, most) => [Math.max(Math.min(least, most - SPAN_LEAST_SECONDS), most - KEPT_SECONDS), most]},
        y: {range: (plot, least, most) => [0, most > 0 ? most * 1.1 : 1]},
      },
      axes: [
        {...axis, size: 26, space: 80, values: (plot, splits) => splits.map(clock)},
        {...axis, size: 62, space: 34, values: (plot, splits) => splits.map((value) => brief(this.format(value)))},
      ],
      series: [{}, ...this.series.map((one, n) => ({
        label: one.name,
        stroke: colour(one.colour),
        width: 1.75,
        dash: one.dash || undefined,
        points: {show: false},
        spanGaps: false,
        show: this.seen[n],
      }))],
      hooks: {setCursor: [(plot) => {
        this.hovered = plot.cursor.idx ?? null;
        if (plot.cursor.left < 0) this.hovered = null;
        this.showValues();
      }]},
    }, this.columns.data, this.canvas);
  }
}
