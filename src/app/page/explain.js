// The box in which a pasted line is explained: POST api/v1/explain, shown as text.
import {byId, element, setText} from './dom.js';
import {NONE, seconds} from './format.js';

const TIMEOUT_MS = 15000;

function list(name, rows) {
  return element('section', {}, element('h4', {}, name), ...rows);
}

function tried(answer) {
  return element('ol', {class: 'tried'}, ...answer.tried.map((attempt) =>
    element('li', {class: attempt.matched ? 'good' : null}, element('b', {}, attempt.rule),
      attempt.matched ? (attempt.by_plan ? ' matched, by its plan' : ' matched') : ' no: ' + attempt.why)));
}

function fields(answer) {
  const rows = answer.fields.map((field) => element('tr', {},
    element('th', {scope: 'row'}, field.name), element('td', {class: 'faint'}, field.type),
    element('td', {}, element('code', {}, field.type === 'null' ? 'null' : field.text),
      field.in_record ? '' : ' for metrics only', field.why ? element('span', {class: 'bad'}, ' ' + field.why) : '')));
  return element('table', {class: 'fields'}, element('tbody', {}, ...rows));
}

// The record as it would be written, with a line for each key where that loses nothing.
function pretty(text) {
  try {
    const value = JSON.parse(text);
    return JSON.stringify(value) === text ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

function verdict(answer) {
  if (answer.joined) return 'belongs to the event before it (rule ' + answer.rule + ')';
  if (answer.rule === null) return 'no rule matched';
  const how = answer.outcome === 'matched' ? 'matched by ' : answer.outcome + ' by ';
  return how + answer.rule + (answer.drop_reason ? ', reason ' + answer.drop_reason : '');
}

function shown(answer) {
  const good = answer.rule !== null;
  const parts = [
    element('h3', {class: good ? 'good' : 'bad'}, verdict(answer)),
    element('code', {class: 'sample'}, answer.line),
  ];
  if (answer.joined) return element('article', {}, ...parts);
  if (answer.nearest) {
    parts.push(element('p', {}, 'Nearest: ', element('b', {}, answer.nearest.rule), ' matched ',
      element('code', {}, answer.nearest.prefix), ', then ' + answer.nearest.why));
  }
  if (answer.fields.length) parts.push(list('Fields', [fields(answer)]));
  if (answer.record_text) parts.push(list('Record', [element('pre', {tabindex: 0, role: 'region', 'aria-label': 'Record'}, pretty(answer.record_text))]));
  if (answer.metrics.length) {
    parts.push(list('Metrics it would change', [element('ul', {class: 'plain'},
      ...answer.metrics.map((change) => element('li', {}, element('code', {}, change))))]));
  }
  if (answer.refused.length) {
    parts.push(list('Metrics that refuse it', [element('ul', {class: 'plain'},
      ...answer.refused.map((metric) => element('li', {class: 'bad'}, element('code', {}, metric))))]));
  }
  parts.push(element('details', {open: good ? null : ''}, element('summary', {}, 'Rules tried: ' + answer.tried.length), tried(answer)));
  parts.push(element('p', {class: 'faint'}, 'It takes ' + (answer.nanos > 0 ? seconds(answer.nanos * 1e-9) : NONE) +
    ' to recognise.' + (answer.sampled_out ? ' The record is not written: it is none of the sample.' : '')));
  return element('article', {}, ...parts);
}

async function ask(text) {
  const response = await fetch('api/v1/explain', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({text}),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const type = response.headers.get('Content-Type') || '';
  if (!type.startsWith('application/json')) {
    throw new Error(response.status === 413 ? 'That is too much text; 64 KiB are taken.' : 'The program answered ' + response.status + '.');
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

export class Explain {
  constructor() {
    this.text = byId('explain-text');
    this.said = byId('explain-said');
    this.place = byId('explained');
    byId('explain-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.run();
    });
    this.text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.run();
    });
  }

  // A line from elsewhere on the page.
  show(line) {
    this.text.value = line;
    byId('explain').scrollIntoView();
    this.text.focus({preventScroll: true});
    this.run();
  }

  async run() {
    if (this.text.value.trim() === '') {
      setText(this.said, 'Paste a line first.');
      return;
    }
    setText(this.said, 'asking …');
    try {
      const answer = await ask(this.text.value);
      this.place.replaceChildren(...answer.lines.map(shown));
      const left = answer.lines_left ? '; ' + answer.lines_left + ' left out, since it took too long' : '';
      setText(this.said, answer.lines.map(verdict).slice(0, 3).join('; ') + (answer.lines.length > 3 ? ' …' : '') + left);
    } catch (error) {
      this.place.replaceChildren();
      setText(this.said, error.name === 'TimeoutError' || error instanceof TypeError ? 'The program does not answer.' : error.message);
    }
  }
}
