// USD point by point, above or below a line: a session's equity, and what all sessions earned.

class MoneyCurve extends ChartFrame {
  constructor(element, options) {
    super(element, options);
    this.points = [];
    this.levels = [];
    this.series = this.chart.addSeries(LightweightCharts.BaselineSeries, { lineWidth: 2,
      priceLineVisible: false, lastValueVisible: false,
      priceFormat: { type: 'custom', minMove: 0.01, formatter: options.format } });
    this.dress();
  }

  // Points of {time, value}: UTC seconds, USD. Levels are drawn across, as setPriceLines has them.
  setPoints(points, baseline, levels) {
    const isWhole = this.isWhole();
    this.points = points;
    this.levels = levels;
    const at = this.at;
    this.setTimes(points.map(({ time }) => time));
    this.series.setData(points.map(({ time, value }) => ({ time: this.shown(time), value })));
    this.series.applyOptions({ baseValue: { type: 'price', price: baseline } });
    this.dress();
    if (isWhole) this.showAll();
    this.look(Math.min(at, points.length - 1));
  }

  valueAt(index) { return this.points[index].value; }

  dress() {
    super.dress();
    if (!this.series) return;
    this.series.applyOptions({ topLineColor: themeColour('good'), bottomLineColor: themeColour('bad'),
      topFillColor1: faded('good', 0.2), topFillColor2: faded('good', 0.03),
      bottomFillColor1: faded('bad', 0.03), bottomFillColor2: faded('bad', 0.2) });
    this.setPriceLines(this.levels);
  }
}

// Put a curve into a section's place, with a sentence below it for who does not see it.
function moneyCurve(place, id, options) {
  const [drawing, words] = [make('div'), make('p')];
  words.id = `${id}-words`;
  put(place, make('div', [drawing, words], 'chart equity'));
  const curve = new MoneyCurve(drawing, { ...options, format: (value) => figure(value) });
  curve.dismiss = onPage(curve);
  return curve;
}

let sessionEquity = null;

function showEquity(title, equity, isSimulated) {
  const { curve, latch } = equity;
  const place = section('equity', title);
  if (!curve.length) {
    // A session that has just begun has none, on a page that showed the one before.
    sessionEquity?.dismiss();
    sessionEquity = null;
    drawn.delete('equity');
    return put(place, make('p', 'No bar of a session was consumed yet.', 'panel'));
  }
  sessionEquity ??= moneyCurve(place, 'equity', { ...chartOptions('Equity of the session', isSimulated),
    read(index) {
      const point = index < 0 ? null : sessionEquity.points[index];
      return point ? `${dayHour(point.time * 1000)}   equity ${money(point.value)}` : '';
    } });
  if (!changed('equity', [curve, latch])) return undefined;
  const values = curve.map((each) => each.equity);
  const [low, high, last] = [Math.min(...values), Math.max(...values), values.at(-1)];
  byId('equity-words').textContent = `${count(curve.length, 'bar')}: between ${money(low)} and ${money(high)}, `
    + `${money(last)} at the last.` + (latch && latch.limit != null
      ? ` It began with ${money(latch.baseline)}; trading ends for the day at ${money(latch.limit)}.` : '');
  const baseline = latch ? latch.baseline : values[0];
  const levels = [{ name: 'open', value: baseline, colour: 'quiet' }];
  // Where no loss ends the day there is no limit.
  if (latch && latch.limit != null) levels.push({ name: 'loss limit', value: latch.limit, colour: 'bad' });
  return sessionEquity.setPoints(curve.map((each) => ({ time: seconds(each.time), value: each.equity })),
    baseline, levels);
}

const DAY_SECONDS = 86400;
let sessionsCurve = null;

// Money that was paid in or out is none of it, as it is no P&L.
function showSessionsCurve(place, days, isSimulated) {
  if (!changed('sessions-curve', days)) return;
  sessionsCurve ??= moneyCurve(place, 'sessions-curve', { ...chartOptions('P&L of all sessions', isSimulated),
    // A session is a day wherever its exchange is.
    zone: 'UTC',
    read(index) {
      const point = index < 1 ? null : sessionsCurve.points[index];
      return point ? `${point.session}   P&L ${money(point.pnl, true)}   so far ${money(point.value, true)}`
        + `   equity ${money(point.equity)}` : '';
    } });
  sessionsCurve.chart.timeScale().applyOptions({ timeVisible: false });
  const points = [];
  for (const { session, pnl, equity } of [...days].reverse()) {
    const time = seconds(session);
    if (!points.length) points.push({ time: time - DAY_SECONDS, value: 0 });
    points.push({ time, session, pnl, equity, value: points.at(-1).value + Number(pnl) });
  }
  const [last, ...values] = points.map(({ value }) => value).reverse();
  byId('sessions-curve-words').textContent = `P&L of ${count(days.length, 'session')}, each added to those before: ${money(last, true)} so far, `
    + `${money(Math.min(last, ...values), true)} at the lowest, ${money(Math.max(last, ...values), true)} at the highest.`;
  sessionsCurve.setPoints(points, 0, [{ value: 0, colour: 'quiet' }]);
}
