// The parts of the page, joined.

function openDay(session, symbol, trade = null) {
  day.show(session, symbol, trade);
  tradeTable.draw();
  byId('trade-before').disabled = nearTrade(-1) === null;
  byId('trade-after').disabled = nearTrade(1) === null;
}

// The trade before or after the chosen one in time, or before or after the day shown.
function nearTrade(way) {
  const session = Number(day.session.value);
  const here = day.chosen === null ? run.firstRows[session + (way < 0 ? 0 : 1)] - 0.5
    : trades.entryRow[day.chosen] + (trades.symbol[day.chosen] + 1) / 1e5;
  let best = null;
  let nearest = Infinity;
  for (let t = 0; t < trades.rows; t += 1) {
    const distance = way * (trades.entryRow[t] + (trades.symbol[t] + 1) / 1e5 - here);
    if (distance > 0 && distance < nearest) { nearest = distance; best = t; }
  }
  return best;
}

function openTrade(t, scroll = true) {
  openDay(sessionOf(trades.entryRow[t]), trades.symbol[t], t);
  if (scroll) {
    const top = byId('day').getBoundingClientRect().top;
    if (top < 0 || top > window.innerHeight / 2) byId('day').scrollIntoView();
  }
}

day.fill();
tradeTable.open = openTrade;
tradeTable.fill();
charts.push(() => equityChart.dress(), () => dayChart.dress());
equityChart.options.pick = (point) => {
  const session = sessionOf(equity.row[point]);
  const first = run.firstRows[session];
  const next = run.firstRows[session + 1];
  const t = trades.entryRow.findIndex((row) => row >= first && row < next);
  if (t >= 0) openTrade(t); else openDay(session, Number(day.symbol.value));
};
candles.open = (t) => openTrade(t, false);
for (const select of [day.session, day.symbol]) {
  select.addEventListener('change', () => openDay(Number(day.session.value), Number(day.symbol.value)));
}
for (const [id, way] of [['trade-before', -1], ['trade-after', 1]]) {
  byId(id).addEventListener('click', () => {
    const near = nearTrade(way);
    if (near !== null) openTrade(near);
  });
}
byId('by-symbol').querySelectorAll('tbody tr').forEach((row, i) => {
  row.dataset.filter = i;
  row.title = 'Show these trades';
  row.addEventListener('click', () => {
    tradeTable.filterBy({ symbol: i });
    byId('trade-scroll').scrollIntoView({ block: 'center' });
  });
});
if (trades.rows) openTrade(trades.rows - 1, false); else openDay(run.dates.length - 1, 0);
document.body.ariaBusy = null;
