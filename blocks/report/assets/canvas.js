// What both charts share: a sharp canvas, colours of the theme, axes, and the tip.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)
  .trim();
const font = (size, weight = '') => `${weight} ${size}px system-ui, sans-serif`.trim();

function sharpen(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

// Round numbers that divide a range into about so many parts.
function steps(low, high, about) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((by) => by * power).find((each) => each >= rough) ?? rough;
  const marks = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) marks.push(at * step);
  return { marks, digits: Math.min(4, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)
    + (/25/.test(String(step)) ? 1 : 0))) };
}

function line(pen, x1, y1, x2, y2, stroke, dash = []) {
  pen.beginPath();
  pen.setLineDash(dash);
  pen.strokeStyle = stroke;
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
  pen.setLineDash([]);
}

function write(pen, said, x, y, fill, align = 'left') {
  pen.fillStyle = fill;
  pen.textAlign = align;
  pen.fillText(said, x, y);
}

function yAxis(pen, box, scale, low, high, label, about = 5) {
  const { marks, digits } = steps(low, high, about);
  pen.font = font(11.5);
  pen.textBaseline = 'middle';
  pen.lineWidth = 1;
  for (const mark of marks) {
    const y = Math.round(scale(mark)) + 0.5;
    line(pen, box.left, y, box.right, y, colour('line'));
    write(pen, label(mark, digits), box.left - 8, y, colour('quiet'), 'right');
  }
}

// Screenshots travel without their page.
function watermark(pen, box) {
  if (!run.simulated) return;
  pen.save();
  pen.globalAlpha = 0.13;
  pen.font = font(Math.min(64, (box.right - box.left) / 13), '700');
  pen.textBaseline = 'middle';
  write(pen, 'SIMULATED BARS', (box.left + box.right) / 2, (box.top + box.bottom) / 2,
    colour('accent'), 'center');
  pen.restore();
}

const tip = byId('tip');

function showTip(event, said) {
  tip.textContent = said;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = event.clientX + 16 + width > window.innerWidth ? event.clientX - 16 - width
    : event.clientX + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, window.innerHeight - height - 4))}px`;
}

const hideTip = () => { tip.hidden = true; };
