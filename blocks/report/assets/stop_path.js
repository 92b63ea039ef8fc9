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
