/** Moves and resizes the blocks of a board by pointer and by keyboard. Loaded when a person begins to. */

import { GridStack, type GridStackNode } from 'gridstack';
import 'gridstack/dist/gridstack.css';

import { COLUMNS, type Item, type Place } from '../contents/contents.ts';

export interface ArrangingHost {
  /** The blocks as they are now. */
  items: () => readonly Item[];
  /** Gets the places that have changed, by key. */
  moved: (places: ReadonlyMap<string, Place>) => void;
  /** Says to those who do not see it what a key did. */
  say: (text: string) => void;
}

export interface Arranging {
  /** Shows what was changed elsewhere; while a block is held by the pointer, when it is let go. */
  follow: () => void;
  end: () => void;
}

/** A row with its gap, as in notebook.css. */
const ROW_PIXELS = 84;
const HALF_GAP_PIXELS = 8;

export function arrange(board: HTMLElement, { items, moved, say }: ArrangingHost): Arranging {
  board.classList.add('grid-stack');
  const grid = GridStack.init({ column: COLUMNS, cellHeight: ROW_PIXELS, margin: HALF_GAP_PIXELS, mode: 'top', animate: false, minRow: 1, alwaysShowResizeHandle: true, draggable: { handle: '.grid-stack-item' } }, board);
  if (!grid) throw new Error('The board cannot be arranged.');
  let isFollowing = false;
  let isHeld = false;

  grid.on('change', (_event: Event, nodes: GridStackNode[]) => {
    if (isFollowing) return;
    moved(new Map(nodes.map((node) => [String(node.id), placeOf(node)])));
  });

  const follow = (): void => {
    if (isHeld) return;
    isFollowing = true;
    grid.batchUpdate();
    const elements = new Map([...board.querySelectorAll<HTMLElement>(':scope > .grid-stack-item')].map((element) => [element.getAttribute('gs-id'), element]));
    for (const gone of grid.engine.nodes.filter((node) => node.el && !board.contains(node.el))) grid.removeWidget(gone.el as HTMLElement, false, false);
    for (const { key, place } of items()) {
      const element = elements.get(key);
      if (!element) continue;
      if (!nodeOf(element)) grid.makeWidget(element);
      else if (!isSame(placeOf(nodeOf(element) as GridStackNode), place)) grid.update(element, { ...place });
    }
    grid.batchUpdate(false);
    isFollowing = false;
  };

  // An update would take a held block out of the hand and lay it where it was.
  grid.on('dragstart resizestart', () => void (isHeld = true));
  grid.on('dragstop resizestop', () => {
    // The library tells of the new place after this.
    queueMicrotask(() => {
      isHeld = false;
      follow();
    });
  });

  const onKey = (event: KeyboardEvent): void => {
    const element = (event.target as HTMLElement).closest<HTMLElement>('.grid-stack-item');
    const node = element && nodeOf(element);
    if (!node || event.target !== element) return;
    const place = nextPlace(placeOf(node), event);
    if (!place) return;
    event.preventDefault();
    grid.update(element, place);
    const { x, y, w, h } = placeOf(node);
    say(`Column ${x + 1}, row ${y + 1}, ${w} wide, ${h} high.`);
  };
  board.addEventListener('keydown', onKey);

  return {
    follow,
    end: () => {
      board.removeEventListener('keydown', onKey);
      grid.offAll();
      grid.destroy(false);
      board.classList.remove('grid-stack');
      clean(board);
    },
  };
}

const STEPS = new Map<string, [number, number]>([['ArrowLeft', [-1, 0]], ['ArrowRight', [1, 0]], ['ArrowUp', [0, -1]], ['ArrowDown', [0, 1]]]);

/** Where a key moves a block; null for other keys. */
export function nextPlace({ x, y, w, h }: Place, { key, shiftKey }: Pick<KeyboardEvent, 'key' | 'shiftKey'>): Place | null {
  const step = STEPS.get(key);
  if (!step) return null;
  const [dx, dy] = step;
  if (shiftKey) return { x, y, w: Math.min(Math.max(2, w + dx), COLUMNS - x), h: Math.max(2, h + dy) };
  return { x: Math.min(Math.max(0, x + dx), COLUMNS - w), y: Math.max(0, y + dy), w, h };
}

const nodeOf = (element: HTMLElement): GridStackNode | undefined => (element as { gridstackNode?: GridStackNode }).gridstackNode;
const placeOf = ({ x = 0, y = 0, w = 1, h = 1 }: GridStackNode): Place => ({ x, y, w, h });
const isSame = (one: Place, other: Place): boolean => one.x === other.x && one.y === other.y && one.w === other.w && one.h === other.h;

/** Takes away what the library set on elements that stay. */
function clean(board: HTMLElement): void {
  for (const element of [board, ...board.querySelectorAll<HTMLElement>(':scope > .grid-stack-item')]) {
    for (const name of [...element.classList]) if (name.startsWith('ui-') || name.startsWith('gs-')) element.classList.remove(name);
    for (const name of [...element.style]) if (name.startsWith('--gs-') || ['top', 'left', 'width', 'height'].includes(name)) element.style.removeProperty(name);
    for (const handle of element.querySelectorAll(':scope > .ui-resizable-handle')) handle.remove();
  }
}
