// Numbers and elements. Texts of a run only ever enter the page as text.

const grouped = (digits) => new Intl.NumberFormat('en-US', {
  minimumFractionDigits: digits, maximumFractionDigits: digits });
const formats = [0, 1, 2, 3, 4].map(grouped);

function figure(value, digits = 2, plus = false) {
  if (!Number.isFinite(value)) return '\u2013';
  const written = formats[digits].format(Math.abs(value));
  if (!/[1-9]/.test(written)) return written;
  return (value < 0 ? '\u2212' : plus ? '+' : '') + written;
}

const tone = (value) => (value > 0 ? 'good' : value < 0 ? 'bad' : '');
const byId = (id) => document.getElementById(id);

function make(name, inside = '', className = '') {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...(Array.isArray(inside) ? inside : [inside]));
  return made;
}

function fillSelect(select, pairs) {
  select.append(...pairs.map(([value, label]) => {
    const option = make('option', label);
    option.value = value;
    return option;
  }));
}
