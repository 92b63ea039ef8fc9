// Equity above drawdown, bar beside bar: nights and weekends take no room.

const equityChart = {
  canvas: byId('equity'),
  view: [0, Math.max(1, equity.row[equity.rows - 1] ?? 1)],
  hover: null,
  drag: null,

  // The last drawn point at or before a bar.
  pointAt(row) {
    let low = 0;
    let high = equity.rows - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (equity.row[middle] <= row) low = middle; else high = middle - 1;
    }
    return low;
  },

  draw() {
    const { pen, width, height } = sharpen(this.canvas);
    if (!equity.rows) return;
    const box = { left: 74, right: width - 18, top: 26, bottom: height - 32 };
    const split = box.top + (box.bottom - box.top) * 0.7;
    const upper = { ...box, bottom: split - 12 };
    const lower = { ...box, top: split + 12 };
    const [from, to] = this.view;
    const first = Math.max(0, this.pointAt(from));
    const last = Math.min(equity.rows - 1, this.pointAt(to) + 1);
    this.x = (row) => box.left + ((row - from) / (to - from)) * (box.right - box.left);
    this.row = (x) => from + ((x - box.left) / (box.right - box.left)) * (to - from);
    let low = Infinity;
    let high = -Infinity;
    let deepest = -1e-4;
    for (let i = first; i <= last; i += 1) {
      low = Math.min(low, equity.equity[i]);
      high = Math.max(high, equity.equity[i]);
      deepest = Math.min(deepest, equity.drawdown[i]);
    }
    const margin = (high - low) * 0.06 || Math.abs(high) * 0.01 || 1;
    low -= margin;
    high += margin;
    const y = (value) => upper.bottom - ((value - low) / (high - low)) * (upper.bottom - upper.top);
    const yFall = (value) => lower.top + (value / (deepest * 1.05)) * (lower.bottom - lower.top);
    yAxis(pen, upper, y, low, high, (mark, digits) => figure(mark, digits));
    yAxis(pen, lower, yFall, deepest * 1.05, 0, (mark, digits) => `${figure(mark * 100,
      Math.max(0, digits - 2))} %`, 3);
    this.dates(pen, box, from, to);
    pen.textBaseline = 'alphabetic';
    write(pen, 'USD', box.left - 8, 16, colour('quiet'), 'right');
    watermark(pen, upper);
    pen.save();
    pen.beginPath();
    pen.rect(box.left, 0, box.right - box.left, height);
    pen.clip();
    if (run.capital > low && run.capital < high) {
      line(pen, box.left, y(run.capital), box.right, y(run.capital), colour('strong-line'), [5, 4]);
    }
    this.area(pen, first, last, equity.equity, y, upper.bottom, 'good', 'fill');
    this.area(pen, first, last, equity.drawdown, yFall, lower.top, 'bad', null);
    if (this.drag && this.drag.to !== undefined) {
      pen.fillStyle = colour('band');
      pen.fillRect(this.drag.from, box.top, this.drag.to - this.drag.from, box.bottom - box.top);
    } else if (this.hover !== null) {
      const x = this.x(equity.row[this.hover]);
      line(pen, x, box.top, x, box.bottom, colour('strong-line'));
      for (const [at, name] of [[y(equity.equity[this.hover]), 'good'],
        [yFall(equity.drawdown[this.hover]), 'bad']]) {
        pen.beginPath();
        pen.fillStyle = colour(name);
        pen.arc(x, at, 4, 0, 7);
        pen.fill();
      }
    }
    pen.restore();
  },

  area(pen, first, last, values, y, base, stroke, fill) {
    const path = new Path2D();
    for (let i = first; i <= last; i += 1) path.lineTo(this.x(equity.row[i]), y(values[i]));
    const under = new Path2D(path);
    under.lineTo(this.x(equity.row[last]), base);
    under.lineTo(this.x(equity.row[first]), base);
    pen.fillStyle = colour(fill ?? stroke);
    pen.globalAlpha = fill ? 1 : 0.25;
    pen.fill(under);
    pen.globalAlpha = 1;
    pen.strokeStyle = colour(stroke);
    pen.lineWidth = 1.4;
    pen.lineJoin = 'round';
    pen.stroke(path);
    pen.lineWidth = 1;
  },

  dates(pen, box, from, to) {
    const begin = sessionOf(from);
    const end = sessionOf(to);
    const every = Math.max(1, Math.ceil(((end - begin + 1) * 92) / (box.right - box.left)));
    pen.font = font(11.5);
    pen.textBaseline = 'alphabetic';
    for (let session = begin; session <= end; session += every) {
      const x = this.x(run.firstRows[session]);
      if (x < box.left - 1 || x > box.right - 30) continue;
      line(pen, x, box.bottom, x, box.bottom + 5, colour('strong-line'));
      write(pen, run.dates[session], x, box.bottom + 19, colour('quiet'), 'center');
    }
  },

  said(point) {
    const row = equity.row[point];
    return `${dayName(sessionOf(row))}  ${rowClock(row)}\nequity ${figure(equity.equity[point])} USD\n`
      + `drawdown ${figure(equity.drawdown[point] * 100)} %`;
  },

  listen(openDay) {
    const place = (event) => event.clientX - this.canvas.getBoundingClientRect().left;
    this.canvas.addEventListener('pointerdown', (event) => { this.drag = { from: place(event) }; });
    this.canvas.addEventListener('pointermove', (event) => {
      const x = place(event);
      if (this.drag && Math.abs(x - this.drag.from) > 6) this.drag.to = x;
      this.hover = this.pointAt(this.row(x) + 0.5);
      showTip(event, this.said(this.hover));
      this.draw();
    });
    window.addEventListener('pointerup', () => {
      const { drag } = this;
      if (!drag) return;
      this.drag = null;
      if (drag.to === undefined) {
        openDay(sessionOf(this.row(drag.from)));
      } else {
        const [from, to] = [drag.from, drag.to].sort((a, b) => a - b).map((x) => this.row(x));
        const end = equity.row[equity.rows - 1];
        if (to - from >= 4) this.view = [Math.max(0, from), Math.min(end, to)];
      }
      this.draw();
    });
    this.canvas.addEventListener('dblclick', () => {
      this.view = [0, Math.max(1, equity.row[equity.rows - 1])];
      this.draw();
    });
    this.canvas.addEventListener('pointerleave', () => { this.hover = null; hideTip(); this.draw(); });
  },
};
