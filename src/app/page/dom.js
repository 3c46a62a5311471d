// Elements made of text. Whatever a log line holds goes in as text and never as markup: there is no
// innerHTML on this page, and the server's policy forbids it.

// element('td', {class: 'number'}, 'text', child, …)
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

export const byId = (id) => document.getElementById(id);

// Text that changes seldom is not written again: a screen reader would begin anew.
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

// A table that is drawn again and again. Rows keep their elements by key, so that a selection, a
// focus or an opened row stays where it is.
export class LiveTable {
  // columns: [{name, title, number}]; `empty` is said when there is no row.
  constructor(place, caption, columns, empty) {
    this.columns = columns;
    this.rows = new Map();
    this.body = element('tbody', {role: 'rowgroup'});
    const heads = columns.map((column) =>
      element('th', {scope: 'col', role: 'columnheader', class: column.number ? 'number' : null,
        title: column.title}, column.name));
    this.table = element('table', {role: 'table'}, element('caption', {class: 'unseen'}, caption),
      element('thead', {role: 'rowgroup'}, element('tr', {role: 'row'}, ...heads)), this.body);
    this.empty = element('p', {class: 'note'}, empty);
    place.append(this.table, this.empty);
    this.show([]);
  }

  // rows: [{key, cells, alarm, idle}]; a cell is a text, or a function that fills its <td>. `alarm`: it
  // should be looked at; `idle`: it needs no look.
  show(rows) {
    this.table.hidden = rows.length === 0;
    this.empty.hidden = rows.length !== 0;
    const left = new Set(this.rows.keys());
    rows.forEach((row, index) => {
      let line = this.rows.get(row.key);
      if (!line) {
        line = element('tr', {role: 'row'}, ...this.columns.map((column, n) =>
          element(n === 0 ? 'th' : 'td', {'data-name': column.name, scope: n === 0 ? 'row' : null,
            role: n === 0 ? 'rowheader' : 'cell', class: column.number ? 'number' : null})));
        this.rows.set(row.key, line);
      }
      left.delete(row.key);
      row.cells.forEach((cell, n) => {
        if (typeof cell === 'function') cell(line.children[n]);
        else setText(line.children[n], String(cell));
      });
      line.classList.toggle('alarm', Boolean(row.alarm));
      line.classList.toggle('idle', Boolean(row.idle));
      if (this.body.children[index] !== line) this.body.insertBefore(line, this.body.children[index] || null);
    });
    for (const key of left) {
      this.rows.get(key).remove();
      this.rows.delete(key);
    }
  }
}
