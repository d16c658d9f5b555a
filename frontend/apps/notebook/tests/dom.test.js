import { expect, test } from 'vitest';

import { safeUrl } from '../src/dom.js';

test.each([
  ['https://example.com/a?b=c', 'https://example.com/a?b=c'],
  [' http://example.com ', 'http://example.com/'],
  ['javascript:alert(1)', null],
  ['JaVaScRiPt:alert(1)', null],
  ['java\nscript:alert(1)', null],
  ['\u0001javascript:alert(1)', null],
  ['data:text/html,<script>alert(1)</script>', null],
  ['vbscript:x', null],
  ['file:///etc/passwd', null],
  ['//evil.example/x', null],
  ['/relative', null],
  ['https://user:password@example.com/', null],
  ['https://', null],
  ['', null],
])('only web addresses are followed: %j', (address, followed) => {
  expect(safeUrl(address)).toBe(followed);
});
