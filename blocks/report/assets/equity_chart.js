// Equity over drawdown, point beside point: nights and weekends take no room.

class EquityChart extends ChartFrame {
  constructor(element, options) {
    super(element, options);
    const { AreaSeries, BaselineSeries, LineSeries, createSeriesMarkers } = LightweightCharts;
    const quiet = { priceLineVisible: false, lastValueVisible: false, lineWidth: 2 };
    this.points = [];
    this.series = this.chart.addSeries(AreaSeries, { ...quiet,
      priceFormat: { type: 'custom', minMove: 0.01, formatter: options.format } });
    this.beside = this.chart.addSeries(LineSeries, { ...quiet, lineWidth: 1,
      crosshairMarkerVisible: false });
    this.drawdown = this.chart.addSeries(BaselineSeries, { ...quiet, lineWidth: 1,
      baseValue: { type: 'price', price: 0 } }, 1);
    this.chart.panes()[0].setStretchFactor(3);
    // Room for the last label of the axis.
    this.chart.timeScale().applyOptions({ rightOffsetPixels: 24 });
    this.marks = createSeriesMarkers(this.series);
    this.dress();
  }

  // Points of {time, equity, drawdown, beside}: UTC seconds, USD, a fraction <= 0, and USD of what
  // it is compared with under the name `besideName`, both left out for nothing. `from` is the time
  // at which the out-of-sample part begins, null for none; `capital` is drawn as a line.
  setPoints(points, { capital = null, from = null, besideName = '' } = {}) {
    Object.assign(this, { points, capital, from });
    this.setTimes(points.map((point) => point.time));
    this.drawdown.setData(points.map((point) => ({ time: this.shown(point.time),
      value: point.drawdown * 100 })));
    // The labels of a fall that is small differ in what is behind the point.
    const deepest = points.reduce((lowest, point) => Math.min(lowest, point.drawdown * 100), 0);
    const digits = deepest < -2 ? 1 : deepest < -0.2 ? 2 : 3;
    this.drawdown.applyOptions({ priceFormat: { type: 'custom', minMove: 10 ** -digits,
      formatter: (value) => `${value.toFixed(digits)} %` } });
    const known = points.filter(({ beside }) => Number.isFinite(beside));
    this.beside.setData(known.map(({ time, beside }) => ({ time: this.shown(time), value: beside })));
    this.beside.applyOptions({ title: besideName ?? '', lastValueVisible: known.length > 0 });
    this.dress();
    this.showAll();
  }

  valueAt(index) { return this.points[index].equity; }

  dress() {
    super.dress();
    if (!this.series) return;
    const [good, bad, quiet] = ['good', 'bad', 'quiet'].map(themeColour);
    this.series.applyOptions({ lineColor: good, topColor: themeColour('fill'),
      bottomColor: 'transparent' });
    this.beside.applyOptions({ color: themeColour('accent') });
    const fall = faded('bad', 0.25);
    this.drawdown.applyOptions({ topLineColor: bad, bottomLineColor: bad, bottomFillColor1: fall,
      bottomFillColor2: fall });
    // What the parameters were chosen on is grey: it proves less.
    this.series.setData(this.points.map(({ time, equity }) => ({ time: this.shown(time),
      value: equity, ...(this.from !== null && time < this.from && { lineColor: quiet }) })));
    const begin = this.points.find(({ time }) => this.from !== null && time >= this.from);
    this.marks.setMarkers(begin ? [{ time: this.shown(begin.time), position: 'aboveBar',
      shape: 'arrowDown', color: themeColour('ink'), text: 'out-of-sample from here' }] : []);
    this.setPriceLines(this.capital == null ? [] : [{ value: this.capital, colour: 'strong-line' }]);
  }
}
