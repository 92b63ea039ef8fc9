// Sections and tables, each drawn again only when what it shows is another.

const drawn = new Map();

function changed(name, value) {
  const now = JSON.stringify(value);
  if (drawn.get(name) === now) return false;
  drawn.set(name, now);
  return true;
}

function section(id, title, hint = '') {
  let found = byId(id);
  if (found) return found.lastElementChild;
  found = make('section');
  found.id = id;
  const heading = make('h2', title);
  heading.id = id + '-title';
  found.setAttribute('aria-labelledby', heading.id);
  found.append(heading);
  if (hint) found.append(make('p', hint, 'hint'));
  found.append(make('div'));
  byId('page').append(found);
  return found.lastElementChild;
}

const NUMBERS = new Set(['number']);

// Columns are [title, class, cell]: a cell is text or an element, the first of a row its header.
function table(name, caption, columns, rows, empty, long = false) {
  if (!rows.length) return make('p', empty, 'panel');
  const head = make('tr', columns.map(([title, kind]) => {
    const cell = make('th', title, NUMBERS.has(kind) ? 'number' : '');
    cell.scope = 'col';
    return cell;
  }));
  const body = rows.map((row) => make('tr', columns.map(([, kind, cell], place) => {
    const inside = cell(row);
    const made = make(place ? 'td' : 'th', inside == null ? '' : inside, kind || '');
    if (!place) made.scope = 'row';
    return made;
  }), row.is_entry ? 'entry' : ''));
  const whole = make('table', [make('caption', caption), make('thead', head), make('tbody', body)]);
  const frame = make('div', whole, long ? 'table long' : 'table');
  frame.tabIndex = 0;
  frame.setAttribute('role', 'region');
  frame.setAttribute('aria-label', caption);
  frame.id = 'table-' + name;
  return frame;
}

// The place in a list stays where it was.
function put(parent, made) {
  const before = parent.querySelector('.long');
  const top = before ? before.scrollTop : 0;
  const had = before && document.activeElement === before;
  parent.replaceChildren(...[made].flat());
  const now = parent.querySelector('.long');
  if (now) {
    now.scrollTop = top;
    if (had) now.focus();
  }
}

function toned(value, text) {
  // What is written as nothing is neither a gain nor a loss.
  return make('span', text, /[1-9]/.test(text) ? tone(Number(value)) : '');
}

function link(text, href, className = '') {
  const made = make('a', text, className);
  made.href = href;
  return made;
}
