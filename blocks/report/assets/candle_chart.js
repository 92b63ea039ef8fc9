// Candles over volume, with a band, named lines, and marks at prices.

class CandleChart extends ChartFrame {
  constructor(element, options) {
    super(element, options);
    const { CandlestickSeries, HistogramSeries, createSeriesMarkers } = LightweightCharts;
    this.bars = [];
    this.extra = [];
    this.drawn = { band: null, lines: [], marks: [], notes: [] };
    this.series = this.chart.addSeries(CandlestickSeries, this.quiet());
    this.volume = this.chart.addSeries(HistogramSeries, { priceFormat: { type: 'volume' },
      priceLineVisible: false, lastValueVisible: false }, 1);
    this.chart.panes()[0].setStretchFactor(5);
    // Room for the last mark's words, and under the volume for notes.
    this.chart.timeScale().applyOptions({ rightOffsetPixels: 40 });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom: 0.22 } });
    this.marks = createSeriesMarkers(this.series);
    this.notes = createSeriesMarkers(this.volume);
    this.dress();
  }

  quiet() {
    return { priceLineVisible: false, lastValueVisible: false,
      priceFormat: { type: 'custom', minMove: 0.0001, formatter: this.options.format } };
  }

  // Bars of {time, open, high, low, close, volume}, time the START in UTC seconds; a bar that is
  // missing has its time alone.
  setBars(bars) {
    this.bars = bars;
    this.setTimes(bars.map((bar) => bar.time));
    this.series.setData(bars.map((bar) => ({ ...bar, time: this.shown(bar.time) })));
    this.volume.setData(bars.map((bar) => ({ time: this.shown(bar.time), value: bar.volume })));
    this.setDrawn({});
  }

  // The newest bar once more, or one more bar.
  update(bar) {
    const last = this.bars[this.bars.length - 1];
    if (last && bar.time < last.time) return;
    if (last && bar.time === last.time) this.bars.pop();
    this.bars.push(bar);
    this.place(bar.time);
    const time = this.shown(bar.time);
    this.series.update({ ...bar, time });
    this.volume.update({ time, value: bar.volume });
  }

  // What is drawn over the candles:
  //   band   {name, low, high}: all the session long, or null
  //   lines  {name, colour, points: [{time, value}], style, width, isStepped}; one without a name
  //          has no label; a point without a value is a gap
  //   marks  {time, price, shape, colour, text, place}: arrowUp, arrowDown, circle or square, at the
  //          price or with its tip there: place `below` or `above`
  //   notes  {time, colour}: small squares under the volume
  setDrawn({ band = null, lines = [], marks = [], notes = [] }) {
    this.drawn = { band, lines, marks, notes };
    this.draw();
  }

  draw() {
    const { BaselineSeries, LineSeries, LineType } = LightweightCharts;
    const { band, lines, marks, notes } = this.drawn;
    this.extra.forEach((series) => this.chart.removeSeries(series));
    this.extra = [];
    const add = (kind, options, points) => {
      const series = this.chart.addSeries(kind, { ...this.quiet(), crosshairMarkerVisible: false,
        ...options });
      series.setData(points.map(({ time, value }) => ({ time: this.shown(time), value })));
      this.extra.push(series);
      return series;
    };
    if (band && this.bars.length) {
      const level = (value) => this.bars.map(({ time }) => ({ time, value }));
      const colour = themeColour('accent');
      const fill = themeColour('band');
      add(BaselineSeries, { baseValue: { type: 'price', price: band.low }, topFillColor1: fill,
        topFillColor2: fill, topLineColor: colour, lineWidth: 1, lastValueVisible: true,
        title: `${band.name} high` }, level(band.high));
      add(LineSeries, { color: colour, lineWidth: 1, lastValueVisible: true,
        title: `${band.name} low` }, level(band.low));
    }
    for (const { name, colour, points, style = 'solid', width = 1, isStepped } of lines) {
      add(LineSeries, { color: themeColour(colour), lineWidth: width, lineStyle: lineStyles[style],
        lineType: isStepped ? LineType.WithSteps : LineType.Simple, title: name ?? '',
        lastValueVisible: Boolean(name) }, points);
    }
    const places = { below: 'atPriceBottom', above: 'atPriceTop' };
    const byTime = (a, b) => a.time - b.time;
    this.marks.setMarkers(marks.map(({ time, price, shape, colour, text, place }) => ({
      time: this.shown(time), price, shape, text, color: themeColour(colour),
      position: places[place] ?? 'atPriceMiddle' })).sort(byTime));
    const under = -0.05 * Math.max(...this.bars.map((bar) => bar.volume || 0), 1);
    this.notes.setMarkers(notes.map(({ time, colour }) => ({ time: this.shown(time), price: under,
      shape: 'square', size: 0.6, position: 'atPriceBottom', color: themeColour(colour) }))
      .sort(byTime));
  }

  valueAt(index) { return this.bars[index]?.close ?? this.bars.find((bar) => bar.close)?.close ?? 0; }

  dress() {
    super.dress();
    if (!this.series) return;
    const [up, down] = [themeColour('good'), themeColour('bad')];
    this.series.applyOptions({ upColor: themeColour('panel'), downColor: down, borderUpColor: up,
      borderDownColor: down, wickUpColor: up, wickDownColor: down });
    this.volume.applyOptions({ color: themeColour('strong-line') });
    this.draw();
  }
}
