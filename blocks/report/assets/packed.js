// The page's data: base64 of floats, or of whole numbers by seven bits (LEB128).

const text = (name) => document.getElementById(`data-${name}`).textContent;
const run = JSON.parse(text('run'));

function bytes(name) {
  const binary = atob(text(name));
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i += 1) out[i] = binary.charCodeAt(i);
  return out;
}

function columns(name, names) {
  const all = new Float64Array(bytes(name).buffer);
  const rows = all.length / names.length;
  const table = { rows };
  names.forEach((each, i) => { table[each] = all.subarray(i * rows, (i + 1) * rows); });
  return table;
}

class Reader {
  constructor(data, at = 0) { this.data = data; this.at = at; }

  get done() { return this.at >= this.data.length; }

  // Not with shifts: those stop at 32 bits.
  next() {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.data[this.at];
      this.at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  signed() { const value = this.next(); return value % 2 ? -(value + 1) / 2 : value / 2; }
}
