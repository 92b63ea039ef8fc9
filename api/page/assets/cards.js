// At the top what matters: is it well, how much, how far to the limit, where in the day, how old.

function card(id, label) {
  let found = byId(id);
  if (found) return found;
  found = make('div', [make('span', label, 'label'), make('strong'), make('span', '', 'what')], 'card');
  found.id = id;
  byId('cards').append(found);
  return found;
}

function fill(id, label, value, what, state = '', kind = '') {
  const found = card(id, label);
  const [name, strong, words] = found.children;
  if (name.textContent !== label) name.textContent = label;
  found.className = 'card ' + state;
  strong.className = kind;
  if (strong.textContent !== value) strong.textContent = value;
  if (words.textContent !== what) words.textContent = what;
}

function gauge(used) {
  const words = card('card-latch').children[2];
  const width = Math.max(0, Math.min(1, used)) * 100;
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  made.setAttribute('class', used > 0.7 ? 'gauge near' : 'gauge');
  made.setAttribute('aria-hidden', 'true');
  const filled = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  filled.setAttribute('width', width + '%');
  filled.setAttribute('height', '100%');
  made.append(filled);
  words.querySelector('svg')?.remove();
  words.prepend(made);
}

function showWell(health) {
  if (!byId('cards')) {
    const cards = make('div', '', 'cards');
    cards.id = 'cards';
    const place = make('section', [make('h2', 'Now', 'unseen'), cards]);
    place.id = 'now';
    byId('page').append(place);
  }
  const alarm = { healthy: '', degraded: 'warned', unhealthy: 'alarm' }[health.status];
  fill('card-health', 'Is it well?', capital(health.status), health.sentence, alarm, 'word');
}

function showCards(seen) {
  const { session, equity } = seen;
  showWell(seen.health);
  const isToday = session.today && session.today === session.shown;
  fill('card-equity', 'Equity', money(equity.equity),
    seen.positions.length ? count(seen.positions.length, 'open position') : 'Nothing is held');
  fill('card-pnl', isToday ? 'P&L of the day' : `P&L of ${session.shown || 'the session'}`,
    money(equity.day_pnl, true), `${percent(equity.day_pnl_pct)}, ${count(seen.trades.length, 'closed trade')}`,
    '', tone(equity.day_pnl));
  showLatch(equity.latch);
  fill('card-phase', 'Session', capital(plain(session.phase)), session.sentence, '', 'word');
  card('card-bar', 'Next bar');
  card('card-age', 'Age of the last bar');
  tick(seen);
}

function showLatch(latch) {
  if (!latch) return fill('card-latch', 'To the day-loss limit', '\u2013', 'No session was traded yet.');
  const used = latch.limit == null ? 0 : 1 - latch.distance / (latch.baseline - latch.limit);
  fill('card-latch', 'To the day-loss limit', latch.is_reached ? 'Reached' : money(latch.distance),
    `${percent(latch.distance_pct, false)} of the session's first equity. ${latch.sentence}`,
    latch.is_reached ? 'alarm' : used > 0.7 ? 'warned' : '');
  return latch.limit == null ? undefined : gauge(used);
}

// Each second, without a question to the server.
function tick(seen) {
  const { session, last_bar: bar } = seen;
  const now = serverNow();
  if (session.next_bar && !session.clock.is_replayed) {
    const left = (Date.parse(session.next_bar) - now) / 1000;
    fill('card-bar', 'Next bar', hour(session.next_bar),
      left > 0 ? `ends in ${span(left)} (${zoneName()})` : `ended ${span(-left)} ago and is being consumed`);
  } else if (session.next_bar) {
    fill('card-bar', 'Next bar', hour(session.next_bar), 'by the clock of the replay');
  } else {
    fill('card-bar', 'Next bar', session.next_session ? dayHour(session.next_session.opens) : '\u2013',
      session.next_session ? `The next session opens (${zoneName()})` : 'No bar is due');
  }
  if (!bar.counts_from) {
    const written = bar.end ? dayHour(bar.end) : 'None yet';
    return fill('card-age', 'Last bar', written, bar.sentence, '', 'word');
  }
  const old = (now - Date.parse(bar.counts_from)) / 1000;
  const state = old >= bar.stale_after_s ? 'stale' : old >= bar.late_after_s ? 'late' : 'fresh';
  const words = { fresh: `One is due every ${span(bar.interval_s)}.`,
    late: `One is due every ${span(bar.interval_s)}: the next one is late.`,
    stale: 'What is shown is not what the market does now.' }[state];
  if (state === 'stale') say('The last bar is stale.');
  const hasCome = !session.hours || Date.parse(bar.counts_from) > Date.parse(session.hours.opens);
  return fill('card-age', hasCome ? 'Age of the last bar' : 'No bar yet since the open', span(old), words,
    { fresh: '', late: 'warned', stale: 'alarm' }[state], state);
}
