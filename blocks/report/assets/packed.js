// The page's data: base64 of deflated floats, or of deflated whole numbers by seven bits (LEB128).

const text = (name) => document.getElementById(`data-${name}`).textContent;
const run = JSON.parse(text('run'));

async function inflated(packed) {
  const binary = atob(packed);
  const deflated = new Uint8Array(binary.length);
  for (let i = 0; i < deflated.length; i += 1) deflated[i] = binary.charCodeAt(i);
  if (!deflated.length) return deflated;
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

if (typeof DecompressionStream === 'undefined') {
  document.querySelectorAll('.needs-script').forEach((each) => {
    each.textContent = 'This needs a newer browser, of 2023 or later; the figures do not.';
  });
  return;
}
document.body.ariaBusy = 'true';
const unpacked = new Map(await Promise.all([
  ...document.querySelectorAll('script[type="application/base64"]'),
].map(async ({ id, textContent }) => [id, await inflated(textContent)])));
const bytes = (name) => unpacked.get(`data-${name}`);

function columns(name, names) {
  const all = new Float64Array(bytes(name).buffer);
  const rows = all.length / names.length;
  const table = { rows };
  names.forEach((each, i) => { table[each] = all.subarray(i * rows, (i + 1) * rows); });
  return table;
}

// Signed numbers are written zigzag: 0, -1, 1, -2, 2.
const withSign = (value) => (value % 2 ? -(value + 1) / 2 : value / 2);

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
}
