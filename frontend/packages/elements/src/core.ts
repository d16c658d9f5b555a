/** What pages need beside the elements: the connection that these share, marks of services, and advice. Defines no element. */

export { type Advice, adviceFor, type Failure, failureOf, type Remedy } from './advice.ts';
export { configure } from './connection.ts';
export { serviceMark } from './mark.ts';
