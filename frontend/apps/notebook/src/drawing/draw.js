/**
 * A block's data as elements. A block may say how (`display.as` in its declaration); else the data's own shape does.
 */

import { h } from '../dom.js';
import { article, facts, feed, figure, isArticle, isFeed, list, table } from './shapes.js';
import { isRecord, isScalar } from './values.js';

/** @typedef {import('@patchbay/client').Envelope} Envelope */
/** @typedef {import('@patchbay/client').Block} Block */
/** @typedef {import('./shapes.js').Display} Display */
/** @typedef {(data: any, display: Display) => HTMLElement} Drawer */

const IMAGE_TYPES = /^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** @type {Record<string, { suits: (data: any) => boolean, draw: Drawer }>} */
const SHAPES = {
  feed: { suits: isFeed, draw: feed },
  article: { suits: isArticle, draw: article },
  table: { suits: (data) => Array.isArray(data) && data.length > 0 && data.every(isRecord), draw: table },
  list: { suits: Array.isArray, draw: list },
  figure: { suits: (data) => isRecord(data) && Object.values(data).some(isScalar), draw: figure },
  facts: { suits: isRecord, draw: facts },
};

/** Tried in this order when the block does not say; a figure is only drawn where it is asked for. */
const INFERRED = ['feed', 'article', 'table', 'list', 'facts'];

/**
 * @param {any} data
 * @param {Display} display
 */
function drawnJson(data, display) {
  if (isScalar(data)) return text(data === null ? 'Nothing came back.' : String(data));
  if (Array.isArray(data) && data.length === 0) return h('p', { class: 'none' }, 'Nothing to show right now.');
  const asked = SHAPES[display.as ?? ''];
  if (asked?.suits(data)) return asked.draw(data, display);
  const name = INFERRED.find((shape) => SHAPES[shape].suits(data)) ?? 'facts';
  return SHAPES[name].draw(data, display);
}

/** @param {string} content */
const text = (content) => h('p', { class: 'plain' }, content);

/**
 * @param {string} base64
 * @param {string} type
 * @param {string} name
 */
function image(base64, type, name) {
  return h('img', { class: 'picture', src: `data:${type};base64,${base64}`, alt: name });
}

/**
 * @param {string} base64
 * @param {string} type
 * @param {string} name
 */
function download(base64, type, name) {
  const sizeBytes = Math.floor((base64.length * 3) / 4);
  // Always opaque bytes: a file from a provider must never open as a page of ours.
  const href = `data:application/octet-stream;base64,${base64}`;
  return h('p', {}, h('a', { class: 'button', href, download: name }, `Download (${sizeBytes} bytes, ${type})`));
}

/**
 * @param {Envelope} envelope
 * @param {Pick<Block, 'id' | 'name'> & { display?: Display }} block
 * @returns {HTMLElement}
 */
export function draw(envelope, block) {
  const { data } = envelope;
  const type = (envelope.content_type ?? '').split(';')[0].trim().toLowerCase();
  const name = block.name ?? block.id;
  if (typeof data === 'string' && type && !/json$|^text\/|xml$/.test(type.replace('svg+xml', 'svg'))) {
    if (!BASE64.test(data)) return text(data);
    return IMAGE_TYPES.test(type) ? image(data, type, name) : download(data, type, name);
  }
  if (typeof data === 'string') return h('pre', { class: 'plain', tabindex: '0' }, data);
  return drawnJson(data, block.display ?? {});
}
