// Candles of one symbol as its session consumed them, in the report's own chart.

const seconds = (moment) => Math.round(Date.parse(moment) / 1000);

const chartOptions = (label, isSimulated) => ({ label, zone: clock.zone,
  watermark: isSimulated ? 'SIMULATED BARS' : '' });

// The theme's button dresses what is on the page.
function onPage(chart) {
  const dress = () => chart.dress();
  charts.push(dress);
  return () => {
    charts.splice(charts.indexOf(dress), 1);
    chart.remove();
  };
}

function sessionCandles(place, symbol, isSimulated) {
  let [shown, first] = [null, null];
  const chart = new CandleChart(place, { ...chartOptions(`Candles of ${symbol}`, isSimulated),
    format: price, read });
  const point = ({ start, open, high, low, close, volume }) => (close == null
    ? { time: seconds(start) } : { time: seconds(start), open, high, low, close, volume });

  function read(index) {
    const bar = index < 0 || !shown ? null : shown.bars[index];
    if (!bar) return '';
    const at = `${dayHour(bar.start)}   `;
    return bar.close == null ? `${at}no bar` : `${at}open ${price(bar.open)}   high ${price(bar.high)}`
      + `   low ${price(bar.low)}   close ${price(bar.close)}   volume ${figure(bar.volume, 0)}`;
  }

  // A fill belongs to the bar in which it was made, and what came before all bars to the first.
  function barOf(moment) {
    const found = shown.bars.findLast((bar) => seconds(bar.start) <= seconds(moment));
    return seconds((found || shown.bars[0]).start);
  }

  // A level holds until another is told.
  function level(name) {
    const told = [...shown.levels];
    let value = null;
    return shown.bars.map(({ start }) => {
      while (told.length && seconds(told[0].start) <= seconds(start)) value = told.shift()[name];
      return { time: seconds(start), ...(value != null && { value }) };
    });
  }

  // What holds now, from the entry on: a stop may have been elsewhere before.
  function held() {
    const { position } = shown;
    if (!position) return [];
    const since = barOf(position.entry_time);
    const times = shown.bars.map(({ start }) => seconds(start)).filter((time) => time >= since);
    return [['entry', position.entry_price, 'ink'], ['stop', position.stop, 'bad'],
      ['target', position.target, 'good']].filter(([, value]) => value != null)
      .map(([name, value, colour]) => ({ name, colour,
        points: times.map((time) => ({ time, value: Number(value) })) }));
  }

  function drawn() {
    return {
      lines: [...['upper', 'lower'].map((name, n) => ({ name: shown.level_names[n], colour: 'accent',
        style: 'dashed', points: level(name) })).filter((line) => line.points.some((each) => each.value)),
      ...held()],
      marks: shown.fills.map((fill) => {
        const isBought = fill.quantity > 0;
        return { time: barOf(fill.time), price: Number(fill.price), colour: isBought ? 'good' : 'bad',
          shape: isBought ? 'arrowUp' : 'arrowDown', place: isBought ? 'below' : 'above',
          text: `${plain(fill.leg)} ${figure(Math.abs(fill.quantity), 0)}` };
      }),
    };
  }

  const remove = onPage(chart);
  return {
    remove,
    // The newest bar joins those that are drawn: who reads one of them, or looked closer, goes on.
    show(answer) {
      shown = answer;
      if (!answer.bars.length) return;
      const isWhole = chart.isWhole();
      const begin = answer.bars[0].start;
      const more = answer.bars.length - chart.bars.length;
      if (first === begin && (more === 0 || more === 1)) chart.update(point(answer.bars.at(-1)));
      else chart.setBars(answer.bars.map(point));
      first = begin;
      chart.setDrawn(drawn());
      if (isWhole) chart.showAll();
    },
  };
}
