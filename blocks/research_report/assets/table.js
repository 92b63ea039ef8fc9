// The table of sets: sorted, filtered, and a page of rows at a time.

const FEW_VALUES = 40;

const setTable = {
  table: byId('sets'),
  from: 0,
  order: [],
  up: false,
  column: 0,
  filters: [],

  columns: [
    { heading: 'Set', key: (row) => setNumbers[row], said: (row) => figure(setNumbers[row], 0),
      right: true },
    ...run.parameters.map((parameter, p) => ({
      heading: parameter.name, key: (row) => places[p][row],
      said: (row) => parameter.labels[places[p][row]], right: parameter.isNumber })),
    ...run.inTable.map((name) => ({
      heading: figureOf[name].heading, key: (row) => figures[name][row], right: true, isFigure: true,
      mood: figureOf[name].hasSign, said: (row) => writtenFigure(name, figures[name][row], false) })),
  ],

  fill() {
    this.column = 1 + run.parameters.length;
    [...this.table.tHead.rows[0].cells].forEach((cell, i) => {
      const button = make('button', this.columns[i].heading);
      button.type = 'button';
      button.addEventListener('click', () => this.sort(i));
      cell.replaceChildren(button);
      cell.className = this.columns[i].right ? 'number' : '';
    });
    run.parameters.forEach((parameter, p) => this.addFilter(parameter, p));
    for (const [id, turn] of [['page-first', () => 0], ['page-before', () => this.from - run.atATime],
      ['page-after', () => this.from + run.atATime],
      ['page-last', () => (Math.ceil(this.order.length / run.atATime) - 1) * run.atATime]]) {
      byId(id).addEventListener('click', () => { this.from = turn(); this.draw(); });
    }
    byId('filter-clear').addEventListener('click', () => {
      this.filters.forEach((each) => each.clear());
      this.choose();
    });
    byId('set-controls').hidden = false;
    this.choose();
  },

  // A choice where values are few, else the lowest and the highest that is shown.
  addFilter(parameter, p) {
    if (parameter.labels.length < 2) return;
    const listen = (field) => field.addEventListener('change', () => { this.choose(); });
    if (!parameter.isNumber || parameter.labels.length <= FEW_VALUES) {
      const select = make('select', make('option', 'all'));
      select.firstChild.value = '';
      fillSelect(select, parameter.labels.map((label, i) => [i, label]));
      listen(select);
      this.filters.push({ keeps: (row) => select.value === '' || places[p][row] === Number(select.value),
        clear: () => { select.value = ''; } });
      byId('set-filters').append(make('label', [`${parameter.name} `, select]));
      return;
    }
    const [low, high] = ['lowest', 'highest'].map((words) => {
      const field = make('input');
      field.type = 'number';
      field.step = 'any';
      listen(field);
      byId('set-filters').append(make('label', [`${parameter.name}, ${words} `, field]));
      return field;
    });
    const number = (field, none) => (field.value === '' ? none : Number(field.value));
    this.filters.push({
      keeps: (row) => {
        const value = parameter.values[places[p][row]];
        return value >= number(low, -Infinity) && value <= number(high, Infinity);
      },
      clear: () => { low.value = ''; high.value = ''; } });
  },

  choose() {
    this.order = setNumbers.map((_, row) => row)
      .filter((row) => this.filters.every((each) => each.keeps(row)));
    this.arrange();
  },

  sort(column) {
    // Figures begin with the best, everything else with the least.
    this.up = this.column === column ? !this.up : !this.columns[column].isFigure;
    this.column = column;
    this.arrange();
  },

  arrange() {
    const { key } = this.columns[this.column];
    const way = this.up ? 1 : -1;
    // What has no value comes last, either way; of equals the lower set number is first.
    this.order.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || a - b;
      return (x < y ? -way : x > y ? way : a - b);
    });
    [...this.table.tHead.rows[0].cells].forEach((cell, i) => {
      if (i === this.column) cell.ariaSort = this.up ? 'ascending' : 'descending';
      else cell.removeAttribute('aria-sort');
    });
    this.from = 0;
    this.draw();
  },

  draw() {
    const count = this.order.length;
    const rows = this.order.slice(this.from, this.from + run.atATime);
    this.table.tBodies[0].replaceChildren(...rows.map((row) => this.row(row)));
    const last = this.from + rows.length;
    byId('set-count').textContent = count === 0 ? 'No set is as asked for'
      : `${figure(this.from + 1, 0)} to ${figure(last, 0)} of ${figure(count, 0)} sets`
        + (count < run.rows ? `, ${figure(run.rows, 0)} in all` : '');
    for (const id of ['page-first', 'page-before']) byId(id).disabled = this.from === 0;
    for (const id of ['page-after', 'page-last']) byId(id).disabled = last >= count;
  },

  row(row) {
    const cells = this.columns.map((column, i) => {
      const cell = make(i === 0 ? 'th' : 'td', column.said(row),
        `${column.right ? 'number' : ''} ${column.mood ? tone(column.key(row)) : ''}`.trim());
      if (i === 0) cell.scope = 'row';
      return cell;
    });
    return make('tr', cells, row === bestRow ? 'best' : '');
  },
};
