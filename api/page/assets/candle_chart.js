// Candles of one symbol with its levels, fills, entry, stop and target, by Lightweight Charts.

const seconds = (moment) => Math.round(Date.parse(moment) / 1000);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function look() {
  return {
    layout: { background: { color: colour('--panel') }, textColor: colour('--quiet'),
      attributionLogo: false, fontSize: 12 },
    grid: { vertLines: { color: colour('--line') }, horzLines: { color: colour('--line') } },
    rightPriceScale: { borderColor: colour('--line') },
    timeScale: { borderColor: colour('--line') },
  };
}

function newChart(place) {
  const written = (time) => hour(time * 1000);
  // The library's own mark would bring a style along; the page's foot names whose charts they are.
  const chart = LightweightCharts.createChart(place, {
    ...look(),
    autoSize: true,
    localization: { timeFormatter: (time) => dayHour(time * 1000) },
    handleScale: { mouseWheel: false },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
  });
  chart.timeScale().applyOptions({ timeVisible: true, secondsVisible: false, tickMarkFormatter: written });
  // What is drawn is told in the words beside it.
  place.setAttribute('aria-hidden', 'true');
  // All of it is in sight until somebody looks closer.
  let isOwn = false;
  place.addEventListener('pointerdown', () => { isOwn = true; });
  place.addEventListener('dblclick', () => {
    isOwn = false;
    chart.timeScale().fitContent();
  });
  return [chart, () => isOwn || chart.timeScale().fitContent()];
}

function candleChart(place) {
  const [chart, fit] = newChart(place);
  const candles = chart.addSeries(LightweightCharts.CandlestickSeries, {});
  const levels = [0, 1].map(() => chart.addSeries(LightweightCharts.LineSeries, {
    lineWidth: 1, lineStyle: 2, priceLineVisible: false, lastValueVisible: false,
    crosshairMarkerVisible: false }));
  const markers = LightweightCharts.createSeriesMarkers(candles, []);
  let lines = [];
  let shown = null;

  function paint() {
    chart.applyOptions(look());
    candles.applyOptions({ upColor: colour('--good'), downColor: colour('--bad'), borderVisible: false,
      wickUpColor: colour('--good'), wickDownColor: colour('--bad') });
    levels.forEach((each) => each.applyOptions({ color: colour('--accent') }));
    if (shown) dress();
  }

  function dress() {
    lines.forEach((each) => candles.removePriceLine(each));
    const held = shown.position;
    const wanted = held ? [['entry', held.entry_price, '--ink'], ['stop', held.stop, '--bad'],
      ['target', held.target, '--good']] : [];
    lines = wanted.filter((each) => each[1] != null).map(([title, at, name]) => candles.createPriceLine({
      price: at, color: colour(name), lineWidth: 1, lineStyle: 0, axisLabelVisible: true, title }));
    markers.setMarkers(shown.fills.map((fill) => {
      const bought = fill.quantity > 0;
      return { time: barOf(fill.time), position: bought ? 'belowBar' : 'aboveBar',
        shape: bought ? 'arrowUp' : 'arrowDown', color: colour(bought ? '--good' : '--bad'),
        text: plain(fill.leg) + ' ' + Math.abs(fill.quantity) };
    }).sort((a, b) => a.time - b.time));
  }

  // A fill belongs to the bar in which it was made.
  function barOf(moment) {
    const at = seconds(moment);
    let found = shown.bars.length ? seconds(shown.bars[0].start) : at;
    for (const bar of shown.bars) if (seconds(bar.start) <= at) found = seconds(bar.start);
    return found;
  }

  function point(bar) {
    const time = seconds(bar.start);
    return bar.close == null ? { time }
      : { time, open: bar.open, high: bar.high, low: bar.low, close: bar.close };
  }

  charts.push(paint);
  paint();
  return {
    show(answer) {
      shown = answer;
      candles.setData(answer.bars.map(point));
      ['upper', 'lower'].forEach((name, n) => {
        let level = null;
        const rows = [...answer.levels];
        levels[n].setData(answer.bars.map((bar) => {
          while (rows.length && seconds(rows[0].start) <= seconds(bar.start)) level = rows.shift()[name];
          return level == null ? { time: seconds(bar.start) } : { time: seconds(bar.start), value: level };
        }));
      });
      dress();
      fit();
    },
    remove() {
      charts.splice(charts.indexOf(paint), 1);
      chart.remove();
    },
  };
}
