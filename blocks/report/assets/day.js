// The chosen day: its drop-downs, its trades in words, its decisions.

const day = {
  session: byId('day-session'),
  symbol: byId('day-symbol'),
  chosen: null,

  fill() {
    const newest = run.dates.map((_, i) => i).reverse();
    fillSelect(this.session, newest.map((i) => [i, dayName(i)]));
    fillSelect(this.symbol, run.symbols.map((name, i) => [i, name]));
  },

  show(session, symbol, trade = null) {
    const first = run.firstRows[session];
    const next = run.firstRows[session + 1];
    const mine = [];
    for (let t = 0; t < trades.rows; t += 1) {
      if (trades.symbol[t] === symbol && trades.entryRow[t] >= first && trades.entryRow[t] < next) {
        mine.push(t);
      }
    }
    mine.sort((a, b) => trades.entryRow[a] - trades.entryRow[b]);
    this.session.value = session;
    this.symbol.value = symbol;
    this.chosen = trade ?? mine[0] ?? null;
    const packed = packedDays.get(dayKey(session, symbol));
    const changes = (packed && decisionsOfDay.get(packed.number)) ?? [];
    candles.show(session, symbol, mine, changes);
    const sample = run.out_of_sample_from === null ? [] : [make('p', session < outOfSample
      ? 'In-sample: the parameters were chosen on this session.' : 'Out-of-sample.', 'quiet')];
    const judged = packed && universe.rows ? [make('p', this.judged(packed.number), 'quiet')] : [];
    byId('day-trades').replaceChildren(...sample, ...judged, ...(mine.length ? mine.flatMap((t) => this.told(t))
      : [make('p', this.listed(session) ? 'No trade on this day.'
        : 'The trades of this day are not in this file.', 'quiet')]));
    byId('day-decisions').replaceChildren(...(changes.length ? changes.map((change) => {
      const [name] = run.reasons[change.reason];
      const said = make('span', changeWords(change), name.startsWith('enter_') ? 'enter' : '');
      said.title = name;
      return make('li', [make('time', barClock(session, change.bar)), said]);
    }) : [make('li', [make('span'), make('span', run.decisionsKept ? 'None in this file.'
      : 'This run kept no decisions.')])]));
  },

  judged(number) {
    const verdict = universe.verdict[number];
    const rank = universe.rank[number];
    const known = [['open', universe.open[number], 2], ['daily ATR', universe.dailyAtr[number], 2],
      ['daily volume', universe.dailyVolume[number], 0],
      ['relative opening volume', universe.relativeVolume[number], 2]]
      .map(([name, value, digits]) => `${name} ${figure(value, digits)}`).join(', ');
    return `Universe: ${verdict ? run.reasons[verdict][1] : 'may trade'}${
      rank ? `, rank ${figure(rank, 0)}` : ''} (${known})`;
  },

  // The table begins with the oldest trade that the file holds.
  listed(session) {
    return !run.tradesLeftOut || session > sessionOf(trades.entryRow[0]);
  },

  told(t) {
    const side = trades.side[t] > 0 ? 'Long' : 'Short';
    const r = Number.isFinite(trades.r[t]) ? `, ${figure(trades.r[t], 2, true)} R` : '';
    const lines = [
      make('p', `${figure(trades.pnl[t], 2, true)} USD${r}`, `money ${tone(trades.pnl[t])}`),
      make('p', `${side} ${figure(trades.quantity[t], 0)} at ${rowClock(trades.entryRow[t])} for ${
        price(trades.entryPrice[t])}`),
      make('p', `Out at ${rowClock(trades.exitRow[t])} for ${price(trades.exitPrice[t])}: ${
        run.exits[trades.exitReason[t]][1]}`),
      ...(Number.isFinite(trades.level[t]) ? [make('p', `The entry rested at ${
        price(trades.level[t])}`, 'quiet')] : []),
      make('p', `First stop ${price(trades.stop[t])}${Number.isFinite(trades.target[t])
        ? `, target ${price(trades.target[t])}` : ''}`, 'quiet'),
    ];
    return lines;
  },
};
