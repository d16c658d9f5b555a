/** Drawing without the elements: data and a display in, an element out. */

export { type Display, KINDS, type Kind, type Level, type Threshold } from './display.ts';
export { draw, guessKind, kindOf } from './draw.ts';
export { momentOf, weatherOf, writeDistance, writeMoment, writeNumber, writeText } from './format.ts';
export { ago, refreshAges } from './values.ts';
