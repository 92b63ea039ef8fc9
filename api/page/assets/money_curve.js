// The session's equity bar by bar, above or below its first, with the day's loss limit.

class SessionEquity extends ChartFrame {
  constructor(element, options) {
    super(element, options);
    this.points = [];
    this.levels = [];
    this.series = this.chart.addSeries(LightweightCharts.BaselineSeries, { lineWidth: 2,
      priceLineVisible: false, lastValueVisible: false,
      priceFormat: { type: 'custom', minMove: 0.01, formatter: options.format } });
    this.dress();
  }

  // Points of {time, equity}: UTC seconds, USD. `limit` is null where no loss ends the day.
  setPoints(points, baseline, limit) {
    const isWhole = this.isWhole();
    this.points = points;
    this.levels = [{ name: 'open', value: baseline, colour: 'quiet' }];
    if (limit != null) this.levels.push({ name: 'loss limit', value: limit, colour: 'bad' });
    const at = this.at;
    this.setTimes(points.map(({ time }) => time));
    this.series.setData(points.map(({ time, equity }) => ({ time: this.shown(time), value: equity })));
    this.series.applyOptions({ baseValue: { type: 'price', price: baseline } });
    this.dress();
    if (isWhole) this.showAll();
    this.look(Math.min(at, points.length - 1));
  }

  valueAt(index) { return this.points[index].equity; }

  dress() {
    super.dress();
    if (!this.series) return;
    this.series.applyOptions({ topLineColor: themeColour('good'), bottomLineColor: themeColour('bad'),
      topFillColor1: faded('good', 0.2), topFillColor2: faded('good', 0.03),
      bottomFillColor1: faded('bad', 0.03), bottomFillColor2: faded('bad', 0.2) });
    this.setPriceLines(this.levels);
  }
}

let sessionEquity = null;

function showEquity(title, equity, isSimulated) {
  const { curve, latch } = equity;
  const place = section('equity', title);
  if (!curve.length) return put(place, make('p', 'No bar of a session was consumed yet.', 'panel'));
  if (!sessionEquity) {
    const [drawing, words] = [make('div'), make('p')];
    words.id = 'equity-words';
    put(place, make('div', [drawing, words], 'chart equity'));
    sessionEquity = new SessionEquity(drawing, { ...chartOptions('Equity of the session', isSimulated),
      format: (value) => figure(value),
      read(index) {
        const point = index < 0 ? null : sessionEquity.points[index];
        return point ? `${dayHour(point.time * 1000)}   equity ${money(point.equity)}` : '';
      } });
    onPage(sessionEquity);
  }
  if (!changed('equity', [curve, latch])) return undefined;
  const values = curve.map((each) => each.equity);
  const [low, high, last] = [Math.min(...values), Math.max(...values), values.at(-1)];
  byId('equity-words').textContent = `${count(curve.length, 'bar')}: between ${money(low)} and ${money(high)}, `
    + `${money(last)} at the last.` + (latch && latch.limit != null
      ? ` It began with ${money(latch.baseline)}; trading ends for the day at ${money(latch.limit)}.` : '');
  return sessionEquity.setPoints(curve.map((each) => ({ time: seconds(each.time), equity: each.equity })),
    latch ? latch.baseline : values[0], latch ? latch.limit : null);
}
