/** Where in a JSON or YAML document a position is, told from the text before it, which need not be complete. */

export interface DocumentPlace {
  /** The names and numbers that lead to the object or the value. */
  path: (string | number)[];
  kind: 'name' | 'value';
  /** What is typed of it so far, without quotes, and where it begins. */
  typed: string;
  from: number;
  /** The names that stand before it in the same object, and in the outermost one. */
  siblings: string[];
  outermost: string[];
}

export const isJson = (text: string): boolean => /^\s*[[{]/.test(text) || text.trim() === '';

export const placeIn = (before: string): DocumentPlace | null => (isJson(before) ? placeInJson(before) : placeInYaml(before));

interface Container {
  /** null of an object that waits for its next name. */
  at: string | number | null;
  isArray: boolean;
  names: string[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/gs;

function placeInJson(before: string): DocumentPlace | null {
  const stack: Container[] = [];
  let last: { text: string; index: number } | null = null;
  let isValue = true;
  for (const { 0: text, index } of before.matchAll(TOKEN)) {
    last = { text, index };
    const top = stack.at(-1);
    if (text === '{' || text === '[') {
      stack.push({ at: text === '[' ? 0 : null, isArray: text === '[', names: [] });
      isValue = text === '[';
    } else if (text === '}' || text === ']') {
      stack.pop();
      isValue = false;
    } else if (text === ',') {
      if (top?.isArray) top.at = Number(top.at) + 1;
      else if (top) top.at = null;
      isValue = top?.isArray ?? true;
    } else if (text === ':') isValue = true;
    else if (top && !top.isArray && !isValue && top.at === null && isEnded(text, before, index)) {
      top.at = unquoted(text);
      top.names.push(top.at);
    }
  }
  const top = stack.at(-1);
  if (!top) return null;
  const isTyping = last !== null && !/^[{}[\],:]$/.test(last.text) && last.index + last.text.length === before.length && !isEnded(last.text, before, last.index);
  const [typed, from] = isTyping && last ? [unquoted(last.text), last.index] : ['', before.length];
  const path = stack.map(({ at }) => at).filter((at) => at !== null);
  const isName = !top.isArray && top.at === null;
  // After a whole value there has to be a comma first.
  if (!isTyping && last && !/^[{[,:]$/.test(last.text)) return null;
  if (!isName && !isValue) return null;
  return { path, kind: isName ? 'name' : 'value', typed, from, siblings: top.names, outermost: stack[0]?.names ?? [] };
}

/** Whether nothing more can be typed to a string or a word. */
const isEnded = (text: string, before: string, index: number): boolean =>
  text.startsWith('"') ? /^"(?:[^"\\]|\\.)*"$/s.test(text) : index + text.length < before.length;
const unquoted = (text: string): string => text.replace(/^"|"$/g, '');

interface Line {
  /** The columns of its dashes, each of which begins an item of a list. */
  dashes: number[];
  /** Where its name begins, or what stands in place of one. */
  column: number;
  name?: string;
  rest: string;
}

const LINE = /^(\s*)((?:- +|-$)*)(?:(?:"([^"]*)"|'([^']*)'|([^\s#"'{[-][^:#]*?))\s*:(?=\s|$)\s*)?(.*)$/;

function readLine(text: string): Line {
  const [, blanks = '', dashes = '', double, single, plain, rest = ''] = LINE.exec(text) ?? [];
  const columns = [...dashes.matchAll(/-/g)].map(({ index }) => blanks.length + index);
  return { dashes: columns, column: blanks.length + dashes.length, name: double ?? single ?? plain, rest };
}

function placeInYaml(before: string): DocumentPlace | null {
  const texts = before.split('\n');
  const current = readLine(texts.pop() ?? '');
  if (/^[{[#&*!|>]/.test(current.rest) || /\s#/.test(current.rest)) return null;
  const lines = texts.filter((text) => text.trim() && !text.trim().startsWith('#')).map(readLine);
  const { path, siblings } = climb(lines, current);
  const outermost = lines.flatMap(({ column, name }) => (column === 0 && name !== undefined ? [name] : []));
  const isName = current.name === undefined;
  return {
    path: isName ? path : [...path, current.name as string],
    kind: isName ? 'name' : 'value',
    typed: current.rest.replace(/^["']/, ''),
    from: before.length - current.rest.length,
    siblings, outermost,
  };
}

/** From a line to the outermost object: which items and names lead to it, and the names beside it. */
function climb(lines: readonly Line[], start: Line): Pick<DocumentPlace, 'path' | 'siblings'> {
  const path: (string | number)[] = [];
  const siblings: string[] = [];
  let dashes = [...start.dashes];
  let [at, column, isItem, isBeside] = [lines.length, start.column, false, true];
  for (;;) {
    for (let dash = dashes.pop(); dash !== undefined; dash = dashes.pop()) {
      path.unshift(itemsBefore(lines, at, dash));
      [column, isItem, isBeside] = [dash, true, false];
    }
    at -= 1;
    const line = lines[at];
    if (!line) return { path, siblings };
    const isInside = !isItem && line.column === column && line.name !== undefined;
    const isAbove = line.name !== undefined && (line.column < column || (isItem && line.column === column && line.dashes.length === 0));
    if (isInside && isBeside) siblings.push(line.name as string);
    if (isAbove) {
      path.unshift(line.name as string);
      [column, isItem, isBeside] = [line.column, false, false];
    }
    if (isInside || isAbove) dashes = [...line.dashes];
  }
}

/** How many items of the same list stand before a line. */
function itemsBefore(lines: readonly Line[], before: number, dash: number): number {
  let count = 0;
  for (let at = before - 1; at >= 0; at -= 1) {
    const line = lines[at] as Line;
    const first = line.dashes[0] ?? line.column;
    if (line.dashes.includes(dash)) count += 1;
    else if (first <= dash) return count;
    if (first < dash) return count;
  }
  return count;
}
