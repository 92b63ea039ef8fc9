// Any two parameters against each other: a figure of the sets in each cell, in words and colour.

const MOST_LINES = 24;
const PARTS = 12;
const MOST_WORDS = 60;

const sorted = (values) => [...values].sort((a, b) => a - b);
const summaries = {
  mean: ['mean', (values) => values.reduce((sum, value) => sum + value, 0) / values.length],
  median: ['median', (values) => {
    const all = sorted(values);
    const middle = all.length >> 1;
    return all.length % 2 ? all[middle] : (all[middle - 1] + all[middle]) / 2;
  }],
  highest: ['best (highest)', (values) => Math.max(...values)],
  lowest: ['worst (lowest)', (values) => Math.min(...values)],
};

// The lines of one side: a value each, or parts of a long row of numbers with as many values each.
function linesOf(p) {
  if (p < 0) return { labels: ['all'], lineOf: () => 0, isParted: false, leftOut: 0 };
  const { labels, isNumber } = run.parameters[p];
  const of = places[p];
  if (isNumber && labels.length > MOST_LINES) {
    const size = labels.length / PARTS;
    const begins = Array.from({ length: PARTS + 1 }, (_, part) => Math.ceil(part * size));
    return { isParted: true, leftOut: 0,
      labels: Array.from({ length: PARTS }, (_, part) => {
        const [first, last] = [begins[part], begins[part + 1] - 1].map((at) => run.parameters[p].values[at]);
        const short = (value) => String(Number(value.toPrecision(4)));
        return `${short(first)} to ${short(last)}`;
      }),
      lineOf: (row) => Math.min(PARTS - 1, Math.floor(of[row] / size)) };
  }
  const most = isNumber ? labels.length : MOST_WORDS;
  return { labels: labels.slice(0, most), isParted: false, leftOut: Math.max(0, labels.length - most),
    lineOf: (row) => (of[row] < most ? of[row] : -1) };
}

const heatMap = {
  fields: Object.fromEntries(['x', 'y', 'figure', 'over'].map((name) => [name, byId(`heat-${name}`)])),

  fill() {
    const { x, y, figure: shown, over } = this.fields;
    const names = run.parameters.map((parameter, p) => [p, parameter.name]);
    fillSelect(x, names);
    fillSelect(y, [...names, [-1, 'nothing']]);
    fillSelect(shown, run.figures.map((each) => [each.name, each.label]));
    fillSelect(over, Object.entries(summaries).map(([name, [words]]) => [name, words]));
    // The two with the most values say the most.
    const by = names.map(([p]) => p)
      .sort((a, b) => run.parameters[b].labels.length - run.parameters[a].labels.length || a - b);
    x.value = by[0];
    y.value = by[1] ?? -1;
    shown.value = run.objective;
    over.value = 'mean';
    Object.values(this.fields).forEach((each) => each.addEventListener('change', () => this.draw()));
    for (const id of ['heat-controls', 'heat-scroll']) byId(id).hidden = false;
    this.draw();
  },

  draw() {
    const { x, y, figure: shown, over } = this.fields;
    const name = shown.value;
    const [words, summary] = summaries[over.value];
    const across = linesOf(Number(x.value));
    const down = x.value === y.value ? linesOf(-1) : linesOf(Number(y.value));
    const cells = down.labels.map(() => across.labels.map(() => []));
    let known = 0;
    for (let row = 0; row < run.rows; row += 1) {
      const [i, j] = [down.lineOf(row), across.lineOf(row)];
      if (i >= 0 && j >= 0 && Number.isFinite(figures[name][row])) {
        cells[i][j].push(figures[name][row]);
        known += 1;
      }
    }
    const values = cells.map((line) => line.map((each) => (each.length ? summary(each) : NaN)));
    const all = values.flat().filter(Number.isFinite);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const heat = this.heatOf(low, high, figureOf[name].hasSign);
    const best = [down.lineOf(bestRow), across.lineOf(bestRow)];
    const label = (p, none) => (p < 0 ? none : run.parameters[p].name);
    const corner = make('th', `${label(down.labels.length === 1 && x.value === y.value ? -1
      : Number(y.value), '')} \u2193  ${label(Number(x.value), '')} \u2192`);
    corner.scope = 'col';
    const head = make('tr', [corner, ...across.labels.map((each) => this.heading(each, 'col'))]);
    const body = values.map((line, i) => make('tr', [this.heading(down.labels[i], 'row'),
      ...line.map((value, j) => {
        const cell = make('td', writtenFigure(name, value, false));
        const count = cells[i][j].length;
        cell.title = `${figure(count, 0)} ${count === 1 ? 'set' : 'sets'}`;
        if (Number.isFinite(value)) {
          const warmth = heat(value);
          cell.className = warmth < 0 ? 'cold' : 'warm';
          cell.style.setProperty('--heat', Math.abs(warmth).toFixed(3));
        }
        if (i === best[0] && j === best[1]) {
          cell.classList.add('here');
          cell.append(make('span', ' with the best', 'unseen'));
        }
        return cell;
      })]));
    const table = byId('heat');
    table.tHead.replaceChildren(head);
    table.tBodies[0].replaceChildren(...body);
    this.explain({ name, words, across, down, known, low, high, cells: cells.flat() });
  },

  heading(words, scope) {
    const cell = make('th', words);
    cell.scope = scope;
    return cell;
  },

  // From -1 to 1: losses and gains where both are there, else from the least to the most.
  heatOf(low, high, hasSign) {
    if (hasSign && low < 0 && high > 0) return (value) => value / Math.max(-low, high);
    const span = high - low || 1;
    if (hasSign && high <= 0) return (value) => (value - high) / span;
    return (value) => (value - low) / span;
  },

  explain({ name, words, across, down, known, low, high, cells }) {
    const most = Math.max(...cells.map((each) => each.length));
    const least = Math.min(...cells.filter((each) => each.length).map((each) => each.length));
    const each = most === least ? figure(most, 0) : `${figure(least, 0)} to ${figure(most, 0)}`;
    const figureWords = figureOf[name].label;
    const said = known === 0 ? [`No set has the figure ${figureWords}.`]
      : most === 1 ? [`Each cell is the ${figureWords} of one set.`]
        : [`Each cell is the ${words} of the ${figureWords} over its sets, ${each} of them, whatever`
          + ' their other parameters are.'];
    if (known) {
      said.push(`It goes from ${writtenFigure(name, low)} to ${writtenFigure(name, high)}. The best`
        + ' set lies in the framed cell.');
    }
    if (across.isParted || down.isParted) {
      said.push(`Numbers of more than ${MOST_LINES} values are shown in ${PARTS} parts with as many`
        + ' values each.');
    }
    if (across.leftOut + down.leftOut) {
      said.push(`${figure(across.leftOut + down.leftOut, 0)} values found no room and are left out.`);
    }
    byId('heat-words').textContent = said.join(' ');
  },
};
