// The list of symbols, and candles of those that are looked at: five hundred charts nobody sees.

const MOST_ROWS = 60;
const FIRST_CHARTS = 4;
const picked = { wanted: null, words: '', isSimulated: false, charts: new Map() };

function showSymbols(seen, session, ask, plan) {
  picked.isSimulated = Boolean(plan && plan.is_simulated);
  const place = section('symbols', 'Symbols', 'Candles are of the bars as the session consumed them. '
    + 'Choose a symbol to show or hide its candles.');
  if (!byId('symbol-list')) {
    const label = make('label', 'Find a symbol ');
    const field = make('input');
    field.type = 'search';
    field.id = 'symbol-filter';
    label.append(field);
    const [controls, list, grid] = [make('div', label, 'controls'), make('div'), make('div', '', 'charts')];
    list.id = 'symbol-list';
    grid.id = 'symbol-charts';
    put(place, [grid, controls, list]);
    field.addEventListener('input', () => {
      picked.words = field.value.trim().toUpperCase();
      drawList(showSymbols.rows, session, ask);
    });
  }
  showSymbols.rows = seen.symbols;
  // Another session may trade other symbols, of which there are no candles to ask for.
  const traded = new Set(seen.symbols.map((each) => each.symbol));
  const gone = [...(picked.wanted || [])].filter((symbol) => !traded.has(symbol));
  for (const symbol of gone) picked.wanted.delete(symbol);
  if (seen.symbols.length && (!picked.wanted || (gone.length && !picked.wanted.size))) {
    // What is held is looked at first.
    const order = [...seen.symbols].sort((a, b) => (b.held !== 0) - (a.held !== 0));
    picked.wanted = new Set(order.slice(0, FIRST_CHARTS).map((each) => each.symbol));
  }
  drawList(seen.symbols, session, ask);
  drawCharts(session, ask, seen);
}

function drawList(symbols, session, ask) {
  const found = symbols.filter((each) => each.symbol.includes(picked.words));
  const rows = found.slice(0, MOST_ROWS);
  if (!changed('symbols', [rows, found.length, [...(picked.wanted || [])]])) return;
  const had = document.activeElement && document.activeElement.dataset.symbol;
  put(byId('symbol-list'), [table('symbols', 'Symbols of the session', [
    ['Symbol', '', (s) => toggle(s.symbol, session, ask)],
    ['Last', 'number', (s) => price(s.close)],
    ['Since the open', 'number', (s) => toned(s.change, percent(s.change))],
    ['Held', 'number', (s) => s.held ? figure(s.held, 0, true) : ''],
    ['At the last bar', 'words', (s) => capital(s.words)],
  ], rows, picked.words ? `No symbol has ${picked.words} in it.` : 'No symbol is traded yet.', true),
  found.length > rows.length ? make('p', `${found.length - rows.length} more: find them by name.`, 'hint') : '']
    .filter(Boolean));
  if (had) document.querySelector(`[data-symbol="${CSS.escape(had)}"]`)?.focus();
}

function toggle(symbol, session, ask) {
  const button = make('button', symbol);
  button.type = 'button';
  button.dataset.symbol = symbol;
  button.setAttribute('aria-pressed', String(picked.wanted.has(symbol)));
  button.setAttribute('aria-label', `${symbol}, candles`);
  button.addEventListener('click', () => {
    if (!picked.wanted.delete(symbol)) picked.wanted.add(symbol);
    drawList(showSymbols.rows, session, ask);
    drawCharts(session, ask);
  });
  return button;
}

// Only what comes into sight is made and asked for.
const sight = new IntersectionObserver((seen) => {
  for (const each of seen) {
    const chart = picked.charts.get(each.target.dataset.of);
    if (chart) {
      chart.isSeen = each.isIntersecting;
      if (chart.isSeen) chart.refresh();
    }
  }
}, { rootMargin: '200px' });

function drawCharts(session, ask, seen = null) {
  for (const [symbol, chart] of picked.charts) {
    if (!picked.wanted.has(symbol)) {
      chart.remove();
      picked.charts.delete(symbol);
    }
  }
  for (const symbol of picked.wanted || []) {
    if (!picked.charts.has(symbol)) {
      picked.charts.set(symbol, oneChart(symbol, session, ask));
    } else if (seen) {
      picked.charts.get(symbol).follow(seen);
    }
  }
}

function oneChart(symbol, session, ask) {
  const [drawing, words] = [make('div'), make('p', 'Loading')];
  const frame = make('div', [make('h3', symbol), drawing, words], 'chart');
  frame.dataset.of = symbol;
  byId('symbol-charts').append(frame);
  sight.observe(frame);
  let [candles, answer, isAsking, isDrawn] = [null, null, false, true];
  const self = {
    isSeen: false,
    isOld: true,
    async refresh() {
      if (!self.isOld) self.draw();
      if (isAsking || !self.isOld) return;
      isAsking = true;
      self.isOld = false;
      const after = answer && answer.bars.length ? answer.bars.at(-1).number : -1;
      const of = session ? `&session=${session}` : '';
      const found = await inTurn(() => ask(`/api/bars?symbol=${encodeURIComponent(symbol)}&after=${after}${of}`));
      isAsking = false;
      if (!found || !frame.isConnected) {
        self.isOld = true;
        return;
      }
      if (answer && answer.session === found.session) found.bars = [...answer.bars, ...found.bars];
      else if (after >= 0) {
        // Another session has begun.
        answer = null;
        self.isOld = true;
        await self.refresh();
        return;
      }
      answer = found;
      self.tell();
    },
    // What is out of sight is drawn when it comes into sight.
    tell() {
      words.textContent = chartWords(answer);
      isDrawn = false;
      if (self.isSeen) self.draw();
    },
    draw() {
      if (isDrawn) return;
      if (!candles) candles = sessionCandles(drawing, symbol, picked.isSimulated);
      candles.show(answer);
      isDrawn = true;
    },
    // The next bar is in what the page has just been told: it is asked for only where some are missing.
    follow(seen) {
      const bar = seen.newest_bar;
      // A ledger that was restored may know less than this chart.
      if (bar && answer && answer.bars.length && bar.number < answer.bars.at(-1).number) answer = null;
      const last = answer && answer.bars.length ? answer.bars.at(-1).number : -1;
      const isNext = bar && answer && answer.session === seen.session.shown && bar.number - last <= 1;
      if (!isNext) self.isOld = true;
      else {
        if (bar.number === last + 1) answer.bars.push(ownBar(bar, symbol));
        const { upper, lower } = seen.symbols.find((each) => each.symbol === symbol);
        const level = answer.levels.at(-1);
        if (upper != null && (!level || level.upper !== upper || level.lower !== lower)) {
          answer.levels.push({ start: bar.start, upper, lower });
        }
        answer.fills = seen.fills.filter((each) => each.symbol === symbol);
        answer.position = seen.positions.find((each) => each.symbol === symbol) || null;
        self.tell();
      }
      if (self.isSeen) self.refresh();
    },
    remove() {
      sight.unobserve(frame);
      if (candles) candles.remove();
      frame.remove();
    },
  };
  return self;
}

// One question after another: each of them keeps the ledger for a moment.
let turn = Promise.resolve();
function inTurn(question) {
  turn = turn.then(question, question);
  return turn;
}

function ownBar(bar, symbol) {
  const [open, high, low, close, volume] = bar.prices[symbol] || [null, null, null, null, null];
  return { number: bar.number, start: bar.start, open, high, low, close, volume };
}

function chartWords(answer) {
  const there = answer.bars.filter((bar) => bar.close != null);
  if (!there.length) return 'No bar of it has come yet.';
  const level = answer.levels.at(-1);
  const levels = level && level.upper != null
    ? `, ${answer.level_names[0]} ${price(level.upper)}, ${answer.level_names[1]} ${price(level.lower)}` : '';
  const missing = answer.bars.length - there.length;
  return `${there.length} bars, last ${price(there.at(-1).close)}${levels}; ${count(answer.fills.length, 'fill')}`
    + (missing ? `; ${missing} missing` : '') + '.';
}
