// The calendar of P&L by day, each a click from its session; the account over all of them; parity.

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
let months = 2;

function showCalendar(days) {
  if (!changed('calendar', [days, months])) return;
  const place = section('calendar', 'P&L by day', 'USD. Choose a day to see its session.');
  const byMonth = new Map();
  for (const day of days) {
    const month = day.session.slice(0, 7);
    if (!byMonth.has(month)) byMonth.set(month, new Map());
    byMonth.get(month).set(Number(day.session.slice(8)), day);
  }
  if (!byMonth.size) return put(place, make('p', 'No session was traded yet.', 'panel'));
  const shown = [...byMonth].slice(0, months).map(([month, found]) => monthTable(month, found));
  const rest = byMonth.size - months;
  const more = make('button', `Earlier months (${rest})`);
  more.type = 'button';
  more.addEventListener('click', () => {
    months += 6;
    showCalendar(days);
  });
  return put(place, [make('div', shown, 'two'), rest > 0 ? more : ''].filter(Boolean));
}

function monthTable(month, found) {
  const [year, number] = month.split('-').map(Number);
  const first = new Date(Date.UTC(year, number - 1, 1));
  const length = new Date(Date.UTC(year, number, 0)).getUTCDate();
  const lead = (first.getUTCDay() + 6) % 7;
  const isWeekly = [...found.keys()].some((day) => (lead + day - 1) % 7 > 4);
  const width = isWeekly ? 7 : 5;
  const title = first.toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
  const total = [...found.values()].reduce((sum, day) => sum + Number(day.pnl), 0);
  const rows = [];
  for (let start = 1 - lead; start <= length; start += 7) {
    const cells = [];
    for (let place = 0; place < width; place += 1) cells.push(dayCell(start + place, length, found));
    if (cells.some((cell) => cell.textContent)) rows.push(make('tr', cells));
  }
  const head = make('tr', WEEKDAYS.slice(0, width).map((day) => {
    const cell = make('th', day);
    cell.scope = 'col';
    return cell;
  }));
  const caption = make('caption', `${title}: ${money(total, true)} in ${count(found.size, 'session')}`);
  return make('table', [caption, make('thead', head), make('tbody', rows)], 'month');
}

function dayCell(day, length, found) {
  if (day < 1 || day > length) return make('td', '', 'none');
  const result = found.get(day);
  if (!result) return make('td', String(day), 'none');
  const pnl = Number(result.pnl);
  // What is read aloud begins with what is seen, so that who says it to the browser is understood.
  const more = make('span', ` USD, ${count(result.trades, 'trade')}, session ${result.session}`, 'unseen');
  const inside = link([make('span', String(day), 'day'), ' ',
    figure(pnl, Math.abs(pnl) < 1000 ? 2 : 0, true), more], `${home}/sessions/${result.session}`);
  return make('td', inside, pnl > 0 ? 'good-day' : pnl < 0 ? 'bad-day' : '');
}

// How the account did over all its sessions.
function showAccount(seen) {
  if (!seen.session.shown) return;
  const place = section('account', 'The account so far', 'Of all its sessions, by their closed trades and their equity.');
  if (!place.children.length) place.append(make('div'), make('div'));
  const [curve, figures] = place.children;
  showSessionsCurve(curve, seen.equity.days, Boolean(seen.session.plan?.is_simulated));
  whenSeen('account', '/api/metrics/performance', [seen.account, seen.session.shown, seen.equity.equity, seen.trades.length],
    (found) => put(figures, found.error ? make('p', found.error, 'panel') : accountTables(found)));
}

function accountTables(found) {
  const few = `needs ${found.sessions_needed_for_ratios} sessions`;
  const ratio = (value) => value == null ? few : figure(value, 2);
  const rows = [
    ['Sessions', figure(found.sessions, 0)],
    ['Equity', `${money(found.initial_equity)} became ${money(found.final_equity)}`],
    ['Return', percent(found.total_return)],
    ['P&L of closed trades', toned(found.total_pnl, money(found.total_pnl, true))],
    ['Maximum drawdown', percent(found.max_drawdown)],
    ['Sharpe ratio', ratio(found.sharpe)],
    ['Sortino ratio', ratio(found.sortino)],
    ['Closed trades', `${figure(found.trades, 0)}, ${figure(found.wins, 0)} won (${percent(found.win_rate, false)})`],
    ['Profit factor', found.profit_factor == null ? '\u2013' : figure(found.profit_factor, 2)],
    ['Average win and loss', `${money(found.average_win, true)}, ${money(found.average_loss, true)}`],
    ['Largest win and loss', `${money(found.largest_win, true)}, ${money(found.largest_loss, true)}`],
  ];
  return make('div', [
    table('account', 'Its figures', [['Figure', '', (r) => r[0]], ['Value', 'number', (r) => r[1]]], rows, ''),
    table('by-symbol', 'By symbol, what cost most first', [
      ['Symbol', '', (s) => s.symbol],
      ['P&L, USD', 'number', (s) => toned(s.pnl, figure(s.pnl, 2, true))],
      ['Trades', 'number', (s) => figure(s.trades, 0)],
      ['Won', 'number', (s) => percent(s.wins / s.trades, false)],
    ], found.symbols, 'No trade was closed yet.', true),
  ], 'two');
}

const VERDICTS = { agrees: 'agrees', differs: 'differs', not_kept: 'not kept' };

function showParity(parity) {
  if (!changed('parity', parity)) return;
  put(section('parity', 'Parity of the last 20 sessions', 'Each session replayed from its own journal: '
    + 'whether the same decisions come again, and what final bars would have changed.'),
  table('parity', 'What replays of sessions found, the newest first', [
    ['Session', '', (p) => link(p.session, `${home}/sessions/${p.session}`)],
    ['Verdict', '', (p) => make('span', VERDICTS[p.verdict] || plain(p.verdict),
      p.verdict === 'agrees' ? 'good' : p.verdict === 'not_kept' ? '' : 'bad')],
    ['Differences', 'number', (p) => figure(p.differences, 0)],
    ['Late, revised, missing bars', 'number', (p) => [p.late, p.revised, p.missing]
      .map((n) => n == null ? '\u2013' : n).join(', ')],
    ['Decisions changed', 'number', (p) => p.decisions_changed == null ? '\u2013' : figure(p.decisions_changed, 0)],
    ['Shortfall, bps', 'number', (p) => p.shortfall_bps == null ? '\u2013' : figure(p.shortfall_bps, 1)],
    ['Note', 'words', (p) => p.note],
  ], parity, 'No session was replayed for comparison yet: it is done after each close.', parity.length > 12));
}
