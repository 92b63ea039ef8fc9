// Health in full, the way to stop it, positions, what it did and why, orders, messages, log, plan.

function showHealth(health) {
  if (!changed('health', health)) return;
  const rows = health.components.map((each) => make('li', [
    make('span', plain(each.status), 'mark ' + each.status), make('strong', plain(each.name) + ' '),
    each.reason + '. ', each.hint ? make('code', each.hint) : ''].filter(Boolean)));
  const details = make('details', [make('summary', health.sentence), make('ul', rows, 'dots')], 'panel');
  details.open = health.status !== 'healthy';
  put(section('health', 'Health'), details);
}

function showControls(answer) {
  if (!changed('controls', answer)) return;
  const panels = answer.controls.map((each) => {
    const way = each.url ? link(capital(each.name), each.url, 'button') : make('code', each.command);
    if (each.url) {
      way.target = '_blank';
      way.rel = 'noopener';
      way.setAttribute('aria-label', `${capital(each.name)}, opens its form in Prefect`);
    }
    return make('div', [each.url ? '' : make('h3', capital(each.name)), way, make('p', each.what + '.')]
      .filter(Boolean), 'panel');
  });
  put(section('control', 'Stop it, or let it go on'),
    [make('p', answer.sentence, 'hint'), make('div', panels, 'control')]);
}

function showPositions(positions) {
  if (!changed('positions', positions)) return;
  put(section('positions', 'Positions'), table('positions', 'What is held, prices in USD', [
    ['Symbol', '', (p) => p.symbol],
    ['Shares', 'number', (p) => figure(p.quantity, 0, true)],
    ['Entry', 'number', (p) => price(p.entry_price)],
    ['Now', 'number', (p) => price(p.mark)],
    ['Stop', 'number', (p) => price(p.stop)],
    ['Target', 'number', (p) => price(p.target)],
    ['Open R', 'number', (p) => toned(p.open_r, p.open_r == null ? '\u2013' : figure(p.open_r, 2, true))],
    ['P&L', 'number', (p) => toned(p.unrealized_pnl, figure(p.unrealized_pnl, 2, true))],
    ['Since', 'when', (p) => dayHour(p.entry_time)],
    ['State', '', (p) => p.exit_reason ? 'being left: ' + plain(p.exit_reason) : 'kept'],
  ], positions, 'Nothing is held.'));
}

function tradeTable(trades, isLong) {
  return table('trades', 'Closed trades, what cost most first, USD', [
    ['Symbol', '', (t) => t.symbol],
    ['P&L', 'number', (t) => toned(t.pnl, figure(t.pnl, 2, true))],
    ['R', 'number', (t) => t.r_multiple == null ? '\u2013' : figure(t.r_multiple, 2, true)],
    ['Side', '', (t) => t.side],
    ['Shares', 'number', (t) => figure(t.quantity, 0)],
    ['Entry', 'number', (t) => `${price(t.entry_price)} at ${hour(t.entry_time)}`],
    ['Exit', 'number', (t) => `${price(t.exit_price)} at ${hour(t.exit_time)}`],
    ['Left because', '', (t) => plain(t.exit_reason)],
  ], trades, 'No trade was closed in this session.', isLong);
}

function showStory(title, entries, trades) {
  if (!changed('story', [entries, trades])) return;
  const rows = entries.map((each) => [each.time, make('li', [make('time', hour(each.time)),
    make('strong', `${each.symbol}: ${plain(each.reason)}. `),
    `${capital(each.words)}. ${capital(each.outcome)}.`])]);
  for (const trade of trades) {
    rows.push([trade.exit_time, make('li', [make('time', hour(trade.exit_time)),
      make('strong', `${trade.symbol}: left (${plain(trade.exit_reason)}) `),
      toned(trade.pnl, money(trade.pnl, true)),
      ` for ${count(trade.quantity, 'share')}, ${trade.side}, from ${price(trade.entry_price)} to ${price(trade.exit_price)}.`])]);
  }
  // A fill within a bar bears its start. An entry is decided at its end.
  rows.sort((a, b) => Date.parse(a[0]) - Date.parse(b[0]));
  const worst = trades.length && Number(trades[0].pnl) < 0 ? trades[0] : null;
  const first = worst ? `What cost most: ${worst.symbol}, ${money(worst.pnl, true)}.`
    : trades.length ? 'No trade lost.' : 'No trade was closed.';
  const told = rows.length ? make('ol', rows.map((row) => row[1])) : make('p', 'It entered nothing.');
  put(section('story', title), [make('p', first, 'verdict'), make('div', told, 'panel story')]);
  put(section('trades', 'Trades'), tradeTable(trades, trades.length > 12));
}

function showDecisions(decisions, reasons) {
  if (!changed('decisions', [decisions, reasons])) return;
  const counts = reasons.length ? make('p', 'At the last bar: ' + reasons.map((each) =>
    `${each.symbols} \u00d7 ${each.words}`).join('; ') + '.', 'hint') : '';
  put(section('decisions', 'Decisions of the last bars'), [counts, table('decisions',
    'Each symbol at each bar, the newest first', [
      ['Symbol', '', (d) => d.symbol],
      ['Bar', 'when', (d) => hour(d.bar)],
      ['Why', 'words', (d) => capital(d.words)],
    ], decisions, 'Nothing was decided yet: the opening range comes first.', true)].filter(Boolean));
}

function orderTable(orders) {
  return table('orders', 'Orders, those that may still change first', [
    ['Symbol', '', (o) => o.symbol],
    ['Order', '', (o) => `${o.quantity > 0 ? 'buy' : 'sell'} ${Math.abs(o.quantity)}, ${plain(o.leg)}`],
    ['At', 'number', (o) => o.price == null ? 'market' : price(o.price)],
    ['Filled', 'number', (o) => figure(o.filled, 0)],
    ['Status', '', (o) => plain(o.status)],
    ['Reason', '', (o) => plain(o.reason)],
  ], orders, 'No order was sent in this session.', orders.length > 12);
}

function showOrders(orders) {
  if (changed('orders', orders)) put(section('orders', 'Orders'), orderTable(orders));
}

function showMessages(messages) {
  if (!changed('messages', messages)) return;
  put(section('messages', 'Messages'), table('messages', 'What it told people, the newest first', [
    ['Time', 'when', (m) => dayHour(m.time)],
    ['Message', '', (m) => m.title],
    ['Details', 'words', (m) => [m.text, ...m.fields.filter(([name]) => name !== 'Order id')
      .slice(0, 8).map(([name, value]) => `${name}: ${value}`)].filter(Boolean).join('; ')],
  ], messages, 'It told nobody anything yet.', true));
}

const LOG_KINDS = [['WARNING', 'Warnings and errors'], ['INFO', 'Everything']];
const LOG_TONES = { WARNING: 'late', ERROR: 'bad', CRITICAL: 'bad' };

function showLog(seen) {
  if (!seen.session.shown) return;
  const place = section('log', 'Log', 'What its process wrote, kept for three days, by the clock of the machine.');
  if (!place.children.length) {
    const [kinds, label, lines] = [make('select'), make('label', 'Show '), make('div')];
    fillSelect(kinds, LOG_KINDS);
    kinds.id = 'log-kinds';
    kinds.addEventListener('change', () => showLog(state.seen));
    label.append(kinds);
    place.append(make('p', label, 'controls'), lines);
  }
  const kind = byId('log-kinds').value;
  // Lines are written with each bar, and with what is told between two.
  whenSeen('log', `/api/logs?limit=100&least=${kind}`, [seen.account, seen.last_bar.end, seen.messages[0]?.time],
    (found) => put(place.lastElementChild, found.error ? make('p', found.error, 'panel') : logTable(found, kind)));
}

function logTable(lines, kind) {
  return table('log', 'The last 100 lines, the newest first', [
    ['Time', '', (l) => `${dayHour(l.time)}:${inZone(l.time, { second: '2-digit' }).padStart(2, '0')}`],
    ['Level', '', (l) => make('span', capital(l.level.toLowerCase()), LOG_TONES[l.level] || '')],
    ['Line', 'words lines', (l) => l.message],
  ], lines, kind === 'INFO' ? 'Nothing was written in these days.' : 'No warning and no error was written in these days.', true);
}

function showPlan(plan) {
  if (!plan || !changed('plan', plan)) return;
  const rows = [];
  for (const [name, value] of Object.entries(plan.values)) {
    if (value && typeof value === 'object' && !Array.isArray(value)) {
      for (const [inner, each] of Object.entries(value)) rows.push({ name: `${name}.${inner}`, value: each });
    } else rows.push({ name, value });
  }
  const changes = plan.changes.length
    ? make('p', `Changed last with session ${plan.changed_in}: ${plan.changes.join('; ')}.`)
    : make('p', 'It is the same in every session of the last thirty.');
  const whole = make('details', [make('summary', 'The whole plan'), table('plan', 'Every value of the plan', [
    ['Name', '', (r) => r.name], ['Value', '', (r) => String(r.value)]], rows, '', true)]);
  const what = `Strategy ${plan.strategy} on ${count(plan.symbols, 'symbol')}, bars of ${count(plan.interval_minutes, 'minute')}, `
    + `from ${plan.source || 'a source that was not written down'}.`;
  put(section('plan', 'Plan'), make('div', [make('p', what), changes, whole], 'panel'));
}
