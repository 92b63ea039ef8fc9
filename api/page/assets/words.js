// Times in the exchange's zone, by the server's clock: a browser's own may be wrong.

const clock = { zone: 'UTC', ahead: 0, offAt: 0 };
const writers = new Map();

function writer(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!writers.has(key)) {
    writers.set(key, new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options }));
  }
  return writers.get(key);
}

const inZone = (moment, options) => writer(clock.zone, options).format(new Date(moment));
const hour = (moment) => inZone(moment, { hour: '2-digit', minute: '2-digit' });
const second = (moment) => inZone(moment, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayHour = (moment) => inZone(moment, { weekday: 'short', day: '2-digit', month: 'short',
  hour: '2-digit', minute: '2-digit' });
const zoneName = () => clock.zone.split('/').pop().replaceAll('_', ' ');

// What time it is for the server now.
const serverNow = () => Date.now() - clock.ahead;

function setClock(answer) {
  clock.zone = answer.zone;
  clock.ahead = Date.now() - Date.parse(answer.machine);
}

function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return s + ' s';
  if (s < 7200) return Math.floor(s / 60) + ' min ' + (s % 60 ? (s % 60) + ' s' : '');
  return Math.floor(s / 3600) + ' h ' + Math.floor((s % 3600) / 60) + ' min';
}

const money = (value, plus = false) => value == null ? '\u2013' : figure(Number(value), 2, plus) + ' USD';
const price = (value) => value == null ? '\u2013' : figure(Number(value), Math.abs(value) < 10 ? 4 : 2);
const percent = (value, plus = true) => value == null ? '\u2013' : figure(value * 100, 2, plus) + ' %';
const count = (number, word) => `${figure(number, 0)} ${word}${number === 1 ? '' : 's'}`;
const plain = (word) => String(word || '').replaceAll('_', ' ');
const capital = (word) => word ? word[0].toUpperCase() + word.slice(1) : '';

// Read aloud, and only what a person would want to be interrupted by.
let told = '';
function say(text) {
  if (text && text !== told) byId('said').textContent = told = text;
}
