// What every chart has: the library's chart in our colours, times of the exchange, keys, a reading.

const themeColour = (name) => getComputedStyle(document.documentElement)
  .getPropertyValue(`--${name}`).trim();
// A colour that is written #rrggbb, seen through: the library knows no mixed colours of CSS.
const faded = (name, share) => themeColour(name) + Math.round(share * 255).toString(16)
  .padStart(2, '0');

const lineStyles = { solid: LightweightCharts.LineStyle.Solid,
  dashed: LightweightCharts.LineStyle.Dashed, dotted: LightweightCharts.LineStyle.Dotted };

// Seconds that a zone's clock is ahead of UTC; asked once in half an hour, at which clocks change.
function zoneAhead(zone) {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric',
    month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  const known = new Map();
  return (seconds) => {
    const half = Math.floor(seconds / 1800);
    if (!known.has(half)) {
      const at = Object.fromEntries(parts.formatToParts(half * 1.8e6)
        .map(({ type, value }) => [type, Number(value)]));
      known.set(half, Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) / 1000
        - half * 1800);
    }
    return known.get(half);
  };
}

// The element gets a line of reading over the chart, and the keys. Options:
//   label      what a screen reader says of it
//   zone       the exchange's zone; the library draws UTC, so times are moved by the zone's offset
//   format     a price as text
//   watermark  a word across the chart, or none
//   read       (index) => text of a point; -1 when none is chosen
//   pick       (index) => what Enter and a click do
class ChartFrame {
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.at = -1;
    this.times = [];
    this.shownAt = new Map();
    this.priceLines = [];
    this.ahead = zoneAhead(options.zone);
    this.reading = document.createElement('p');
    this.reading.className = 'reading';
    this.plot = document.createElement('div');
    this.plot.className = 'plot';
    // What is drawn is said by the reading; the library's table is only layout.
    this.plot.ariaHidden = 'true';
    element.replaceChildren(this.reading, this.plot);
    element.classList.add('framed');
    element.tabIndex = 0;
    element.setAttribute('role', 'application');
    element.ariaRoleDescription = 'chart';
    element.ariaLabel = options.label;
    this.chart = LightweightCharts.createChart(this.plot, {
      autoSize: true,
      // The library's own mark brings a style along, which a page of strict policy forbids; the
      // footer names the library and links to its maker.
      layout: { attributionLogo: false },
      localization: { locale: 'en-US', dateFormat: 'yyyy-MM-dd' },
      crosshair: { mode: LightweightCharts.CrosshairMode.Normal },
      // The page scrolls over a chart that nobody has clicked.
      handleScroll: { vertTouchDrag: false, mouseWheel: false },
      handleScale: { mouseWheel: false },
      timeScale: { timeVisible: true, secondsVisible: false, minBarSpacing: 0.001,
        fixLeftEdge: true, lockVisibleTimeRangeOnResize: true, enableConflation: true },
    });
    const wheel = (mouseWheel) => () => this.chart.applyOptions(
      { handleScroll: { mouseWheel }, handleScale: { mouseWheel } });
    this.listeners = [['focus', wheel(true)], ['blur', wheel(false)],
      ['keydown', (event) => this.key(event)],
      ['pointerdown', () => element.focus({ preventScroll: true })]];
    this.listeners.forEach(([name, listener]) => element.addEventListener(name, listener));
    this.chart.subscribeCrosshairMove((move) => {
      // Only a pointer has an event: what the keys choose is read by themselves.
      if (move.sourceEvent) this.look(move.point ? this.index(move.logical) : -1);
    });
    this.plot.addEventListener('pointerleave', () => this.look(-1));
    this.chart.subscribeClick((click) => {
      if (click.point && this.times.length) this.options.pick?.(this.index(click.logical));
    });
    this.chart.subscribeDblClick(() => this.showAll());
  }

  index(logical) {
    return Math.max(0, Math.min(this.times.length - 1, Math.round(logical)));
  }

  // The points of the chart, UTC seconds, rising. Every series is given times by `shown`.
  setTimes(utc) {
    this.times = [];
    this.shownAt = new Map();
    utc.forEach((time) => this.place(time));
    this.at = -1;
    this.read(false);
  }

  // Give a point its time on the axis. A clock that was set back repeats an hour, which the
  // library refuses: its points stand a second apart, until the clock has passed them.
  place(time) {
    if (this.shownAt.has(time)) return;
    const last = this.times[this.times.length - 1] ?? -Infinity;
    const at = Math.max(time + this.ahead(time), last + 1);
    this.shownAt.set(time, at);
    this.times.push(at);
  }

  shown(time) { return this.shownAt.get(time) ?? time + this.ahead(time); }

  look(index) {
    if (index === this.at) return;
    this.at = index;
    this.read(false);
  }

  read(isByKey) {
    this.reading.ariaLive = isByKey ? 'polite' : 'off';
    this.reading.textContent = this.options.read?.(this.at) ?? '';
  }

  // Choose a point as the keys do, and bring it into sight.
  choose(index) {
    if (!this.times.length) return;
    this.at = this.index(index);
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (seen && (this.at < seen.from || this.at > seen.to)) {
      const half = (seen.to - seen.from) / 2;
      this.chart.timeScale().setVisibleLogicalRange({ from: this.at - half, to: this.at + half });
    }
    this.chart.setCrosshairPosition(this.valueAt(this.at), this.times[this.at], this.series);
    this.read(true);
  }

  zoom(factor) {
    const scale = this.chart.timeScale();
    const seen = scale.getVisibleLogicalRange();
    if (!seen) return;
    const middle = this.at < 0 ? (seen.from + seen.to) / 2 : this.at;
    const from = Math.max(-0.5, middle - (middle - seen.from) * factor);
    const to = Math.min(this.times.length - 0.5, middle + (seen.to - middle) * factor);
    if (to - from > 4) scale.setVisibleLogicalRange({ from, to });
  }

  showAll() { this.chart.timeScale().fitContent(); }

  // Whether all of it is in sight, as it is until somebody looks closer.
  isWhole() {
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    return !seen || (seen.from <= 0.5 && seen.to >= this.times.length - 1.5);
  }

  // Draw levels across the whole chart in place of those before: {name, value, colour, style}.
  setPriceLines(lines) {
    this.priceLines.forEach((line) => this.series.removePriceLine(line));
    this.priceLines = lines.map(({ name = '', value, colour, style = 'dashed' }) => (
      this.series.createPriceLine({ price: value, color: themeColour(colour), lineWidth: 1,
        lineStyle: lineStyles[style], axisLabelVisible: Boolean(name), title: name })));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const from = this.at < 0 ? this.times.length - 1 : this.at;
    const step = event.shiftKey ? 10 : 1;
    const does = {
      ArrowLeft: () => this.choose(from - step),
      ArrowRight: () => this.choose(from + step),
      Home: () => this.choose(0),
      End: () => this.choose(this.times.length - 1),
      '+': () => this.zoom(0.5),
      '=': () => this.zoom(0.5),
      '-': () => this.zoom(2),
      Escape: () => { this.chart.clearCrosshairPosition(); this.look(-1); this.showAll(); },
      Enter: () => { if (this.at >= 0) this.options.pick?.(this.at); },
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  // Colours are the page's own, read again when it turns light or dark.
  dress() {
    const grid = { color: themeColour('line') };
    this.chart.applyOptions({
      layout: { background: { color: 'transparent' }, textColor: themeColour('quiet'), fontSize: 12,
        fontFamily: 'system-ui, sans-serif',
        panes: { separatorColor: themeColour('line'), enableResize: false } },
      grid: { vertLines: grid, horzLines: grid },
      rightPriceScale: { borderColor: themeColour('line') },
      timeScale: { borderColor: themeColour('line') },
      crosshair: Object.fromEntries(['vertLine', 'horzLine'].map((name) => [name,
        { color: themeColour('strong-line'), labelBackgroundColor: themeColour('accent') }])),
    });
    if (!this.options.watermark) return;
    const lines = [{ text: this.options.watermark, fontSize: 44, fontStyle: 'bold',
      color: faded('accent', 0.16) }];
    this.mark ??= LightweightCharts.createTextWatermark(this.chart.panes()[0], { lines: [] });
    this.mark.applyOptions({ lines });
  }

  remove() {
    this.listeners.forEach(([name, listener]) => this.element.removeEventListener(name, listener));
    this.chart.remove();
    this.element.replaceChildren();
    this.element.classList.remove('framed');
  }
}
