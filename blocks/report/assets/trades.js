// The table of trades: only the rows in sight are in the page, so many thousands stay smooth.

const ROW = 31;
const SPARE = 12;
const sessionDate = (t) => run.dates[sessionOf(trades.entryRow[t])];
// What is `more` is left out where the page is narrow.
const number = (values) => ({ key: (t) => values[t], right: true });
const tradeColumns = [
  { name: 'Session', width: 12, key: (t) => trades.entryRow[t], said: sessionDate },
  { name: 'Symbol', width: 8, key: (t) => run.symbols[trades.symbol[t]] },
  { name: 'Side', width: 6, key: (t) => (trades.side[t] > 0 ? 'long' : 'short') },
  { name: 'Shares', width: 7, isMore: true, ...number(trades.quantity), said: (t) => figure(trades.quantity[t], 0) },
  { name: 'In', width: 6, isMore: true, key: (t) => trades.entryClock[t], said: (t) => rowClock(trades.entryRow[t]) },
  { name: 'Entry', width: 9, isMore: true, ...number(trades.entryPrice),
    said: (t) => figure(trades.entryPrice[t], 4) },
  { name: 'Out', width: 6, isMore: true, key: (t) => trades.exitClock[t],
    said: (t) => rowClock(trades.exitRow[t]) },
  { name: 'Exit', width: 9, isMore: true, ...number(trades.exitPrice),
    said: (t) => figure(trades.exitPrice[t], 4) },
  { name: 'Why', width: 10, isMore: true, key: (t) => run.exits[trades.exitReason[t]][1] },
  { name: 'Profit, USD', width: 10, ...number(trades.pnl), mood: true,
    said: (t) => figure(trades.pnl[t], 2, true) },
  { name: 'Profit, %', width: 9, isMore: true, ...number(trades.share), mood: true,
    said: (t) => figure(trades.share[t] * 100, 2, true) },
  { name: 'R', width: 7, ...number(trades.r), mood: true, said: (t) => figure(trades.r[t], 2, true) },
];

const isOutOfSample = (t) => sessionOf(trades.entryRow[t]) >= outOfSample;
const classesOf = (column, mood = '') => `${column.right ? 'number' : ''} ${
  column.isMore ? 'more' : ''} ${mood}`.trim();

const tradeTable = {
  scroll: byId('trade-scroll'),
  table: byId('trades'),
  filters: { symbol: byId('filter-symbol'), side: byId('filter-side'), exit: byId('filter-exit'),
    sample: byId('filter-sample') },
  order: [],
  column: 0,
  up: false,
  at: 0,
  open: () => {},

  fill() {
    const minute = (row) => (row - run.firstRows[sessionOf(row)]) * run.interval
      + run.opens[sessionOf(row)] + run.offsets[sessionOf(row)];
    trades.entryClock = trades.entryRow.map((row) => minute(row) % 1440);
    trades.exitClock = trades.exitRow.map((row) => minute(row) % 1440);
    const head = make('tr', tradeColumns.map((column, i) => {
      const button = make('button', column.name);
      button.type = 'button';
      button.addEventListener('click', () => this.sort(i));
      const cell = make('th', button, classesOf(column));
      cell.scope = 'col';
      cell.style.width = `${column.width}%`;
      return cell;
    }));
    this.table.tHead.replaceChildren(head);
    const used = (values, names) => [...new Set(values)].sort((a, b) => a - b)
      .map((value) => [value, names(value)]);
    fillSelect(this.filters.symbol, used(trades.symbol, (i) => run.symbols[i]));
    fillSelect(this.filters.side, used(trades.side, (side) => (side > 0 ? 'long' : 'short')));
    fillSelect(this.filters.exit, used(trades.exitReason, (i) => run.exits[i][1]));
    fillSelect(this.filters.sample, [[0, 'in-sample'], [1, 'out-of-sample']]);
    this.filters.sample.parentElement.hidden = run.out_of_sample_from === null;
    Object.values(this.filters).forEach((each) => each.addEventListener('change', () => this.choose()));
    byId('filter-clear').addEventListener('click', () => this.filterBy({}));
    this.scroll.addEventListener('scroll', () => requestAnimationFrame(() => this.draw()));
    this.scroll.addEventListener('keydown', (event) => this.key(event));
    this.scroll.querySelector('.needs-script').remove();
    this.choose();
  },

  filterBy(wanted) {
    for (const [name, select] of Object.entries(this.filters)) select.value = wanted[name] ?? '';
    this.choose();
  },

  choose() {
    const value = (name) => this.filters[name].value;
    const keeps = (name, each) => value(name) === '' || Number(value(name)) === each;
    this.order = [];
    for (let t = 0; t < trades.rows; t += 1) {
      if (keeps('symbol', trades.symbol[t]) && keeps('side', trades.side[t])
        && keeps('exit', trades.exitReason[t])
        && keeps('sample', isOutOfSample(t) ? 1 : 0)) this.order.push(t);
    }
    let profit = 0;
    let wins = 0;
    for (const t of this.order) {
      profit += trades.pnl[t];
      wins += trades.pnl[t] > 0 ? 1 : 0;
    }
    const count = this.order.length;
    // A short table is no taller than its rows and its heading.
    this.scroll.style.height = count < 12 ? `${(count + 2) * ROW}px` : '';
    byId('trade-count').textContent = `${figure(count, 0)} of ${figure(trades.rows, 0)} trades`
      + (count ? `, ${figure((wins / count) * 100, 1)} % won, ${figure(profit, 2, true)} USD` : '');
    this.arrange();
  },

  sort(column) {
    this.up = this.column === column ? !this.up : !tradeColumns[column].right && column > 0;
    this.column = column;
    this.arrange();
  },

  arrange() {
    const keys = Array.from({ length: trades.rows }, (_, t) => tradeColumns[this.column].key(t));
    const way = this.up ? 1 : -1;
    // What has no value comes last, either way; equals keep the order of time.
    this.order.sort((a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || a - b;
      return (x < y ? -way : x > y ? way : way * (a - b));
    });
    [...this.table.tHead.rows[0].cells].forEach((cell, i) => {
      if (i === this.column) cell.ariaSort = this.up ? 'ascending' : 'descending';
      else cell.removeAttribute('aria-sort');
    });
    this.scroll.scrollTop = 0;
    this.at = 0;
    this.draw();
  },

  key(event) {
    if (event.target.closest('thead') || !this.order.length) return;
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / ROW) - 2);
    const to = { ArrowUp: this.at - 1, ArrowDown: this.at + 1, PageUp: this.at - page,
      PageDown: this.at + page, Home: 0, End: this.order.length - 1 }[event.key];
    if (event.key === 'Enter') this.open(this.order[this.at]);
    else if (to !== undefined) this.choosePlace(to);
    else return;
    event.preventDefault();
  },

  // The row that the keys are on; the heading stays over the rows and hides one.
  choosePlace(place) {
    this.at = Math.max(0, Math.min(this.order.length - 1, place));
    const top = this.at * ROW;
    const seen = this.scroll.clientHeight - this.table.tHead.offsetHeight - ROW;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    if (top > this.scroll.scrollTop + seen) this.scroll.scrollTop = top - seen;
    this.draw();
    this.focusRow();
  },

  focusRow() {
    this.table.querySelector('tr.trade[tabindex="0"]')?.focus({ preventScroll: true });
  },

  draw() {
    const hadFocus = this.table.tBodies[0].contains(document.activeElement);
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / ROW) - SPARE);
    const last = Math.min(this.order.length,
      first + Math.ceil(this.scroll.clientHeight / ROW) + 2 * SPARE);
    const space = (rows) => {
      const cell = make('td');
      cell.style.height = `${rows * ROW}px`;
      return make('tr', cell, 'space');
    };
    this.table.tBodies[0].replaceChildren(space(first),
      ...this.order.slice(first, last).map((t, i) => this.row(t, first + i)),
      space(this.order.length - last));
    if (hadFocus) this.focusRow();
  },

  row(t, place) {
    const row = make('tr', tradeColumns.map((column) => make('td', (column.said ?? column.key)(t),
      classesOf(column, column.mood ? tone(column.key(t)) : ''))),
    `trade${t === day.chosen ? ' chosen' : ''}${
      run.out_of_sample_from === null || isOutOfSample(t) ? '' : ' in-sample'}`);
    row.tabIndex = place === this.at ? 0 : -1;
    row.ariaCurrent = t === day.chosen ? 'true' : null;
    row.dataset.trade = t;
    row.addEventListener('click', () => { this.at = place; this.open(t); });
    return row;
  },
};
