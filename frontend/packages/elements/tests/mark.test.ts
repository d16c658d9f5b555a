import { afterEach, expect, test, vi } from 'vitest';

import { addressOf, hueOf, iconOf, initialsOf, serviceMark } from '../src/mark.ts';

const SERVER = 'http://127.0.0.1:8765';
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><title>GitHub</title><path d="M0 0h4"/></svg>';

afterEach(() => vi.unstubAllGlobals());

/** Marks whose server answers this, in a page that shows all at once. */
function stubServer(answer: Response | Error) {
  const fetch = vi.fn(async () => {
    if (answer instanceof Error) throw answer;
    return answer.clone();
  });
  vi.stubGlobal('fetch', fetch);
  vi.stubGlobal('IntersectionObserver', undefined);
  return fetch;
}

test.each([
  ['si:github', `${SERVER}/static/icons/si/github.svg`],
  ['lucide:cloud-sun', `${SERVER}/static/icons/lucide/cloud-sun.svg`],
  ['si:../../secret', null], ['si:a/b', null], ['si:', null], ['mdi:home', null], ['https://evil.example/x.svg', null], ['', null], [null, null],
])('the icon %j is at %j', (icon, address) => {
  expect(addressOf(icon, `${SERVER}/`)).toBe(address);
});

test.each([['GitHub', 'G'], ['Open-Meteo', 'OM'], ['node exporter of mine', 'NE'], ['ünïcode', 'Ü'], ['日本 語', '日語'], ['', '?'], ['--', '?']])(
  'the initials of %j are %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  },
);

test('a name keeps its colour', () => {
  expect(hueOf('GitHub')).toBe(hueOf('GitHub'));
  expect(hueOf('GitHub')).not.toBe(hueOf('Gitea'));
});

test('an icon is asked for once, and drawn for each mark', async () => {
  const fetch = stubServer(new Response(SVG));
  const marks = [serviceMark('si:github', 'GitHub', SERVER), serviceMark('si:github', 'GitHub', SERVER)];
  await vi.waitFor(() => expect(marks.map((mark) => mark.dataset.mark)).toEqual(['icon', 'icon']));
  expect(fetch).toHaveBeenCalledOnce();
  expect(marks[1]?.shadowRoot?.querySelector('path')?.getAttribute('d')).toBe('M0 0h4');
});

test.each([
  ['is not there', new Response('', { status: 404 })],
  ['is no icon', new Response('<html>no</html>')],
  ['cannot be reached', new TypeError('no network')],
])('an icon that %s leaves the initials', async (what, answer) => {
  stubServer(answer);
  const mark = serviceMark(`si:${what.replaceAll(' ', '-')}`, 'GitHub Pages', SERVER);
  await vi.waitFor(() => expect(mark.dataset.mark).toBe('initials'));
  expect(mark.shadowRoot?.textContent).toBe('GP');
});

test('a pictograph is its own mark, and any other text is none', () => {
  expect(serviceMark('🛡️', 'AdGuard', SERVER).shadowRoot?.textContent).toBe('🛡️');
  expect(serviceMark('<img src=x>', 'AdGuard', SERVER).shadowRoot?.textContent).toBe('A');
});

test('nothing of an icon but its shapes is drawn', () => {
  const hostile = '<svg xmlns="http://www.w3.org/2000/svg" onload="a()"><script>a()</script><a href="javascript:a()"><path d="M1 1" onclick="a()" style="x" href="y"/></a><image href="https://evil.example"/><use href="#x"/></svg>';
  const drawn = iconOf(hostile);
  expect(drawn?.children.length).toBe(1);
  expect(drawn?.querySelector('path')?.getAttributeNames()).toEqual(['d']);
  expect(drawn?.hasAttribute('onload')).toBe(false);
});
