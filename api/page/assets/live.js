// The page: everything of one moment, and again when there is another.

const SECTIONS = [['control', 'Stop it', 'stop'], ['now', 'Now'], ['health', 'Health'], ['story', 'What it did'],
  ['positions', 'Positions'], ['trades', 'Trades'], ['symbols', 'Symbols'], ['decisions', 'Decisions'],
  ['orders', 'Orders'], ['messages', 'Messages'], ['log', 'Log'], ['calendar', 'Days'], ['account', 'So far'], ['parity', 'Parity'], ['plan', 'Plan']];
// Health may change without a word in the ledger.
const AT_LEAST_EVERY_MS = 30000;
const WHILE_LOST_MS = 3000;
// Which account this page showed, where another took its place.
const shownBefore = history.state?.shownBefore;
history.replaceState(null, '');

function heads(seen) {
  const { session } = seen;
  const { plan, clock: time } = session;
  byId('kind').textContent = `Openbell, account ${seen.account_words || 'none yet'}`;
  byId('heading').textContent = session.shown
    ? (session.today === session.shown ? `Session ${session.shown}` : `Last session ${session.shown}`)
    : 'No session yet';
  byId('subtitle').textContent = `${session.sentence} ${plan ? `${plan.strategy}, bars of ${count(plan.interval_minutes, 'minute')}.` : ''}`;
  byId('made').textContent = `As of ${second(time.machine)} (${zoneName()})`;
  document.title = `${seen.health.status === 'healthy' ? '' : '(!) '}Openbell ${seen.account || ''} ${money(seen.equity.day_pnl, true)}`;
}

function showAccounts({ account, account_words: words, others }) {
  if (!changed('accounts', [words, others])) return;
  const list = byId('others');
  list.hidden = !others.length;
  const way = (name, address) => link(name, address, name.includes('REAL MONEY') ? 'real' : '');
  const shown = way(words || account || 'none yet', `${home}/`);
  shown.setAttribute('aria-current', 'page');
  list.replaceChildren(make('span', 'Accounts'), shown, ...others.map((each) => way(each.words, each.address)));
}

function notices(seen) {
  const { plan, clock: time } = seen.session;
  const apart = Math.abs(clock.ahead) / 1000;
  if (!seen.problem) {
    banner('replay', time.is_replayed ? `A replay of ${seen.session.shown}: its clock says ${dayHour(time.now)} (${zoneName()}), `
    + 'which is not now.' : '', 'replay');
    warnOfSimulated(plan);
  }
  banner('account', shownBefore ? `This is account ${seen.account} now: it goes before ${shownBefore}, `
    + 'which was shown until now.' : '');
  banner('clock', time.warning ? `The clock of this machine: ${time.warning}` : '', 'bad-banner');
  banner('browser', apart > 30 ? `The clock of this browser is ${span(apart)} ${clock.ahead > 0 ? 'ahead of' : 'behind'} `
    + 'that of Openbell; times here are Openbell\u2019s.' : '');
  banner('halt', seen.halt ? `Halted (${seen.halt.command}) since ${dayHour(seen.halt.since)}: `
    + `${seen.halt.reason || 'no reason was given'}. Nothing is entered until resume.` : '', 'bad-banner');
  banner('problem', seen.problem ? `${capital(seen.problem.what)}. ${seen.problem.hint}.` : '',
    // That there is no account before its first session is no trouble.
    seen.account ? 'bad-banner' : '');
}

function announce(seen, before) {
  if (!before) return;
  if (seen.health.status !== before.health.status) say(`Health is ${seen.health.status}. ${seen.health.sentence}`);
  else if (seen.session.phase !== before.session.phase) say(seen.session.sentence);
  else if (seen.trades.length > before.trades.length) say(`A trade was closed. P&L of the session: ${money(seen.equity.day_pnl, true)}`);
  else if (seen.positions.length > before.positions.length) say(`${seen.positions.length} positions are open.`);
}

function show(seen) {
  setClock(seen.session.clock);
  const before = state.seen;
  // Another account has bars, orders and days of its own: nothing of the one before may stay.
  if (before && before.account && seen.account && seen.account !== before.account) {
    history.replaceState({ shownBefore: before.account }, '');
    location.reload();
    return;
  }
  // What was read before a ledger is locked or being restored stays, and says of when it is.
  const isKept = seen.problem && before && before.session.shown;
  notices(seen);
  showAccounts(seen);
  if (isKept) {
    document.title = '(!) Openbell';
    showWell(seen.health);
    showHealth(seen.health);
    return;
  }
  // An account that cannot be read may hold anything: nothing is said of it.
  if (seen.problem && seen.account) {
    byId('kind').textContent = `Openbell, account ${seen.account}`;
    byId('heading').textContent = 'The account cannot be read now';
    byId('subtitle').textContent = 'It is tried again by itself.';
    document.title = '(!) Openbell';
    showWell(seen.health);
    showHealth(seen.health);
    section('control', 'Stop it, or let it go on');
    return;
  }
  heads(seen);
  announce(seen, before);
  state.seen = seen;
  const isToday = seen.session.today === seen.session.shown;
  showCards(seen);
  showHealth(seen.health);
  section('control', 'Stop it, or let it go on');
  showPositions(seen.positions);
  showStory(isToday ? 'What it did today, and why' : 'What it did, and why', seen.entries, seen.trades);
  showEquity('Equity of the session', seen.equity, Boolean(seen.session.plan?.is_simulated));
  showSymbols(seen, null, ask, seen.session.plan);
  showDecisions(seen.decisions, seen.reasons);
  showOrders(seen.orders);
  showMessages(seen.messages);
  showLog(seen);
  showCalendar(seen.equity.days);
  showAccount(seen);
  showParity(seen.parity);
  showPlan(seen.session.plan);
}

async function begin() {
  const session = document.body.dataset.session;
  byId('page').hidden = false;
  byId('home').href = `${home}/`;
  byId('subtitle').textContent = 'Reading the account.';
  if (session) {
    const [now, day] = [await ask('/api/session'), await ask(`/api/sessions/${encodeURIComponent(session)}`)];
    if (now) setClock(now.clock);
    if (!day) {
      byId('heading').textContent = `Session ${session}`;
      byId('sections').replaceChildren(link('Today', `${home}/`));
      return;
    }
    showDay(day);
    restOfDay(day, ask);
    return;
  }
  byId('sections').replaceChildren(...SECTIONS.map(([id, title, kind]) => link(title, '#' + id, kind || '')),
    link('Results', '/backtests/'));
  await refresh(show);
  listen(show);
  const controls = async () => {
    const answer = await ask('/api/controls');
    if (answer) showControls(answer);
  };
  controls();
  setInterval(() => {
    if (document.hidden) return;
    if (state.seen && !state.seen.problem) tick(state.seen);
    if (Date.now() - state.askedAt > (state.lostAt ? WHILE_LOST_MS : AT_LEAST_EVERY_MS)) {
      refresh(show);
      controls();
    }
  }, 1000);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) refresh(show);
  });
}

begin();
