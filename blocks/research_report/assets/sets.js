// The sets: numbers, the places of their values, and their figures, a column each.

const places = (() => {
  const reader = new Reader(bytes('places'));
  return run.parameters.map(() => Array.from({ length: run.rows }, () => reader.next()));
})();
const setNumbers = (() => {
  const reader = new Reader(bytes('sets'));
  return Array.from({ length: run.rows }, () => reader.next());
})();
const figures = columns('figures', run.figures.map((each) => each.name));
const figureOf = Object.fromEntries(run.figures.map((each) => [each.name, each]));
const bestRow = setNumbers.indexOf(run.best);

function writtenFigure(name, value, unit = true) {
  const { digits, isShare, hasSign } = figureOf[name];
  const written = figure(isShare ? value * 100 : value, digits, hasSign);
  return isShare && unit && Number.isFinite(value) ? `${written} %` : written;
}
