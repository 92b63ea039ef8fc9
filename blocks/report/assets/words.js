// The report's words: prices, times of the exchange, decisions.

// Prices with a fraction of a cent show it.
const price = (value) => figure(value, Math.abs(value * 100 - Math.round(value * 100)) > 1e-6 ? 4 : 2);
const two = (value) => String(value).padStart(2, '0');

// The exchange's clock, minutes since midnight of any day, as hours and minutes.
function clock(minutes) {
  const inDay = ((minutes % 1440) + 1440) % 1440;
  return `${two(Math.floor(inDay / 60))}:${two(inDay % 60)}`;
}

const barClock = (session, bar) => clock(run.opens[session] + run.offsets[session]
  + bar * run.interval);
const rowClock = (row) => {
  const session = sessionOf(row);
  return barClock(session, row - run.firstRows[session]);
};
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const dayName = (session) => `${weekdays[new Date(`${run.dates[session]}T00:00Z`).getUTCDay()]} ${
  run.dates[session]}`;

// A decision in words, with what is known of it.
const changeWords = ({ reason, level, score }) => run.reasons[reason][1]
  + (Number.isFinite(level) ? `, to rest at ${price(level)}` : '')
  + (Number.isFinite(score) ? `, score ${figure(score, 1)}` : '');
