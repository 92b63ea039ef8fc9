// The page of one session: how it went, what it did and why.

function showDay(day) {
  const result = day.result;
  byId('kind').textContent = `Openbell, account ${day.account_words}`;
  byId('heading').textContent = inZone(day.hours.opens, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  byId('subtitle').textContent = `${hour(day.hours.opens)} to ${hour(day.hours.closes)} (${zoneName()}), `
    + `${day.plan.strategy} on ${count(day.plan.symbols, 'symbol')}. ${day.is_closed ? 'Closed.' : 'Not closed yet.'}`;
  document.title = `Openbell, session ${day.session}`;
  turnPages(day);
  warnOfSimulated(day.plan);
  const cards = make('div', '', 'cards');
  cards.id = 'cards';
  const now = make('section', [make('h2', 'Result', 'unseen'), cards]);
  byId('page').append(now);
  fill('card-pnl', 'P&L', money(result && result.pnl, true), percent(result && result.pnl_pct), '', tone(result && result.pnl));
  fill('card-equity', 'Equity at its end', money(result && result.equity), `began with ${money(day.latch && day.latch.baseline)}`);
  const worst = day.trades[0];
  fill('card-trades', 'Closed trades', String(day.trades.length), worst && worst.pnl < 0
    ? `What cost most: ${worst.symbol}, ${money(worst.pnl, true)}` : 'No trade lost');
  showLatch(day.latch);
  showEquity('Equity', { curve: day.curve, latch: day.latch }, day.plan.is_simulated);
  showStory('What it did, and why', day.entries, day.trades);
}

function restOfDay(day, ask) {
  const traded = new Set(day.fills.map((each) => each.symbol));
  const symbols = [...day.symbols].sort((a, b) => traded.has(b) - traded.has(a)).map((symbol) => ({
    symbol, close: null, change: null, held: 0, words: traded.has(symbol) ? 'traded' : '' }));
  showSymbols({ symbols }, day.session, ask, day.plan);
  showOrders(day.orders);
  showMessages(day.messages);
  showParity(day.parity ? [day.parity] : []);
  showPlan(day.plan);
}

function turnPages(day) {
  const ways = [link('Today', `${home}/`)];
  if (day.before) ways.push(link(`Before: ${day.before}`, `${home}/sessions/${day.before}`));
  if (day.after) ways.push(link(`After: ${day.after}`, `${home}/sessions/${day.after}`));
  byId('sections').replaceChildren(...ways);
}
