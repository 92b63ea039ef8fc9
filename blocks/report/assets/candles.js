// The candles of one day: the strategy's levels, entry, stop, target, exit, and changes of mind.

const candleChart = {
  canvas: byId('candles'),
  session: 0,
  symbol: 0,
  bars: [],
  trades: [],
  changes: [],
  hover: null,

  show(session, symbol, trades, changes) {
    Object.assign(this, { session, symbol, trades, changes, hover: null });
    this.bars = barsOf(session, symbol);
    this.draw();
  },

  draw() {
    const { pen, width, height } = sharpen(this.canvas);
    const box = { left: 74, right: width - 92, top: 34, bottom: height - 104 };
    const volume = { ...box, top: height - 96, bottom: height - 44 };
    pen.font = font(13, '600');
    pen.textBaseline = 'alphabetic';
    write(pen, `${run.symbols[this.symbol]}   ${dayName(this.session)}`, box.left, 20, colour('ink'));
    watermark(pen, box);
    const bars = this.bars ?? [];
    const present = bars.filter((bar) => bar);
    if (!present.length) {
      pen.font = font(14);
      write(pen, this.bars ? 'No bar of this symbol in this session.'
        : 'The candles of this day are not in this file.', (box.left + box.right) / 2, height / 2,
      colour('quiet'), 'center');
      return;
    }
    const levels = [...this.changes.map((change) => change.level),
      ...this.trades.flatMap((t) => [trades.stop[t], trades.target[t], trades.entryPrice[t],
        trades.exitPrice[t]])].filter((level) => Number.isFinite(level));
    let low = Math.min(...present.map((bar) => bar.low), ...levels);
    let high = Math.max(...present.map((bar) => bar.high), ...levels);
    const margin = (high - low) * 0.05 || high * 0.01;
    low -= margin;
    high += margin;
    const step = (box.right - box.left) / bars.length;
    const x = (bar) => box.left + (bar + 0.5) * step;
    const y = (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top);
    Object.assign(this, { box, step });
    yAxis(pen, box, y, low, high, (mark, digits) => figure(mark, digits), 6);
    pen.textBaseline = 'alphabetic';
    write(pen, 'USD', box.left - 8, 20, colour('quiet'), 'right');
    this.clockAxis(pen, volume, x, bars.length);
    this.openingRange(pen, box, y, step);
    this.levels(pen, box, x, y);
    this.volumes(pen, volume, x, step, bars);
    bars.forEach((bar, i) => bar && this.candle(pen, bar, x(i), y, step));
    this.resting(pen, box, x, y);
    this.trades.forEach((t) => this.trade(pen, t, x, y, box, bars));
    this.marks(pen, volume.bottom + 27, x);
    if (this.hover !== null) {
      line(pen, x(this.hover), box.top, x(this.hover), volume.bottom, colour('strong-line'), [2, 2]);
    }
  },

  clockAxis(pen, box, x, count) {
    pen.font = font(11.5);
    pen.textBaseline = 'alphabetic';
    const open = run.opens[this.session] + run.offsets[this.session];
    const every = [5, 15, 30, 60, 120, 240].find((minutes) => (count * run.interval) / minutes
      < (box.right - box.left) / 70) ?? 480;
    for (let bar = 0; bar < count; bar += 1) {
      const left = x(bar) - this.step / 2;
      const marked = (open + bar * run.interval) % every === 0 && left > box.left + 44;
      if (marked || bar === 0) {
        line(pen, left, box.bottom, left, box.bottom + 4, colour('strong-line'));
        write(pen, barClock(this.session, bar), left, box.bottom + 16, colour('quiet'), 'center');
      }
    }
  },

  // Drawn only when every one of its bars is there, as the strategy has it.
  openingRange(pen, box, y, step) {
    const bars = this.bars.slice(0, Math.floor(run.rangeMinutes / run.interval));
    if (!bars.length || bars.some((bar) => !bar)) return;
    const high = Math.max(...bars.map((bar) => bar.high));
    const low = Math.min(...bars.map((bar) => bar.low));
    pen.fillStyle = colour('band');
    pen.fillRect(box.left, y(high), box.right - box.left, Math.max(1, y(low) - y(high)));
    pen.fillRect(box.left, y(high), bars.length * step, Math.max(1, y(low) - y(high)));
    for (const level of [high, low]) line(pen, box.left, y(level), box.right, y(level), colour('accent'));
    pen.font = font(11.5);
    pen.textBaseline = 'middle';
    write(pen, 'opening range', box.right - 6, (y(high) + y(low)) / 2, colour('accent'), 'right');
  },

  // What the strategy's file draws, under its names: a line through the closes of the bars.
  levels(pen, box, x, y) {
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    pen.clip();
    pen.font = font(11.5);
    pen.textBaseline = 'alphabetic';
    levelsOf(this.session, this.symbol).forEach((values, i) => {
      let last = null;
      pen.lineWidth = 1.5;
      values.forEach((value, bar) => {
        if (!Number.isFinite(value)) return;
        if (last !== null) {
          line(pen, x(last), y(values[last]), x(bar), y(value), colour('accent'), i ? [6, 3] : []);
        }
        last = bar;
      });
      pen.lineWidth = 1;
      if (last === null) return;
      write(pen, run.levels[i], box.right - 6, y(values[last]) - 5, colour('accent'), 'right');
    });
    pen.restore();
  },

  // Where an entry rests: from the close at which it is decided until it fills or is withdrawn.
  resting(pen, box, x, y) {
    this.changes.forEach((change, i) => {
      if (!Number.isFinite(change.level)) return;
      const after = this.changes.slice(i + 1)
        .find((each) => run.reasons[each.reason][0] !== 'order_pending');
      const end = after ? x(after.bar) : box.right;
      line(pen, x(change.bar), y(change.level), end, y(change.level), colour('ink'), [1, 3]);
      pen.font = font(11.5);
      pen.textBaseline = 'alphabetic';
      write(pen, `entry rests at ${price(change.level)}`, x(change.bar) + 4, y(change.level) - 5,
        colour('ink'));
    });
  },

  volumes(pen, box, x, step, bars) {
    const most = Math.max(...bars.map((bar) => (bar ? bar.volume : 0)), 1);
    bars.forEach((bar, i) => {
      if (!bar) return;
      const tall = (bar.volume / most) * (box.bottom - box.top);
      pen.fillStyle = colour('strong-line');
      pen.fillRect(x(i) - step * 0.32, box.bottom - tall, Math.max(1, step * 0.64), tall);
    });
    pen.font = font(11.5);
    pen.textBaseline = 'middle';
    write(pen, 'volume', box.left - 8, box.bottom - 8, colour('quiet'), 'right');
  },

  candle(pen, bar, x, y, step) {
    const stroke = colour(bar.close >= bar.open ? 'good' : 'bad');
    const wide = Math.max(1, Math.min(14, step * 0.64));
    pen.lineWidth = Math.min(1.5, Math.max(1, wide / 5));
    line(pen, x, y(bar.high), x, y(bar.low), stroke);
    pen.lineWidth = 1;
    const top = y(Math.max(bar.open, bar.close));
    const tall = Math.max(1, y(Math.min(bar.open, bar.close)) - top);
    pen.fillStyle = bar.close >= bar.open ? colour('panel') : stroke;
    pen.strokeStyle = stroke;
    pen.fillRect(x - wide / 2, top, wide, tall);
    pen.strokeRect(x - wide / 2, top, wide, tall);
  },

  trade(pen, t, x, y, box, bars) {
    const first = run.firstRows[this.session];
    const [entry, exit] = [trades.entryRow[t] - first, trades.exitRow[t] - first];
    const [left, right] = [x(entry) - this.step / 2, x(exit) + this.step / 2];
    const level = (value, name, said, begin = left) => {
      if (!Number.isFinite(value)) return;
      pen.globalAlpha = t === day.chosen ? 1 : 0.45;
      line(pen, begin, y(value), right, y(value), colour(name), [5, 3]);
      pen.globalAlpha = 1;
      if (t !== day.chosen) return;
      pen.font = font(11.5);
      pen.textBaseline = 'middle';
      write(pen, `${said} ${price(value)}`, box.right + 6, y(value), colour(name));
      line(pen, right, y(value), box.right + 3, y(value), colour('line'), [2, 3]);
    };
    pen.lineWidth = 1.5;
    const path = stopPath(t, bars, entry, exit);
    const last = path[path.length - 1];
    // Where a stop that trails by the ATR has moved to is not on the page.
    const said = run.trailing.trailing === 'atr' ? 'first stop' : 'stop';
    level(last.stop, 'bad', said, x(last.bar) - this.step / 2);
    level(trades.target[t], 'good', 'target');
    path.slice(1).forEach((at, i) => {
      const before = path[i].stop;
      line(pen, x(at.bar) - this.step / 2, y(before), x(at.bar) - this.step / 2, y(at.stop),
        colour('bad'), [5, 3]);
    });
    path.slice(0, -1).forEach((at, i) => line(pen, x(at.bar) - this.step / 2, y(at.stop),
      x(path[i + 1].bar) - this.step / 2, y(at.stop), colour('bad'), [5, 3]));
    line(pen, x(entry), y(trades.entryPrice[t]), x(exit), y(trades.exitPrice[t]), colour('ink'));
    this.arrow(pen, x(entry), y(trades.entryPrice[t]), trades.side[t], colour('ink'));
    pen.beginPath();
    pen.fillStyle = colour('panel');
    pen.strokeStyle = colour('ink');
    pen.lineWidth = 2;
    pen.arc(x(exit), y(trades.exitPrice[t]), 4.5, 0, 7);
    pen.fill();
    pen.stroke();
    pen.lineWidth = 1;
  },

  // A triangle whose tip is the fill: from below for a long, from above for a short.
  arrow(pen, x, y, side, fill) {
    pen.beginPath();
    pen.fillStyle = fill;
    pen.moveTo(x, y);
    pen.lineTo(x - 7, y + 13 * side);
    pen.lineTo(x + 7, y + 13 * side);
    pen.closePath();
    pen.fill();
    pen.strokeStyle = colour('panel');
    pen.stroke();
  },

  marks(pen, y, x) {
    for (const change of this.changes) {
      const enters = run.reasons[change.reason][0].startsWith('enter_');
      pen.fillStyle = colour(enters ? 'accent' : 'strong-line');
      pen.fillRect(x(change.bar) - 3, y - 3, 6, 6);
    }
    pen.font = font(11.5);
    pen.textBaseline = 'middle';
    write(pen, 'decisions', 66, y, colour('quiet'), 'right');
  },

  said(at) {
    const bar = this.bars[at];
    const change = this.changes.filter((each) => each.bar === at)
      .map((each) => `\n${changeWords(each)}`).join('')
      + levelsOf(this.session, this.symbol).map((values, i) => (Number.isFinite(values[at])
        ? `\n${run.levels[i]} ${price(values[at])}` : '')).join('');
    if (!bar) return `${barClock(this.session, at)}  no bar${change}`;
    return `${barClock(this.session, at)} to ${clock(Math.min(run.opens[this.session]
      + (at + 1) * run.interval, run.closes[this.session]) + run.offsets[this.session])}\n`
      + `open ${price(bar.open)}  high ${price(bar.high)}\nlow ${price(bar.low)}  close ${
        price(bar.close)}\nvolume ${figure(bar.volume, Number.isInteger(bar.volume) ? 0 : 2)}${change}`;
  },

  listen() {
    this.canvas.addEventListener('pointermove', (event) => {
      if (!this.box || !this.bars?.length) return;
      const x = event.clientX - this.canvas.getBoundingClientRect().left;
      const at = Math.floor((x - this.box.left) / this.step);
      this.hover = at >= 0 && at < this.bars.length ? at : null;
      if (this.hover === null) hideTip(); else showTip(event, this.said(at));
      this.draw();
    });
    this.canvas.addEventListener('pointerleave', () => { this.hover = null; hideTip(); this.draw(); });
  },
};

// The stop in force from a bar on: the first one, then as trailing moves it at each close.
function stopPath(t, bars, entry, exit) {
  const { trailing, trail_trigger_r: trigger, trail_plus: plus, trail_steps: levels,
    trail_dollars: dollars, trail_pct: share } = run.trailing;
  const side = trades.side[t];
  const from = trades.entryPrice[t];
  const risk = Math.abs(from - trades.stop[t]);
  const path = [{ bar: entry, stop: trades.stop[t] }];
  const tests = trailing === 'breakeven' ? [[trigger * risk, plus]]
    : trailing === 'stepped' ? levels.map((each) => [each.at_r * risk, each.stop_r * risk]) : [];
  // A bar that was entered inside trails nothing: what of it came after the entry is unknown.
  const inside = Number.isFinite(trades.level[t]) && bars[entry]
    && bars[entry].low < trades.level[t] && trades.level[t] < bars[entry].high
    && bars[entry].open !== trades.level[t] && side * (bars[entry].open - trades.level[t]) < 0;
  let best = -Infinity;
  for (let bar = entry + (inside ? 1 : 0); bar < exit; bar += 1) {
    if (!bars[bar]) continue;
    best = Math.max(best, side > 0 ? bars[bar].high : -bars[bar].low);
    const behind = trailing === 'dollars' ? best - dollars
      : trailing === 'percent' ? best * (1 - side * share) : null;
    const tested = behind === null ? tests : [[-Infinity, behind - side * from]];
    const move = side > 0 ? bars[bar].high - from : from - bars[bar].low;
    for (const [at, beyond] of tested) {
      if (move < at) continue;
      const units = Math.floor((from + side * beyond) * 1e4 + 0.5);
      const stop = (side * Math.floor((side * units) / run.tick) * run.tick) / 1e4;
      const now = path[path.length - 1];
      if (side * (stop - now.stop) <= 0) continue;
      if (now.bar === bar + 1) now.stop = stop; else path.push({ bar: bar + 1, stop });
    }
  }
  return path;
}
