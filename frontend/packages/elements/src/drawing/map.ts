/** Places, drawn without tiles: where they are to each other, and a link to a real map. */

import { externalLink, h, svg } from '../dom.ts';
import { type Display, TITLE, type Values, fieldOf, firstText, isRecord } from './display.ts';
import { entriesOf } from './pages.ts';
import { drawTable } from './table.ts';

const LATITUDE = ['latitude', 'lat'];
const LONGITUDE = ['longitude', 'lon', 'lng', 'long'];
const WIDTH = 320;
const HEIGHT = 180;
const MARGIN = 24;
const MAX_PLACES = 200;
const MAX_NAMES = 12;

interface Place {
  record: Values;
  latitude: number;
  longitude: number;
}

function placeOf(record: Values, display: Display): Place | null {
  const coordinate = (declared: string | undefined, names: string[]): number => {
    const name = declared ?? names.find((candidate) => record[candidate] !== undefined);
    const value = name === undefined ? undefined : fieldOf(record, name);
    return value === null || value === '' ? Number.NaN : Number(value);
  };
  const latitude = coordinate(display.latitude, LATITUDE);
  const longitude = coordinate(display.longitude, LONGITUDE);
  const isOnEarth = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return isOnEarth ? { record, latitude, longitude } : null;
}

export function placesOf(data: any, display: Display = {}): Place[] {
  const records: any[] = entriesOf(data) ?? [data];
  return records.filter(isRecord).flatMap((record) => placeOf(record, display) ?? []);
}

/** Where each place stands in the picture, with the same scale both ways. */
export function project(places: readonly Pick<Place, 'latitude' | 'longitude'>[]): { x: number; y: number }[] {
  const middle = places.reduce((sum, { latitude }) => sum + latitude, 0) / Math.max(1, places.length);
  // A degree of longitude gets shorter towards the poles.
  const narrowing = Math.max(0.05, Math.cos((middle * Math.PI) / 180));
  const points = places.map(({ latitude, longitude }) => ({ x: longitude * narrowing, y: -latitude }));
  const span = (axis: 'x' | 'y'): [low: number, size: number] => {
    const values = points.map((point) => point[axis]);
    const low = Math.min(...values);
    return [low, Math.max(...values) - low];
  };
  const [[left, width], [top, height]] = [span('x'), span('y')];
  const scale = Math.min((WIDTH - 2 * MARGIN) / (width || 1e-9), (HEIGHT - 2 * MARGIN) / (height || 1e-9), 1e6);
  return points.map(({ x, y }) => ({
    x: WIDTH / 2 + (x - left - width / 2) * scale,
    y: HEIGHT / 2 + (y - top - height / 2) * scale,
  }));
}

export function drawMap(data: any, display: Display = {}): HTMLElement {
  const places = placesOf(data, display);
  if (places.length === 0) return h('p', { class: 'none' }, 'No coordinates to draw.');
  const shown = places.slice(0, MAX_PLACES);
  const points = project(shown);
  const marks = shown.map(({ record }, index) => {
    const { x, y } = points[index] ?? { x: 0, y: 0 };
    const name = firstText(record, TITLE);
    return svg('g', {}, [
      svg('circle', { class: 'map-point', part: 'map-point', cx: x.toFixed(1), cy: y.toFixed(1), r: 4 }, name && svg('title', {}, name)),
      shown.length <= MAX_NAMES && name && nameBeside(name, x, y),
    ]);
  });
  const lines = [0.25, 0.5, 0.75].flatMap((part) => [
    svg('path', { class: 'map-grid', d: `M ${WIDTH * part} -${WIDTH} V ${2 * WIDTH}` }),
    svg('path', { class: 'map-grid', d: `M -${2 * WIDTH} ${HEIGHT * part} H ${3 * WIDTH}` }),
  ]);
  const label = shown.length === 1 ? 'A place' : `${shown.length} places`;
  return h('div', { class: 'map' }, [
    svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label }, lines, marks),
    shown.length === 1 && shown[0] && mapLink(shown[0]),
    shown.length > 1 && display.fields && drawTable(shown.map(({ record }) => record), display),
    places.length > MAX_PLACES && h('p', { class: 'more' }, `and ${places.length - MAX_PLACES} more`),
  ]);
}

/** To the right of its place; to the left where it would leave the picture. */
function nameBeside(name: string, x: number, y: number): SVGElement {
  const isLeft = x > WIDTH * 0.66;
  return svg('text', { x: (isLeft ? x - 8 : x + 8).toFixed(1), y: (y + 3.5).toFixed(1), 'text-anchor': isLeft ? 'end' : 'start' }, name.length > 24 ? `${name.slice(0, 23)}…` : name);
}

function mapLink({ latitude, longitude }: Place): HTMLElement {
  const address = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=13/${latitude}/${longitude}`;
  return h('p', { class: 'source' }, externalLink(address, `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`));
}
