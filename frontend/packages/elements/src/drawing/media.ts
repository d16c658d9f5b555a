/** What is no JSON: text, pictures, files. */

import { h, safeUrl } from '../dom.ts';
import { icon } from '../icons.ts';
import { ADDRESS, IMAGE, type Values } from './display.ts';
import { writeText } from './format.ts';

const IMAGE_TYPES = /^image\/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)$/;
const TEXT_TYPES = /(?:[/+]json|^text\/.*|[/+]xml)$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export const drawText = (text: string): HTMLElement => h('pre', { class: 'plain', tabindex: '0', part: 'text' }, text);

/** A string of a media type; null where the type says that it is text to read as it is. */
export function drawMedia(data: string, contentType: string | null, name: string): HTMLElement | null {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const isBase64 = type !== '' && BASE64.test(data);
  if (isBase64 && IMAGE_TYPES.test(type)) {
    return h('img', { class: 'picture', part: 'image', src: `data:${type};base64,${data}`, alt: name });
  }
  if (type === '' || TEXT_TYPES.test(type)) return null;
  return isBase64 ? drawDownload(data, type, name) : drawText(data);
}

function drawDownload(base64: string, type: string, name: string): HTMLElement {
  const size = writeText(Math.floor((base64.length * 3) / 4), 'bytes');
  // Always opaque bytes: a file from a provider must never open as a page of this origin.
  const href = `data:application/octet-stream;base64,${base64}`;
  return h('p', {}, h('a', { class: 'button', href, download: name }, icon('download'), `Download (${size}, ${type})`));
}

const DATA_IMAGE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/]+={0,2}$/;

/** The picture of an entry; null where there is none, or it would have to be loaded from a stranger. */
export function pictureOf(record: Values): HTMLElement | null {
  const src = IMAGE.map((name) => record[name]).find((value) => typeof value === 'string' && DATA_IMAGE.test(value));
  return src ? h('img', { class: 'thumbnail', src, alt: '', loading: 'lazy' }) : null;
}

/** Where an entry leads to. */
export const addressOf = (record: Values): string | null => ADDRESS.map((name) => safeUrl(record[name])).find(Boolean) ?? null;
