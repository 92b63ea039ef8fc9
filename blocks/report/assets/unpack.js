// What the report's data elements hold.

const equity = columns('equity', ['row', 'equity', 'drawdown']);
const trades = columns('trades', ['symbol', 'side', 'quantity', 'entryRow', 'entryPrice', 'exitRow',
  'exitPrice', 'exitReason', 'pnl', 'stop', 'target', 'level']);

// What the capital is worth in the benchmark at each point of the equity; empty without one.
const benchmark = new Float64Array(bytes('benchmark').buffer);

// Derived as in the tables of the run: profit over value, and over the risk to the first stop.
trades.share = trades.pnl.map((pnl, i) => pnl / (trades.entryPrice[i] * trades.quantity[i]));
trades.r = trades.pnl.map((pnl, i) => {
  const risk = Math.abs(trades.entryPrice[i] - trades.stop[i]);
  return risk > 0 ? pnl / trades.quantity[i] / risk : NaN;
});

function sessionOf(row) {
  let low = 0;
  let high = run.dates.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (run.firstRows[middle] <= row) low = middle; else high = middle - 1;
  }
  return low;
}

// Where each packed day begins; days are looked up by session and symbol.
const dayKey = (session, symbol) => session * run.symbols.length + symbol;
const packedDays = new Map();
{
  const reader = new Reader(bytes('days'));
  let begin = 0;
  for (let number = 0; !reader.done; number += 1) {
    const session = reader.next();
    const symbol = reader.next();
    const size = reader.next();
    packedDays.set(dayKey(session, symbol), { number, begin, volumeUnits: reader.next() });
    begin += size;
  }
}

const decisionsOfDay = new Map();
{
  const reader = new Reader(bytes('decisions'));
  while (!reader.done) {
    const day = reader.next();
    if (!decisionsOfDay.has(day)) decisionsOfDay.set(day, []);
    decisionsOfDay.get(day).push({ bar: reader.next(), reason: reader.next(),
      level: (reader.next() || NaN) / 1e4, score: (reader.next() || NaN) / 100 - 0.01 });
  }
}

// The strategy's own levels of a packed day by its number: for each name a value a bar, or NaN.
let levelsOfDay = null;

function readLevels() {
  const reader = new Reader(bytes('levels'));
  const found = [];
  for (const key of reader.done ? [] : packedDays.keys()) {
    const session = Math.floor(key / run.symbols.length);
    const count = run.firstRows[session + 1] - run.firstRows[session];
    found.push(run.levels.map(() => {
      let units = 0;
      return Array.from({ length: count }, () => {
        const first = reader.next();
        if (first === 0) return NaN;
        units += (first - 1) % 2 ? -first / 2 : (first - 1) / 2;
        return units / 1e4;
      });
    }));
  }
  return found;
}

function levelsOf(session, symbol) {
  levelsOfDay ??= readLevels();
  return levelsOfDay[packedDays.get(dayKey(session, symbol))?.number] ?? [];
}

// What a day's selection judged, by the day's number; none where nothing is selected.
const universe = columns('universe', ['verdict', 'rank', 'open', 'dailyAtr', 'dailyVolume',
  'relativeVolume']);

let candleBytes = null;

// A price in units of 0.0001 USD: twice the cents where it is whole cents, else twice itself and one.
const unitsOf = (packed, sign = (value) => value) => (packed % 2 ? sign((packed - 1) / 2)
  : sign(packed / 2) * 100);

// The bars of a day, null for those that are missing; undefined when the day is not in this file.
function barsOf(session, symbol) {
  const day = packedDays.get(dayKey(session, symbol));
  if (!day) return undefined;
  candleBytes ??= bytes('candles');
  const reader = new Reader(candleBytes, day.begin);
  const count = run.firstRows[session + 1] - run.firstRows[session];
  const bars = [];
  let before = 0;
  for (let bar = 0; bar < count; bar += 1) {
    const first = reader.next();
    if (first === 0) { bars.push(null); continue; }
    const open = before + unitsOf(first - 1, withSign);
    const close = open + unitsOf(reader.next(), withSign);
    const high = Math.max(open, close) + unitsOf(reader.next());
    const low = Math.min(open, close) - unitsOf(reader.next());
    before = close;
    bars.push({ open: open / 1e4, high: high / 1e4, low: low / 1e4, close: close / 1e4,
      volume: reader.next() / day.volumeUnits });
  }
  return bars;
}
