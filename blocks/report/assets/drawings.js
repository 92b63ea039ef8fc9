// The charts of the report: what of the run's data they draw, and what they say of a point.

const startOf = (session, bar) => (run.opens[session] + bar * run.interval) * 60;
const startOfRow = (row) => {
  const session = sessionOf(row);
  return startOf(session, row - run.firstRows[session]);
};
// The first session that the parameters were not chosen on; beyond the last where nobody said so.
const outOfSample = run.dates.filter((each) => run.out_of_sample_from === null
  || each < run.out_of_sample_from).length;
const chartOptions = { zone: run.zone, watermark: run.simulated ? 'SIMULATED BARS' : '' };

const equityChart = new EquityChart(byId('equity'), {
  ...chartOptions,
  label: 'Equity and drawdown',
  // Steps of less than a dollar would have labels that are all the same.
  format: (value) => figure(value, Math.abs(value - Math.round(value)) < 0.005 ? 0 : 2),
  read(point) {
    const at = point < 0 ? equity.rows - 1 : point;
    if (at < 0) return '';
    const row = equity.row[at];
    const beside = benchmark.length ? `   ${run.benchmark} ${figure(benchmark[at])} USD` : '';
    return `${dayName(sessionOf(row))} ${rowClock(row)}   equity ${figure(equity.equity[at])} USD`
      + `${beside}   drawdown ${figure(equity.drawdown[at] * 100)} %`;
  },
});
equityChart.setPoints(Array.from({ length: equity.rows }, (_, i) => ({
  time: startOfRow(equity.row[i]), equity: equity.equity[i], drawdown: equity.drawdown[i],
  beside: benchmark[i] })), { capital: run.capital, besideName: run.benchmark,
  from: outOfSample < run.dates.length ? startOf(outOfSample, 0) : null });

const dayChart = new CandleChart(byId('candles'), {
  ...chartOptions,
  label: 'Candles of the day',
  format: price,
  read: (bar) => candles.said(bar),
  pick: (bar) => candles.pick(bar),
});

const candles = {
  session: 0,
  symbol: 0,
  bars: [],
  trades: [],
  changes: [],
  open: () => {},

  show(session, symbol, trades, changes) {
    Object.assign(this, { session, symbol, trades, changes });
    const found = barsOf(session, symbol);
    this.bars = found ?? [];
    this.missing = !found ? 'The candles of this day are not in this file.'
      : found.some((bar) => bar) ? '' : 'No bar of this symbol in this session.';
    const at = (bar) => startOf(session, bar);
    dayChart.setBars(this.bars.map((bar, i) => ({ time: at(i), ...bar })));
    if (!this.missing) dayChart.setDrawn({
      band: this.openingRange(),
      lines: [...this.levels(at), ...this.resting(at),
        ...trades.flatMap((t) => this.linesOf(t, at))],
      marks: trades.flatMap((t) => this.fillsOf(t, at)),
      notes: changes.map(({ bar, reason }) => ({ time: at(bar),
        colour: run.reasons[reason][0].startsWith('enter_') ? 'accent' : 'quiet' })),
    });
    dayChart.showAll();
  },

  // Drawn only when every one of its bars is there, as the strategy has it.
  openingRange() {
    const bars = this.bars.slice(0, Math.floor(run.rangeMinutes / run.interval));
    if (!bars.length || bars.some((bar) => !bar)) return null;
    return { name: 'opening range', low: Math.min(...bars.map((bar) => bar.low)),
      high: Math.max(...bars.map((bar) => bar.high)) };
  },

  // What the strategy's file draws, under its names: a line through the closes of the bars.
  levels(at) {
    return levelsOf(this.session, this.symbol).map((values, i) => ({
      name: run.levels[i], colour: 'accent', style: i ? 'dashed' : 'solid', width: 2,
      points: values.map((value, bar) => ({ time: at(bar),
        ...(Number.isFinite(value) && { value }) })) }));
  },

  // Where an entry rests: from the close at which it is decided until it fills or is withdrawn.
  resting(at) {
    return this.changes.flatMap((change, i) => {
      if (!Number.isFinite(change.level)) return [];
      const after = this.changes.slice(i + 1)
        .find((each) => run.reasons[each.reason][0] !== 'order_pending');
      const last = after?.bar ?? this.bars.length - 1;
      return [{ name: 'entry rests', colour: 'ink', style: 'dotted',
        points: this.between(change.bar, last, at, () => change.level) }];
    });
  },

  // A point a bar: the library draws a line only over points that are in sight.
  between(first, last, at, value) {
    return Array.from({ length: Math.max(0, last - first) + 1 },
      (_, i) => ({ time: at(first + i), value: value(first + i) }));
  },

  linesOf(t, at) {
    const first = run.firstRows[this.session];
    const [entry, exit] = [trades.entryRow[t] - first, trades.exitRow[t] - first];
    const named = (name) => (t === day.chosen ? { name, width: 2 } : { width: 1 });
    const path = stopPath(t, this.bars, entry, exit);
    const stopAt = (bar) => path.filter((each) => each.bar <= bar).at(-1).stop;
    // Where a stop that trails by the ATR has moved to is not on the page.
    const lines = [{ ...named(run.trailing.trailing === 'atr' ? 'first stop' : 'stop'),
      colour: 'bad', style: 'dashed', isStepped: true,
      points: this.between(entry, exit, at, stopAt) }];
    if (Number.isFinite(trades.target[t])) {
      lines.push({ ...named('target'), colour: 'good', style: 'dashed',
        points: this.between(entry, exit, at, () => trades.target[t]) });
    }
    if (exit > entry) {
      const slope = (trades.exitPrice[t] - trades.entryPrice[t]) / (exit - entry);
      lines.push({ colour: 'ink', points: this.between(entry, exit, at,
        (bar) => trades.entryPrice[t] + slope * (bar - entry)) });
    }
    return lines;
  },

  // The tip of an arrow is the entry's fill, a circle the exit's.
  fillsOf(t, at) {
    const first = run.firstRows[this.session];
    const isLong = trades.side[t] > 0;
    const chosen = t === day.chosen;
    return [
      { time: at(trades.entryRow[t] - first), price: trades.entryPrice[t], colour: 'ink',
        shape: isLong ? 'arrowUp' : 'arrowDown', place: isLong ? 'below' : 'above',
        text: chosen ? `${isLong ? 'long' : 'short'} ${figure(trades.quantity[t], 0)}` : '' },
      { time: at(trades.exitRow[t] - first), price: trades.exitPrice[t], colour: 'ink',
        shape: 'circle', text: chosen ? run.exits[trades.exitReason[t]][1] : '' },
    ];
  },

  // The trade that was open in a bar, if there is one.
  pick(bar) {
    const row = run.firstRows[this.session] + bar;
    const found = this.trades.find((t) => trades.entryRow[t] <= row && row <= trades.exitRow[t]);
    if (found !== undefined) this.open(found);
  },

  said(at) {
    const name = `${run.symbols[this.symbol]}   ${dayName(this.session)}`;
    if (at < 0) return this.missing ? `${name}   ${this.missing}` : name;
    const bar = this.bars[at];
    const begin = barClock(this.session, at);
    const more = [...this.changes.filter((each) => each.bar === at).map(changeWords),
      ...levelsOf(this.session, this.symbol).map((values, i) => (Number.isFinite(values[at])
        ? `${run.levels[i]} ${price(values[at])}` : '')).filter(Boolean)]
      .map((words) => `   ${words}`).join('');
    if (!bar) return `${name}   ${begin}   no bar${more}`;
    const end = clock(Math.min(run.opens[this.session] + (at + 1) * run.interval,
      run.closes[this.session]) + run.offsets[this.session]);
    return `${name}   ${begin} to ${end}   open ${price(bar.open)}   high ${price(bar.high)}`
      + `   low ${price(bar.low)}   close ${price(bar.close)}   volume ${
        figure(bar.volume, Number.isInteger(bar.volume) ? 0 : 2)}${more}`;
  },
};
