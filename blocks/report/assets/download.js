// trades.csv, made of what the page holds, as a run writes it.

const csvTime = (row) => new Date(startOfRow(row) * 1000).toISOString().replace('.000Z', '+00:00');
// A float has a point, also where it is whole; what is missing is empty.
const csvFloat = (value) => (Number.isNaN(value) ? ''
  : Number.isInteger(value) ? value.toFixed(1) : String(value));
const csvText = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const csvColumns = {
  session: sessionDate,
  symbol: (t) => csvText(run.symbols[trades.symbol[t]]),
  side: (t) => (trades.side[t] > 0 ? 'long' : 'short'),
  quantity: (t) => String(trades.quantity[t]),
  entry_time: (t) => csvTime(trades.entryRow[t]),
  entry_price: (t) => csvFloat(trades.entryPrice[t]),
  exit_time: (t) => csvTime(trades.exitRow[t]),
  exit_price: (t) => csvFloat(trades.exitPrice[t]),
  exit_reason: (t) => run.exits[trades.exitReason[t]][0],
  pnl: (t) => csvFloat(trades.pnl[t]),
  pnl_pct: (t) => csvFloat(trades.share[t]),
  r_multiple: (t) => csvFloat(trades.r[t]),
  strategy: () => csvText(run.strategy),
};

function tradesCsv() {
  const lines = [Object.keys(csvColumns).join()];
  for (let t = 0; t < trades.rows; t += 1) {
    lines.push(Object.values(csvColumns).map((column) => column(t)).join());
  }
  return `${lines.join('\n')}\n`;
}

// All of them, whatever the table is filtered by.
byId('download').addEventListener('click', () => {
  const link = make('a');
  link.download = 'trades.csv';
  link.href = URL.createObjectURL(new Blob([tradesCsv()], { type: 'text/csv' }));
  link.click();
  URL.revokeObjectURL(link.href);
});
