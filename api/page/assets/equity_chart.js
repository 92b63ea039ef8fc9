// The session's equity bar by bar, with its baseline and the day's loss limit.

function equityChart(place) {
  const [chart, fit] = newChart(place);
  const series = chart.addSeries(LightweightCharts.BaselineSeries, { lineWidth: 2, priceLineVisible: false });
  let lines = [];
  let shown = null;

  function paint() {
    chart.applyOptions(look());
    const [good, bad] = [colour('--good'), colour('--bad')];
    series.applyOptions({ topLineColor: good, bottomLineColor: bad, topFillColor1: good + '33',
      topFillColor2: good + '08', bottomFillColor1: bad + '08', bottomFillColor2: bad + '33' });
    if (shown) dress();
  }

  function dress() {
    lines.forEach((each) => series.removePriceLine(each));
    const { baseline, limit } = shown;
    series.applyOptions({ baseValue: { type: 'price', price: baseline } });
    const wanted = [['open', baseline, '--quiet']];
    if (limit != null) wanted.push(['loss limit', limit, '--bad']);
    lines = wanted.map(([title, at, name]) => series.createPriceLine({ price: at, color: colour(name),
      lineWidth: 1, lineStyle: 2, axisLabelVisible: true, title }));
  }

  charts.push(paint);
  paint();
  return (curve, baseline, limit) => {
    shown = { baseline, limit };
    series.setData(curve.map((each) => ({ time: seconds(each.time), value: each.equity })));
    dress();
    fit();
  };
}

let drawEquity = null;

function showEquity(title, equity) {
  const { curve, latch } = equity;
  const place = section('equity', title);
  if (!curve.length) return put(place, make('p', 'No bar of a session was consumed yet.', 'panel'));
  if (!drawEquity) {
    const plot = make('div', '', 'plot');
    const words = make('p');
    words.id = 'equity-words';
    put(place, make('div', [plot, words], 'chart equity'));
    drawEquity = equityChart(plot);
  }
  if (!changed('equity', [curve, latch])) return undefined;
  const values = curve.map((each) => each.equity);
  const [low, high, last] = [Math.min(...values), Math.max(...values), values.at(-1)];
  byId('equity-words').textContent = `${curve.length} bars: between ${money(low)} and ${money(high)}, `
    + `${money(last)} at the last.` + (latch && latch.limit != null
      ? ` It began with ${money(latch.baseline)}; trading ends for the day at ${money(latch.limit)}.` : '');
  return drawEquity(curve, latch ? latch.baseline : values[0], latch ? latch.limit : null);
}
